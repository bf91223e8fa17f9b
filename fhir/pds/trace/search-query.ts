/**
 * The query of a search as Criteria, checked in the published order (pds-fhir 1.8): no parameters, unknown names,
 * formats, birth date, minimum set, characters and wildcards. Every refusal is a 400 row of errors.ts; the one 403, which
 * depends on who asks, is `maxResultsFor` and comes before. Takes time linear in the query.
 */
import type { AccessMode } from '../../../core/exchange.ts';
import { fold } from '../../fold.ts';
import { isOdsCode } from '../../identifiers.ts';
import * as errors from '../errors.ts';
import type { Criteria, DateRange } from './trace-terms.ts';

/** At most this many people are shown to anyone (1.7). */
const mostResults = 50;
/** Family and each given name, in characters. */
const longestName = 35;
/** A record holds no more given names than this. */
const mostGivenNames = 5;
/** No stored value of these kinds is longer. */
const longest = { phone: 35, email: 90, postcode: 35 };
/** So many of a parameter's repeated values are quoted in a refusal. */
const mostQuoted = 20;

const noSearch =
  'No searches were performed as the search criteria did not meet the minimum requirements';
const notFuzzy =
  'A fuzzy search was requested however the data given did not meet the fuzzy search criteria';

/** `history` is what the published sandbox takes beside `_history`, and a client sends. */
const known = new Set([
  '_fuzzy-match',
  '_exact-match',
  '_history',
  'history',
  '_max-results',
  'family',
  'given',
  'gender',
  'birthdate',
  'death-date',
  'address-postalcode',
  'address-postcode',
  'general-practitioner',
  'managing-organization',
  'email',
  'phone',
]);
const genders = new Set(['male', 'female', 'other', 'unknown']);

/**
 * The number of results this mode is held to, or undefined where the caller chooses. Modes without a person behind the
 * call see one match or none (1.8).
 * @throws 403 INVALID_VALUE when such a caller asks for another number.
 */
export function maxResultsFor(mode: AccessMode, query: URLSearchParams): number | undefined {
  if (mode !== 'app' && mode !== 'privileged') return undefined;
  if (query.getAll('_max-results').some((asked) => asked !== '1'))
    throw errors.manyResultsForbidden(mode);
  return 1;
}

/**
 * Reads a search. `maxResults` is what `maxResultsFor` gave.
 * @throws the 400 rows of 2.2 in the order of 1.8.
 */
export function readCriteria(query: URLSearchParams, maxResults?: number): Criteria {
  const values = group(query);
  const criteria = readFormats(values, maxResults);
  if (!values.has('birthdate'))
    throw errors.missingValue('birth_date/birth_date_range_start/birth_date_range_end');
  checkMinimum(criteria);
  checkCharacters(criteria, values);
  return criteria;
}

type Values = ReadonlyMap<string, readonly string[]>;

function group(query: URLSearchParams): Values {
  const values = new Map<string, string[]>();
  const unknown = new Set<string>();
  for (const [name, value] of query) {
    if (!known.has(name)) unknown.add(name);
    else if (values.has(name)) values.get(name)?.push(value.trim());
    else values.set(name, [value.trim()]);
  }
  if (unknown.size > 0) throw errors.additionalProperties([...unknown]);
  if (values.size === 0) throw errors.unsupportedService();
  return values;
}

function readFormats(values: Values, maxResults: number | undefined): Criteria {
  const birthDate = readDates(values, 'birthdate') ?? {};
  const deathDate = readDates(values, 'death-date');
  const fuzzy = readBoolean(values, '_fuzzy-match');
  const exact = readBoolean(values, '_exact-match');
  const history = readBoolean(values, '_history');
  const historyToo = readBoolean(values, 'history');
  const limit = readLimit(values);
  const gender = readWith(values, 'gender', (value) => genders.has(value));
  const practice = readWith(values, 'general-practitioner', isOdsCode);
  const managingOrganization = readWith(values, 'managing-organization', isOdsCode);
  const postcode =
    readWith(values, 'address-postalcode', isPostcodeText) ??
    readWith(values, 'address-postcode', isPostcodeText);
  const email = readWith(values, 'email', (value) => isText(value, longest.email));
  const phone = readWith(values, 'phone', (value) => isText(value, longest.phone));
  const family = single(values, 'family');
  return {
    birthDate,
    given: readGiven(values),
    fuzzy,
    exact,
    history: history || historyToo,
    maxResults: maxResults ?? limit,
    ...(family ? { family } : {}),
    ...(gender ? { gender } : {}),
    ...(deathDate ? { deathDate } : {}),
    ...(postcode ? { postcode } : {}),
    ...(practice ? { practice } : {}),
    ...(managingOrganization ? { managingOrganization } : {}),
    ...(email ? { email } : {}),
    ...(phone ? { phone } : {}),
  };
}

/** The one value of a parameter that may stand once. */
function single(values: Values, name: string): string | undefined {
  const all = values.get(name);
  if (all && all.length > 1) throw errors.tooManyValues(all.slice(0, mostQuoted), name);
  return all?.[0];
}

function readWith(
  values: Values,
  name: string,
  fits: (value: string) => boolean,
): string | undefined {
  const value = single(values, name);
  if (value !== undefined && !fits(value)) throw errors.invalidField(value, name);
  return value;
}

function readBoolean(values: Values, name: string): boolean {
  const value = readWith(values, name, (text) => /^(?:true|false)$/i.test(text));
  return value?.toLowerCase() === 'true';
}

function readLimit(values: Values): number {
  const fits = (text: string) => /^[1-9]\d?$/.test(text) && Number(text) <= mostResults;
  return Number(readWith(values, '_max-results', fits) ?? mostResults);
}

function readGiven(values: Values): readonly string[] {
  const given = values.get('given') ?? [];
  if (given.length > mostGivenNames)
    throw errors.tooManyValues(given.slice(0, mostQuoted), 'given');
  return given;
}

/** One date, or the two ends of a range in any order. A range that holds no day is a search that finds nobody. */
function readDates(values: Values, name: string): DateRange | undefined {
  const all = values.get(name);
  if (!all) return undefined;
  if (all.length > 2) throw errors.tooManyValues(all.slice(0, mostQuoted), name);
  const [first, second] = all.map((value) => readDate(value, name));
  if (!first || !second) return first && rangeOf(first);
  const ends = [first, second];
  const from = ends.find(({ prefix }) => prefix === 'ge');
  const to = ends.find(({ prefix }) => prefix === 'le');
  if (!from || !to) throw errors.invalidField(all[1] ?? '', name);
  return { from: from.day, to: to.day };
}

interface SearchedDate {
  readonly prefix: string;
  readonly day: string;
}

function readDate(value: string, name: string): SearchedDate {
  const [, prefix = 'eq', day = ''] = /^(eq|ge|le)?(\d{4}-\d{2}-\d{2})$/.exec(value) ?? [];
  if (!isDay(day)) throw errors.invalidField(value, name);
  return { prefix, day };
}

function rangeOf({ prefix, day }: SearchedDate): DateRange {
  if (prefix === 'ge') return { from: day };
  if (prefix === 'le') return { to: day };
  return { from: day, to: day };
}

/** Whether the day exists: 2001-02-29 does not. */
function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function isPostcodeText(text: string): boolean {
  return text.length <= longest.postcode && /^[A-Za-z0-9 *]*[A-Za-z0-9][A-Za-z0-9 *]*$/.test(text);
}

function isText(text: string, length: number): boolean {
  return text !== '' && text.length <= length && !/[\p{Cc}\p{Cs}]/u.test(text);
}

/** The minimum sets. A wildcard in a fuzzy search counts as not meeting them. */
function checkMinimum(criteria: Criteria): void {
  const { family, given, gender, postcode } = criteria;
  if (!criteria.fuzzy) {
    if (family === undefined) throw errors.invalidSearchData(noSearch);
    return;
  }
  const named = given.some((name) => name !== '');
  const placed = gender !== undefined && postcode !== undefined;
  const enough = family !== undefined ? named || placed : named && placed;
  const wild = [family ?? '', postcode ?? '', ...given].some((text) => text.includes('*'));
  if (!enough || wild) throw errors.invalidSearchData(notFuzzy);
}

function checkCharacters({ family, given, postcode }: Criteria, values: Values): void {
  if (family !== undefined && !(isName(family) && fold(family) !== ''))
    throw errors.invalidSearchData('name.family');
  if (!given.every(isName)) throw errors.invalidSearchData('name.given');
  const twice = values.has('address-postalcode') && values.has('address-postcode');
  if (twice || (postcode !== undefined && wildTooEarly(postcode.replaceAll(' ', ''))))
    throw errors.invalidSearchData('address.postalCode');
}

/** Letters of any script with their marks, digits, the signs that names hold, and wildcards from the third character on. */
const nameCharacters = /^[\p{L}\p{M}0-9 .*'’‘ʼʻ´`‐‑-]+$/u;

function isName(text: string): boolean {
  if (!nameCharacters.test(text) || [...text.normalize('NFC')].length > longestName) return false;
  const [stem = ''] = text.split('*', 1);
  return !wildTooEarly(text) && !(text.includes('*') && fold(stem) === '');
}

function wildTooEarly(text: string): boolean {
  const at = text.indexOf('*');
  return at === 0 || at === 1;
}
