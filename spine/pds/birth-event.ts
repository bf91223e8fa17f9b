/** Birth notification, FHIR to HL7 V3: the Bundle of `$process-birth-details` as the `PdsRegistrationEvent` of PRPA_IN000205UK03. */
import type { Bundle, FhirResource, Observation, Patient } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { odsCodeSystem } from '../../fhir/identifiers.ts';
import { extensionUrls } from '../../fhir/pds/fields/extensions.ts';
import type { PdsRecord } from '../../fhir/pds/record.ts';
import { codeSystems as oids, roots } from '../hl7v3/ids.ts';
import { nobody } from './allocation.ts';
import { toBirthTime } from './births.ts';
import { toProvision } from './care-provisions.ts';
import { hl7 } from './elements.ts';
import { toName } from './names.ts';
import { toChangedRole } from './update-request.ts';

import { codeListOf, observed, type Observed } from './birth-observations.ts';

/** The `PdsRegistrationEvent` of a birth. `draft` is the baby's record as it is to be, `bundle` what was sent. */
export function toBirth(draft: PdsRecord, bundle: Bundle<FhirResource>): XmlElement {
  const resources = (bundle.entry ?? []).map(({ resource }) => resource);
  const role = toChangedRole(nobody, draft) ?? hl7('patientRole', { classCode: 'PAT' });
  return hl7(
    'PdsRegistrationEvent',
    { classCode: 'REG', moodCode: 'EVN' },
    observed.map((kind, i) => toObservation(kind, resources[i + 1])),
    hl7('subject', { typeCode: 'SBJ' }, withFamily(role, draft, resources)),
    siteOf(resources[9]),
    careTeamOf(resources[10]),
  );
}

function toObservation(kind: Observed, resource: FhirResource | undefined): XmlElement | undefined {
  if (resource?.resourceType !== 'Observation') return undefined;
  return hl7(
    'pertinentInformation',
    { typeCode: 'PERT' },
    hl7(
      kind.name,
      { classCode: 'OBS', moodCode: 'EVN' },
      hl7('code', { code: kind.code, codeSystem: oids.snomed }),
      valueElement(kind, resource),
    ),
  );
}

function valueElement(kind: Observed, observation: Observation): XmlElement {
  if (kind.as === 'quantity')
    return hl7('value', { value: numeral(observation.valueQuantity?.value), unit: kind.unit });
  if (kind.as === 'count') return hl7('value', { value: numeral(observation.valueInteger) });
  const code = observation.valueCodeableConcept?.coding?.[0]?.code;
  return hl7('value', { code, codeSystem: codeListOf(kind.list) });
}

const numeral = (value: number | undefined) => (value === undefined ? undefined : String(value));

/** The role with mother, practice and ethnic category added to the person. */
function withFamily(
  role: XmlElement,
  { patient }: PdsRecord,
  resources: readonly (FhirResource | undefined)[],
): XmlElement {
  const [baby] = resources;
  const group =
    baby?.resourceType === 'Patient' ? codeIn(baby, extensionUrls.ethnicCategory) : undefined;
  const practice = identifierOf(resources[8]);
  const added = [
    ...(group === undefined ? [] : [hl7('ethnicGroupCode', { code: group })]),
    ...(practice === undefined
      ? []
      : [
          toProvision(
            {
              code: '1',
              reference: { identifier: { system: odsCodeSystem, value: practice } },
            },
            'update',
            'added',
          ),
        ]),
    motherOf(resources[7]),
  ];
  const time = baby?.resourceType === 'Patient' ? toBirthTime(baby) : toBirthTime(patient);
  const children = role.children.map((child) =>
    typeof child === 'string' || child.name !== 'patientPerson'
      ? child
      : { ...child, children: [...timed(child, time), ...added] },
  );
  return { ...role, children };
}

/** The person's elements with the time of birth, which a record does not keep. */
function timed({ children }: XmlElement, time: XmlElement | undefined) {
  return children.map((child) =>
    typeof child !== 'string' && child.name === 'birthTime' && time
      ? {
          ...child,
          attributes: [
            ...time.attributes,
            ...child.attributes.filter(({ name }) => name === 'updateMode'),
          ],
        }
      : child,
  );
}

function codeIn({ extension }: Patient, url: string): string | undefined {
  return extension?.find((one) => one.url === url)?.valueCodeableConcept?.coding?.[0]?.code;
}

function identifierOf(resource: FhirResource | undefined): string | undefined {
  if (!resource || !('identifier' in resource) || !Array.isArray(resource.identifier))
    return undefined;
  const [first] = resource.identifier;
  return first && 'value' in first ? first.value : undefined;
}

function motherOf(resource: FhirResource | undefined): XmlElement {
  const mother = resource?.resourceType === 'Patient' ? resource : undefined;
  return hl7(
    'scopedRelatedPersonRole',
    { classCode: 'PRS' },
    hl7('code', { code: '12', codeSystem: oids.relationship }),
    hl7(
      'player',
      { classCode: 'PSN', determinerCode: 'INSTANCE' },
      hl7(
        'playedRelatedPatient',
        { classCode: 'PAT' },
        hl7('id', { root: roots.nhsNumber, extension: mother?.identifier?.[0]?.value }),
      ),
      mother && toBirthTime(mother),
      (mother?.name ?? []).map((name) => toName(name)),
    ),
  );
}

function siteOf(resource: FhirResource | undefined): XmlElement | undefined {
  const extension = identifierOf(resource);
  return extension === undefined
    ? undefined
    : hl7(
        'location',
        { typeCode: 'LOC' },
        hl7(
          'serviceDeliveryLocation',
          { classCode: 'SDLOC' },
          hl7('id', { root: roots.odsSite, extension }),
        ),
      );
}

function careTeamOf(resource: FhirResource | undefined): XmlElement[] {
  if (resource?.resourceType !== 'CareTeam') return [];
  return (resource.participant ?? []).map(({ member }) =>
    hl7(
      'performer',
      { typeCode: 'PRF' },
      hl7(
        'assignedOrganization',
        { classCode: 'ASSIGNED' },
        hl7('id', { root: roots.organisation, extension: member?.identifier?.value }),
      ),
    ),
  );
}
