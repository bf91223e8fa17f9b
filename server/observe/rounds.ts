/** Work that comes round: one turn at a time, however long it takes. Owns the timers. */

export interface Rounds {
  /** Begins no more turns, and lets those that run end, for two seconds at most. */
  stop(): Promise<void>;
}

/** A probe may take 20 s; nobody who stops the server waits for it. Milliseconds. */
const longestStop = 2_000;

/** @param work the period in milliseconds of each, and its turn; one that rejects has told of it by itself. */
export function startRounds(
  work: readonly (readonly [every: number, turn: () => Promise<void>])[],
): Rounds {
  const running = new Set<Promise<void>>();
  const timers = work.map(([every, turn]) => {
    let busy = false;
    const begin = () => {
      if (busy) return;
      busy = true;
      const turned = turn()
        .catch(() => undefined)
        .finally(() => {
          busy = false;
          running.delete(turned);
        });
      running.add(turned);
    };
    return setInterval(begin, every).unref();
  });
  return {
    async stop() {
      for (const timer of timers) clearInterval(timer);
      let late: NodeJS.Timeout | undefined;
      const patience = new Promise((resolve) => {
        late = setTimeout(resolve, longestStop);
      });
      await Promise.race([Promise.all(running), patience]);
      clearTimeout(late);
    },
  };
}
