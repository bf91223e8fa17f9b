/** The memory of assertions' `jti`: each may be used once by its client (RFC 7523 3, item 7). Owns that and no rule. */
import type { CollectionOf, Store } from '../../core/store.ts';
import { isConflict } from './families.ts';
import { endKey } from './sweeping.ts';
import { digest } from './tokens.ts';

export interface Replay {
  /** Whether this client has used it; changes nothing. */
  seen(client: string, jti: string): Promise<boolean>;
  /** Claims it until `until`: true for exactly one of all who try. */
  claim(client: string, jti: string, until: number): Promise<boolean>;
}

export const replayCollection: CollectionOf<{ readonly ends: number }> = {
  name: 'auth.replay',
  keys: ({ ends }) => ({ end: endKey(ends) }),
};

/** @param scope what the memory is for: an environment's token endpoint, an identity provider's logout. */
export function openReplay(store: Store, scope: string): Replay {
  const collection = store.open(replayCollection);
  // Lengths in front, so that no two pairs make the same text.
  const idOf = (client: string, jti: string) =>
    digest(`${scope} ${client.length} ${client} ${jti}`);
  return {
    seen: async (client, jti) => (await collection.get(idOf(client, jti))) !== undefined,
    async claim(client, jti, until) {
      try {
        await collection.put(idOf(client, jti), { ends: until }, { expected: 0 });
        return true;
      } catch (error) {
        if (isConflict(error)) return false;
        throw error;
      }
    },
  };
}
