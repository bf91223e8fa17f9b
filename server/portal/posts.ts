/** Forms that make something new carry a mark of their own: sent twice (a double click, a reload), they make it once. */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Store } from '../../core/store.ts';
import { endKey } from './ended.ts';
import type { Move } from './page.ts';
import { digest } from './secrets.ts';

interface Post {
  readonly ends: number;
  /** Where it led; absent while it is being done. */
  readonly move?: Move;
}

export const postCollection: CollectionOf<Post> = {
  name: 'portal.posts',
  keys: ({ ends }) => ({ end: endKey(ends) }),
};

const remembered = 12 * 3_600_000;
const patience = 50;
const pause = 100;

export interface Posts {
  /** Does it, or gives what came of it before. What failed may be tried again. @throws what `act` throws */
  once(mark: string, act: () => Promise<Move>): Promise<Move>;
}

export function openPosts(store: Store, now: () => number): Posts {
  const posts = store.open(postCollection);
  return {
    async once(mark, act) {
      const id = digest(mark);
      try {
        await posts.put(id, { ends: now() + remembered }, { expected: 0 });
      } catch (error) {
        if (Problem.from(error).kind !== 'conflict') throw error;
        return before(id);
      }
      try {
        const move = await act();
        // cookies are given to the first alone
        const kept: Move = { to: move.to, ...(move.told === undefined ? {} : { told: move.told }) };
        await posts.put(id, { ends: now() + remembered, move: kept }, { expected: 1 });
        return move;
      } catch (error) {
        await posts.remove(id, 1).catch(() => undefined); // else it could not be corrected and sent again
        throw error;
      }
    },
  };

  async function before(id: string): Promise<Move> {
    for (let tries = 0; tries < patience; tries++) {
      const stored = await posts.get(id);
      if (!stored) break;
      if (stored.value.move) return stored.value.move;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    throw new Problem('conflict', 'This form is being dealt with already: look whether it is done');
  }
}
