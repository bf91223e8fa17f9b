/**
 * The queries of the ORD interface, parsed, and what they match. Owns which parameters there are and what they may hold;
 * pages and answers are ord-api.ts's.
 */
import type { Organisation } from './directory.ts';
import { badQuery } from './ord-errors.ts';

export interface OrdQuery {
  /** Whether an organisation is one that was asked for. */
  readonly matches: (organisation: Organisation) => boolean;
  /** How many at most, 1 to 1,000. */
  readonly limit: number;
  /** The first of them, from 1. */
  readonly offset: number;
}

/** @throws Problem 406 that names the parameter */
export function ordQuery(query: URLSearchParams): OrdQuery {
  const sent = parametersOf(query);
  if (![...sent.keys()].some((name) => substantive.has(name)))
    throw badQuery(`At least one of ${[...substantive].join(', ')} is needed`);
  const tests = [...sent].flatMap(([name, value]) => {
    const test = single[name]?.(value);
    return test ? [test] : [];
  });
  const related = relationTest(sent);
  if (related) tests.push(related);
  return {
    matches: (organisation) => tests.every((test) => test(organisation)),
    limit: wholeNumber('Limit', sent.get('Limit'), 20, 1000),
    offset: wholeNumber('Offset', sent.get('Offset'), 1, 1_000_000),
  };
}

type Test = (organisation: Organisation) => boolean;

/** What each parameter asks of an organisation on its own. */
const single: Readonly<Record<string, (value: string) => Test>> = {
  Name(value) {
    const wanted = text('Name', value, 3).toUpperCase();
    return ({ name }) => name.includes(wanted);
  },
  PostCode(value) {
    const wanted = text('PostCode', value, 2).toUpperCase();
    return ({ address }) => address.postcode?.toUpperCase().startsWith(wanted) === true;
  },
  LastChangeDate(value) {
    const from = day('LastChangeDate', value);
    return ({ lastChange }) => lastChange >= from;
  },
  Status(value) {
    const wanted = status('Status', value);
    return ({ active }) => active === wanted;
  },
  PrimaryRoleId(value) {
    const wanted = ids('PrimaryRoleId', value, 'RO');
    return ({ roles }) => roles.some(({ id, primary }) => primary && wanted.has(id));
  },
  NonPrimaryRoleId(value) {
    const wanted = ids('NonPrimaryRoleId', value, 'RO');
    return ({ roles }) => roles.some(({ id, primary }) => !primary && wanted.has(id));
  },
  Roles(value) {
    const wanted = ids('Roles', value, 'RO');
    return ({ roles }) => roles.some(({ id }) => wanted.has(id));
  },
  OrgRecordClass(value) {
    const wanted = ids('OrgRecordClass', value, 'RC');
    return ({ recordClass }) => wanted.has(recordClass);
  },
};

const relational = ['RelTypeId', 'RelStatus', 'TargetOrgId'] as const;
const substantive: ReadonlySet<string> = new Set(
  [...Object.keys(single), ...relational].filter(
    (name) => name !== 'Status' && name !== 'RelStatus',
  ),
);
const known: ReadonlySet<string> = new Set([
  ...Object.keys(single),
  ...relational,
  ...['Limit', 'Offset', '_format'],
]);

/** What is asked of relationships is asked of one and the same. */
function relationTest(sent: ReadonlyMap<string, string>): Test | undefined {
  const [type, state, target] = relational.map((name) => sent.get(name));
  if (type === undefined && state === undefined && target === undefined) return undefined;
  const types = type === undefined ? undefined : ids('RelTypeId', type, 'RE');
  const wanted = state === undefined ? undefined : status('RelStatus', state);
  const code = target === undefined ? undefined : text('TargetOrgId', target, 1).toUpperCase();
  return ({ relationships }) =>
    relationships.some(
      (one) =>
        (types?.has(one.id) ?? true) &&
        (wanted === undefined || one.active === wanted) &&
        (code === undefined || one.target === code),
    );
}

/** Each parameter that was sent, once. */
function parametersOf(query: URLSearchParams): ReadonlyMap<string, string> {
  const sent = new Map<string, string>();
  for (const [name, value] of query) {
    if (!known.has(name)) throw badQuery(`There is no parameter ${name.slice(0, 100)}`);
    if (sent.has(name)) throw badQuery(`${name} was given more than once`);
    if (value.trim() === '') throw badQuery(`${name} has no value`);
    sent.set(name, value.trim());
  }
  return sent;
}

function text(name: string, value: string, shortest: number): string {
  if (value.length < shortest || value.length > 100)
    throw badQuery(`${name} must have ${shortest} to 100 characters`);
  return value;
}

/** A real day as YYYY-MM-DD. @throws Problem 406 */
export function day(name: string, value: string): string {
  const real =
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value) &&
    !Number.isNaN(Date.parse(value)) &&
    new Date(value).toISOString().startsWith(value);
  if (!real) throw badQuery(`${name} must be a day as YYYY-MM-DD`);
  return value;
}

function status(name: string, value: string): boolean {
  const lower = value.toLowerCase();
  if (lower !== 'active' && lower !== 'inactive')
    throw badQuery(`${name} must be Active or Inactive`);
  return lower === 'active';
}

/** One or several ids, separated by commas. */
function ids(name: string, value: string, prefix: string): ReadonlySet<string> {
  const all = value.toUpperCase().split(',', 101);
  const sound = all.every((id) => id.startsWith(prefix) && /^[0-9]{1,4}$/.test(id.slice(2)));
  if (!sound || all.length > 100) throw badQuery(`${name} must be ids such as ${prefix}1`);
  return new Set(all);
}

function wholeNumber(name: string, value: string | undefined, usual: number, most: number): number {
  if (value === undefined) return usual;
  const number = /^[0-9]{1,9}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > most) throw badQuery(`${name} must be 1 to ${most}`);
  return number;
}
