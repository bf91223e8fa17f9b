/**
 * The circuits of endpoints: one that failed several times in a row is left alone but for one trial at each step, and the
 * steps grow. So a dead endpoint costs one call a step, however many messages wait for it. In memory: after a restart
 * the first failures open it again.
 */
import { firstPause, longestPause } from './subscriptions.ts';

export interface Circuits {
  /** How many calls an endpoint may have at a time now. */
  room(endpoint: string): number;
  report(endpoint: string, isFault: boolean): void;
  isOpen(endpoint: string): boolean;
}

/** Failures in a row that open it, and calls at a time while it is closed. */
const mostInARow = 5;
const inFlight = 8;

interface Circuit {
  inARow: number;
  /** The next trial, and how many have failed; absent while it is closed. */
  open?: { until: number; step: number };
}

/** @param random from 0 to 1: trials of endpoints that failed together come apart */
export function createCircuits(now: () => number, random: () => number): Circuits {
  const circuits = new Map<string, Circuit>();
  const openedAt = (step: number) => {
    const full = Math.min(firstPause * 2 ** Math.min(step, 40), longestPause);
    return { until: now() + full * (0.5 + random() / 2), step };
  };
  return {
    room(endpoint) {
      const open = circuits.get(endpoint)?.open;
      if (!open) return inFlight;
      return now() >= open.until ? 1 : 0;
    },
    report(endpoint, isFault) {
      if (!isFault) {
        circuits.delete(endpoint);
        return;
      }
      const circuit = circuits.get(endpoint) ?? { inARow: 0 };
      circuits.set(endpoint, circuit);
      circuit.inARow++;
      const { open } = circuit;
      // What was under way when it opened says nothing new.
      if (open && now() < open.until) return;
      if (open) circuit.open = openedAt(open.step + 1);
      else if (circuit.inARow >= mostInARow) circuit.open = openedAt(0);
    },
    isOpen: (endpoint) => circuits.get(endpoint)?.open !== undefined,
  };
}
