/**
 * Pass one of a PATCH: whether the list of patches is well formed, before the record plays any part (pds-fhir 3.1, 3.2).
 * The texts are those of 2.4. Applying the list is in patch-apply.ts, the rules about the result in patch-rules.ts.
 */
import { additionalProperties, invalidUpdate, missingValue } from '../errors.ts';
import { isFields, shown, wrong, type Fields } from '../fields/field-rules-values.ts';

const operations = ['add', 'replace', 'remove', 'test'] as const;

export interface Patch {
  readonly op: (typeof operations)[number];
  readonly path: string;
  /** The path's segments, unescaped. */
  readonly segments: readonly string[];
  readonly value: unknown;
}

/** The lists of a Patient whose items carry an `id`, or a `url` in the case of extensions. */
export const lists = [
  'name',
  'address',
  'telecom',
  'contact',
  'generalPractitioner',
  'extension',
] as const;
export type List = (typeof lists)[number];

const scalars = [
  'gender',
  'birthDate',
  'deceasedDateTime',
  'multipleBirthInteger',
  'managingOrganization',
];
/** What can be tested and never written. */
const readable = ['id', 'meta', 'identifier', 'resourceType'];

const mostPatches = 500;

/**
 * The patches of a body, one JSON object each and not looked into further: `checkForm` does that, and the version of the
 * record is compared in between. Throws INVALID_UPDATE `No patches found` when there are none.
 */
export function readPatches(body: unknown): readonly Fields[] {
  const patches = isFields(body) && Object.hasOwn(body, 'patches') ? body.patches : undefined;
  if (!isFields(body) || patches === undefined || patches === null)
    throw invalidUpdate('No patches found');
  if (!Array.isArray(patches)) throw wrong(patches, 'patches');
  if (patches.length === 0) throw invalidUpdate('No patches found');
  if (patches.length > mostPatches)
    throw invalidUpdate(`${patches.length} patches found, maximum is ${mostPatches}`);
  refuseOthers(body, ['patches']);
  return patches.map((patch: unknown, i) => {
    if (!isFields(patch)) throw wrong(patch, String(i));
    return patch;
  });
}

function refuseOthers(fields: Fields, members: readonly string[]): void {
  const others = Object.keys(fields).filter((name) => !members.includes(name));
  if (others.length > 0) throw additionalProperties(others.slice(0, 20).map(shown));
}

/**
 * The patches with their form checked: operations, pointers, a test before each removal, elements that can be written, and
 * the id or url of each item that is touched. The first fault of the first kind throws.
 */
export function checkForm(raw: readonly Fields[]): readonly Patch[] {
  for (const [i, { op }] of raw.entries()) checkOperation(op, i);
  const patches = raw.map(toPatch);
  for (const [i, patch] of patches.entries()) {
    if (patch.op === 'remove') checkTested(patch, patches[i - 1]);
  }
  for (const patch of patches) checkElement(patch);
  checkIdentified(patches);
  return patches;
}

function checkOperation(op: unknown, i: number): void {
  if (op === undefined) throw missingValue(`${i}/op`);
  if (!operations.some((known) => known === op)) throw wrong(op, `${i}/op`);
}

function toPatch(raw: Fields, i: number): Patch {
  refuseOthers(raw, ['op', 'path', 'value']);
  const op = operations.find((known) => known === raw.op) ?? 'test';
  if (raw.path === undefined) throw missingValue(`${i}/path`);
  if (typeof raw.path !== 'string') throw wrong(raw.path, `${i}/path`);
  const segments = segmentsOf(raw.path);
  if (op !== 'remove' && raw.value === undefined) throw missingValue(`${i}/value`);
  return { op, path: raw.path, segments, value: raw.value };
}

const deepest = 20;
const longestPath = 500;

/** RFC 6901. The pointer to the whole record, though well formed, is refused too. */
function segmentsOf(path: string): string[] {
  const wellFormed = path.startsWith('/') && path.length <= longestPath && !/~(?![01])/.test(path);
  const segments = path.slice(1).split('/');
  if (!wellFormed || segments.length > deepest)
    throw invalidUpdate(`'${shown(path)}' is not a 'json-pointer'`);
  return segments.map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

// ---- a test before each removal ----

/**
 * A removal from a list must follow a test of what is removed: itself, its id or url, or the id or url of the item it is a
 * part of. The parts of an extension have urls of their own, and theirs is the one to test. A scalar needs no test.
 */
function checkTested(removal: Patch, before: Patch | undefined): void {
  const { path, segments } = removal;
  if (!isList(segments[0])) {
    if (segments.length > 1 || isWritable(segments[0])) return;
  }
  if (!before)
    throw invalidUpdate(
      `removal '${shown(path)}' is not immediately preceded by equivalent test - instead it is the first item`,
    );
  if (before.op === 'test' && testsFor(removal).includes(before.path)) return;
  throw invalidUpdate(
    `removal '${shown(path)}' is not immediately preceded by equivalent test pointing to an 'id', 'url' or object - ` +
      `instead operation '${before.op}' with path '${shown(before.path)}' preceding`,
  );
}

function testsFor({ path, segments }: Patch): string[] {
  const own = [path, `${path}/id`, `${path}/url`];
  const isPart = segments[0] === 'extension' && segments[2] === 'extension';
  const root = isPart ? path.split('/').slice(0, 5).join('/') : rootOf(path);
  return [...own, `${root}/id`, `${root}/url`];
}

/** The path of the item a path leads into: `/name/0` of `/name/0/given/1`. */
function rootOf(path: string): string {
  return path.split('/').slice(0, 3).join('/');
}

// ---- elements ----

const isList = (name: string | undefined) => lists.some((list) => list === name);
const isWritable = (name: string | undefined) =>
  isList(name) || scalars.some((scalar) => scalar === name);

/** Names that mean something to JavaScript are no element of a Patient anywhere in a path. */
const unsafe = new Set(['__proto__', 'constructor', 'prototype']);

function checkElement({ op, segments }: Patch): void {
  const [element = ''] = segments;
  const harmful = segments.find((segment) => unsafe.has(segment));
  const known = isWritable(element) || (op === 'test' && readable.includes(element));
  if (harmful === undefined && known) return;
  throw invalidUpdate(`Update unsupported for resource - '${shown(harmful ?? element)}'`);
}

// ---- ids and urls ----

export const isIndex = (segment: string | undefined): segment is string =>
  segment !== undefined && /^(?:0|[1-9][0-9]{0,8})$/.test(segment);

/** Whoever changes an item in place says which one is meant: its id, or the url of an extension, is in the same request. */
function checkIdentified(patches: readonly Patch[]): void {
  const named = new Set(patches.filter(({ op }) => op !== 'remove').map(({ path }) => path));
  for (const patch of patches) {
    if (patch.op !== 'add' && patch.op !== 'replace') continue;
    if (!isList(patch.segments[0])) continue;
    if (patch.segments.length === 1) throw wholeList(patch);
    if (!isIndex(patch.segments[1])) continue;
    const root = rootOf(patch.path);
    if (namesItself(patch) || named.has(`${root}/id`) || named.has(`${root}/url`)) continue;
    throw invalidUpdate(`no id or url found for path with root ${shown(root)}`);
  }
}

function wholeList({ path, segments, value }: Patch) {
  if (segments[0] === 'extension' && !Array.isArray(value))
    return invalidUpdate('extension not in correct format');
  return invalidUpdate(`no id or url found for path with root ${shown(path)}`);
}

/** A whole item that holds its id, a whole extension or part of one that holds its url. */
function namesItself({ segments, value }: Patch): boolean {
  if (!isFields(value)) return false;
  const isExtension = segments[0] === 'extension';
  if (segments.length === 2) return hasText(value, isExtension ? 'url' : 'id');
  return (
    isExtension && segments.length === 4 && segments[2] === 'extension' && hasText(value, 'url')
  );
}

const hasText = (fields: Fields, name: string) =>
  Object.hasOwn(fields, name) && typeof fields[name] === 'string';
