/**
 * Limits where several machines serve together over one store: each process reserves a slice of what is left before it
 * grants anything (limit-book.ts), so that no two grant the same place. Answers at once while a slice has room. When the
 * store is away each process counts for itself, as it has all along; limits by source address are always counted so.
 */
import type { Log } from '../../core/log.ts';
import type { CollectionOf, Store } from '../../core/store.ts';
import { emptyBook, standing, type Book } from './limit-book.ts';
import { createLimitCounters } from './limit-counters.ts';
import { createMoments } from './limit-counter.ts';
import { moreIn } from './limit-fields.ts';
import { patient, Share } from './limit-share.ts';
import { addressPrefix, CounterTable } from './limit-table.ts';
import type { LimitAsk, Limits, LimitState, Taken } from './limits.ts';

export interface SlicesOptions {
  readonly store: Store;
  /** Milliseconds since the epoch. Machines are taken to agree. */
  readonly now: () => number;
  /** Names this process among all; a new one at each start. */
  readonly me: string;
  readonly log: Log;
  /** How many milliseconds the store may take before limits go on without it; default 1,000. */
  readonly patience?: number;
  /** Milliseconds between givings back; default 500. */
  readonly every?: number;
}

export interface LimitSlices extends Limits {
  /** Gives back what was not used in time; finds out whether a store that was away is back. Never rejects. */
  settle(): Promise<void>;
  /** Stops. What is still held comes back by itself. */
  close(): void;
}

const sliceCollection: CollectionOf<Book> = { name: 'gateway.limit-slices' };

/** Rounds of reserving after which a call that others were always faster than is refused for a second. */
const rounds = 100;

export function createLimitSlices(options: SlicesOptions): LimitSlices {
  const { store, now, me, log, patience = 1_000, every = 500 } = options;
  const books = store.open(sliceCollection);
  const read = createMoments(now);
  const own = createLimitCounters({ now });
  const shares = new CounterTable((key) => new Share(key, me, books, patience), 50_000);
  let away = false;

  const sharesOf = (asks: readonly LimitAsk[]) =>
    asks.map(({ key }) => (isOwn(key) ? undefined : shares.get(key)));
  const goAway = () => {
    if (!away) log.log('warn', 'limits count in this process alone: the store is away');
    away = true;
  };
  const takeNow = (asks: readonly LimitAsk[], held: readonly (Share | undefined)[]): Taken => {
    const at = read();
    const waits = asks.map(({ rule }, i) => held[i]?.wait(rule, at) ?? 0);
    const open = waits.every((wait) => wait === 0);
    const taken = open ? own.take(asks) : { refused: 0, states: own.look(asks) };
    if (open && taken.refused < 0)
      for (const [i, { rule }] of asks.entries()) held[i]?.take(rule, at, asks);
    const states = asks.map(({ rule }, i): LimitState => {
      const mine = taken.states[i] ?? { remaining: 0, reset: 1 };
      const remaining = Math.min(mine.remaining, held[i]?.remaining(rule, at) ?? mine.remaining);
      const wait = Math.ceil((waits[i] ?? 0) / 1000);
      if (remaining > 0 && wait === 0) return { remaining, reset: 0 };
      return {
        remaining: 0,
        reset: Math.max(mine.reset, wait) || Math.max(1, moreIn(rule)(at.wall)),
      };
    });
    return { refused: open && taken.refused < 0 ? -1 : refusing(waits, taken, states), states };
  };
  const takeLater = async (asks: readonly LimitAsk[]): Promise<Taken> => {
    for (let round = 0; round < rounds; round++) {
      const held = sharesOf(asks);
      const unready = [...held.entries()].filter(([, share]) => share?.ready(read()) === false);
      if (unready.length === 0) return takeNow(asks, held);
      try {
        await Promise.all(unready.map(([i, share]) => reserve(asks[i], share)));
      } catch {
        goAway();
        return own.take(asks);
      }
    }
    return { refused: 0, states: asks.map(() => ({ remaining: 0, reset: 1 })) };
  };
  const reserve = async (ask: LimitAsk | undefined, share: Share | undefined): Promise<void> => {
    if (ask) await share?.reserve(ask.rule, read);
  };
  const settle = async (): Promise<void> => {
    try {
      if (away) {
        await patient(books.get('away'), patience);
        away = false;
        log.log('info', 'limits are counted together again');
      }
      const all = [...shares.lasting()].map(([, share]) => share.settle(read));
      await Promise.all(all);
      shares.sweep(read());
    } catch {
      goAway();
    }
  };
  const timer = setInterval(() => void settle(), every).unref();

  return {
    take(asks) {
      if (away) return own.take(asks);
      const held = sharesOf(asks);
      const at = read();
      return held.every((share) => share?.ready(at) ?? true)
        ? takeNow(asks, held)
        : takeLater(asks);
    },
    release(asks) {
      own.release(asks);
      for (const { key, rule } of asks)
        if (rule.kind === 'concurrency') shares.find(key)?.release(asks);
    },
    async look(asks) {
      const mine = own.look(asks);
      if (away) return mine;
      try {
        return await Promise.all(asks.map((ask, i) => lookAt(ask, mine[i])));
      } catch {
        return mine;
      }
    },
    settle,
    close: () => {
      clearInterval(timer);
    },
  };

  async function lookAt({ key, rule }: LimitAsk, mine?: LimitState): Promise<LimitState> {
    if (isOwn(key)) return mine ?? { remaining: 0, reset: 1 };
    const stored = await patient(books.get(key), patience);
    const at = read();
    const { room, wait } = standing(stored?.value ?? emptyBook, rule, at.wall);
    const remaining = room + (shares.find(key)?.left(at) ?? 0);
    return { remaining, reset: remaining > 0 ? 0 : Math.max(1, Math.ceil(wait / 1000)) };
  }
}

function isOwn(key: string): boolean {
  return key.startsWith(addressPrefix);
}

/** The index of the limit that refuses for longest. */
function refusing(waits: readonly number[], taken: Taken, states: readonly LimitState[]): number {
  const shared = waits.some((wait) => wait > 0);
  const refused = states.map(({ reset }, i) => (shared && waits[i] === 0 ? 0 : reset));
  return shared ? refused.indexOf(Math.max(...refused)) : taken.refused;
}
