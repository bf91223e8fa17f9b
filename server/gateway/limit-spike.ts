/**
 * Smooths calls: the generic cell rate algorithm (ITU-T I.371, annex A), which keeps one number, the time at which the
 * next call would be due if all came evenly.
 */
import type { Counter, Moment } from './limit-counter.ts';
import { gapOf } from './limit-windows.ts';
import type { SpikeRule } from './limits.ts';

/** Milliseconds below which a difference is a rounding error of the numbers, no wait. */
const nothing = 1e-6;

export class SpikeCount implements Counter<SpikeRule> {
  #due = 0;

  wait(rule: SpikeRule, { steady }: Moment): number {
    const gap = gapOf(rule);
    const wait = Math.max(this.#due, steady) - steady + gap - gap * rule.burst;
    return wait > nothing ? wait : 0;
  }

  take(rule: SpikeRule, { steady }: Moment): void {
    this.#due = Math.max(this.#due, steady) + gapOf(rule);
  }

  remaining(rule: SpikeRule, { steady }: Moment): number {
    const ahead = Math.max(0, this.#due - steady);
    return Math.max(0, Math.floor(rule.burst - ahead / gapOf(rule) + nothing));
  }

  spent({ steady }: Moment): boolean {
    return this.#due <= steady;
  }
}
