/** Birth notification, HL7 V3 to FHIR: a `PdsRegistrationEvent` as the Bundle of `$process-birth-details`. */
import type { Bundle, FhirResource, Observation, Patient } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { nhsNumberSystem, odsCodeSystem } from '../../fhir/identifiers.ts';
import { extensionUrls } from '../../fhir/pds/fields/extensions.ts';
import { fromNewRole, registeringAuthority } from './allocation.ts';
import { fromProvisions, practiceOf } from './care-provisions.ts';
import { allOf, at, attributeOf } from './elements.ts';
import { refusal } from './issues.ts';
import { fromName } from './names.ts';
import { momentFromHl7 } from './times.ts';

import { codeListOf, observed, type Observed } from './birth-observations.ts';

const ethnicity = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland';

/**
 * The Bundle of a notification. `authority` names the registering system.
 * @throws INSERT_BIRTH_MANDATORY_DATA_MISSING, INVALID_BIRTH_WEIGHT
 */
export function fromBirth(event: XmlElement, authority: string): Bundle {
  const role = at(event, 'subject', 'patientRole');
  const person = at(role, 'patientPerson');
  const player = at(person, 'scopedRelatedPersonRole', 'player');
  const mother = attributeOf(at(player, 'playedRelatedPatient', 'id'), 'extension');
  const practice = practiceOf(fromProvisions(person))?.identifier?.value;
  const site = attributeOf(at(event, 'location', 'serviceDeliveryLocation', 'id'), 'extension');
  if (!role || mother === undefined || practice === undefined || site === undefined)
    throw missing();
  const resources: FhirResource[] = [
    babyOf(role, person, authority),
    ...observed.map((kind) => fromObservation(kind, event)),
    {
      resourceType: 'RelatedPerson',
      identifier: [{ system: nhsNumberSystem, value: mother }],
      patient: { reference: 'urn:uuid:0' },
      relationship: [
        {
          coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code: 'GESTM' }],
        },
      ],
    },
    {
      resourceType: 'Patient',
      identifier: [{ system: nhsNumberSystem, value: mother }],
      ...motherDetails(player),
    },
    { resourceType: 'Organization', identifier: [{ system: odsCodeSystem, value: practice }] },
    {
      resourceType: 'Location',
      identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-site-code', value: site }],
    },
    careTeam(event, practice),
    { resourceType: 'Practitioner' },
  ];
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: resources.map((resource) => ({ resource })),
  };
}

const missing = () =>
  refusal(
    'INSERT_BIRTH_MANDATORY_DATA_MISSING',
    'Data that a birth notification needs are missing',
  );

function babyOf(role: XmlElement, person: XmlElement | undefined, authority: string): Patient {
  const { extension = [], ...baby } = fromNewRole(role);
  const order = Number(attributeOf(at(person, 'multipleBirthOrderNumber'), 'value'));
  const group = attributeOf(at(person, 'ethnicGroupCode'), 'code') ?? 'Z';
  const died = momentFromHl7(
    attributeOf(
      at(person, 'deceasedTime') ??
        at(person, 'COCT_MT000211UK01.PartDeceasedTime', 'partPerson', 'deceasedTime'),
      'value',
    ),
  );
  if (!Number.isInteger(order)) throw missing();
  return {
    ...baby,
    multipleBirthInteger: order,
    ...(died === undefined ? {} : { deceasedDateTime: died }),
    extension: [
      registeringAuthority(authority),
      {
        url: extensionUrls.ethnicCategory,
        valueCodeableConcept: { coding: [{ system: ethnicity, code: group }] },
      },
      ...extension.filter(({ url }) => kept.includes(url)),
    ],
  };
}

const kept: readonly string[] = [
  extensionUrls.birthPlace,
  extensionUrls.deathNotification,
  extensionUrls.communication,
  extensionUrls.contactPreference,
];

function fromObservation(kind: Observed, event: XmlElement): Observation {
  const value = allOf(event, 'pertinentInformation')
    .flatMap(({ children }) => children)
    .filter((child): child is XmlElement => typeof child !== 'string')
    .find((child) => attributeOf(at(child, 'code'), 'code') === kind.code);
  if (!value) throw missing();
  return {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://snomed.info/sct', code: kind.code }] },
    ...valueOf(kind, at(value, 'value')),
  };
}

function valueOf(kind: Observed, value: XmlElement | undefined): Partial<Observation> {
  if (kind.as === 'code') {
    const code = attributeOf(value, 'code');
    if (code === undefined) throw missing();
    return {
      valueCodeableConcept: {
        coding: [{ system: `urn:oid:${codeListOf(kind.list)}`, code }],
      },
    };
  }
  const number = Number(attributeOf(value, 'value') ?? NaN);
  if (kind.name === 'pertinentBirthWeight' && !(number >= 1000 && number <= 9999))
    throw refusal('INVALID_BIRTH_WEIGHT', 'The birth weight is not between 1000 and 9999 grams');
  if (Number.isNaN(number)) throw missing();
  return kind.as === 'count'
    ? { valueInteger: number }
    : { valueQuantity: { value: number, unit: kind.unit } };
}

function motherDetails(player: XmlElement | undefined): Pick<Patient, 'name' | 'birthDate'> {
  const name = allOf(player, 'name').map(fromName);
  const born = momentFromHl7(attributeOf(at(player, 'birthTime'), 'value'))?.slice(0, 10);
  return {
    ...(name.length > 0 ? { name } : {}),
    ...(born === undefined ? {} : { birthDate: born }),
  };
}

/** Who looks after the child; the practice where nobody else is named. */
function careTeam(event: XmlElement, practice: string): FhirResource {
  const named = allOf(event, 'performer').flatMap(
    (each) => attributeOf(at(each, 'assignedOrganization', 'id'), 'extension') ?? [],
  );
  const members = named.length > 0 ? named : [practice];
  return {
    resourceType: 'CareTeam',
    participant: members.map((value) => ({
      member: { identifier: { system: odsCodeSystem, value } },
    })),
  };
}
