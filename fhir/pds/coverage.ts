/**
 * The European Health Insurance Card of a patient (pds-fhir 4.10): reading the query and the body, and the Bundle.
 * One card a person, replaced as a whole; its version is the patient's. Who may ask is decided before.
 */
import type { Bundle, Coverage } from 'fhir/r4.js';
import { isNhsNumber, nhsNumberSystem } from '../identifiers.ts';
import { countryName } from './fields/countries.ts';
import * as errors from './errors.ts';
import { isDay } from './fields/field-rules-dates.ts';
import { codeOf, objectOf, textOf, wrong, type Fields } from './fields/field-rules-values.ts';
import { at, bodyOf, itemsOf, onlyOf, optional, present } from './fields/members.ts';
import type { PdsRecord } from './record.ts';
import { searchset } from './searchset.ts';

/** What is asked for, not yet known to be an NHS number. The one parameter, once: anything else is INVALID_SEARCH_DATA. */
export function coverageQuery(query: URLSearchParams): string {
  const [first, ...others] = [...query.entries()];
  if (first?.[0] !== 'subscriber:identifier' || others.length > 0)
    throw errors.invalidSearchData(
      'Coverage search request must follow the format /Coverage?subscriber:identifier=NHS_NUMBER',
    );
  return first[1];
}

/** The searchset with the card, or without `entry` when there is none or what is held is incomplete. */
export function coverageBundle({ patient, behind }: PdsRecord, base: string, now: number): Bundle {
  const card = behind.coverage && isComplete(behind.coverage) ? behind.coverage : undefined;
  const entries = card
    ? [
        {
          fullUrl: `${base}/Coverage?subscriber:identifier=${patient.id}`,
          resource: ownedBy(card, patient.id),
        },
      ]
    : [];
  return { ...searchset(entries, now), meta: { versionId: patient.meta.versionId } };
}

/** A merged record's card belongs to the number that was kept. */
function ownedBy(card: Coverage, nhsNumber: string): Coverage {
  return {
    ...card,
    subscriber: { identifier: { system: nhsNumberSystem, value: nhsNumber }, type: 'Patient' },
  };
}

function isComplete({ identifier, beneficiary, payor }: Coverage): boolean {
  return [identifier?.[0]?.value, beneficiary.identifier?.value, payor[0]?.identifier?.value].every(
    (value) => value !== undefined && value !== '',
  );
}

/** The record with this card instead of the one it had, one version on. */
export function withCoverage(record: PdsRecord, coverage: Coverage): PdsRecord {
  const { patient, behind } = record;
  const versionId = String(Number(patient.meta.versionId) + 1);
  return {
    patient: { ...patient, meta: { ...patient.meta, versionId } },
    behind: { ...behind, coverage },
  };
}

/**
 * The body of POST /Coverage. What is missing is told before what is wrong (the published mock's order).
 * `now` in milliseconds. Throws MISSING_VALUE, INVALID_VALUE, TOO_MANY_VALUES_SUBMITTED, ADDITIONAL_PROPERTIES, INVALID_RESOURCE_ID.
 */
export function readCoverage(
  body: unknown,
  now: number,
): { nhsNumber: string; coverage: Coverage } {
  const sent = readShape(bodyOf(body));
  codeOf(sent.status, 'status', ['active']);
  const cardNumber = cardTextOf(sent.cardNumber, 'identifier/0/value', 25);
  const country = countryOf(sent.country, 'identifier/0/assigner/identifier/value');
  const institution = cardTextOf(sent.institution, 'payor/0/identifier/value', 30);
  const personalId = cardTextOf(sent.personalId, 'beneficiary/identifier/value', 25);
  const end = endOf(sent.end, now);
  if (typeof sent.nhsNumber !== 'string' || !isNhsNumber(sent.nhsNumber))
    throw errors.invalidResourceId();
  const subscriber = { system: nhsNumberSystem, value: sent.nhsNumber };
  const assigner = {
    identifier: { system: countrySystem, value: country },
    display: countryName(country),
  };
  const coverage: Coverage = {
    resourceType: 'Coverage',
    status: 'active',
    subscriber: { identifier: subscriber, type: 'Patient' },
    identifier: [{ value: cardNumber, assigner }],
    payor: [{ identifier: { value: institution } }],
    beneficiary: { identifier: { value: personalId }, type: 'Patient' },
    period: { end },
  };
  return { nhsNumber: sent.nhsNumber, coverage };
}

const countrySystem = 'urn:iso:std:iso:3166';
const needed = ['identifier', 'status', 'subscriber', 'beneficiary', 'payor', 'period'];
const known = ['resourceType', 'type', ...needed];

/** The leaves of the body, present but not yet looked at. */
interface Sent {
  status: unknown;
  cardNumber: unknown;
  country: unknown;
  institution: unknown;
  personalId: unknown;
  nhsNumber: unknown;
  end: unknown;
}

function readShape(body: Fields): Sent {
  for (const name of needed) present(body, name, '');
  objectOf(body, '', known);
  const resourceType = optional(body, 'resourceType');
  if (resourceType !== undefined) codeOf(resourceType, 'resourceType', ['Coverage']);
  checkType(optional(body, 'type'));
  const card = readCard(onlyOf(body.identifier, 'identifier'));
  const subscriber = readReference(body.subscriber, 'subscriber');
  if (subscriber.system !== undefined)
    codeOf(subscriber.system, 'subscriber/identifier/system', [nhsNumberSystem]);
  return {
    ...card,
    status: body.status,
    nhsNumber: subscriber.value,
    personalId: readReference(body.beneficiary, 'beneficiary').value,
    institution: readReference(onlyOf(body.payor, 'payor'), 'payor/0').value,
    end: present(objectOf(body.period, 'period', ['end']), 'end', 'period'),
  };
}

function readCard(value: unknown): { cardNumber: unknown; country: unknown } {
  const card = objectOf(value, 'identifier/0', ['value', 'assigner']);
  const cardNumber = present(card, 'value', 'identifier/0');
  const path = 'identifier/0/assigner';
  const assigner = objectOf(present(card, 'assigner', 'identifier/0'), path, [
    'identifier',
    'display',
  ]);
  const display = optional(assigner, 'display');
  if (display !== undefined) textOf(display, at(path, 'display'), 100);
  const inner = at(path, 'identifier');
  const issuer = objectOf(present(assigner, 'identifier', path), inner, ['system', 'value']);
  const country = present(issuer, 'value', inner);
  codeOf(present(issuer, 'system', inner), at(inner, 'system'), [countrySystem]);
  return { cardNumber, country };
}

/** The identifier of a reference: its value is required, its system is not. */
function readReference(value: unknown, path: string): { system: unknown; value: unknown } {
  const reference = objectOf(value, path, ['identifier', 'type']);
  const inner = at(path, 'identifier');
  const identifier = objectOf(present(reference, 'identifier', path), inner, ['system', 'value']);
  const type = optional(reference, 'type');
  if (type !== undefined) codeOf(type, at(path, 'type'), ['Patient', 'Organization']);
  return { value: present(identifier, 'value', inner), system: optional(identifier, 'system') };
}

/** `type` says that it is this card; clients send it, nothing is kept of it. */
function checkType(value: unknown): void {
  if (value === undefined) return;
  const type = objectOf(value, 'type', ['coding']);
  itemsOf(present(type, 'coding', 'type'), 'type/coding', 1, 5).forEach((each, i) => {
    const coding = objectOf(each, `type/coding/${i}`, ['system', 'code', 'display']);
    for (const [name, text] of Object.entries(coding))
      textOf(text, `type/coding/${i}/${name}`, 200);
  });
}

/** A number of the card: some text after trimming, in the characters of an EHIC. */
function cardTextOf(value: unknown, path: string, longest: number): string {
  const text = textOf(value, path, longest);
  if (!/^[a-zA-Z0-9\-,/:'. ]+$/.test(text)) throw wrong(value, path);
  return text;
}

function countryOf(value: unknown, path: string): string {
  if (typeof value !== 'string' || !/^[A-Z]{3}$/.test(value)) throw wrong(value, path);
  return value;
}

const years = 150;

/** The day the card ends: a day of the calendar, at most 150 years from now either way. */
function endOf(value: unknown, now: number): string {
  const from = new Date(now);
  const to = new Date(now);
  from.setUTCFullYear(from.getUTCFullYear() - years);
  to.setUTCFullYear(to.getUTCFullYear() + years);
  if (!isDay(value) || value < dayText(from) || value > dayText(to))
    throw wrong(value, 'period/end');
  return value;
}

function dayText(date: Date): string {
  return date.toISOString().slice(0, 10);
}
