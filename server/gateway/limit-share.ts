/**
 * One process's share of one limit that several machines keep together: the slice it holds, and its dealings with the
 * document. Owns reserving and giving back; what a slice is, is limit-book.ts's.
 */
import { Problem } from '../../core/problem.ts';
import type { Collection } from '../../core/store.ts';
import { emptyBook, turnPage, type Book, type BookStep } from './limit-book.ts';
import type { Counter, Moment } from './limit-counter.ts';
import { Leases } from './limit-leases.ts';
import type { LimitRule } from './limits.ts';

/** Milliseconds for which a refusal by the document is believed without asking again. */
const refusalHolds = 250;
/** Attempts to write a document that others are writing too. */
const attempts = 50;

export class Share implements Counter<LimitRule> {
  readonly #key: string;
  readonly #me: string;
  readonly #books: Collection<Book>;
  readonly #patience: number;
  #rule: LimitRule | undefined;
  #holds = false;
  #left = 0;
  #used = 0;
  #last = 0;
  #ends = 0;
  /** What the document had left when it was last seen. */
  #room = 0;
  #refusedAt = -Infinity;
  #refusedUntil = -Infinity;
  readonly #leases = new Leases();
  #turning: Promise<void> | undefined;
  #wanted = 0;

  /** `me` names this process; `patience` is how many milliseconds the store may take. */
  constructor(key: string, me: string, books: Collection<Book>, patience: number) {
    this.#patience = patience;
    this.#key = key;
    this.#me = me;
    this.#books = books;
  }

  /** Whether it can answer without the store. */
  ready({ wall }: Moment): boolean {
    if (this.#left > 0 && wall < this.#ends) return true;
    const refuses = wall < this.#refusedUntil && wall - this.#refusedAt < refusalHolds;
    return refuses && wall >= this.#refusedAt;
  }

  wait(_rule: LimitRule, { wall }: Moment): number {
    if (this.#left > 0 && wall < this.#ends) return 0;
    return Math.max(1, this.#refusedUntil - wall);
  }

  take(rule: LimitRule, at: Moment, by: object): void {
    this.#left--;
    this.#used++;
    this.#last = at.wall;
    if (rule.kind === 'concurrency') this.#leases.take(rule, at, by);
  }

  remaining(_rule: LimitRule, at: Moment): number {
    return this.#room + this.left(at);
  }

  /** What it may still give without asking the document. */
  left({ wall }: Moment): number {
    return wall < this.#ends ? this.#left : 0;
  }

  /** Gives back the place of a running call: the next may have it without asking the document. */
  release(by: object): void {
    if (this.#leases.release(by)) this.#left++;
  }

  spent(at: Moment): boolean {
    return !this.#holds && this.#turning === undefined && this.#leases.spent(at);
  }

  /** Reserves a slice, once for all who wait. @throws Problem as the store */
  async reserve(rule: LimitRule, at: () => Moment): Promise<void> {
    this.#wanted++;
    try {
      await (this.#turning ??= this.#turn(rule, at, true));
    } finally {
      this.#wanted--;
    }
  }

  /** Gives back what has not been used in time. @throws Problem as the store */
  async settle(at: () => Moment): Promise<void> {
    if (!this.#holds || !this.#rule || at().wall < this.#ends) return;
    await (this.#turning ??= this.#turn(this.#rule, at, false));
  }

  async #turn(rule: LimitRule, at: () => Moment, wants: boolean): Promise<void> {
    // A tick, so that all callers of this turn are counted among those who wait.
    await Promise.resolve();
    try {
      this.#rule = rule;
      for (let attempt = 0; attempt < attempts; attempt++)
        if (await this.#tryTurn(rule, at(), wants)) return;
      throw new Problem('unavailable', 'A limit is written by too many at once');
    } finally {
      this.#turning = undefined;
    }
  }

  /** False when another process was faster. */
  async #tryTurn(rule: LimitRule, { wall: now, steady }: Moment, wants: boolean): Promise<boolean> {
    const stored = await patient(this.#books.get(this.#key), this.#patience);
    const running = this.#leases.running({ wall: now, steady });
    const holding = { used: this.#used, last: this.#last, left: this.#left, running };
    const before = stored?.value ?? emptyBook;
    const step = turnPage(before, rule, {
      ...{ me: this.#me, now, wanted: wants ? this.#wanted : 0 },
      holding: this.#holds ? holding : undefined,
    });
    const expected = stored?.version ?? 0;
    try {
      if (step.slice || this.#holds)
        await patient(
          this.#books.put(this.#key, step.book, { expected, by: 'limits' }),
          this.#patience,
        );
    } catch (error) {
      if (error instanceof Problem && error.kind === 'conflict') return false;
      throw error;
    }
    this.#keep(step, now, running, running - this.#leases.running({ wall: now, steady }));
    return true;
  }

  /** `freed` calls have ended while the document was written, in which they still stand as running. */
  #keep({ slice, wait }: BookStep, now: number, running: number, freed: number): void {
    this.#holds = slice !== undefined || running > 0;
    this.#left = slice ? slice.given + freed : 0;
    this.#used = 0;
    if (slice || wait > 0) this.#room = slice?.room ?? 0;
    this.#ends = slice?.ends ?? now;
    if (slice) this.#refusedUntil = -Infinity;
    else this.#refusedUntil = now + wait;
    this.#refusedAt = now;
  }
}

/** @throws Problem `unavailable` when it takes longer than so many milliseconds */
export async function patient<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Problem('unavailable', 'The store is too slow'));
    }, milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
