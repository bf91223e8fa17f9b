/**
 * Which keys find what a filter asks for. Looks for equalities that every hit must fulfil, takes the index among them
 * that finds least, and makes a union of an OR whose branches all have one. Owns no reading.
 */
import type { Key } from '../../core/store.ts';
import { identifiers, keyPart } from './directory-keys.ts';
import type { Filter } from './directory.ts';
import { attributeType, objectClass } from './schema.ts';

/** One look-up: all documents under these leading parts of an index. */
export interface Lookup {
  readonly index: string;
  readonly equals: Key;
}

/** More look-ups than this cost more than reading everything once. */
const mostLookups = 200;

/** The look-ups whose results, together, hold every hit; undefined when only reading the whole place will do. */
export function planOf(filter: Filter): readonly Lookup[] | undefined {
  return best(filter, new Map())?.lookups;
}

/** What is known of every hit: attribute name in the schema's spelling, to the value it must have. */
type Known = ReadonlyMap<string, string>;

interface Plan {
  readonly lookups: readonly Lookup[];
  /** Place in `indexes`: the lower, the fewer are found. */
  readonly rank: number;
}

interface Rule {
  /** The attributes that must be known. */
  readonly needs: readonly string[];
  readonly index: string;
  readonly parts: readonly ((value: string) => string)[];
}

const { ignoring, exact, kind } = keyPart;

/** From the one that finds least to the one that finds most. */
const rules: readonly Rule[] = [
  ...identifiers.map((one) => ({ needs: [one], index: 'identifier', parts: [ignoring] })),
  { needs: ['nhsMHSPartyKey', 'nhsMhsSvcIA'], index: 'contract', parts: [ignoring, exact] },
  { needs: ['nhsMhsSvcIA', 'nhsIDCode'], index: 'interaction', parts: [exact, exact] },
  { needs: ['nhsAsSvcIA', 'nhsIDCode'], index: 'interaction', parts: [exact, exact] },
  { needs: ['nhsMHSPartyKey', 'objectClass'], index: 'party', parts: [ignoring, kind] },
  { needs: ['nhsIDCode', 'objectClass'], index: 'ods', parts: [exact, kind] },
  { needs: ['nhsMHSPartyKey'], index: 'party', parts: [ignoring] },
  { needs: ['nhsIDCode'], index: 'ods', parts: [exact] },
  { needs: ['nhsMhsSvcIA'], index: 'interaction', parts: [exact] },
  { needs: ['nhsAsSvcIA'], index: 'interaction', parts: [exact] },
  { needs: ['nhsMhsManufacturerOrg'], index: 'supplier', parts: [ignoring] },
];

function best(filter: Filter, known: Known): Plan | undefined {
  if (filter.kind === 'equal') return byRules(withEquality(known, filter));
  if (filter.kind === 'or') return union(filter.filters, known);
  if (filter.kind !== 'and') return undefined;
  const { equalities, others } = flattened(filter.filters);
  const all = equalities.reduce(withEquality, known);
  const unions = others.map((one) => (one.kind === 'or' ? best(one, all) : undefined));
  return lowest([byRules(all), ...unions]);
}

/** All must be found by keys, each within what is known around it. */
function union(filters: readonly Filter[], known: Known): Plan | undefined {
  const plans = filters.map((one) => best(one, known));
  const found = plans.flatMap((plan) => plan ?? []);
  const lookups = found.flatMap((plan) => plan.lookups);
  if (found.length < plans.length || lookups.length > mostLookups) return undefined;
  return { lookups, rank: Math.max(-1, ...found.map((plan) => plan.rank)) };
}

function byRules(known: Known): Plan | undefined {
  const rank = rules.findIndex(({ needs }) => needs.every((name) => known.has(name)));
  const rule = rules[rank];
  if (rule === undefined) return undefined;
  const equals = rule.needs.map((name, i) => (rule.parts[i] ?? exact)(known.get(name) ?? ''));
  return { lookups: [{ index: rule.index, equals }], rank };
}

function lowest(plans: readonly (Plan | undefined)[]): Plan | undefined {
  return plans.flatMap((plan) => plan ?? []).sort((a, b) => a.rank - b.rank)[0];
}

interface Equality {
  readonly attribute: string;
  readonly value: string;
}

/** The parts of an AND, with those of inner ANDs; a filter is not nested deeper than filterLimits say. */
function flattened(filters: readonly Filter[]): {
  readonly equalities: Equality[];
  readonly others: Filter[];
} {
  const equalities: Equality[] = [];
  const others: Filter[] = [];
  for (const one of filters) {
    if (one.kind === 'equal') equalities.push(one);
    else if (one.kind === 'and') {
      const inner = flattened(one.filters);
      equalities.push(...inner.equalities);
      others.push(...inner.others);
    } else others.push(one);
  }
  return { equalities, others };
}

/** The first value stands: a hit has both, or there is none. A class counts only if it is one that entries are of. */
function withEquality(known: Known, { attribute, value }: Equality): Known {
  const type = attributeType(attribute);
  if (type === undefined || known.has(type.name)) return known;
  if (type.name !== 'objectClass') {
    const only = onlyIn[type.name]; // an attribute of one class tells the class
    return new Map([
      ...(only ? [['objectClass', only] as const] : []),
      ...known,
      [type.name, value],
    ]);
  }
  const one = objectClass(value.trim());
  return one !== undefined && leaves.has(one.name)
    ? new Map([...known, [type.name, one.name]])
    : known;
}

const onlyIn: Readonly<Record<string, string>> = { nhsAsSvcIA: 'nhsAs', nhsMhsSvcIA: 'nhsMhs' };

/** Classes of which an entry with an ODS code or party key is directly, none being the superior of another. */
const leaves: ReadonlySet<string> = new Set([
  ...['nhsAs', 'nhsMhs', 'nhsMHSService', 'nhsOrgPersonRole', 'nhsOrgPerson', 'nhsWg'],
  ...['nhsOrg', 'nhsSite', 'nhsDept', 'nhsGPPractice'],
]);
