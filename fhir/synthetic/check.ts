/**
 * What must hold of every record that is made here, and of every record of the default data (synthetic-patients 9).
 * `shapeFaults` is about the shape that PDS and its clients expect; `safetyFaults` about never touching a real person.
 */
import type { Address, ContactPoint, HumanName, Period } from 'fhir/r4.js';
import { isNhsNumber, nhsNumberSystem } from '../identifiers.ts';
import { extensionUrls } from '../pds/fields/extensions.ts';
import { confidentialityOf, type PdsRecord } from '../pds/record.ts';
import { isDramaNumber, isFictitiousPostcode, isReservedMail } from './places.ts';

/** Everything that is wrong with a record, each as a short sentence without its data; none for a good one. */
export function checkRecord(record: PdsRecord): string[] {
  return [...shapeFaults(record), ...safetyFaults(record), ...letterFaults(record)];
}

const members = [
  'resourceType',
  'id',
  'identifier',
  'meta',
  'name',
  'gender',
  'birthDate',
  'multipleBirthInteger',
  'deceasedDateTime',
  'address',
  'telecom',
  'contact',
  'generalPractitioner',
  'managingOrganization',
  'extension',
];

/** Faults of shape: members and their order, versions, ids, dates, periods, numbers of a kind, empty values. */
export function shapeFaults(record: PdsRecord): string[] {
  const { patient, behind } = record;
  const places = Object.keys(patient).map((name) => members.indexOf(name));
  const usual = patient.name?.filter(({ use }) => use === 'usual') ?? [];
  const homes = patient.address?.filter(({ use }) => use === 'home') ?? [];
  const death = patient.extension?.find(({ url }) => url === extensionUrls.deathNotification);
  const faults: (string | false)[] = [
    places.includes(-1) && 'a member that PDS does not have',
    places.some((place, i) => place <= (places[i - 1] ?? -1)) && 'members out of order',
    patient.identifier?.[0]?.value !== patient.id && 'identifier differs from id',
    patient.identifier?.[0]?.system !== nhsNumberSystem && 'identifier of another system',
    !/^[1-9]\d*$/.test(patient.meta.versionId) && 'version is no decimal number',
    !/^\d{4}(-\d{2}(-\d{2})?)?$/.test(patient.birthDate ?? '2000') && 'birth date of another form',
    patient.name !== undefined && usual.length !== 1 && 'not exactly one usual name',
    homes.length > 1 && 'more than one home',
    (patient.generalPractitioner?.length ?? 0) > 1 && 'more than one practice',
    patient.deceasedDateTime !== undefined && !death && 'a death without its notification',
    (patient.deceasedDateTime ?? '9') < (patient.birthDate ?? '0').slice(0, 4) &&
      'died before birth',
    behind.supersededBy === patient.id && 'superseded by itself',
    hasEmpty(patient) && 'an empty list, object, text or null',
    hasEmpty(behind) && 'something empty behind it',
    repeatsId(record) && 'an object id used twice',
    [...namesOf(record)].some(tooLong) && 'a name longer than PDS takes',
    [...addressesOf(record)].some(({ line }) => (line?.length ?? 0) > 5) && 'a sixth address line',
    [...addressesOf(record)].some(wrongTerm) && 'a temporary address without or beyond its term',
    [...periodsOf(record)].some(({ start, end }) => (end ?? '9') < (start ?? '0')) &&
      'a period that ends before it starts',
    !isMarked(record) && 'an unknown confidentiality label',
  ];
  return faults.filter((fault) => fault !== false);
}

/** Faults that could touch a real person: numbers, telephones, mail and homes that somebody may have. */
export function safetyFaults(record: PdsRecord): string[] {
  const { patient, behind } = record;
  const telecoms = [...telecomsOf(record)];
  const phones = telecoms.filter(({ system }) => system !== 'email');
  const mails = telecoms.filter(({ system }) => system === 'email');
  const numbers = [
    patient.id,
    behind.supersededBy,
    ...(behind.relatedPersons ?? []).map((each) => each.patient.identifier?.value),
  ].filter((number) => number !== undefined);
  const faults: (string | false)[] = [
    numbers.some((number) => !isNhsNumber(number)) && 'an NHS number that fails its check',
    numbers.some((number) => !number.startsWith('999')) && 'an NHS number outside the 999 range',
    phones.some(({ value }) => !isDramaNumber(value ?? '')) && 'a telephone that may be real',
    mails.some(({ value }) => !isReservedMail(value ?? '')) && 'a mail address that may be real',
    [...addressesOf(record)].some(
      ({ postalCode }) => postalCode !== undefined && !isFictitiousPostcode(postalCode),
    ) && 'a postcode that may be real',
  ];
  return faults.filter((fault) => fault !== false);
}

/** Letters that PDS takes in names (pds-fhir 3.4). */
const letters = /^[A-Za-z\-' .0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f]*$/;

function letterFaults(record: PdsRecord): string[] {
  const texts = [...namesOf(record)].flatMap(({ given = [], family = '' }) => [...given, family]);
  return texts.every((text) => letters.test(text)) ? [] : ['a letter that PDS does not take'];
}

function isMarked(record: PdsRecord): boolean {
  return record.patient.meta.security[0].code === confidentialityOf(record);
}

function tooLong({ given = [], family = '' }: HumanName): boolean {
  return (
    family.length === 0 || given.length > 5 || [family, ...given].some((each) => each.length > 35)
  );
}

function wrongTerm({ use, text, period }: Address): boolean {
  if (use !== 'temp' && use !== 'billing') return false;
  return period?.end === undefined || (use === 'temp' && text === undefined);
}

function* namesOf({ patient, behind }: PdsRecord): Iterable<HumanName> {
  yield* patient.name ?? [];
  yield* behind.former?.names ?? [];
  yield* behind.hidden?.names ?? [];
}

function* addressesOf({ patient, behind }: PdsRecord): Iterable<Address> {
  yield* patient.address ?? [];
  yield* behind.former?.addresses ?? [];
  yield* behind.hidden?.addresses ?? [];
  for (const each of behind.relatedPersons ?? []) yield* each.address ?? [];
}

function* telecomsOf({ patient, behind }: PdsRecord): Iterable<ContactPoint> {
  yield* patient.telecom ?? [];
  for (const each of patient.contact ?? []) yield* each.telecom ?? [];
  yield* behind.former?.telecoms ?? [];
  for (const each of behind.relatedPersons ?? []) yield* each.telecom ?? [];
}

function* periodsOf(record: PdsRecord): Iterable<Period> {
  const items = [...namesOf(record), ...addressesOf(record), ...telecomsOf(record)];
  for (const { period } of items) if (period) yield period;
}

function repeatsId({ patient, behind }: PdsRecord): boolean {
  const ids = [
    ...(patient.name ?? []),
    ...(patient.address ?? []),
    ...(patient.telecom ?? []),
    ...(patient.contact ?? []),
    ...(patient.generalPractitioner ?? []),
    ...(behind.relatedPersons ?? []),
  ].map(({ id }) => id);
  return ids.includes(undefined) || new Set(ids).size !== ids.length;
}

function hasEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  if (typeof value !== 'object') return false;
  const parts: unknown[] = Object.values(value);
  return (parts.length === 0 && Array.isArray(value)) || parts.some(hasEmpty);
}
