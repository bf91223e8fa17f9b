/**
 * Counts calls that are running. Each holds a lease until it gives it back, or until the lease ends by itself because
 * whoever held it has died. A wait is stated as long as the oldest lease may last: only that is certain.
 */
import type { Counter, Moment } from './limit-counter.ts';
import type { ConcurrencyRule } from './limits.ts';

export class Leases implements Counter<ConcurrencyRule> {
  /** In the order in which they were taken. */
  #held: { readonly by: object; readonly ends: number }[] = [];

  wait(rule: ConcurrencyRule, { steady }: Moment): number {
    this.#forget(steady);
    const over = this.#held.length - rule.max;
    if (over < 0) return 0;
    const ends = this.#held.map((lease) => lease.ends).sort((a, b) => a - b);
    return (ends[over] ?? steady + rule.lease) - steady;
  }

  take(rule: ConcurrencyRule, { steady }: Moment, by: object): void {
    this.#held.push({ by, ends: steady + rule.lease });
  }

  remaining(rule: ConcurrencyRule, { steady }: Moment): number {
    this.#forget(steady);
    return Math.max(0, rule.max - this.#held.length);
  }

  /** How many calls are running. */
  running({ steady }: Moment): number {
    this.#forget(steady);
    return this.#held.length;
  }

  spent({ steady }: Moment): boolean {
    this.#forget(steady);
    return this.#held.length === 0;
  }

  /** Gives a lease back and says whether there was one: it may have ended, or been given back before. */
  release(by: object): boolean {
    const index = this.#held.findIndex((lease) => lease.by === by);
    if (index >= 0) this.#held.splice(index, 1);
    return index >= 0;
  }

  #forget(steady: number): void {
    if (this.#held.some(({ ends }) => ends <= steady))
      this.#held = this.#held.filter(({ ends }) => ends > steady);
  }
}
