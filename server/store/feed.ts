/** Who listens to the changes of this process, and telling them. Owns that a listener that fails harms nobody else. */
import type { Change } from '../../core/store.ts';
import type { Log } from '../../core/log.ts';
import { Problem } from '../../core/problem.ts';

export interface Feed {
  /** Calls back with each batch of changes; gives the function that stops it. */
  listen(fn: (changes: readonly Change[]) => void): () => void;
  /** Tells all who listen, now. */
  tell(changes: readonly Change[]): void;
}

export function createFeed(log: Log): Feed {
  const listeners = new Set<(changes: readonly Change[]) => void>();
  return {
    listen(fn) {
      listeners.add(fn);
      return () => {
        listeners.delete(fn);
      };
    },
    tell(changes) {
      for (const listener of listeners) {
        try {
          listener(changes);
        } catch (error) {
          log.log('error', 'a listener to changes failed', { reason: Problem.from(error).message });
        }
      }
    },
  };
}
