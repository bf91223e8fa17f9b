/**
 * Which tokens have been used: one document for each, put as new, so that of two calls with the same token one wins, on
 * whatever process and after any restart. Forgotten by the hour, once nobody could use them any more.
 */
import { hash } from 'node:crypto';
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Store } from '../../core/store.ts';
import { meshError } from './errors.ts';
import type { MeshToken } from './token.ts';

interface Used {
  /** The hour in which it was used, since the epoch. */
  readonly hour: number;
}

const usedTokenCollection: CollectionOf<Used> = {
  name: 'mesh.used-tokens',
  keys: ({ hour }) => ({ hour: [[hourKey(hour)]] }),
};

const hourLength = 3_600_000;
/** A token is good for two hours either way of its timestamp. */
const keptHours = 5;

export interface UsedTokens {
  /** On disk when it resolves. @throws Problem 403 for one that was used before */
  use(token: MeshToken, environment: string): Promise<void>;
  /** Forgets those that can no longer be used; gives how many. */
  sweep(): Promise<number>;
}

export function openUsedTokens(store: Store, now: () => number): UsedTokens {
  const collection = store.open(usedTokenCollection);
  return {
    async use({ mailbox, nonce, count }, environment) {
      // Without the timestamp: the count says how often a nonce was used.
      const id = hash('sha256', `${environment} ${mailbox}:${nonce}:${count}`, 'base64url');
      try {
        await collection.put(
          id.slice(0, 22),
          { hour: Math.floor(now() / hourLength) },
          { expected: 0 },
        );
      } catch (error) {
        if (error instanceof Problem && error.kind === 'conflict')
          throw meshError('repeatedToken', {
            why: 'a nonce and its count must be used once: raise the count for each request',
          });
        throw error;
      }
    },
    async sweep() {
      const to = hourKey(Math.floor(now() / hourLength) - keptHours);
      const { items } = await collection.find({ index: 'hour', to, limit: 1000 });
      await Promise.all(items.map(({ id, version }) => collection.remove(id, version)));
      return items.length;
    },
  };
}

function hourKey(hour: number): string {
  return String(Math.max(0, hour)).padStart(9, '0');
}
