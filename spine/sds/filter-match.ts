/**
 * What a filter finds: three-valued, as the protocol has it (RFC 4511 4.5.1.7). What cannot be told, because an attribute
 * is not in the schema or has no rule to compare by, is undefined, and its negation too; an entry is found by true alone.
 */
import type { Entry, Filter } from './directory.ts';
import { normalDn, normalRdns } from './dn.ts';
import type { CaseRule } from './schema-attributes.ts';
import { attributeType, comparable, objectClass, type AttributeType } from './schema.ts';
import { structuralClass } from './schema-check.ts';

type Truth = boolean | undefined;
type Test = (entry: Entry) => Truth;

/** Whether a filter finds an entry. */
export function matches(filter: Filter, entry: Entry): boolean {
  return compiled(filter)(entry);
}

/** The filter as a function, made once for many entries. */
export function compiled(filter: Filter): (entry: Entry) => boolean {
  const test = testOf(filter);
  return (entry) => test(entry) === true;
}

/**
 * Values of an attribute as they are shown, those that the server makes itself too (RFC 4512 3.4); undefined when the
 * entry has none.
 */
export function valuesOf(entry: Entry, type: AttributeType): readonly string[] | undefined {
  if (!type.operational) return entry.attributes[type.name];
  if (type.name === 'entryDN') return [entry.dn];
  if (type.name === 'structuralObjectClass') return [structuralClass(entry)];
  if (type.name === 'subschemaSubentry') return ['cn=Subschema'];
  return undefined;
}

const unknown: Test = () => undefined;

function testOf(filter: Filter): Test {
  switch (filter.kind) {
    case 'and':
      return every(filter.filters.map(testOf), false);
    case 'or':
      return every(filter.filters.map(testOf), true);
    case 'not': {
      const inner = testOf(filter.filter);
      return (entry) => negated(inner(entry));
    }
    case 'present': {
      const type = attributeType(filter.attribute);
      return type ? (entry) => valuesOf(entry, type) !== undefined : unknown;
    }
    case 'equal':
    case 'approx':
      return equality(filter.attribute, filter.value);
    case 'substring':
      return substring(filter);
    case 'extensible':
      return extensible(filter);
    case 'greaterOrEqual':
    case 'lessOrEqual':
      return unknown; // no attribute of the schema has an ordering rule
  }
}

/** The first part that is `decisive` decides; else what cannot be told stays so. */
function every(tests: readonly Test[], decisive: boolean): Test {
  return (entry) => {
    let truth: Truth = !decisive;
    for (const test of tests) {
      const one = test(entry);
      if (one === decisive) return decisive;
      if (one === undefined) truth = undefined;
    }
    return truth;
  };
}

function negated(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth;
}

function equality(attribute: string, value: string): Test {
  const type = attributeType(attribute);
  if (type === undefined) return unknown;
  if (type.name === 'entryDN') return sameDn(value);
  if (type.rule === 'none') return unknown;
  const wanted = comparable(type.rule, type.name === 'objectClass' ? classNamed(value) : value);
  return (entry) => holds(entry, type, (one) => one === wanted);
}

/** A class may be asked for by its number. */
function classNamed(value: string): string {
  return objectClass(value.trim())?.name ?? value;
}

function sameDn(value: string): Test {
  try {
    const wanted = normalDn(value);
    return (entry) => normalDn(entry.dn) === wanted;
  } catch {
    return unknown;
  }
}

function holds(entry: Entry, type: AttributeType, fits: (value: string) => boolean): boolean {
  const values = entry.attributes[type.name];
  return values !== undefined && comparables(values, type.rule).some(fits);
}

/** Values as they compare, made once for all parts of a filter: there may be hundreds of each. */
function comparables(values: readonly string[], rule: CaseRule): readonly string[] {
  let made = known.get(values);
  if (!made) known.set(values, (made = values.map((value) => comparable(rule, value))));
  return made;
}

/** An attribute has one rule, so its list of values is enough to know them by. */
const known = new WeakMap<readonly string[], readonly string[]>();

type Substring = Extract<Filter, { kind: 'substring' }>;

function substring({ attribute, initial = '', any, final = '' }: Substring): Test {
  const type = attributeType(attribute);
  if (type === undefined || type.rule === 'none') return unknown;
  const [first = '', last = '', ...middle] = [initial, final, ...any].map((piece) =>
    piecewise(type.rule, piece),
  );
  return (entry) =>
    holds(entry, type, (value) => {
      if (!value.startsWith(first)) return false;
      let at = first.length;
      for (const piece of middle) {
        const found = value.indexOf(piece, at);
        if (found < 0) return false;
        at = found + piece.length;
      }
      return value.length - at >= last.length && value.endsWith(last);
    });
}

/** A piece of a value: like a whole one, but its outer spaces count. */
function piecewise(rule: CaseRule, piece: string): string {
  const text = piece.normalize('NFKC').replace(/[ \t]+/g, ' ');
  return rule === 'ignore' ? text.toLowerCase() : text;
}

const rules: ReadonlyMap<string, CaseRule> = new Map([
  ['caseignorematch', 'ignore'],
  ['2.5.13.2', 'ignore'],
  ['caseexactmatch', 'exact'],
  ['2.5.13.5', 'exact'],
  ['objectidentifiermatch', 'ignore'],
  ['2.5.13.0', 'ignore'],
]);

type Extensible = Extract<Filter, { kind: 'extensible' }>;

function extensible({ rule, attribute, value, dnAttributes }: Extensible): Test {
  const type = attribute === undefined ? undefined : attributeType(attribute);
  if (attribute !== undefined && type === undefined) return unknown;
  const by = rule === undefined ? type?.rule : rules.get(rule.toLowerCase());
  if (by === undefined || by === 'none') return unknown;
  const wanted = comparable(by, value);
  const named = dnAttributes ? inName(type, wanted) : () => false;
  return (entry) => {
    const lists = type ? [entry.attributes[type.name] ?? []] : Object.values(entry.attributes);
    return lists.some((all) => all.some((one) => comparable(by, one) === wanted)) || named(entry);
  };
}

/** Whether the entry's name holds the value, of this attribute or of any. */
function inName(type: AttributeType | undefined, value: string): (entry: Entry) => boolean {
  const wanted = value.toLowerCase();
  const prefix = type === undefined ? undefined : `${type.name.toLowerCase()}=`;
  return ({ dn }) =>
    normalRdns(dn).some((rdn) =>
      prefix === undefined
        ? rdn.slice(rdn.indexOf('=') + 1) === wanted
        : rdn === `${prefix}${wanted}`,
    );
}
