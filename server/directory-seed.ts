/**
 * Loads the default directory once, into the base that every view shows through; a killed load is done again. Entries that
 * somebody has put there before are not touched.
 */
import type { Entry } from '../spine/sds/directory.ts';
import { directoryCollection, idOf } from '../spine/sds/directory-keys.ts';
import { normalDn } from '../spine/sds/dn.ts';
import { syntheticDirectory } from '../spine/sds/synthetic.ts';
import type { ServedStore } from './store/served.ts';

/** The name under which the store remembers how far the load is. */
const mark = 'default-directory';
type State = 'all' | 'beside others' | 'finished';

/**
 * @param fixtures the folder `fixtures` of the package.
 * @param make what makes the entries.
 * @returns how many entries were loaded; 0 when that was done before.
 */
export async function seedDirectory(
  store: ServedStore,
  fixtures: string,
  make: Make = syntheticDirectory,
): Promise<number> {
  if ((await store.mark(mark)) === 'finished') return 0;
  return store.alone('start', () => load(store, () => make(fixtures)));
}

type Make = (fixtures: string) => readonly Entry[];

async function load(store: ServedStore, make: () => readonly Entry[]): Promise<number> {
  const state = await stateOf(store);
  if (state === 'finished') return 0; // by another machine meanwhile
  await store.setMark(mark, state);
  const loaded = await store.bulk(directoryCollection, records(store, make(), state));
  await store.setMark(mark, 'finished' satisfies State);
  return loaded;
}

async function stateOf(store: ServedStore): Promise<State> {
  const marked = (await store.mark(mark)) as State | undefined; // nobody else sets it
  if (marked !== undefined) return marked;
  return (await store.open(directoryCollection).count()) === 0 ? 'all' : 'beside others';
}

async function* records(
  store: ServedStore,
  all: readonly Entry[],
  state: State,
): AsyncIterable<{ id: string; value: Entry }> {
  const entries = store.open(directoryCollection);
  for (const value of all) {
    const id = idOf(normalDn(value.dn));
    if (state === 'all' || !(await entries.get(id))) yield { id, value };
  }
}
