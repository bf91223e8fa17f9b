/**
 * Searching: which entries are looked at for a filter, in which order, giving way to other work in between. Owns no
 * index (directory-keys.ts) and no truth of a filter (filter-match.ts).
 */
import { setImmediate } from 'node:timers/promises';
import { Problem } from '../../core/problem.ts';
import type { Collection, Find, Stored } from '../../core/store.ts';
import type { Entry, Search } from './directory.ts';
import { idOf, nameOf, treeKey } from './directory-keys.ts';
import { containers } from './directory-tree.ts';
import { isWithin, normalDn, parentOf } from './dn.ts';
import { compiled } from './filter-match.ts';
import { planOf, type Lookup } from './search-plan.ts';

/** The stored entries of one view. */
export type Entries = Collection<Entry>;

/** Entries read at once: about a millisecond's work. */
const page = 100;
/** Milliseconds of looking before other work has its turn. */
const turn = 4;

/** The stored entry of a comparable name; containers are not stored. */
export function storedEntry(entries: Entries, normal: string): Promise<Stored<Entry> | undefined> {
  return normal === '' ? Promise.resolve(undefined) : entries.get(idOf(normal));
}

/**
 * Entries that match, each once. Reads by the keys that search-plan.ts chooses, or else all that lies below the base.
 * @throws Problem `not-found` for a base that is not there
 */
export async function* search(entries: Entries, asked: Search): AsyncIterable<Entry> {
  const { scope, filter, goOn = () => undefined } = asked;
  const base = normalDn(asked.base);
  const fits = compiled(filter);
  if (base !== '' && !containers.has(base) && !(await storedEntry(entries, base)))
    throw new Problem('not-found', 'There is no entry of the base name');
  let began = performance.now();
  for await (const [name, entry] of candidates(entries, base, asked)) {
    goOn();
    if (inScope(name, base, scope) && fits(entry)) yield entry;
    if (performance.now() - began < turn) continue;
    await setImmediate();
    began = performance.now();
  }
}

type Named = readonly [normal: string, entry: Entry];

/** At least all that may be found, each once: the containers, then what is stored. */
async function* candidates(
  entries: Entries,
  base: string,
  { base: written, scope, filter }: Search,
): AsyncIterable<Named> {
  if (scope === 'base') {
    const entry = containers.get(base) ?? (await storedEntry(entries, base))?.value;
    if (entry) yield [base, entry];
    return;
  }
  yield* containers;
  const lookups = planOf(filter);
  if (lookups) yield* byKeys(entries, lookups);
  else if (scope === 'one') yield* children(entries, base, written);
  else yield* pages(entries, { index: 'tree', equals: treeKey(written) });
}

function inScope(name: string, base: string, scope: Search['scope']): boolean {
  if (scope === 'base') return name === base;
  return scope === 'one' ? parentOf(name) === base : isWithin(name, base);
}

/** What the look-ups find, each once. */
export async function* byKeys(entries: Entries, lookups: readonly Lookup[]): AsyncIterable<Named> {
  const seen = new Set<string>();
  for (const lookup of lookups)
    for await (const named of pages(entries, lookup)) {
      if (lookups.length > 1 && seen.has(named[0])) continue;
      seen.add(named[0]);
      yield named;
    }
}

async function* pages(entries: Entries, query: Find): AsyncIterable<Named> {
  let after: string | undefined;
  do {
    const found = await entries.find({ ...query, limit: page, ...(after ? { after } : {}) });
    for (const { id, value } of found.items) yield [nameOf(id, value), value];
    after = found.next;
  } while (after !== undefined);
}

/** The entries directly below, without reading what lies deeper: after each that has some, goes on behind them. */
async function* children(entries: Entries, base: string, written: string): AsyncIterable<Named> {
  const equals = treeKey(written);
  let from: string | undefined = '';
  while (from !== undefined) {
    const behind: string = from;
    from = undefined;
    for await (const named of pages(entries, { index: 'tree', equals, from: behind })) {
      const parent = parentOf(named[0]);
      if (parent === base) yield named;
      else if (named[0] !== base) {
        from = `${treeKey(named[1].dn)[equals.length] ?? ''}\u0004`;
        break;
      }
    }
  }
}
