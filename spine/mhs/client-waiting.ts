/**
 * Waiting for what another process may bring: a call is woken by the store's changes, wherever they were made, and looks
 * every second besides. Owns the waking; what is waited for is the caller's.
 */
import type { Changes } from '../../core/store.ts';

export interface Waiting {
  /**
   * Looks until there is something, or the time is over: undefined.
   * @param ids of documents whose change is worth a look
   * @param patience milliseconds
   */
  until<T>(
    ids: readonly string[],
    look: () => Promise<T | undefined>,
    patience: number,
  ): Promise<T | undefined>;
  /** Wakes all who wait; they find that the time is over. */
  close(): void;
}

/** Milliseconds after which what was missed is found. */
const lookEvery = 1_000;

export function openWaiting(changes: Pick<Changes, 'listen'>): Waiting {
  const waking = new Map<string, Set<() => void>>();
  let closed = false;
  const stop = changes.listen((all) => {
    if (waking.size === 0) return;
    for (const { id } of all) for (const wake of waking.get(id) ?? []) wake();
  });
  return {
    async until(ids, look, patience) {
      const over = performance.now() + patience;
      const bell = createBell();
      for (const id of ids) add(waking, id, bell.ring);
      try {
        for (;;) {
          const found = await look();
          const left = over - performance.now();
          if (found !== undefined || left <= 0 || closed) return found;
          await bell.rung(Math.min(left, lookEvery));
        }
      } finally {
        for (const id of ids) drop(waking, id, bell.ring);
      }
    },
    close() {
      closed = true;
      stop();
      for (const all of waking.values()) for (const wake of all) wake();
    },
  };
}

/** One that remembers that it was rung while nobody listened. */
function createBell() {
  let rung = false;
  let tell: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      tell?.();
    },
    rung: async (milliseconds: number): Promise<void> => {
      if (!rung)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, milliseconds);
          tell = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      rung = false;
      tell = undefined;
    },
  };
}

function add(waking: Map<string, Set<() => void>>, id: string, wake: () => void): void {
  let all = waking.get(id);
  if (!all) waking.set(id, (all = new Set()));
  all.add(wake);
}

function drop(waking: Map<string, Set<() => void>>, id: string, wake: () => void): void {
  const all = waking.get(id);
  all?.delete(wake);
  if (all?.size === 0) waking.delete(id);
}
