/**
 * PATCH of a Patient (pds-fhir section 3): a list of JSON patches and a record in, the changed record out, or the first
 * documented refusal. Pure: no store, no clock. Whether the record may be written at all (superseded, restricted, another
 * version) and remembering the request are the caller's.
 */
import type { Patient } from 'fhir/r4.js';
import type { AccessMode } from '../../../core/exchange.ts';
import { invalidUpdate } from '../errors.ts';
import type { Fields, Rules } from '../fields/field-rules-values.ts';
import { freshId, idsIn } from '../fields/field-rules.ts';
import { applyPatch, copyFields, same, type Tree } from './patch-apply.ts';
import { checkForm, isIndex, type Patch } from './patch-form.ts';
import { guard } from './patch-guards.ts';
import { judgeList, trackItems, type Items, type Judged, type Tracks } from './patch-lists.ts';
import { checkDeath, judgeSingles, withFormer, withLines, type Singles } from './patch-rules.ts';
import type { PdsPatient, PdsRecord } from '../record.ts';

export { readPatches } from './patch-form.ts';

export interface PatchContext {
  readonly mode: AccessMode;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** A new object id: eight upper-case hex digits. Asked again when the record has it already. */
  readonly newObjectId: () => string;
  readonly isPractice: (odsCode: string) => boolean;
}

/**
 * The record after the patches, one version on. `raw` is what `readPatches` gave. The record handed in is not changed, and
 * after a refusal nothing has happened. Throws rows of `errors.ts`.
 */
export function applyPatches(
  record: PdsRecord,
  raw: readonly Fields[],
  context: PatchContext,
): PdsRecord {
  const patches = checkForm(raw);
  const before = record.patient;
  const { copy, tracks } = applyAll(before, patches, context.mode);
  const rules: Rules = { ...context, refuse: invalidUpdate };
  const singles = judgeSingles(before, copy, rules);
  const judged = judgeLists(copy, tracks, rules);
  checkDeath(before, singles, judged.extension);
  const lists = withIds(before, judged, context.newObjectId);
  const patient = assemblePatient(before, singles, lists);
  if (same(before, patient))
    throw invalidUpdate('Invalid patch - Provided patch made no changes to the resource');
  const behind = withFormer(record.behind, before, singles.gender, lists);
  return {
    patient: { ...patient, meta: { ...before.meta, versionId: nextVersion(before) } },
    behind: withLines(behind, lists.address),
  };
}

function nextVersion({ meta }: PdsPatient): string {
  return String(Number(meta.versionId) + 1);
}

/** Applies the list in order to a copy; each operation is guarded against the copy as it is by then. */
function applyAll(
  before: PdsPatient,
  patches: readonly Patch[],
  mode: AccessMode,
): { copy: Tree; tracks: Tracks } {
  const copy = copyFields({ ...before });
  const tracks = trackItems({ ...before }, copy);
  for (const patch of patches) {
    guard(patch, copy, mode);
    checkLineOfStranger(patch, copy, tracks);
    const held = itemOf(copy, patch);
    applyPatch(copy, patch);
    if (patch.op === 'replace' && held !== undefined && patch.segments.length === 2)
      followReplaced(held, itemOf(copy, patch), tracks);
  }
  return { copy, tracks };
}

/** What stands at `/list/n` of a path. */
function itemOf(copy: Tree, { segments: [list = '', index] }: Patch): unknown {
  const items = Object.hasOwn(copy, list) ? copy[list] : undefined;
  const item: unknown = Array.isArray(items) && isIndex(index) ? items[Number(index)] : undefined;
  return item;
}

function followReplaced(held: unknown, now: unknown, { origins, replaced }: Tracks): void {
  const origin = origins.get(held);
  if (origin === undefined) return;
  origins.set(now, origin);
  replaced.add(now);
}

/**
 * Replacing all lines of an address under an id that is not its own: the national service finds no lines there, while for
 * a single line it goes on to report the id. Clients' tests pin both texts.
 */
function checkLineOfStranger(patch: Patch, copy: Tree, { origins }: Tracks): void {
  const { op, segments } = patch;
  if (op !== 'replace' || segments.length !== 3) return;
  if (segments[0] !== 'address' || segments[2] !== 'line') return;
  const item = itemOf(copy, patch);
  const origin = origins.get(item);
  if (origin === undefined || idOf(item) === idOf(origin)) return;
  throw invalidUpdate("Invalid patch - can't replace non-existent object 'line'");
}

function idOf(item: unknown): unknown {
  return typeof item === 'object' && item !== null && 'id' in item ? item.id : undefined;
}

type JudgedLists = { readonly [L in keyof Items]: readonly Judged<Items[L]>[] };

function judgeLists(copy: Tree, tracks: Tracks, rules: Rules): JudgedLists {
  return {
    name: judgeList('name', copy, tracks, rules),
    address: judgeList('address', copy, tracks, rules),
    telecom: judgeList('telecom', copy, tracks, rules),
    contact: judgeList('contact', copy, tracks, rules),
    generalPractitioner: judgeList('generalPractitioner', copy, tracks, rules),
    extension: judgeList('extension', copy, tracks, rules),
  };
}

/** New items get object ids; extensions have none. */
function withIds(before: PdsPatient, lists: JudgedLists, newObjectId: () => string): JudgedLists {
  const taken = idsIn(before);
  const identify = <Item extends { id?: string | undefined }>(judged: readonly Judged<Item>[]) =>
    judged.map((one) =>
      one.origin === undefined
        ? { ...one, item: { id: freshId(taken, newObjectId), ...one.item } }
        : one,
    );
  return {
    ...lists,
    name: identify(lists.name),
    address: identify(lists.address),
    telecom: identify(lists.telecom),
    contact: identify(lists.contact),
    generalPractitioner: identify(lists.generalPractitioner),
  };
}

/** The Patient with its members in the order they had; what came to nothing is left out. */
function assemblePatient(before: PdsPatient, singles: Singles, lists: JudgedLists): PdsPatient {
  const changed: Written = {
    ...singles,
    ...itemsOf('name', lists.name),
    ...itemsOf('address', lists.address),
    ...itemsOf('telecom', lists.telecom),
    ...itemsOf('contact', lists.contact),
    ...itemsOf('generalPractitioner', lists.generalPractitioner),
    ...itemsOf('extension', lists.extension),
  };
  const patient: PdsPatient = { ...before, ...changed };
  for (const name of written)
    if (!Object.hasOwn(changed, name)) Reflect.deleteProperty(patient, name);
  return patient;
}

const written = [
  'gender',
  'birthDate',
  'multipleBirthInteger',
  'deceasedDateTime',
  'managingOrganization',
  'name',
  'address',
  'telecom',
  'contact',
  'generalPractitioner',
  'extension',
] as const;

type Written = Pick<Patient, (typeof written)[number]>;

function itemsOf<L extends keyof Items>(list: L, judged: readonly Judged<Items[L]>[]): Written {
  return judged.length === 0 ? {} : { [list]: judged.map(({ item }) => item) };
}
