/**
 * Provider sessions that have ended: what was begun in one and is not finished (a code, a session of the launch page)
 * ends with it, whether or not a grant came of it. Owns that memory.
 */
import type { CollectionOf, Store } from '../../core/store.ts';
import { isConflict, type SignedIn } from './families.ts';
import { endKey } from './sweeping.ts';
import { digest } from './tokens.ts';

export interface Logouts {
  note(issuer: string, sid: string): Promise<void>;
  /** Whether the session in which this person signed in has ended. */
  ended(user: SignedIn): Promise<boolean>;
}

/** Nothing that a session began lives longer. */
const keptFor = 13 * 3_600_000;

export const logoutCollection: CollectionOf<{ readonly ends: number }> = {
  name: 'auth.logouts',
  keys: ({ ends }) => ({ end: endKey(ends) }),
};

export function openLogouts(store: Store, now: () => number): Logouts {
  const collection = store.open(logoutCollection);
  const idOf = (issuer: string, sid: string) => digest(`${issuer.length} ${issuer} ${sid}`);
  return {
    async note(issuer, sid) {
      try {
        await collection.put(idOf(issuer, sid), { ends: now() + keptFor }, { expected: 0 });
      } catch (error) {
        if (!isConflict(error)) throw error; // noted before
      }
    },
    ended: async ({ issuer, sid }) =>
      sid !== undefined && (await collection.get(idOf(issuer, sid))) !== undefined,
  };
}
