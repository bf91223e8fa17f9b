/**
 * Whether one record fits a search, and how well: every criterion held against the record as it is now.
 * Owns the rules of each criterion (pds-fhir 1.8, 5) and how their parts make a score; names are in trace-names.ts.
 */
import type { Address } from 'fhir/r4.js';
import { foldEmail, foldPhone, foldPostcode } from '../../fold.ts';
import { confidentialityOf, type PdsRecord } from '../record.ts';
import { isPhone, isSearchable } from './trace-keys.ts';
import { fitsPieces } from './trace-names.ts';
import { nameJudgeOf } from './trace-name-judge.ts';
import type { Criteria, DateRange, Match, Part, Reason } from './trace-terms.ts';

/** A match, or the criteria that excluded the record. Neither for a record of which nothing may be told. */
export interface Verdict {
  readonly match?: Match;
  readonly failed: readonly string[];
}

type PartOf = (record: PdsRecord) => Part | undefined;

const nothing: Verdict = { failed: [] };

/** A phone or email that is right, alone; and both, as published for a fuzzy search with both. */
const oneContact = 0.8555;
const bothContacts = 0.4473;
const right = 0.9;
const formerLoss = 0.01;
const formerGenderLoss = 0.02;
const partialDateLoss = 0.02;
const slipLoss = 0.02;
const wrongPenalty = 0.03;
const wildPostcodeFloor = 0.01;

/** The judge of one search. With `all` it goes on after the first criterion that fails, to name the others too. */
export function judgeOf(
  criteria: Criteria,
  today?: string,
): (record: PdsRecord, all: boolean) => Verdict {
  const names = nameJudgeOf(criteria);
  const parts = partsOf(criteria, today);
  const place = criteria.postcode !== undefined || criteria.practice !== undefined;
  return (record, all) => {
    if (!isSearchable(record)) return nothing;
    // The place of a restricted person is protected, so a search that names a place must not find them (4.2).
    if (place && confidentialityOf(record) !== 'U') return nothing;
    const failed: string[] = [];
    const found: (readonly [string, Part])[] = [];
    for (const [criterion, partOf] of parts) {
      const part = partOf(record);
      if (part) found.push([criterion, part]);
      else if (failed.push(criterion) > 0 && !all) return { failed };
    }
    const named = names(record);
    if ('failed' in named) return { failed: [...failed, ...named.failed] };
    if (failed.length > 0) return { failed };
    const match = toMatch(record, [...named.parts, ...found]);
    return criteria.exact && match.score < 1 ? { failed: ['_exact-match'] } : { match, failed };
  };
}

/** The criteria that are asked, cheapest first; names come by themselves. */
function partsOf(criteria: Criteria, today?: string): (readonly [string, PartOf])[] {
  const { birthDate, deathDate, gender, postcode, phone, email, practice } = criteria;
  const { managingOrganization, fuzzy } = criteria;
  const former = fuzzy || criteria.history;
  const parts: [string, PartOf][] = [
    ['birthdate', ({ patient }) => judgeDate(birthDate, patient.birthDate)],
  ];
  if (gender !== undefined) parts.push(['gender', (record) => judgeGender(gender, record, former)]);
  if (postcode !== undefined)
    parts.push(['address-postalcode', judgePostcode(postcode, { fuzzy, former, today })]);
  if (phone !== undefined)
    parts.push(['phone', judgePhone(phone, { former, slips: fuzzy && postcode !== undefined })]);
  if (email !== undefined)
    parts.push(['email', judgeEmail(email, { former, both: phone !== undefined })]);
  if (practice !== undefined)
    parts.push(['general-practitioner', judgeCode(practice, fuzzy, practiceOf)]);
  if (managingOrganization !== undefined)
    parts.push(['managing-organization', judgeCode(managingOrganization, fuzzy, organisationOf)]);
  if (deathDate)
    parts.push([
      'death-date',
      ({ patient }) => judgeDeath(deathDate, fuzzy, patient.deceasedDateTime),
    ]);
  return parts;
}

function toMatch({ patient }: PdsRecord, parts: readonly (readonly [string, Part])[]): Match {
  let loss = 0;
  let factor = 1;
  let floor = 0;
  let penalty = 0;
  const reasons: Reason[] = [];
  for (const [criterion, part] of parts) {
    loss += part.loss ?? 0;
    factor *= part.factor ?? 1;
    floor = Math.max(floor, part.floor ?? 0);
    penalty += part.penalty ?? 0;
    const own = (part.loss ?? 0) + (part.penalty ?? 0) + (part.floor ?? 0);
    reasons.push({ criterion, how: part.how, score: round(1 - own) });
  }
  const score = round(1 - Math.max(loss * factor, floor) - penalty);
  return { nhsNumber: patient.id, score, reasons };
}

/** Four decimals; never below nought, and 1 only for what lost nothing. */
function round(score: number): number {
  const rounded = Math.round(Math.max(0, score) * 10_000) / 10_000;
  return rounded === 1 && score < 1 ? 0.9999 : rounded;
}

/**
 * A range finds a date that is only a year or a month if any of its days is in the range; one full date does not, since
 * such a record does not say that it is this day.
 */
function judgeDate(range: DateRange, held: string | undefined): Part | undefined {
  if (held === undefined || held === '') return undefined;
  const { from = '0000', to = '9999-99' } = range;
  const exactly = from === to;
  const day = held.slice(0, 10);
  if (day.length === 10) {
    if (day < from || day > to) return undefined;
    return { how: exactly ? 'exact' : 'in the range' };
  }
  if (exactly || day > to || `${day}-99` < from) return undefined;
  return { how: 'partial date in the range', loss: partialDateLoss };
}

function judgeGender(gender: string, { patient, behind }: PdsRecord, former: boolean) {
  if (patient.gender === gender) return { how: 'exact' };
  return former && behind.former?.genders?.includes(gender)
    ? { how: 'former', loss: formerGenderLoss }
    : undefined;
}

interface Held {
  readonly value: string;
  readonly former: boolean;
}

interface Looking {
  /** Whether former values count. Hidden ones never do. */
  readonly former: boolean;
}

/** The texts of the values that a search looks at. */
function heldBy<T>(
  current: readonly T[],
  former: readonly T[],
  textOf: (one: T) => string,
  looking: Looking,
): Held[] {
  const now = current.map((one) => ({ value: textOf(one), former: false }));
  if (!looking.former) return now;
  return [...now, ...former.map((one) => ({ value: textOf(one), former: true }))];
}

/**
 * Any address counts, a temporary one too, though only the home address is shown. Pseudo postcodes match nobody: too many
 * strangers share them.
 */
function judgePostcode(
  text: string,
  looking: Looking & { readonly fuzzy: boolean; readonly today: string | undefined },
): PartOf {
  const wanted = foldPostcode(text);
  const pieces = wanted.includes('*') ? wanted.split('*') : undefined;
  return ({ patient, behind }) => {
    const all = patient.address ?? [];
    const ended = all.filter((address) => hasEnded(address, looking.today));
    const held = heldBy(
      all.filter((address) => !ended.includes(address)),
      [...ended, ...(behind.former?.addresses ?? [])],
      ({ postalCode = '' }) => foldPostcode(postalCode),
      looking,
    ).filter(({ value }) => value !== '' && !value.startsWith('ZZ99'));
    const exact = first(held, (value) => (pieces ? fitsPieces(pieces, value) : value === wanted));
    if (exact) {
      const how = withFormer(exact, pieces ? 'wildcard' : 'exact');
      return {
        how,
        factor: right,
        ...lossOf(exact),
        ...(pieces ? { floor: wildPostcodeFloor } : {}),
      };
    }
    const slip = looking.fuzzy ? first(held, (value) => isSlip(wanted, value)) : undefined;
    return slip && { how: withFormer(slip, 'a slip away'), loss: slipLoss };
  };
}

/**
 * Whether an address that is held for a time only has ended. A home address is current for as long as it is held: those
 * of the published records ended years ago.
 */
function hasEnded({ use, period }: Address, today: string | undefined): boolean {
  if (today === undefined || period?.end === undefined || use === 'home') return false;
  return period.end.slice(0, 10) < today;
}

function judgePhone(text: string, looking: Looking & { readonly slips: boolean }): PartOf {
  const wanted = foldPhone(text);
  return ({ patient, behind }) => {
    const held = heldBy(
      (patient.telecom ?? []).filter(isPhone),
      (behind.former?.telecoms ?? []).filter(isPhone),
      ({ value = '' }) => foldPhone(value),
      looking,
    ).filter(({ value }) => value !== '');
    const exact = first(held, (value) => value === wanted);
    if (exact) return { how: withFormer(exact, 'exact'), factor: oneContact, ...lossOf(exact) };
    const slip = looking.slips ? first(held, (value) => isOneEdit(wanted, value)) : undefined;
    return slip && { how: withFormer(slip, 'a slip away'), loss: slipLoss };
  };
}

function judgeEmail(text: string, looking: Looking & { readonly both: boolean }): PartOf {
  const wanted = foldEmail(text);
  const isEmail = ({ system }: { system?: string | undefined }) => system === 'email';
  return ({ patient, behind }) => {
    const held = heldBy(
      (patient.telecom ?? []).filter(isEmail),
      (behind.former?.telecoms ?? []).filter(isEmail),
      ({ value = '' }) => foldEmail(value),
      looking,
    );
    const exact = first(held, (value) => value === wanted);
    const factor = looking.both ? bothContacts / oneContact : oneContact;
    return exact && { how: withFormer(exact, 'exact'), factor, ...lossOf(exact) };
  };
}

/** An ODS code. A fuzzy search is not narrowed by it, only scored. */
function judgeCode(
  code: string,
  fuzzy: boolean,
  codeOf: (record: PdsRecord) => string | undefined,
): PartOf {
  const wanted = code.toUpperCase();
  return (record) => scored(codeOf(record)?.toUpperCase() === wanted, fuzzy);
}

function judgeDeath(range: DateRange, fuzzy: boolean, held: string | undefined): Part | undefined {
  return scored(judgeDate(range, held) !== undefined, fuzzy);
}

function scored(fits: boolean, fuzzy: boolean): Part | undefined {
  if (fits) return { how: 'exact', factor: right };
  return fuzzy ? { how: 'different', penalty: wrongPenalty } : undefined;
}

function practiceOf({ patient }: PdsRecord): string | undefined {
  return patient.generalPractitioner?.[0]?.identifier?.value;
}

function organisationOf({ patient }: PdsRecord): string | undefined {
  return patient.managingOrganization?.identifier?.value;
}

/** The first that fits, current ones before former ones. */
function first(held: readonly Held[], fits: (value: string) => boolean): Held | undefined {
  return (
    held.find(({ value, former }) => !former && fits(value)) ??
    held.find(({ value }) => fits(value))
  );
}

function withFormer({ former }: Held, how: string): string {
  return former ? `${how}, former` : how;
}

function lossOf({ former }: Held): { loss?: number } {
  return former ? { loss: formerLoss } : {};
}

/** One character wrong, or up to two too many or too few. */
function isSlip(one: string, other: string): boolean {
  const [longer, shorter] = one.length >= other.length ? [one, other] : [other, one];
  return (
    isOneEdit(one, other) || (longer.length - shorter.length === 2 && isSpread(shorter, longer))
  );
}

/** Whether all characters of the shorter stand in the longer, in order. */
function isSpread(shorter: string, longer: string): boolean {
  let at = 0;
  for (const character of longer) if (character === shorter[at]) at++;
  return at === shorter.length;
}

/** Whether one character changed, added or left out, or two neighbours exchanged, makes one the other. Linear. */
function isOneEdit(one: string, other: string): boolean {
  const [longer, shorter] = one.length >= other.length ? [one, other] : [other, one];
  let at = 0;
  while (at < shorter.length && longer[at] === shorter[at]) at++;
  if (longer.length === shorter.length + 1) return longer.slice(at + 1) === shorter.slice(at);
  if (longer.length !== shorter.length) return false;
  if (longer.slice(at + 1) === shorter.slice(at + 1)) return true;
  const exchanged = longer[at] === shorter[at + 1] && longer[at + 1] === shorter[at];
  return exchanged && longer.slice(at + 2) === shorter.slice(at + 2);
}
