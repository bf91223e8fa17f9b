/**
 * What machines that serve together write down of one limit: one document, in which each process reserves a slice before
 * it grants anything of it. Pure: book in, book out. Who writes it when is limit-slices.ts's.
 *
 * A slice may be used for a second at most and then goes back as far as it was not used, so that no process sits on what
 * another could give. What was used of a quota stays in the book until it no longer counts; running calls stay as long as
 * they are leased. A spike is one number, the time at which the next call would be due (limit-spike.ts): a slice moves it
 * on by as many calls. Since a slice is used a little after it is reserved, more than the burst may come at once by what
 * the rate gives in a tenth of a second; quotas and running calls never exceed their limit. Clocks of the machines are
 * taken to agree: what they differ by, a window may be longer or shorter.
 */
import { gapOf, isAligned, mostOf, spanOf, windowAt } from './limit-windows.ts';
import type { LimitRule, QuotaRule } from './limits.ts';

/** One limit's document. Times are milliseconds since the epoch. */
export interface Book {
  /** What each process may use or is using now, until it surely no longer counts. */
  readonly live: Readonly<Record<string, { readonly n: number; readonly until: number }>>;
  /** What was used of a quota, and until when it counts. */
  readonly past: readonly (readonly [until: number, n: number])[];
  /** When the next call of a spike rule would be due. */
  readonly due: number;
}

export const emptyBook: Book = { live: {}, past: [], due: 0 };

/** What a process has done with the slice that it holds. */
export interface Holding {
  readonly used: number;
  /** When it was last used. */
  readonly last: number;
  readonly left: number;
  /** Running calls of a concurrency rule. */
  readonly running: number;
}

/** A slice that was given: so many until a time. `room` is what the book has left after it. */
export interface Slice {
  readonly given: number;
  readonly ends: number;
  readonly room: number;
}

export interface BookStep {
  readonly book: Book;
  /** Absent when there was no room. */
  readonly slice?: Slice;
  /** Milliseconds until there is room; 0 with a slice. */
  readonly wait: number;
}

const most = 1_000;
const skew = 60_000;

/**
 * Gives back what a process holds and, if `wanted` is more than 0, reserves a new slice for so many callers that wait, or
 * an eighth of what is left if that is more.
 */
export function turnPage(
  before: Book,
  rule: LimitRule,
  call: { me: string; now: number; wanted: number; holding: Holding | undefined },
): BookStep {
  const book = settled(pruned(before, rule, call.now), rule, call);
  if (call.wanted === 0) return { book, wait: 0 };
  const room = roomOf(book, rule, call.now);
  if (room < 1) return { book, wait: waitOf(book, rule, call.now) };
  const given = Math.min(room, most, Math.max(call.wanted, Math.floor(room / 8)));
  const ends = endsOf(rule, call.now);
  const slice = { given, ends, room: room - given };
  return { book: reserved(book, rule, call, slice), slice, wait: 0 };
}

/** How a limit stands by its book: how many nobody has reserved, and milliseconds until there is one; 0: now. */
export function standing(
  before: Book,
  rule: LimitRule,
  now: number,
): { room: number; wait: number } {
  const book = pruned(before, rule, now);
  const room = Math.max(0, roomOf(book, rule, now));
  return { room, wait: room > 0 ? 0 : waitOf(book, rule, now) };
}

/** How much of a rule nobody has reserved. */
function roomOf(book: Book, rule: LimitRule, now: number): number {
  if (rule.kind === 'spike')
    return Math.floor(rule.burst - Math.max(0, book.due - now) / gapOf(rule) + 1e-6);
  const live = Object.values(book.live).reduce((sum, { n }) => sum + n, 0);
  return mostOf(rule) - book.past.reduce((sum, [, n]) => sum + n, live);
}

/** Milliseconds until there is room for one; only for a book without room. */
function waitOf(book: Book, rule: LimitRule, now: number): number {
  if (rule.kind === 'spike') {
    const gap = gapOf(rule);
    return Math.max(book.due, now) + gap - gap * rule.burst - now;
  }
  let room = roomOf(book, rule, now);
  const entries = [
    ...book.past,
    ...Object.values(book.live).map(({ n, until }) => [until, n] as const),
  ].sort(([a], [b]) => a - b);
  for (const [until, n] of entries) if ((room += n) >= 1) return until - now;
  return lifeOf(rule);
}

/** How long a slice may be used. */
function lifeOf(rule: LimitRule): number {
  if (rule.kind === 'spike') return 100;
  return rule.kind === 'quota' ? Math.min(1_000, spanOf(rule) / 4) : 1_000;
}

/** A slice of an aligned quota ends with its window. */
function endsOf(rule: LimitRule, now: number): number {
  const ends = now + lifeOf(rule);
  if (rule.kind !== 'quota' || !isAligned(rule)) return ends;
  return Math.min(ends, windowAt(rule, now).end);
}

/** Without what no longer counts, and without what a clock that was wrong has written far ahead. */
function pruned(book: Book, rule: LimitRule, now: number): Book {
  const horizon = horizonOf(rule, now) + skew;
  const counts = (until: number) => until > now && until <= horizon;
  return {
    live: Object.fromEntries(Object.entries(book.live).filter(([, { until }]) => counts(until))),
    past: book.past.filter(([until]) => counts(until)),
    due: book.due <= horizon ? book.due : now,
  };
}

/** The latest time that anything written now may count. */
function horizonOf(rule: LimitRule, now: number): number {
  if (rule.kind === 'spike') return now + gapOf(rule) * (rule.burst + 1);
  const after = rule.kind === 'concurrency' ? rule.lease : spanOf(rule);
  if (rule.kind === 'quota' && isAligned(rule)) return windowAt(rule, now).end;
  return now + lifeOf(rule) + 2 * after;
}

/** The book after a process has given back what it did not use. */
function settled(
  book: Book,
  rule: LimitRule,
  { me, now, holding }: { me: string; now: number; holding: Holding | undefined },
): Book {
  if (!holding) return book;
  const live = without(book.live, me);
  switch (rule.kind) {
    case 'spike':
      return { ...book, due: book.due - holding.left * gapOf(rule) };
    case 'concurrency':
      if (holding.running === 0) return { ...book, live };
      return { ...book, live: { ...live, [me]: { n: holding.running, until: now + rule.lease } } };
    case 'quota': {
      const until = countsUntil(rule, holding.last);
      if (holding.used === 0 || until <= now) return { ...book, live };
      return { ...book, live, past: added(book.past, until, holding.used) };
    }
  }
}

function without(live: Book['live'], me: string): Book['live'] {
  return Object.fromEntries(Object.entries(live).filter(([process]) => process !== me));
}

function reserved(
  book: Book,
  rule: LimitRule,
  { me, now, holding }: { me: string; now: number; holding: Holding | undefined },
  { given, ends }: Slice,
): Book {
  if (rule.kind === 'spike') return { ...book, due: Math.max(book.due, now) + given * gapOf(rule) };
  const running = rule.kind === 'concurrency' ? (holding?.running ?? 0) : 0;
  const until = rule.kind === 'concurrency' ? ends + rule.lease : countsUntil(rule, ends - 1);
  return { ...book, live: { ...book.live, [me]: { n: running + given, until } } };
}

/** Until when a call at a time counts; of large sliding limits rounded up, so that a book has few lines. */
function countsUntil(rule: QuotaRule, time: number): number {
  if (isAligned(rule)) return windowAt(rule, time).end;
  const span = spanOf(rule);
  const grain = rule.limit <= 64 ? 1 : span / 64;
  return Math.ceil((time + span) / grain) * grain;
}

function added(past: Book['past'], until: number, n: number): Book['past'] {
  const same = past.find((entry) => entry[0] === until);
  const others = past.filter((entry) => entry !== same);
  return [...others, [until, n + (same?.[1] ?? 0)]];
}
