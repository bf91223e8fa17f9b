/**
 * Reads a search filter (RFC 4511 4.5.1.7) into the directory's words. Owns how deep and how large one may be; what it
 * matches is filter.ts's.
 */
import { berFault, tags, type BerReader } from './ber.ts';
import type { Filter } from './directory.ts';
import { filterLimits } from './filter.ts';
import { LdapRefusal } from './ldap-codes.ts';

/** Tags of the choice, each of its context (bit 0x80), constructed (0x20) but for presence. */
const choice = {
  and: 0xa0,
  or: 0xa1,
  not: 0xa2,
  equal: 0xa3,
  substring: 0xa4,
  greaterOrEqual: 0xa5,
  lessOrEqual: 0xa6,
  present: 0x87,
  approx: 0xa8,
  extensible: 0xa9,
} as const;

const comparisons: Readonly<Record<number, 'equal' | 'greaterOrEqual' | 'lessOrEqual' | 'approx'>> =
  {
    [choice.equal]: 'equal',
    [choice.greaterOrEqual]: 'greaterOrEqual',
    [choice.lessOrEqual]: 'lessOrEqual',
    [choice.approx]: 'approx',
  };

/**
 * The next element as a filter.
 * @throws Problem `invalid` for what is no filter, LdapRefusal adminLimitExceeded for one that is too deep or too large.
 */
export function readFilter(reader: BerReader): Filter {
  return readPart(reader, 1, { count: 0 });
}

function readPart(reader: BerReader, depth: number, seen: { count: number }): Filter {
  if (depth > filterLimits.depth) throw beyond(`be at most ${filterLimits.depth} deep`);
  count(seen);
  const tag = reader.next ?? 0;
  const comparison = comparisons[tag];
  if (comparison !== undefined) return readComparison(reader.within(tag), comparison);
  switch (tag) {
    case choice.and:
    case choice.or:
      return readList(reader.within(tag), tag === choice.and ? 'and' : 'or', depth, seen);
    case choice.not: {
      const inside = reader.within(tag);
      const filter = readPart(inside, depth + 1, seen);
      inside.finish();
      return { kind: 'not', filter };
    }
    case choice.present:
      return { kind: 'present', attribute: reader.text(tag) };
    case choice.substring:
      return readSubstring(reader.within(tag), seen);
    case choice.extensible:
      return readExtensible(reader.within(tag));
    default:
      throw berFault('There is no such filter');
  }
}

function count(seen: { count: number }): void {
  if (++seen.count > filterLimits.parts) throw beyond(`have at most ${filterLimits.parts} parts`);
}

function beyond(limit: string): LdapRefusal {
  return new LdapRefusal('adminLimitExceeded', `A filter may ${limit}`);
}

/** An empty list is `absolute true` or `absolute false` (RFC 4526). */
function readList(
  inside: BerReader,
  kind: 'and' | 'or',
  depth: number,
  seen: { count: number },
): Filter {
  const filters: Filter[] = [];
  while (!inside.done) filters.push(readPart(inside, depth + 1, seen));
  return { kind, filters };
}

function readComparison(
  inside: BerReader,
  kind: 'equal' | 'greaterOrEqual' | 'lessOrEqual' | 'approx',
): Filter {
  const filter = { kind, attribute: inside.text(), value: inside.text() };
  inside.finish();
  return filter;
}

/** `initial` may only come first, `final` only last, and there is at least one piece. */
function readSubstring(inside: BerReader, seen: { count: number }): Filter {
  const attribute = inside.text();
  const pieces = inside.within(tags.sequence);
  inside.finish();
  if (pieces.done) throw berFault('A substring filter has no pieces');
  const initial = pieces.next === 0x80 ? pieces.text(0x80) : undefined;
  const any: string[] = [];
  while (pieces.next === 0x81) {
    count(seen);
    any.push(pieces.text(0x81));
  }
  const final = pieces.next === 0x82 ? pieces.text(0x82) : undefined;
  pieces.finish();
  return {
    kind: 'substring',
    attribute,
    any,
    ...(initial === undefined ? {} : { initial }),
    ...(final === undefined ? {} : { final }),
  };
}

function readExtensible(inside: BerReader): Filter {
  const rule = inside.next === 0x81 ? inside.text(0x81) : undefined;
  const attribute = inside.next === 0x82 ? inside.text(0x82) : undefined;
  const value = inside.text(0x83);
  const dnAttributes = inside.next === 0x84 ? inside.boolean(0x84) : false;
  inside.finish();
  if (rule === undefined && attribute === undefined)
    throw berFault('An extensible filter names neither rule nor attribute');
  return {
    kind: 'extensible',
    value,
    dnAttributes,
    ...(rule === undefined ? {} : { rule }),
    ...(attribute === undefined ? {} : { attribute }),
  };
}

/**
 * A filter with its values left out, for the audit: `(&(nhsIDCode=)(objectClass=))`. Names longer than any are cut, and so
 * is the whole.
 */
export function shapeOf(filter: Filter): string {
  const shape = shaped(filter);
  return shape.length > 300 ? `${shape.slice(0, 300)}…` : shape;
}

const signs = { equal: '=', approx: '~=', greaterOrEqual: '>=', lessOrEqual: '<=' } as const;

function shaped(filter: Filter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return `(${filter.kind === 'and' ? '&' : '|'}${filter.filters.map(shaped).join('')})`;
    case 'not':
      return `(!${shaped(filter.filter)})`;
    case 'present':
      return `(${named(filter.attribute)}=*)`;
    case 'substring':
      return `(${named(filter.attribute)}=…*)`;
    case 'extensible':
      return `(${named(filter.attribute ?? '')}:=)`;
    default:
      return `(${named(filter.attribute)}${signs[filter.kind]})`;
  }
}

/** A name of an attribute; anything else that a caller put there is not repeated. */
function named(attribute: string): string {
  return attribute.length <= 64 && /^[\w.;-]*$/.test(attribute) ? attribute : '?';
}
