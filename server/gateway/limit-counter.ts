/**
 * What one counter can do, and the time it is told. Owns the terms that the four kinds of counters share, and a clock
 * that never goes back.
 */

/** A moment on two clocks, in milliseconds: the wall's, which may jump, and one that only goes on. */
export interface Moment {
  wall: number;
  /** Since some start; stands still while the wall's clock goes back. */
  steady: number;
}

/** One limit's count. `R` is the kind of rule it follows, which may change from call to call. */
export interface Counter<R> {
  /** Milliseconds until one more may be taken; 0: now. */
  wait(rule: R, at: Moment): number;
  /** Takes one, whether or not there is room. `by` is what a lease is given back by. */
  take(rule: R, at: Moment, by: object): void;
  /** How many more may be taken now. */
  remaining(rule: R, at: Moment): number;
  /** Whether nothing would change if it were forgotten. */
  spent(at: Moment): boolean;
}

/** Reads a wall clock into a moment: a step back of the wall counts as no time, so nobody waits for it to catch up. */
export function createMoments(now: () => number): () => Moment {
  const moment: Moment = { wall: now(), steady: 0 };
  return () => {
    const wall = now();
    if (wall > moment.wall) moment.steady += wall - moment.wall;
    moment.wall = wall;
    return moment;
  };
}
