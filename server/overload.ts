/**
 * When more calls come than this process can answer: those beyond what it can answer in time are turned away at once, so that
 * those taken are still answered soon. Owns the measure; what a turned-away caller is told is the API's edge's.
 *
 * A process is overloaded when its loop hardly rests; many calls alone are no sign, for a slow back end holds many of a
 * process that does nothing. Then as many calls may run as were lately answered in the time that one may take.
 */
import { performance } from 'node:perf_hooks';
import type { Observer } from './front.ts';
import type { GatewayServices } from './gateway/policy.ts';

export interface Overload extends Observer {
  /** Whether the next call is to be turned away. Asked once a call. */
  readonly shed: GatewayServices['shed'];
  /**
   * Takes one measure: the part of so many milliseconds that the loop was busy. For tests; in service a timer does it.
   */
  measure(part: number, milliseconds: number): void;
  stop(): void;
}

/** Milliseconds between measures. */
const every = 50;
/** The loop rests less than a twentieth of the time, and not for a moment only: milliseconds in which the past fades. */
const overloaded = 0.95;
const fading = 150;
/** So long a call may take, queue and all, in seconds; the promise is a quarter. */
const aimed = 0.1;
/** So many may always run: with fewer it is not they that keep the loop busy, but the machine. */
const few = 64;

export function createOverload(): Overload {
  let running = 0;
  let answered = 0;
  let rate = 0;
  let busy = 0;
  let allowed = Infinity;
  const measure = (part: number, milliseconds: number) => {
    const weight = 1 - Math.exp(-milliseconds / fading);
    const now = answered * (1000 / milliseconds);
    answered = 0;
    rate = rate === 0 ? now : rate + (now - rate) * weight;
    busy += (part - busy) * weight;
    allowed = busy < overloaded ? Infinity : Math.max(few, rate * aimed);
  };
  let last = performance.eventLoopUtilization();
  let then = performance.now();
  const timer = setInterval(() => {
    const loop = performance.eventLoopUtilization();
    const now = performance.now();
    measure(performance.eventLoopUtilization(loop, last).utilization, Math.max(1, now - then));
    last = loop;
    then = now;
  }, every).unref();
  return {
    began() {
      running++;
    },
    ended({ facts }) {
      running--;
      if (facts.limit !== 'overload') answered++;
    },
    shed: () => running > allowed,
    measure,
    stop: () => {
      clearInterval(timer);
    },
  };
}
