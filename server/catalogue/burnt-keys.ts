/**
 * Keys that became known to others and may never be used again, by thumbprint (RFC 7638). Owns the list; what burns a
 * key is in key-registration.ts, and whoever catches it there must call `burn`.
 */
import type { CollectionOf, Store } from '../../core/store.ts';
import { Problem } from '../../core/problem.ts';
import { PublishedPrivateKeys } from './published-private-key.ts';

export interface BurntKeys {
  /** From memory. */
  has(thumbprint: string): boolean;
  /** Counts at once; resolves when it is on disk. Burning twice changes nothing. @param why a sentence for people. */
  burn(thumbprint: string, why: string): Promise<void>;
}

interface BurntKey {
  readonly thumbprint: string;
  readonly why: string;
}

const burntKeyCollection: CollectionOf<BurntKey> = {
  name: 'catalogue.burnt-keys',
  keys: () => ({ all: [['all']] }),
};

/** Reads the whole list; it is short, since it holds people's accidents. */
export async function openBurntKeys(store: Store): Promise<BurntKeys> {
  const collection = store.open(burntKeyCollection);
  const burnt = new Set<string>();
  // Another process may burn one too; from before the reading on, so that none falls between.
  store.changes.listen((changes) => {
    for (const { collection: name, id, removed } of changes)
      if (name === burntKeyCollection.name && !removed) burnt.add(id);
  });
  let after: string | undefined;
  do {
    const page = await collection.find({
      index: 'all',
      equals: ['all'],
      limit: 1000,
      ...(after === undefined ? {} : { after }),
    });
    for (const { id } of page.items) burnt.add(id);
    after = page.next;
  } while (after !== undefined);

  return {
    has: (thumbprint) => burnt.has(thumbprint),
    async burn(thumbprint, why) {
      burnt.add(thumbprint);
      try {
        await collection.put(thumbprint, { thumbprint, why }, { expected: 0 });
      } catch (error) {
        if (!(error instanceof Problem) || error.kind !== 'conflict') throw error;
      }
    },
  };
}

/** The thumbprints that a refusal of a key set says to burn; mostly none. */
export function burntBy(error: unknown): readonly string[] {
  return error instanceof Problem && error.cause instanceof PublishedPrivateKeys
    ? error.cause.thumbprints
    : [];
}
