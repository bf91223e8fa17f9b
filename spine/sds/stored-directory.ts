/**
 * The directory over the store. Owns the order of checks around a write; directory-search.ts reads, service-lookup.ts
 * finds systems and message handlers.
 */
import { Problem } from '../../core/problem.ts';
import type { Store, Stored } from '../../core/store.ts';
import type { Directory, Entry, WriteTerms } from './directory.ts';
import { directoryCollection, idOf, treeKey } from './directory-keys.ts';
import { search, storedEntry, type Entries } from './directory-search.ts';
import { containers, organisationDn } from './directory-tree.ts';
import { isWithin, normalDn, parentOf } from './dn.ts';
import { toOrganisation } from './organisation-entries.ts';
import { conforming } from './schema-check.ts';
import { handlers, systems } from './service-lookup.ts';

/** The directory of a store. Cheap; keeps nothing in memory. */
export function openDirectory(store: Store): Directory {
  const collection = store.open(directoryCollection);
  const changed = (fn: () => void) =>
    store.changes.listen((landed) => {
      // a reset names no collection
      if (landed.some((one) => [directoryCollection.name, ''].includes(one.collection))) fn();
    });
  return directoryOver(collection, (view) => collection.in(view), changed);
}

function directoryOver(
  entries: Entries,
  inView: (view: string) => Entries,
  changed: Directory['changed'],
): Directory {
  return {
    in: (view) => directoryOver(inView(view), inView, changed),
    async entry(dn) {
      const normal = normalDn(dn);
      return containers.get(normal) ?? (await storedEntry(entries, normal))?.value;
    },
    search: (asked) => search(entries, asked),
    systems: (query, limit) => systems(entries, query, limit),
    handlers: (query, limit) => handlers(entries, query, limit),
    async organisation(odsCode) {
      const stored = await storedEntry(entries, normalDn(organisationDn(odsCode)));
      return stored === undefined ? undefined : toOrganisation(stored.value);
    },
    async organisations(after, limit = 100) {
      const from = after === undefined ? {} : { from: `${after}\u0001` };
      const { items } = await entries.find({ index: 'organisation', limit, ...from });
      return items.flatMap(({ value }) => toOrganisation(value) ?? []);
    },
    add: (entry, by, terms) => add(entries, entry, by, terms),
    replace: (entry, by, terms) => replace(entries, entry, by, terms),
    remove: (dn) => remove(entries, dn),
    changed,
  };
}

async function add(entries: Entries, entry: Entry, by: string, terms?: WriteTerms): Promise<void> {
  const normal = normalDn(entry.dn);
  const kept = checked(entry, normal, terms);
  if (containers.has(normal)) throw new Problem('conflict', 'This entry is always there');
  const parent = parentOf(normal);
  if (!containers.has(parent) && (await storedEntry(entries, parent)) === undefined)
    throw new Problem('not-found', 'The entry above this one is not there');
  try {
    await entries.put(idOf(normal), kept, { expected: 0, by });
  } catch (cause) {
    if (Problem.from(cause).kind !== 'conflict') throw cause;
    throw new Problem('conflict', 'There is an entry of this name already', { cause });
  }
}

async function replace(
  entries: Entries,
  entry: Entry,
  by: string,
  terms?: WriteTerms,
): Promise<void> {
  const normal = normalDn(entry.dn);
  const stored = await changeable(entries, normal);
  await entries.put(stored.id, checked(entry, normal, terms), { expected: stored.version, by });
}

async function remove(entries: Entries, dn: string): Promise<void> {
  const stored = await changeable(entries, normalDn(dn));
  const below = await entries.find({ index: 'tree', equals: treeKey(dn), limit: 2 });
  if (below.items.length > 1) throw new Problem('conflict', 'Entries lie below this one');
  await entries.remove(stored.id, stored.version);
}

/** The stored entry of a name. @throws Problem `not-found`, `invalid` for a container */
async function changeable(entries: Entries, normal: string): Promise<Stored<Entry>> {
  if (containers.has(normal)) throw new Problem('invalid', 'This entry cannot be changed');
  const stored = await storedEntry(entries, normal);
  if (stored === undefined) throw new Problem('not-found', 'There is no entry of this name');
  return stored;
}

function checked(entry: Entry, normal: string, { lenient = false }: WriteTerms = {}): Entry {
  if (!isWithin(normal, 'o=nhs')) throw new Problem('invalid', 'The entry is not below o=nhs');
  return conforming(entry, lenient ? () => undefined : undefined);
}
