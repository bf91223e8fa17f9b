/**
 * Patient/$process-birth-details (pds-fhir 4.9): from the transaction Bundle of a birth to the baby's record.
 * Owns the order of the checks and what of the Bundle is kept: the baby, and who the mother is. The observations, places
 * and people around the birth are checked in birth-shapes.ts and not kept, as the national record has no place for them.
 */
import { createHash } from 'node:crypto';
import type { Extension, RelatedPerson } from 'fhir/r4.js';
import { nhsNumberSystem } from '../../identifiers.ts';
import { entryShapes } from './birth-shapes.ts';
import { newExtensionsOf, type Known } from './create-extensions.ts';
import {
  checkAddressPeriods,
  createRules,
  neededOfPerson,
  newcomerOf,
  toDraft,
  type CreateContext,
} from './create-person.ts';
import { birthDeathInconsistent } from '../errors.ts';
import { extensionUrls, partOf } from '../fields/extensions.ts';
import { multipleBirthOf } from '../fields/field-rules.ts';
import { deathDateOf, isDay } from '../fields/field-rules-dates.ts';
import {
  codeOf,
  isFields,
  objectOf,
  wrong,
  type Fields,
  type Rules,
} from '../fields/field-rules-values.ts';
import { at, bodyOf, itemsOf, optional, present } from '../fields/members.ts';
import type { PdsRecord } from '../record.ts';

/** A birth as read. */
export interface Birth {
  /** The baby's record, without a number yet. */
  readonly draft: PdsRecord;
  readonly motherNhsNumber: string;
  /** The ODS code of the mother's practice; the baby is registered there by the practice, not by this operation. */
  readonly practice: string;
}

const baby = 'entry/0/resource';
const placeOf = (index: number) => `entry/${index}/resource`;

/**
 * The body as a birth. Throws MISSING_VALUE (`entry/0/resource/…`), TOO_FEW_VALUES_SUBMITTED (`entry`), INVALID_VALUE,
 * INVALID_CREATE, ADDITIONAL_PROPERTIES, and INSERT_BIRTH_DEATH_STATUS_INCONSISTENT.
 */
export function readBirth(body: unknown, context: CreateContext): Birth {
  const resources = resourcesOf(bodyOf(body));
  const [child = {}] = resources;
  for (const name of [...neededOfPerson, 'multipleBirthInteger', 'extension'])
    present(child, name, baby);
  checkAddressPeriods(child, baby);
  objectOf(child, baby, babyMembers);
  const draft = babyOf(child, context);
  entryShapes.forEach(({ check }, i) => {
    check(resources[i + 1], placeOf(i + 1));
  });
  const motherNhsNumber = firstIdentifier(resources[7]);
  const named = firstIdentifier(resources[6]);
  if (named !== '' && named !== motherNhsNumber)
    throw wrong(named, at(placeOf(6), 'identifier/0/value'));
  if (isFormallyDead(draft) && !isStillbirth(resources[2])) throw birthDeathInconsistent();
  const link = toMother(motherNhsNumber, draft, context.newObjectId());
  return {
    draft: withRelated(draft, link),
    motherNhsNumber,
    practice: firstIdentifier(resources[8]),
  };
}

/** The draft of a birth, naming the mother by the number that is hers today. `mother` is her record, if there is one. */
export function motherLink({ draft }: Birth, mother: PdsRecord | undefined): PdsRecord {
  const number = mother?.behind.supersededBy;
  const [link] = draft.behind.relatedPersons ?? [];
  return number === undefined || !link
    ? draft
    : withRelated(draft, { ...link, patient: patientOf(number) });
}

/** The UUID by which the birth was notified: made of baby and request, so that a repeat of the request is told the same. */
export function notificationIdOf(nhsNumber: string, requestId: string): string {
  const hex = createHash('sha256').update(`${nhsNumber} ${requestId}`).digest('hex').toUpperCase();
  // Version 8 of RFC 9562: the bits are the maker's own.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-A${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

// ---- the Bundle ----

const entryMembers = ['fullUrl', 'request', 'resource'];

/** The twelve resources, each of the type its place demands. */
function resourcesOf(body: Fields): readonly Fields[] {
  const entries = itemsOf(present(body, 'entry', ''), 'entry', 12, 12);
  objectOf(body, '', ['resourceType', 'id', 'type', 'entry']);
  codeOf(present(body, 'resourceType', ''), 'resourceType', ['Bundle']);
  codeOf(present(body, 'type', ''), 'type', ['transaction']);
  const types = ['Patient', ...entryShapes.map(({ type }) => type)];
  return entries.map((entry, i) => resourceOf(entry, i, types[i] ?? ''));
}

function resourceOf(value: unknown, index: number, type: string): Fields {
  const entry = objectOf(value, `entry/${index}`, entryMembers);
  const request = optional(entry, 'request');
  if (request !== undefined) checkRequest(request, index);
  const fullUrl = optional(entry, 'fullUrl');
  if (fullUrl !== undefined && typeof fullUrl !== 'string')
    throw wrong(fullUrl, `entry/${index}/fullUrl`);
  const path = placeOf(index);
  const resource = present(entry, 'resource', `entry/${index}`);
  if (!isFields(resource)) throw wrong(resource, path);
  codeOf(present(resource, 'resourceType', path), at(path, 'resourceType'), [type]);
  return resource;
}

function checkRequest(value: unknown, index: number): void {
  const path = `entry/${index}/request`;
  const request = objectOf(value, path, ['method', 'url']);
  codeOf(present(request, 'method', path), at(path, 'method'), ['POST']);
  const url = optional(request, 'url');
  if (url !== undefined && typeof url !== 'string') throw wrong(url, at(path, 'url'));
}

/** The number or code a checked resource goes by; empty where there is none. */
function firstIdentifier(resource: Fields | undefined): string {
  const [first] = asList(resource?.identifier);
  return isFields(first) && typeof first.value === 'string' ? first.value : '';
}

/** Whether the second observation says that the child was born dead. */
function isStillbirth(observation: Fields | undefined): boolean {
  const concept = observation?.valueCodeableConcept;
  const [first] = asList(isFields(concept) ? concept.coding : undefined);
  const code = isFields(first) ? first.code : undefined;
  return code === '2' || code === '3' || code === '4';
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

// ---- the baby ----

const babyMembers = [
  'resourceType',
  'id',
  ...neededOfPerson,
  '_birthDate',
  'multipleBirthInteger',
  'deceasedDateTime',
  'telecom',
  'extension',
];

/** The ethnic category is for those who may see it; no part of the record that this API shows. */
const known: Known = {
  needed: [extensionUrls.registeringAuthority, extensionUrls.ethnicCategory],
  kept: [
    extensionUrls.birthPlace,
    extensionUrls.deathNotification,
    extensionUrls.communication,
    extensionUrls.contactPreference,
  ],
  taken: [
    extensionUrls.birthSex,
    extensionUrls.cadavericDonor,
    extensionUrls.residentialStatus,
    extensionUrls.interpreterRequired,
    extensionUrls.numberUnavailableReason,
  ],
};

function babyOf(child: Fields, context: CreateContext): PdsRecord {
  const rules = createRules(context);
  const person = newcomerOf(child, baby, rules);
  checkBirthTime(optional(child, '_birthDate'));
  const order = multipleBirthOf(child.multipleBirthInteger, at(baby, 'multipleBirthInteger'));
  const sent = placesWithoutNames(child.extension);
  const extension = newExtensionsOf(sent, at(baby, 'extension'), known, rules);
  const deceased = deathOf(optional(child, 'deceasedDateTime'), extension, person.birthDate, rules);
  const more = {
    multipleBirthInteger: order,
    extension,
    ...(deceased === undefined ? {} : { deceasedDateTime: deceased }),
  };
  return toDraft(person, more, context.newObjectId);
}

const moment =
  /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** The time of birth: checked, not kept. */
function checkBirthTime(value: unknown): void {
  if (value === undefined) return;
  const path = at(baby, '_birthDate');
  const element = objectOf(value, path, ['extension']);
  const where = at(path, 'extension');
  itemsOf(present(element, 'extension', path), where, 1, 1).forEach((item) => {
    const first = at(where, 0);
    const extension = objectOf(item, first, ['url', 'valueDateTime']);
    codeOf(present(extension, 'url', first), at(first, 'url'), [extensionUrls.birthTime]);
    const time = optional(extension, 'valueDateTime');
    if (time === undefined) return;
    const day = typeof time === 'string' ? moment.exec(time)?.[1] : undefined;
    if (!isDay(day)) throw wrong(time, at(first, 'valueDateTime'));
  });
}

/** A birth place may name the hospital; the record holds city, district and country only. */
function placesWithoutNames(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const items: readonly unknown[] = value;
  return items.map((item) => {
    if (!isFields(item) || item.url !== extensionUrls.birthPlace) return item;
    const { valueAddress } = item;
    if (!isFields(valueAddress) || typeof valueAddress.text !== 'string') return item;
    const kept = Object.entries(valueAddress).filter(([name]) => name !== 'text');
    return { ...item, valueAddress: Object.fromEntries(kept) };
  });
}

/** A date of death and a death notification come together or not at all. */
function deathOf(
  value: unknown,
  extension: readonly Extension[],
  birthDate: string,
  rules: Rules,
): string | undefined {
  const notified = extension.some(({ url }) => url === extensionUrls.deathNotification);
  if (value === undefined) {
    if (!notified) return undefined;
    throw rules.refuse(
      'when adding a death notification status, a deceased date must also be supplied',
    );
  }
  const deceased = deathDateOf(value, at(baby, 'deceasedDateTime'), rules);
  if (!notified)
    throw rules.refuse(
      'when adding a deceased date, a death notification status must also be supplied',
    );
  if (deceased.slice(0, 10) < birthDate)
    throw rules.refuse('deceased date cannot be before the birth date');
  return deceased;
}

function isFormallyDead({ patient }: PdsRecord): boolean {
  const death = patient.extension?.find(({ url }) => url === extensionUrls.deathNotification);
  const status = death && partOf(death, 'deathNotificationStatus')?.valueCodeableConcept;
  return status?.coding?.[0]?.code === '2';
}

// ---- the mother ----

function toMother(nhsNumber: string, { patient }: PdsRecord, id: string): RelatedPerson {
  const type = 'http://hl7.org/fhir/ValueSet/relatedperson-relationshiptype';
  const role = 'https://fhir.nhs.uk/R4/CodeSystem/UKCore-AdditionalRelatedPersonRole';
  return {
    resourceType: 'RelatedPerson',
    id,
    active: true,
    patient: patientOf(nhsNumber),
    relationship: [
      {
        coding: [
          { system: type, code: 'MTH', display: 'Mother' },
          { system: role, code: 'Personal', display: 'Personal relationship with the patient' },
        ],
      },
    ],
    ...(patient.birthDate === undefined ? {} : { period: { start: patient.birthDate } }),
  };
}

function patientOf(nhsNumber: string): RelatedPerson['patient'] {
  return { identifier: { system: nhsNumberSystem, value: nhsNumber } };
}

function withRelated({ patient, behind }: PdsRecord, mother: RelatedPerson): PdsRecord {
  return { patient, behind: { ...behind, relatedPersons: [mother] } };
}
