/**
 * How long a call on a distant store may take, and what a failure of it is called. A server that answers nobody for most of
 * a second is away, and those who wait are told so; one that answers others is busy, and is waited for longer.
 * Owns deadlines, faults and their Problems; the driver's own settings are in mongo-connection.ts.
 */
import mongoose from 'mongoose';
import type { Log } from '../../core/log.ts';
import { Problem } from '../../core/problem.ts';

/** The longest that an ordinary call may take, and the longest for one over a whole workspace. */
export const longest = { call: 10_000, sweep: 120_000 };
/** Calls under way at once; more are refused, so that a server that comes back is not run over. */
const mostCalls = 5_000;
const looks = 100;

/** A caller who waits. */
export interface Call {
  /** Whether the caller was told that the store is away. */
  readonly over: boolean;
  /** Settles when it is over; never rejects. */
  readonly ended: Promise<void>;
}

interface Waiter extends Call {
  over: boolean;
  readonly start: number;
  readonly most: number;
  readonly silence: number;
  readonly end: () => void;
}

export class Calls {
  readonly #waiting = new Set<Waiter>();
  readonly #log: Log;
  readonly #silence: number;
  #heard = 0;
  #timer: NodeJS.Timeout | undefined;
  #away = false;
  #closed = false;

  /** @param silence milliseconds without any answer after which the server counts as away. */
  constructor(log: Log, silence: number) {
    this.#log = log;
    this.#silence = silence;
  }

  /**
   * Work for a caller. @throws Problem `unavailable` when the store is away, before a second has passed.
   * @param most milliseconds; who gives more than an ordinary call's bears silence as well.
   */
  async within<T>(work: (call: Call) => Promise<T>, most = longest.call): Promise<T> {
    if (this.#closed) throw new Problem('unavailable', 'The store is closed');
    if (this.#waiting.size >= mostCalls) throw unavailable(new Error('too many calls wait'));
    const call = this.#enter(most);
    try {
      const late = call.ended.then((): never => {
        throw unavailable(new Error('no answer in time'));
      });
      late.catch(() => undefined); // mostly nobody waits for it any more
      return await Promise.race([work(call), late]);
    } finally {
      this.#waiting.delete(call);
      call.end();
    }
  }

  /** One request to the server. @throws Problem of its fault, `Duplicate`, or `Lost`. */
  async ask<T>(request: () => PromiseLike<T>): Promise<T> {
    try {
      const answer = await request();
      this.#hear();
      return answer;
    } catch (error) {
      const fault = faultOf(error);
      if (fault instanceof Lost) this.#miss(fault);
      else this.#hear();
      throw fault;
    }
  }

  /** A request that may be made twice: again and again while its answer is lost and the caller still waits. */
  async repeat<T>(call: Call, request: () => PromiseLike<T>): Promise<T> {
    for (;;) {
      try {
        return await this.ask(request);
      } catch (error) {
        if (!(error instanceof Lost) || call.over || error.away) throw error;
        await pause(20);
      }
    }
  }

  /** Refuses all further calls. */
  close(): void {
    this.#closed = true;
  }

  #enter(most: number): Waiter {
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const silence = most > longest.call ? most : this.#silence;
    const call: Waiter = { over: false, ended, start: performance.now(), most, silence, end };
    this.#waiting.add(call);
    this.#timer ??= setInterval(() => {
      this.#look();
    }, looks);
    return call;
  }

  #look(): void {
    const now = performance.now();
    for (const call of this.#waiting) {
      if (now - Math.max(call.start, this.#heard) < call.silence && now - call.start < call.most)
        continue;
      call.over = true;
      call.end();
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #hear(): void {
    this.#heard = performance.now();
    if (this.#away) this.#log.log('warn', 'the store answers again');
    this.#away = false;
  }

  #miss(fault: Lost): void {
    if (!this.#away && !this.#closed)
      this.#log.log('error', 'the store does not answer', { reason: fault.reason });
    this.#away = true;
  }
}

/** A request whose answer did not come: whether it was carried out nobody knows. */
export class Lost extends Problem {
  readonly reason: string;
  /** Whether no server was found: it was never sent. */
  readonly away: boolean;

  constructor(cause: unknown, away: boolean) {
    super('unavailable', told, { cause, headers: retryLater });
    this.reason = cause instanceof Error ? cause.name : 'unknown';
    this.away = away;
  }
}

/** What is unique is there already. */
export class Duplicate extends Problem {
  constructor(cause: unknown) {
    super('conflict', 'The record is there already', { cause });
  }
}

/** Waits; the timer does not keep the process. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}

const told = 'The store does not answer: try again in a moment';
const retryLater = { 'retry-after': '2' };
const { MongoError, MongoServerError, MongoServerSelectionError } = mongoose.mongo;
const duplicate = 11_000;
const tooLarge = 10_334;
/** A server that steps down, stops or starts, and writes that too few have confirmed in time. */
const passing = new Set([6, 7, 64, 89, 91, 189, 262, 9001, 10_107, 10_058, 11_600, 11_602, 13_435, 13_436]); // prettier-ignore

function unavailable(cause: unknown): Problem {
  return new Problem('unavailable', told, { cause, headers: retryLater });
}

function faultOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof MongoServerSelectionError) return new Lost(error, true);
  if (!(error instanceof MongoServerError)) return sizeFault(error) ?? new Lost(error, false);
  if (typeof error.code !== 'number') return new Lost(error, false); // a bulk write that was cut off
  if (error.code === duplicate) return new Duplicate(error);
  if (error.code === tooLarge) return tooLong(error);
  if (passing.has(error.code)) return new Lost(error, false);
  if (error.hasErrorLabel('RetryableWriteError')) return new Lost(error, false);
  return new Problem('internal', 'The store has refused a request', { cause: error });
}

function sizeFault(error: unknown): Problem | undefined {
  const large = error instanceof RangeError || (error instanceof Error && /too large|larger than/.test(error.message)); // prettier-ignore
  if (large) return tooLong(error);
  if (error instanceof MongoError) return undefined;
  return new Problem('internal', 'Something went wrong', { cause: error });
}

function tooLong(cause: unknown): Problem {
  return new Problem('too-large', 'The record is too large for the store', { cause });
}
