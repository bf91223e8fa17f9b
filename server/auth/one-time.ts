/**
 * Values that work once: authorization codes, the states of sign-ins, launch values. Each is one document under the
 * hash of the value; taking it is one write at the expected version, so of twenty takers exactly one wins.
 */
import type { CollectionOf, Store } from '../../core/store.ts';
import { changeAtVersion, isConflict } from './families.ts';
import { endKey } from './sweeping.ts';
import { digest, newSecret } from './tokens.ts';

export interface OneTime<T> {
  readonly value: T;
  readonly ends: number;
  /** Who took it: a family's id, or any mark of the taker. */
  readonly takenBy?: string;
  /** Set when it was tried again after that. */
  readonly triedAgain?: boolean;
}

export type Taken<T> =
  | { readonly state: 'taken'; readonly value: T }
  | { readonly state: 'used'; readonly by: string; readonly value: T }
  | { readonly state: 'unknown' | 'expired' };

export interface OneTimes<T> {
  /** Keeps a value under a new secret of 43 characters, good until `ends`. */
  issue(value: T, ends: number): Promise<string>;
  /** What a secret stands for, without taking it. */
  find(secret: string): Promise<OneTime<T> | undefined>;
  /** Takes it for `by`, unless somebody has; a second try is noted on it. */
  take(secret: string, by: string): Promise<Taken<T>>;
  /** Whether it was tried again after it was taken. */
  triedAgain(secret: string): Promise<boolean>;
}

/** Declares the collection of one kind of them. `keptAfter`: milliseconds that a second use is still known after its end. */
export function oneTimeCollection<T>(name: string, keptAfter = 0): CollectionOf<OneTime<T>> {
  return { name, keys: ({ ends }) => ({ end: endKey(ends + keptAfter) }) };
}

export function openOneTimes<T>(
  store: Store,
  definition: CollectionOf<OneTime<T>>,
  now: () => number,
): OneTimes<T> {
  const collection = store.open(definition);
  const take = async (secret: string, by: string): Promise<Taken<T>> => {
    const id = digest(secret);
    for (;;) {
      const stored = await collection.get(id);
      if (!stored) return { state: 'unknown' };
      const { value: kept } = stored;
      if (kept.takenBy !== undefined) {
        await changeAtVersion(collection, id, (one) => ({ ...one, triedAgain: true }));
        return { state: 'used', by: kept.takenBy, value: kept.value };
      }
      if (kept.ends <= now()) return { state: 'expired' };
      try {
        await collection.put(id, { ...kept, takenBy: by }, { expected: stored.version });
        return { state: 'taken', value: kept.value };
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
  };
  return {
    take,
    async issue(value, ends) {
      const secret = newSecret();
      await collection.put(digest(secret), { value, ends }, { expected: 0 });
      return secret;
    },
    find: async (secret) => (await collection.get(digest(secret)))?.value,
    triedAgain: async (secret) => (await collection.get(digest(secret)))?.value.triedAgain ?? false,
  };
}
