/**
 * JSON Patch (RFC 6902) on a working copy, with the texts of the national back end (pds-fhir 2.4).
 * Knows nothing of who may change what. Lists that a record lacks count as empty ones, as they do there.
 */
import { invalidUpdate } from '../errors.ts';
import { isFields, shown, type Fields } from '../fields/field-rules-values.ts';
import { isIndex, type Patch } from './patch-form.ts';

/** A JSON object that may be changed: the working copy and what is in it. */
export type Tree = Record<string, unknown>;

const invalidPatch = (text: string) => invalidUpdate(`Invalid patch - ${text}`);

/** Carries out one operation on the working copy. A value is copied, so that the caller's own stays apart from it. */
export function applyPatch(document: Tree, patch: Patch): void {
  const place = placeOf(document, patch.segments);
  if (patch.op === 'test') test(place, patch.value);
  else if (patch.op === 'add') add(place, copyOf(patch.value));
  else if (patch.op === 'replace') replace(place, copyOf(patch.value));
  else remove(place);
}

/**
 * A deep copy of a JSON value. Written out because structuredClone takes some 30 times as long (a Patient: 100 against 3 µs).
 * A member named `__proto__` stays a member, for the rules to refuse.
 */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  return isFields(value) ? copyFields(value) : value;
}

export function copyFields(fields: Fields): Tree {
  const copy: Tree = {};
  for (const name of Object.keys(fields)) {
    const value = copyOf(fields[name]);
    if (name === '__proto__')
      Object.defineProperty(copy, name, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    else copy[name] = value;
  }
  return copy;
}

/** Where an operation takes place: what holds the target, and the target's name in it. */
interface Place {
  readonly holder: unknown;
  readonly name: string;
  /** The segments that led to the holder. */
  readonly above: readonly string[];
}

function placeOf(document: Tree, segments: readonly string[]): Place {
  let holder: unknown = document;
  for (const [i, segment] of segments.slice(0, -1).entries())
    holder = step(holder, segment, segments.slice(0, i));
  return { holder, name: segments.at(-1) ?? '', above: segments.slice(0, -1) };
}

function step(holder: unknown, segment: string, above: readonly string[]): unknown {
  if (Array.isArray(holder)) return holder[boundedIndex(holder, segment)];
  if (isTree(holder)) {
    if (Object.hasOwn(holder, segment)) return holder[segment];
    if (isListAt(above, segment)) return (holder[segment] = []);
  }
  throw notFound(holder, segment, above);
}

/** The whole record is not quoted: it may hold more than the caller is shown. */
function notFound(holder: unknown, segment: string, above: readonly string[]) {
  const where = above.length === 0 ? '{...}' : shown(holder);
  return invalidPatch(`member '${shown(segment)}' not found in ${where}`);
}

function isTree(value: unknown): value is Tree {
  return isFields(value);
}

function indexOf(segment: string): number {
  if (!isIndex(segment)) throw invalidPatch(`'${shown(segment)}' is not a valid sequence index`);
  return Number(segment);
}

function boundedIndex(list: readonly unknown[], segment: string): number {
  const index = indexOf(segment);
  if (index >= list.length) throw invalidPatch(`index '${segment}' is out of bounds`);
  return index;
}

/** The members that are lists wherever they may stand, by the kind of item they belong to. */
const inner: Readonly<Record<string, readonly string[]>> = {
  name: ['given', 'prefix', 'suffix'],
  address: ['line', 'extension'],
  telecom: ['extension'],
  contact: ['telecom', 'relationship'],
  generalPractitioner: [],
  extension: [],
};

function isListAt(above: readonly string[], segment: string): boolean {
  const [root] = above;
  if (root === undefined) return Object.hasOwn(inner, segment);
  return above.length === 2 && Object.hasOwn(inner, root) && (inner[root] ?? []).includes(segment);
}

// ---- operations ----

function add({ holder, name, above }: Place, value: unknown): void {
  if (Array.isArray(holder)) {
    const index = name === '-' ? holder.length : indexOf(name);
    // Where an item of the record itself goes in its list is the server's to decide.
    if (above.length === 1 && name !== '-')
      throw invalidPatch(`'${name}' is not a valid sequence index`);
    if (index > holder.length) throw invalidPatch("can't insert outside of list");
    holder.splice(index, 0, value);
  } else if (isTree(holder)) holder[name] = value;
  else throw notFound(holder, name, above);
}

function replace({ holder, name, above }: Place, value: unknown): void {
  if (Array.isArray(holder)) {
    const index = indexOf(name);
    if (index >= holder.length) throw invalidPatch('list assignment index out of range');
    holder[index] = value;
  } else if (isTree(holder)) {
    if (!Object.hasOwn(holder, name))
      throw invalidPatch(`can't replace non-existent object '${shown(name)}'`);
    holder[name] = value;
  } else throw notFound(holder, name, above);
}

function remove({ holder, name, above }: Place): void {
  const missing = () => invalidPatch(`can't remove non-existent object '${shown(name)}'`);
  if (Array.isArray(holder)) {
    const index = indexOf(name);
    if (index >= holder.length) throw missing();
    holder.splice(index, 1);
  } else if (isTree(holder)) {
    if (!Object.hasOwn(holder, name) && !isListAt(above, name)) throw missing();
    Reflect.deleteProperty(holder, name);
  } else throw missing();
}

function test({ holder, name, above }: Place, value: unknown): void {
  const held = step(holder, name, above);
  if (same(held, value)) return;
  throw invalidPatch(
    `${shown(held)} (${typeName(held, 'str')}) is not equal to tested value ${shown(value)} (${typeName(value, 'unicode')})`,
  );
}

/**
 * The type in a failed test's text. For text both sides are named as published in 2020, for everything else as the service
 * names it now: those are the forms that clients have been seen to compare.
 */
function typeName(value: unknown, text: string): string {
  if (typeof value === 'string') return `<type '${text}'>`;
  if (typeof value === 'boolean') return "<class 'bool'>";
  if (typeof value === 'number') return `<class '${Number.isInteger(value) ? 'int' : 'float'}'>`;
  if (Array.isArray(value)) return "<class 'list'>";
  return isFields(value) ? "<class 'dict'>" : "<class 'NoneType'>";
}

// ---- equality ----

/** Whether two JSON values say the same. An empty list or null says as much as nothing; blank address lines say nothing. */
export function same(one: unknown, other: unknown): boolean {
  if (one === other || (isNothing(one) && isNothing(other))) return true;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, i) => same(item, other[i]));
  if (!isFields(one) || !isFields(other)) return false;
  return covers(one, other) && covers(other, one, true);
}

/** Whether each member of one says the same in the other; with `rest`, only the members that the other lacks are judged. */
function covers(one: Fields, other: Fields, rest = false): boolean {
  for (const name of Object.keys(one)) {
    if (name === '_line' || (rest && Object.hasOwn(other, name))) continue;
    if (!same(memberOf(one, name), memberOf(other, name))) return false;
  }
  return true;
}

function memberOf(fields: Fields, name: string): unknown {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return name === 'line' && Array.isArray(value)
    ? value.filter((line) => line !== null && line !== '')
    : value;
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
