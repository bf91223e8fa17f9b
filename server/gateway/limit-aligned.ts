/** Counts calls in windows that stand on the clock: hours, days, weeks, months. Its counts are worth keeping over a restart. */
import type { Counter, Moment } from './limit-counter.ts';
import { windowAt } from './limit-windows.ts';
import type { QuotaRule } from './limits.ts';

/** As far as a clock may be set back and still be in the window it was in; further back a new one begins. */
const mostSetBack = 60_000;

export class AlignedCount implements Counter<QuotaRule> {
  start = 0;
  end = 0;
  count = 0;
  /** Whether it was counted since the count was last kept. */
  changed = false;
  #rule: QuotaRule | undefined;

  wait(rule: QuotaRule, { wall }: Moment): number {
    this.#turn(rule, wall);
    return this.count < rule.limit ? 0 : this.end - wall;
  }

  take(rule: QuotaRule, { wall }: Moment): void {
    this.#turn(rule, wall);
    this.count++;
    this.changed = true;
  }

  remaining(rule: QuotaRule, { wall }: Moment): number {
    this.#turn(rule, wall);
    return Math.max(0, rule.limit - this.count);
  }

  spent({ wall }: Moment): boolean {
    return wall >= this.end || wall < this.start - mostSetBack;
  }

  /** Begins a new count when the window has passed, or when the rule has other windows than it had. */
  #turn(rule: QuotaRule, wall: number): void {
    if (rule !== this.#rule) {
      this.#rule = rule;
      const { start, end } = windowAt(rule, this.start);
      if (start !== this.start || end !== this.end) this.end = 0;
    }
    if (wall < this.end && wall >= this.start - mostSetBack) return;
    const window = windowAt(rule, wall);
    this.start = window.start;
    this.end = window.end;
    this.count = 0;
  }
}
