/**
 * Importing entries: all are read and checked before the first is written, so that a file with a fault changes nothing.
 * An entry that is there already with the same content is passed over: an import that was cut off is finished by doing it
 * again. Owns that order; text forms are ldif-read.ts's and entry-lines.ts's.
 */
import { setImmediate } from 'node:timers/promises';
import { Problem } from '../../core/problem.ts';
import type { Directory, Entry } from './directory.ts';
import { containers } from './directory-tree.ts';
import { isWithin, normalDn, parentOf } from './dn.ts';
import { conforming } from './schema-check.ts';
import type { Placed } from './ldif-read.ts';
import { lineFault } from './text-lines.ts';

/** At most so many entries at a time. */
const mostEntries = 100_000;

export interface ImportOptions {
  /** Whether entries that are there with other content are replaced; else they are a fault. */
  readonly replace: boolean;
  /** Whether entries are taken that lack attributes which their classes need; they are told of. */
  readonly lenient?: boolean;
}

/** What an import would do. */
export interface ImportPlan {
  /** What lies above comes before what lies below. */
  readonly add: readonly Entry[];
  readonly replace: readonly Entry[];
  /** Entries that are there already as they should be. */
  readonly same: number;
  /** Those that are taken though they lack something, in the order of the file. */
  readonly lacking: readonly Lacking[];
}

/** An entry that is not whole. */
export interface Lacking {
  readonly line: number;
  readonly dn: string;
  readonly attributes: readonly string[];
}

/**
 * Reads and checks everything against the schema, the file itself and the directory.
 * @throws Problem `invalid` naming the line of the first fault; `too-large`
 */
export async function planImport(
  directory: Directory,
  placed: AsyncIterable<Placed>,
  options: ImportOptions,
): Promise<ImportPlan> {
  const { known, lacking } = await readAll(placed, options);
  const plan = { add: [] as Entry[], replace: [] as Entry[], same: 0, lacking };
  for (const [normal, { line, entry }] of inDepth(known)) {
    const there = await directory.entry(entry.dn);
    if (there === undefined) {
      await checkParent(directory, known, parentOf(normal), line);
      plan.add.push(entry);
    } else if (containers.has(normal) || isSame(there, entry)) plan.same++;
    else if (options.replace) plan.replace.push({ ...kept(there), ...entry });
    else
      throw new Problem(
        'conflict',
        `Line ${line}: there is an entry of this name already, with other content`,
      );
  }
  return plan;
}

/** Does what was planned; each entry by `write`, those of one depth side by side. */
export async function runImport(
  plan: ImportPlan,
  write: (how: 'add' | 'replace', entry: Entry) => Promise<void>,
): Promise<void> {
  let batch: Promise<void>[] = [];
  let depth = 0;
  for (const entry of plan.add) {
    const own = depthOf(normalDn(entry.dn));
    if (own !== depth || batch.length >= atOnce) {
      await Promise.all(batch);
      batch = [];
      depth = own;
    }
    batch.push(write('add', entry));
  }
  await Promise.all(batch);
  for (let at = 0; at < plan.replace.length; at += atOnce)
    await Promise.all(plan.replace.slice(at, at + atOnce).map((entry) => write('replace', entry)));
}

const atOnce = 64;

async function readAll(
  placed: AsyncIterable<Placed>,
  { lenient = false }: ImportOptions,
): Promise<{ readonly known: Map<string, Placed>; readonly lacking: readonly Lacking[] }> {
  const known = new Map<string, Placed>();
  const lacking: Lacking[] = [];
  for await (const { line, entry } of placed) {
    const missing = new Set<string>();
    const tell = lenient ? (attribute: string) => missing.add(attribute) : undefined;
    const [normal, checked] = check(line, entry, tell);
    if (missing.size > 0) lacking.push({ line, dn: entry.dn, attributes: [...missing] });
    const before = known.get(normal);
    if (before) throw lineFault(line, `the entry of line ${before.line} has the same name`);
    known.set(normal, { line, entry: checked });
    if (known.size > mostEntries)
      throw new Problem('too-large', `An import holds at most ${mostEntries} entries`);
    if (known.size % 100 === 0) await setImmediate();
  }
  return { known, lacking };
}

function check(
  line: number,
  entry: Entry,
  lacking?: (attribute: string) => void,
): readonly [normal: string, checked: Entry] {
  try {
    const normal = normalDn(entry.dn);
    if (!isWithin(normal, 'o=nhs')) throw new Problem('invalid', 'The entry is not below o=nhs');
    return [normal, containers.has(normal) ? entry : conforming(entry, lacking)];
  } catch (error) {
    if (error instanceof Problem) throw lineFault(line, error.message, error);
    throw error;
  }
}

function inDepth(known: ReadonlyMap<string, Placed>): readonly (readonly [string, Placed])[] {
  return [...known].sort(([one], [other]) => depthOf(one) - depthOf(other));
}

/** More than enough to sort by: an escaped comma counts too, and does no harm. */
function depthOf(normal: string): number {
  let depth = 0;
  for (let parent = normal; parent !== ''; parent = parentOf(parent)) depth++;
  return depth;
}

async function checkParent(
  directory: Directory,
  known: ReadonlyMap<string, Placed>,
  parent: string,
  line: number,
): Promise<void> {
  if (known.has(parent) || (await directory.entry(parent)) !== undefined) return;
  throw lineFault(line, 'the entry above this one is neither in the file nor in the directory');
}

/** What an entry that tells nothing of an organisation does not take away. */
function kept({ organisation }: Entry): Partial<Entry> {
  return organisation === undefined ? {} : { organisation };
}

function isSame(there: Entry, entry: Entry): boolean {
  return textOf(there) === textOf({ ...kept(there), ...entry });
}

function textOf({ attributes, organisation }: Entry): string {
  const all = Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([all, inOrder(organisation)]);
}

/** Members in order of their names, at each depth. */
function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(inOrder);
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, inOrder(member)]));
}
