/**
 * The circuit of one back end: closed while it answers, open when it has failed, half-open while one call tries again.
 * Owns the counting. What counts: connections that cannot be made or break, answers that are no HTTP, deadlines, and the
 * statuses 502, 503 and 504 are failures; every other answer is a success, 500 included, for it may be about one record
 * only, and opening on it would let one caller shut the back end for all. What the caller spoils counts as neither.
 */
import type { Clock } from '../../../core/clock.ts';
import type { TargetCondition } from '../backend.ts';

export interface Breaker {
  /** Lets a call through and gives 0, or gives the milliseconds after which to ask again. Whoever is let through reports once. */
  enter(): number;
  readonly succeeded: () => void;
  readonly failed: () => void;
  /** The call ended and says nothing of the back end. */
  readonly abandoned: () => void;
  readonly circuit: TargetCondition['circuit'];
}

/** So many failures one after the other open it, */
const mostInARow = 10;
/** or half of at least so many calls within a window of so many milliseconds. */
const fewestInWindow = 20;
const window = 10_000;
/** Milliseconds it stays open: doubled each time the trial fails. */
const firstPause = 1000;
const longestPause = 30_000;
/** A trial that nobody reported on is given up. */
const longestTrial = 300_000;

/** @param changed hears of each change of the circuit. */
export function createBreaker(
  clock: Clock,
  changed: (circuit: TargetCondition['circuit']) => void,
): Breaker {
  let circuit: TargetCondition['circuit'] = 'closed';
  let since = 0;
  let pause = firstPause;
  let inARow = 0;
  let counted = { from: clock.now(), calls: 0, failures: 0 };

  const turn = (to: TargetCondition['circuit']) => {
    circuit = to;
    since = clock.now();
    changed(to);
  };
  const open = () => {
    pause = circuit === 'half-open' ? Math.min(pause * 2, longestPause) : firstPause;
    turn('open');
  };
  /** A clock that was set back must not keep it open. */
  const left = (length: number) => {
    const passed = clock.now() - since;
    return passed < 0 ? 0 : Math.max(0, length - passed);
  };
  const count = (failures: 0 | 1) => {
    const passed = clock.now() - counted.from;
    if (passed < 0 || passed > window) counted = { from: clock.now(), calls: 0, failures: 0 };
    counted.calls++;
    counted.failures += failures;
  };

  return {
    enter() {
      if (circuit === 'closed') return 0;
      const wait = circuit === 'open' ? left(pause) : left(longestTrial);
      if (wait > 0) return circuit === 'open' ? wait : Math.min(wait, firstPause);
      turn('half-open');
      return 0;
    },
    succeeded() {
      inARow = 0;
      if (circuit === 'closed') count(0);
      if (circuit !== 'half-open') return; // open: the late answer of a call from before
      counted = { from: clock.now(), calls: 0, failures: 0 };
      turn('closed');
    },
    failed() {
      if (circuit === 'half-open') open();
      if (circuit !== 'closed') return;
      inARow++;
      count(1);
      const { calls, failures } = counted;
      if (inARow < mostInARow && (calls < fewestInWindow || failures * 2 < calls)) return;
      inARow = 0;
      open();
    },
    abandoned() {
      // The trial told nothing: the next call is one.
      if (circuit !== 'half-open') return;
      turn('open');
      since = clock.now() - pause;
    },
    get circuit() {
      return circuit;
    },
  };
}
