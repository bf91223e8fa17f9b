/**
 * The deadlines of all calls to one back end, under one timer: a timer for each call costs more than the call's own work.
 * Owns the timer; when a call is late, the call itself says (target-call.ts).
 */

/** Something that may be late. */
export interface Watched {
  /** @param soon the moment of the next look, in the milliseconds of `performance.now`: what ends before it ends now. */
  look(soon: number): void;
}

export interface RunningCalls {
  add(call: Watched): void;
  remove(call: Watched): void;
  readonly size: number;
}

/** @param timeout the deadline of its calls, in milliseconds. They end a twentieth of it early at most, and late only if the process was held up. */
export function createRunningCalls(timeout: number): RunningCalls {
  const tick = Math.max(5, Math.min(100, timeout / 20));
  const calls = new Set<Watched>();
  let timer: NodeJS.Timeout | undefined;
  let looked = 0;
  let excused = false;
  const sweep = () => {
    const now = performance.now();
    // This process itself was held up: answers may lie in the sockets, and are read before the next look.
    excused = !excused && now - looked > 3 * tick;
    looked = now;
    if (!excused) for (const call of calls) call.look(now + tick);
    if (calls.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    add(call) {
      calls.add(call);
      if (timer) return;
      looked = performance.now();
      timer = setInterval(sweep, tick).unref();
    },
    remove(call) {
      calls.delete(call);
    },
    get size() {
      return calls.size;
    },
  };
}
