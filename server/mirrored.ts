/**
 * A small collection held in memory and kept as it is in the store, whoever writes there: another process too. It must
 * have an index `all` that every document is under.
 */
import { Problem } from '../core/problem.ts';
import type { Collection, CollectionOf, Store, Stored } from '../core/store.ts';

export interface Mirrored<T> {
  readonly held: ReadonlyMap<string, T>;
  /** What a document is now, by who has just written it; undefined: gone. It need not wait for the feed then. */
  now(id: string, value: T | undefined): void;
}

/** @param passed documents that are to be left as they are here, for the moment. */
export async function mirrored<T>(
  store: Store,
  definition: CollectionOf<T>,
  passed: (id: string) => boolean = () => false,
): Promise<Mirrored<T>> {
  const collection = store.open(definition);
  const held = new Map<string, T>();
  const now = (id: string, value: T | undefined) => {
    if (value === undefined) held.delete(id);
    else held.set(id, value);
  };
  /** The newest look at each document that is being looked at: an older one that ends later tells nothing. */
  const looks = new Map<string, number>();
  let looked = 0;
  const refresh = async (id: string) => {
    const look = ++looked;
    looks.set(id, look);
    const stored = await readUntilTold(collection, id, () => looks.get(id) === look);
    if (looks.get(id) !== look) return;
    looks.delete(id);
    if (!passed(id)) now(id, stored?.value);
  };
  // Followed from before the reading on, so that nothing falls between.
  store.changes.listen((changes) => {
    for (const { collection: name, id } of changes) if (name === definition.name) void refresh(id);
  });
  let after: string | undefined;
  do {
    const page = await collection.find({
      ...{ index: 'all', equals: ['all'], limit: 500 },
      ...(after === undefined ? {} : { after }),
    });
    for (const { id, value } of page.items) now(id, value);
    after = page.next;
  } while (after !== undefined);
  return { held, now };
}

/** Milliseconds after which a store that was away is asked again. */
const tryAgain = 200;
/** Ten minutes: a store that has been closed for good is not asked for ever. */
const mostTries = 3_000;

/** What cannot be read counts as not there; a store that is away for the moment is asked again while that is `wanted`. */
async function readUntilTold<T>(
  collection: Collection<T>,
  id: string,
  wanted: () => boolean,
): Promise<Stored<T> | undefined> {
  for (let tries = 1; ; tries++)
    try {
      return await collection.get(id);
    } catch (error) {
      const goesOn = Problem.from(error).kind === 'unavailable' && tries < mostTries;
      if (!goesOn || !wanted()) return undefined;
      await new Promise((resolve) => setTimeout(resolve, tryAgain).unref());
    }
}
