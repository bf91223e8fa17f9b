/**
 * The limits of one process: counters in memory, asked and answered in one step without waiting, so that no two calls can
 * be given the same last place. Owns the taking of all or nothing; each kind of counter is in a file of its own.
 */
import { AlignedCount } from './limit-aligned.ts';
import { createMoments, type Counter, type Moment } from './limit-counter.ts';
import { Leases } from './limit-leases.ts';
import { SlidingCount } from './limit-sliding.ts';
import { SpikeCount } from './limit-spike.ts';
import { CounterTable } from './limit-table.ts';
import { isAligned, mostOf } from './limit-windows.ts';
import type { LimitAsk, LimitRule, Limits, LimitState, Taken } from './limits.ts';

export interface CountersOptions {
  /** Milliseconds since the epoch. It may jump: nobody is kept out for longer than a limit's own length. */
  readonly now: () => number;
  /** Most keys of each kind of limit, and as many by source address; default 50,000. */
  readonly most?: number;
}

/** A window of an hour or longer, as it is kept over a restart: its start and end on the clock, and its count. */
export interface KeptCount {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

export interface LimitCounters extends Limits {
  /**
   * Takes one from each, or from none. `release` must be given the very array that was taken with. The keys of one
   * question differ. When several refuse, the one with the longest wait is named, so that its wait is true for all.
   */
  take(asks: readonly LimitAsk[]): Taken;
  look(asks: readonly LimitAsk[]): readonly LimitState[];
  /**
   * The counts to be kept, whole, each with whether it has changed since the last asking. Passed windows and counts by
   * source address are left out.
   */
  dump(): Iterable<KeptCount & { readonly changed: boolean }>;
  /** Puts a kept count back, unless more has been counted since. */
  restore(kept: KeptCount): void;
  /** How many counters there are, for tests and metrics. */
  readonly size: number;
}

export function createLimitCounters({ now, most = 50_000 }: CountersOptions): LimitCounters {
  const read = createMoments(now);
  const tables = {
    aligned: new CounterTable(() => new AlignedCount(), most),
    sliding: new CounterTable(() => new SlidingCount(), most),
    spike: new CounterTable(() => new SpikeCount(), most),
    concurrency: new CounterTable(() => new Leases(), most),
  };
  const tableOf = (rule: LimitRule): CounterTable<Counter<LimitRule>> => {
    if (rule.kind !== 'quota') return tables[rule.kind];
    return isAligned(rule) ? tables.aligned : tables.sliding;
  };
  return {
    take(asks) {
      const at = read();
      const counters = asks.map(({ key, rule }) => tableOf(rule).get(key));
      const refused = longestWait(asks, counters, at);
      if (refused < 0)
        for (let i = 0; i < asks.length; i++) {
          const ask = asks[i];
          if (ask) counters[i]?.take(ask.rule, at, asks);
        }
      const states = statesOf(asks, counters, at);
      for (const { rule } of asks) tableOf(rule).sweep(at);
      return { refused, states };
    },
    look(asks) {
      const at = read();
      const counters = asks.map(({ key, rule }) => tableOf(rule).find(key));
      return statesOf(asks, counters, at);
    },
    release(asks) {
      for (const { key, rule } of asks)
        if (rule.kind === 'concurrency') tables.concurrency.find(key)?.release(asks);
    },
    *dump() {
      const at = read();
      for (const [key, counter] of tables.aligned.lasting()) {
        if (counter.spent(at)) continue;
        const { start, end, count, changed } = counter;
        counter.changed = false;
        yield { key, start, end, count, changed };
      }
    },
    restore({ key, start, end, count }) {
      const counter = tables.aligned.get(key);
      if (counter.start > start || (counter.start === start && counter.count >= count)) return;
      Object.assign(counter, { start, end, count });
    },
    get size() {
      return Object.values(tables).reduce((sum, table) => sum + table.size, 0);
    },
  };
}

/** The index of the limit that refuses for longest; -1 when none does. */
function longestWait(
  asks: readonly LimitAsk[],
  counters: readonly Counter<LimitRule>[],
  at: Moment,
): number {
  let refused = -1;
  let longest = 0;
  for (let i = 0; i < asks.length; i++) {
    const ask = asks[i];
    const wait = ask ? (counters[i]?.wait(ask.rule, at) ?? 0) : 0;
    if (wait <= longest) continue;
    refused = i;
    longest = wait;
  }
  return refused;
}

function statesOf(
  asks: readonly LimitAsk[],
  counters: readonly (Counter<LimitRule> | undefined)[],
  at: Moment,
): LimitState[] {
  return asks.map(({ rule }, i) => {
    const counter = counters[i];
    if (!counter) return { remaining: mostOf(rule), reset: 0 };
    const remaining = counter.remaining(rule, at);
    if (remaining > 0) return { remaining, reset: 0 };
    return { remaining, reset: wholeSeconds(counter.wait(rule, at)) };
  });
}

/** Rounded up, at least 1 (RFC 9110 10.2.3 has whole seconds). */
function wholeSeconds(wait: number): number {
  return wait > 0 ? Math.max(1, Math.ceil(wait / 1000)) : 0;
}
