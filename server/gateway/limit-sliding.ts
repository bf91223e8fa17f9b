/**
 * Counts calls of the last second or minute: no stretch of that length ever holds more than the limit, as two fixed
 * windows side by side would let through. Small limits remember each call; of large ones, calls that came within a 256th
 * of the span count as the last of them, so memory stays bounded and a stated wait stays true.
 */
import type { Counter, Moment } from './limit-counter.ts';
import { spanOf } from './limit-windows.ts';
import type { QuotaRule } from './limits.ts';

const finest = 256;

export class SlidingCount implements Counter<QuotaRule> {
  /** When each group of calls was last added to, oldest first; live from `#head` on. */
  readonly #times: number[] = [];
  readonly #counts: number[] = [];
  #head = 0;
  #total = 0;
  /** When the newest group began. */
  #began = 0;
  #span = 0;

  wait(rule: QuotaRule, { steady }: Moment): number {
    const span = this.#forget(rule, steady);
    let over = this.#total - rule.limit + 1;
    if (over <= 0) return 0;
    for (let i = this.#head; i < this.#times.length; i++) {
      over -= this.#counts[i] ?? 0;
      if (over <= 0) return (this.#times[i] ?? 0) + span - steady;
    }
    return span; // a limit of 0
  }

  take(rule: QuotaRule, { steady }: Moment): void {
    const span = this.#forget(rule, steady);
    const grain = rule.limit <= finest ? 0 : span / finest;
    const last = this.#times.length - 1;
    this.#total++;
    if (last >= this.#head && (steady === this.#times[last] || steady - this.#began < grain)) {
      this.#times[last] = steady;
      this.#counts[last] = (this.#counts[last] ?? 0) + 1;
      return;
    }
    this.#began = steady;
    this.#times.push(steady);
    this.#counts.push(1);
  }

  remaining(rule: QuotaRule, { steady }: Moment): number {
    this.#forget(rule, steady);
    return Math.max(0, rule.limit - this.#total);
  }

  spent({ steady }: Moment): boolean {
    return (this.#times.at(-1) ?? -Infinity) + this.#span <= steady;
  }

  /** Drops what is older than the span. */
  #forget(rule: QuotaRule, steady: number): number {
    const span = (this.#span = spanOf(rule));
    const before = this.#head;
    while (this.#head < this.#times.length && (this.#times[this.#head] ?? 0) + span <= steady) {
      this.#total -= this.#counts[this.#head] ?? 0;
      this.#head++;
    }
    if (this.#head !== before) this.#pack();
    return span;
  }

  /** Gives memory back, seldom enough to cost nothing a call. */
  #pack(): void {
    if (this.#head < this.#times.length && this.#head < 64) return;
    this.#times.splice(0, this.#head);
    this.#counts.splice(0, this.#head);
    this.#head = 0;
  }
}
