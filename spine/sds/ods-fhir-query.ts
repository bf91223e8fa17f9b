/**
 * The queries of the FHIR look-up of organisations, parsed, and what they match. Owns which parameters and modifiers there
 * are and what they may hold; pages and answers are ods-fhir-api.ts's.
 */
import type { Organisation } from './directory.ts';
import { badQuery } from './ods-fhir-errors.ts';
import { odsSystem, roleSystem } from './ods-fhir-organization.ts';

export interface OdsQuery {
  /** Whether an organisation is one that was asked for. */
  readonly matches: (organisation: Organisation) => boolean;
  /** How many a page has at most, 0 to 20. */
  readonly count: number;
  /** From 1. */
  readonly page: number;
  /** Whether only their number is wanted. */
  readonly countOnly: boolean;
}

const mostOnPage = 20;

/**
 * @param base the address of this face, for its own name of the code system of roles
 * @param isRole whether there is a role of a number
 * @throws Problem 400 with the published code
 */
export function odsQuery(
  query: URLSearchParams,
  base: string,
  isRole: (number: string) => boolean,
): OdsQuery {
  const tests: Test[] = [];
  for (const [name, value] of query) {
    if (paging.has(name) || name.startsWith('ods-org-')) continue;
    const make = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (!make) throw unknownArgument(name);
    tests.push(make(value));
  }
  tests.push(...roleTests(query, base, isRole));
  const count = wholeNumber(query, '_count', mostOnPage, 0);
  const summary = query.get('_summary');
  if (summary !== null && summary !== 'count')
    throw badQuery('INVALID_VALUE', '_summary may be count only');
  return {
    matches: (organisation) => tests.every((test) => test(organisation)),
    count: Math.min(count, mostOnPage),
    page: wholeNumber(query, '_page', 1, 1),
    countOnly: summary === 'count' || count === 0,
  };
}

type Test = (organisation: Organisation) => boolean;

/** What pages and forms are asked by; other places read them. */
const paging: ReadonlySet<string> = new Set(['_count', '_page', '_summary', '_format']);

const nameText = { least: 3, most: 100, pattern: /^[A-Za-z0-9 &()'+\-_./:@]*$/ };
const postcodeText = { least: 2, most: 20, pattern: /^[A-Za-z0-9 ]*$/ };

const parameters: Readonly<Record<string, (value: string) => Test>> = {
  _id: (value) => isCode(codeOf('_id', value)),
  identifier(value) {
    const bar = value.indexOf('|');
    if (bar >= 0 && value.slice(0, bar) !== odsSystem)
      throw badQuery('INVALID_IDENTIFIER_SYSTEM', `The system of identifier must be ${odsSystem}`);
    return isCode(codeOf('identifier', value.slice(bar + 1)));
  },
  _lastUpdated(value) {
    const after = value.slice(2);
    if (!value.startsWith('gt') || !isDay(after))
      throw badQuery('INVALID_VALUE', '_lastUpdated must be gt and a day as YYYY-MM-DD');
    return ({ lastChange }) => lastChange > after;
  },
  active(value) {
    const wanted = truth('active', value);
    return ({ active }) => active === wanted;
  },
  ...texts('name', nameText, ({ name }) => name),
  ...texts('address-postalcode', postcodeText, ({ address }) => address.postcode),
  ...texts('address-city', nameText, ({ address }) => address.town),
};

type Text = (organisation: Organisation) => string | undefined;

/** A text parameter: begins with it, any case; `:contains` anywhere; `:exact` the whole, in this case. */
function texts(
  name: string,
  rule: typeof nameText,
  of: Text,
): Record<string, (value: string) => Test> {
  const read = (full: string, value: string) => checkedText(full, value, rule);
  const upper = (organisation: Organisation) => of(organisation)?.toUpperCase();
  return {
    [name](value) {
      const wanted = read(name, value).toUpperCase();
      return (one) => upper(one)?.startsWith(wanted) === true;
    },
    [`${name}:contains`](value) {
      const wanted = read(`${name}:contains`, value).toUpperCase();
      return (one) => upper(one)?.includes(wanted) === true;
    },
    [`${name}:exact`](value) {
      const wanted = read(`${name}:exact`, value);
      return (one) => of(one) === wanted;
    },
  };
}

function checkedText(name: string, value: string, rule: typeof nameText): string {
  const { least, most, pattern } = rule;
  if (value.length < least || value.length > most)
    throw badQuery('INVALID_VALUE', `${name} must have ${least} to ${most} characters`);
  if (!pattern.test(value))
    throw badQuery('INVALID_VALUE', `${name} holds a character that it may not hold`);
  return value;
}

/** Repetition is and, commas are or; with `ods-org-primaryRole` they speak of the primary role or of the others. */
function roleTests(
  query: URLSearchParams,
  base: string,
  isRole: (number: string) => boolean,
): Test[] {
  for (const name of query.keys())
    if (name.startsWith('ods-org-') && name !== 'ods-org-role' && name !== 'ods-org-primaryRole')
      throw unknownArgument(name);
  const wanted = query.getAll('ods-org-role').map((value) => rolesOf(value, base, isRole));
  const sent = query.get('ods-org-primaryRole');
  if (sent === null) return wanted.map((ids) => hasRole(ids));
  if (wanted.length === 0)
    throw badQuery(
      'INVALID_PARAMETER',
      'ods-org-primaryRole may be given together with ods-org-role only',
    );
  const primary = truth('ods-org-primaryRole', sent);
  return wanted.map((ids) => hasRole(ids, primary));
}

function hasRole(ids: ReadonlySet<string>, primary?: boolean): Test {
  return ({ roles }) =>
    roles.some((one) => ids.has(one.id) && (primary === undefined || one.primary === primary));
}

function rolesOf(
  value: string,
  base: string,
  isRole: (number: string) => boolean,
): ReadonlySet<string> {
  const bar = value.lastIndexOf('|');
  const system = value.slice(0, Math.max(0, bar));
  if (
    bar >= 0 &&
    system !== roleSystem &&
    system !== `${base}/CodeSystem/ODSAPI-OrganizationRole-1`
  )
    throw badQuery('INVALID_CODE_SYSTEM', `The system of ods-org-role must be ${roleSystem}`);
  const numbers = value.slice(bar + 1).split(',', 101);
  if (numbers.length > 100 || !numbers.every((one) => /^[0-9]{1,4}$/.test(one) && isRole(one)))
    throw badQuery('INVALID_CODE_VALUE', 'ods-org-role must be numbers of roles');
  return new Set(numbers.map((one) => `RO${one}`));
}

function codeOf(name: string, value: string): string {
  if (!/^[A-Za-z0-9-]{1,20}$/.test(value))
    throw badQuery('INVALID_IDENTIFIER_VALUE', `${name} must be a code of letters and digits`);
  return value.toUpperCase();
}

function isCode(code: string): Test {
  return ({ odsCode }) => odsCode === code;
}

function truth(name: string, value: string): boolean {
  if (value !== 'true' && value !== 'false')
    throw badQuery('INVALID_VALUE', `${name} must be true or false`);
  return value === 'true';
}

function isDay(value: string): boolean {
  return (
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value) &&
    !Number.isNaN(Date.parse(value)) &&
    new Date(value).toISOString().startsWith(value)
  );
}

function wholeNumber(query: URLSearchParams, name: string, usual: number, least: number): number {
  const value = query.get(name);
  if (value === null) return usual;
  const number = /^[0-9]{1,7}$/.test(value) ? Number(value) : -1;
  if (number < least) throw badQuery('INVALID_VALUE', `${name} must be a whole number`);
  return number;
}

function unknownArgument(name: string) {
  return badQuery('INVALID_PARAMETER', `Unknown argument found: ${name.slice(0, 100)}`);
}
