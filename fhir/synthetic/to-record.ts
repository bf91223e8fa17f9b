/**
 * The record of a sketched person: the one place where the shape of a PDS Patient is written for all people made here
 * (pds-fhir 4.1 to 4.6). Owns member order, object ids and the wording of codes; it decides nothing about the person.
 */
import type { Address, ContactPoint, Coverage, Extension, HumanName, Patient } from 'fhir/r4.js';
import { nhsNumberSystem, odsCodeSystem } from '../identifiers.ts';
import { codeSystems, concept, extensionUrls } from '../pds/fields/extensions.ts';
import {
  nhsNumberIdentifier,
  security,
  type Behind,
  type Former,
  type PdsRecord,
} from '../pds/record.ts';
import { Random } from './random.ts';
import { communication, contactPreference } from './communication.ts';
import { addressKeys, relatedPersonOf } from './related.ts';
import type {
  AddressSketch,
  ContactSketch,
  FormerSketch,
  NameSketch,
  OrganisationSketch,
  RemovalCode,
  Sketch,
  TelecomSketch,
} from './sketch.ts';

const removalWords: Readonly<Record<RemovalCode, string>> = {
  DEA: 'Death',
  EMB: 'Embarkation',
  SCT: 'Transferred to Scotland',
  NIT: 'Transferred to Northern Ireland',
  TRA: 'Temporary resident not returned',
  ORR: 'Other Reason',
  AFN: 'Armed Forces (notified by Armed Forces)',
  SDN: 'Services dependant (notified by SMO)',
};

/** The record of a sketched person. Items without an id get one that is unique in the record and always the same. */
export function toRecord(sketch: Sketch): PdsRecord {
  const ids = objectIds(sketch.nhsNumber);
  const patient: Patient = {
    resourceType: 'Patient',
    id: sketch.nhsNumber,
    identifier: [nhsNumberIdentifier(sketch.nhsNumber)],
    meta: { versionId: String(sketch.version ?? 1), security: [security(sketch.label ?? 'U')] },
  };
  if (sketch.names) patient.name = sketch.names.map((each) => nameOf(each, ids));
  if (sketch.gender) patient.gender = sketch.gender;
  if (sketch.birthDate) patient.birthDate = sketch.birthDate;
  if (sketch.multipleBirth !== undefined) patient.multipleBirthInteger = sketch.multipleBirth;
  if (sketch.death?.at) patient.deceasedDateTime = sketch.death.at;
  if (sketch.addresses) patient.address = sketch.addresses.map((each) => addressOf(each, ids));
  if (sketch.telecoms) patient.telecom = sketch.telecoms.map((each) => telecomOf(each, ids));
  if (sketch.contacts) patient.contact = sketch.contacts.map((each) => contactOf(each, ids));
  if (sketch.practice)
    patient.generalPractitioner = [
      { id: sketch.practice.id ?? ids(), ...reference(sketch.practice) },
    ];
  if (sketch.managing) patient.managingOrganization = reference(sketch.managing);
  const extension = extensionsOf(sketch);
  if (extension.length > 0) patient.extension = extension;
  return {
    patient: patient as PdsRecord['patient'], // id, version and label are set above
    behind: behindOf(sketch, ids),
  };
}

/** Ids of eight upper-case hex digits. The step is odd, so that none repeats within a record. */
function objectIds(nhsNumber: string): () => string {
  let next = new Random(3, Number(nhsNumber)).bits();
  return () => {
    next = (next + 0x9e3779b1) >>> 0;
    return next.toString(16).toUpperCase().padStart(8, '0');
  };
}

function nameOf(
  { id, use, period, given, family, prefix, suffix }: NameSketch,
  ids: () => string,
): HumanName {
  const name: HumanName = { id: id ?? ids(), use };
  if (period) name.period = { ...period };
  if (given) name.given = [...given];
  name.family = family;
  if (prefix) name.prefix = [...prefix];
  if (suffix) name.suffix = [...suffix];
  return name;
}

function addressOf(sketch: AddressSketch, ids: () => string): Address {
  const address: Address = { id: sketch.id ?? ids() };
  if (sketch.period) address.period = { ...sketch.period };
  address.use = sketch.use;
  if (sketch.text) address.text = sketch.text;
  if (sketch.line.length > 0) address.line = [...sketch.line];
  if (sketch.postalCode) address.postalCode = sketch.postalCode;
  const keys = addressKeys(sketch);
  if (keys.length > 0) address.extension = keys;
  return address;
}

function telecomOf(
  { id, period, system, value, use }: TelecomSketch,
  ids: () => string,
): ContactPoint {
  return {
    id: id ?? ids(),
    ...(period ? { period: { ...period } } : {}),
    system,
    value,
    use,
    ...(system === 'other' ? { extension: [textphone()] } : {}),
  };
}

function textphone(): Extension {
  return {
    url: extensionUrls.otherContactSystem,
    valueCoding: {
      system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-OtherContactSystem',
      code: 'textphone',
      display: 'Minicom (Textphone)',
    },
  };
}

function contactOf(
  { id, period, value }: ContactSketch,
  ids: () => string,
): NonNullable<Patient['contact']>[0] {
  return {
    id: id ?? ids(),
    ...(period ? { period: { ...period } } : {}),
    relationship: [
      concept('http://terminology.hl7.org/CodeSystem/v2-0131', 'C', 'Emergency Contact'),
    ],
    telecom: [{ system: 'phone', value }],
  };
}

function reference({ code, period }: OrganisationSketch) {
  return {
    type: 'Organization',
    identifier: {
      system: odsCodeSystem,
      value: code,
      ...(period ? { period: { ...period } } : {}),
    },
  };
}

function extensionsOf(sketch: Sketch): Extension[] {
  const { pharmacy, dispenser, appliances, death, language, preference, birthPlace, removal } =
    sketch;
  return [
    ...(pharmacy ? [organisation(extensionUrls.nominatedPharmacy, pharmacy)] : []),
    ...(dispenser ? [organisation(extensionUrls.preferredDispenser, dispenser)] : []),
    ...(appliances ? [organisation(extensionUrls.medicalApplianceSupplier, appliances)] : []),
    ...(death ? [deathNotification(death)] : []),
    ...(language ? [communication(language)] : []),
    ...(preference ? [contactPreference(preference)] : []),
    ...(birthPlace ? [{ url: extensionUrls.birthPlace, valueAddress: { ...birthPlace } }] : []),
    ...(removal ? [removalFromRegistration(removal)] : []),
  ];
}

function organisation(url: string, code: string): Extension {
  return { url, valueReference: { identifier: { system: odsCodeSystem, value: code } } };
}

const deathWords = {
  '1': 'Informal - death notice received via an update from a local NHS Organisation such as GP or Trust',
  '2': 'Formal - death notice received from Registrar of Deaths',
  U: 'Removed',
} as const;

function deathNotification({ status, noted }: NonNullable<Sketch['death']>): Extension {
  return {
    url: extensionUrls.deathNotification,
    extension: [
      {
        url: 'deathNotificationStatus',
        valueCodeableConcept: concept(
          codeSystems.deathNotification,
          status,
          deathWords[status],
          '1.0.0',
        ),
      },
      { url: 'systemEffectiveDate', valueDateTime: noted },
    ],
  };
}

function removalFromRegistration({ code, start, end }: NonNullable<Sketch['removal']>): Extension {
  const shown = code === 'AFN' || code === 'SDN' ? 'ORR' : code;
  return {
    url: extensionUrls.removal,
    extension: [
      {
        url: 'removalFromRegistrationCode',
        valueCodeableConcept: concept(codeSystems.removal, shown, removalWords[shown]),
      },
      {
        url: 'effectiveTime',
        valuePeriod: { start: instant(start), ...(end ? { end: instant(end) } : {}) },
      },
    ],
  };
}

function instant(day: string): string {
  return `${day}T00:00:00+00:00`;
}

function behindOf(sketch: Sketch, ids: () => string): Behind {
  const { former, removal } = sketch;
  const behind: Behind = {};
  if (sketch.supersededBy) behind.supersededBy = sketch.supersededBy;
  if (former) behind.former = formerOf(former, ids);
  if (sketch.hidden) behind.hidden = formerOf(sketch.hidden, ids);
  if (sketch.related)
    behind.relatedPersons = sketch.related.map((each) =>
      relatedPersonOf(each, sketch.nhsNumber, ids),
    );
  if (sketch.card) behind.coverage = coverageOf(sketch.nhsNumber, sketch.card);
  if (removal && (removal.code === 'AFN' || removal.code === 'SDN'))
    behind.confidentialRemoval = { code: removal.code, display: removalWords[removal.code] };
  if (sketch.consent) behind.consent = sketch.consent;
  if (sketch.tags) behind.tags = [...sketch.tags];
  return behind;
}

function formerOf(former: FormerSketch, ids: () => string): Former {
  return {
    ...(former.names ? { names: former.names.map((each) => nameOf(each, ids)) } : {}),
    ...(former.addresses
      ? { addresses: former.addresses.map((each) => addressOf(each, ids)) }
      : {}),
    ...(former.telecoms ? { telecoms: former.telecoms.map((each) => telecomOf(each, ids)) } : {}),
    ...(former.genders ? { genders: [...former.genders] } : {}),
  };
}

function coverageOf(nhsNumber: string, card: NonNullable<Sketch['card']>): Coverage {
  return {
    resourceType: 'Coverage',
    status: 'active',
    subscriber: { type: 'Patient', identifier: { system: nhsNumberSystem, value: nhsNumber } },
    identifier: [
      {
        value: card.number,
        assigner: {
          identifier: { system: 'urn:iso:std:iso:3166', value: card.country },
          display: card.countryName,
        },
      },
    ],
    payor: [{ identifier: { value: card.institution } }],
    beneficiary: { type: 'Patient', identifier: { value: card.personalId } },
    period: { end: card.end },
  };
}
