/**
 * The index keys of a record, and where a search looks: what must be found together stands here together.
 * An index only proposes; whether a record matches is judged on the record itself (trace-judge.ts).
 *
 * | index | key | serves |
 * |---|---|---|
 * | name, former-name | family, birth date | a family name with a date or a range |
 * | born, former-born | birth date, family | a wildcard in the family name |
 * | sound | sound of family, sound of given or nothing, birth date | fuzzy; ranges with a given name |
 * | given | sound of given, birth date | fuzzy without a family name |
 * | phone, email | value, birth date | wide ranges |
 *
 * Superseded, withdrawn and very restricted records have no keys: nothing of them may be found (pds-fhir 4.2, 4.4).
 */
import type { HumanName } from 'fhir/r4.js';
import type { Find, Key } from '../../../core/store.ts';
import { fold, foldEmail, foldPhone } from '../../fold.ts';
import { soundKey } from '../../soundex.ts';
import { confidentialityOf, type PdsRecord } from '../record.ts';
import { shortFormsOf } from './trace-short-forms.ts';
import type { Criteria, DateRange } from './trace-terms.ts';

/** Whether a search may find this record at all. */
export function isSearchable(record: PdsRecord): boolean {
  const label = confidentialityOf(record);
  return record.behind.supersededBy === undefined && (label === 'U' || label === 'R');
}

/** A name, and whether it is one the person once had. Names shown as old or maiden are former too. */
export interface HeldName {
  readonly name: HumanName;
  readonly former: boolean;
}

/**
 * All names of a record but hidden ones. Periods are not looked at: the published records' usual names have ended years
 * ago, and what is no longer current is held as old, maiden or former.
 */
export function namesOf({ patient, behind }: PdsRecord): readonly HeldName[] {
  const shown = (patient.name ?? []).map((name) => ({
    name,
    former: name.use === 'old' || name.use === 'maiden',
  }));
  const former = (behind.former?.names ?? []).map((name) => ({ name, former: true }));
  return [...shown, ...former];
}

/** No record has more key pairs of sounds than this, however many names it holds. */
const mostSounds = 40;

/** The keys of a record by index; about eight for most people. */
export function keysOf(record: PdsRecord): Record<string, readonly Key[]> {
  const { birthDate, telecom = [] } = record.patient;
  if (birthDate === undefined || birthDate === '' || !isSearchable(record)) return {};
  const names = namesOf(record);
  const families = foldedFamilies(names.filter(({ former }) => !former));
  const former = foldedFamilies(names.filter((held) => held.former)).filter(
    (family) => !families.includes(family),
  );
  const givens = unique(names.flatMap(({ name }) => givenSounds(name.given ?? [])));
  const sounds = unique([...families, ...former].map(soundKey)).flatMap((family) =>
    ['', ...givens].map((given) => [family, given, birthDate]),
  );
  const contacts = [...telecom, ...(record.behind.former?.telecoms ?? [])];
  const phones = contacts.filter(isPhone).map(({ value = '' }) => foldPhone(value));
  const emails = contacts
    .filter(({ system }) => system === 'email')
    .map(({ value = '' }) => foldEmail(value));
  const keys = {
    name: families.map((family) => [family, birthDate]),
    born: families.map((family) => [birthDate, family]),
    'former-name': former.map((family) => [family, birthDate]),
    'former-born': former.map((family) => [birthDate, family]),
    sound: sounds.slice(0, mostSounds),
    given: givens.map((given) => [given, birthDate]),
    phone: unique(phones).map((phone) => [phone, birthDate]),
    email: unique(emails).map((email) => [email, birthDate]),
  };
  return Object.fromEntries(Object.entries(keys).filter(([, list]) => list.length > 0));
}

/** Whether a contact point is compared with a telephone number: phones, and textphones (system other). */
export function isPhone({ system }: { system?: string | undefined }): boolean {
  return system === 'phone' || system === 'other' || system === 'sms';
}

function foldedFamilies(names: readonly HeldName[]): string[] {
  return unique(names.map(({ name }) => fold(name.family ?? '')));
}

/** How each given name sounds as a whole, and each word of a compound one. */
function givenSounds(given: readonly string[]): string[] {
  return given.flatMap((name) => {
    const words = fold(name).split(' ');
    return words.length > 1
      ? [soundKey(words.join(' ')), ...words.map(soundKey)]
      : words.map(soundKey);
  });
}

/** Where the candidates of a search are: finds whose union holds every record that can match. */
export function findsOf(criteria: Criteria): Find[] {
  if (criteria.fuzzy) return fuzzyFinds(criteria);
  const [stem = '', ...rest] = (criteria.family ?? '').split('*');
  const family = fold(stem);
  const indexes = criteria.history ? (['', 'former-'] as const) : ([''] as const);
  const contact = contactFinds(criteria);
  if (rest.length === 0) {
    if (isDay(criteria.birthDate))
      return indexes.flatMap((index) => named(index, family, criteria));
    if (contact) return contact;
    const [given] = criteria.given;
    if (given !== undefined && !given.includes('*'))
      return dated('sound', [soundKey(family), soundKey(fold(given))], criteria.birthDate);
    return indexes.flatMap((index) => named(index, family, criteria));
  }
  const days = daysOf(criteria.birthDate);
  if (days)
    return days.flatMap((day) =>
      indexes.map((index) => ({ index: `${index}born`, equals: [day], prefix: family })),
    );
  return contact ?? indexes.map((index) => ({ index: `${index}name`, prefix: family }));
}

function named(index: string, family: string, { birthDate }: Criteria): Find[] {
  return dated(`${index}name`, [family], birthDate);
}

function contactFinds({ email, phone, birthDate }: Criteria): Find[] | undefined {
  if (email !== undefined) return dated('email', [foldEmail(email)], birthDate);
  if (phone !== undefined) return dated('phone', [foldPhone(phone)], birthDate);
  return undefined;
}

/**
 * A fuzzy search asks for each way in which the given name may sound, short forms included, and once with the names
 * swapped.
 */
function fuzzyFinds({ family, given, birthDate }: Criteria): Find[] {
  const [first] = given;
  const whole = first === undefined ? '' : fold(first);
  const [word = ''] = whole.split(' ');
  const heard = unique([whole, word, ...shortFormsOf(word)].map(soundKey));
  const sounds = heard.length > 0 ? heard : [''];
  if (family === undefined) return sounds.flatMap((sound) => dated('given', [sound], birthDate));
  const familySound = soundKey(fold(family));
  if (first === undefined) return dated('sound', [familySound, ''], birthDate);
  return [
    ...sounds.flatMap((sound) => dated('sound', [familySound, sound], birthDate)),
    ...dated('sound', [soundKey(whole), familySound], birthDate),
  ];
}

/** Whether a range is one full date, asked for as such. */
export function isDay({ from, to }: DateRange): boolean {
  return from !== undefined && from === to;
}

/**
 * Finds under these leading parts whose next part, the birth date, is in the range. A record that holds only the year or
 * month in which the range begins stands before it in the index, and is asked for by itself.
 */
function dated(index: string, equals: Key, birthDate: DateRange): Find[] {
  const { from, to } = birthDate;
  if (from !== undefined && from === to) return [{ index, equals: [...equals, from] }];
  const range = {
    index,
    equals,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
  if (from === undefined) return [range];
  return [
    range,
    ...[from.slice(0, 4), from.slice(0, 7)].map((part) => ({ index, equals: [...equals, part] })),
  ];
}

/** Up to so many days a wildcard is looked for day by day; beyond that, through all dates of the stem. */
const mostDays = 366;
const dayLength = 86_400_000;

/** The dates a record in the range may hold, its years and months included; undefined for a wide or open range. */
function daysOf({ from, to }: DateRange): string[] | undefined {
  if (from === undefined || to === undefined) return undefined;
  const first = Date.parse(`${from}T00:00:00Z`);
  const count = (Date.parse(`${to}T00:00:00Z`) - first) / dayLength + 1;
  if (count > mostDays) return undefined;
  const days = Array.from({ length: Math.max(0, count) }, (_, i) =>
    new Date(first + i * dayLength).toISOString().slice(0, 10),
  );
  if (count <= 1) return days;
  return unique(days.flatMap((day) => [day.slice(0, 4), day.slice(0, 7), day]));
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '');
}
