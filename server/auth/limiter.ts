/**
 * Limits of the token endpoints: calls a minute of a client that is proven, and failed attempts a minute of a client at an
 * address, after which each further attempt waits longer. In memory; processes that serve together tell each other what
 * they count, some milliseconds later. What it forgets is only counts.
 */
import type { Exchange } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { oauthError } from './oauth-error.ts';

export interface LimiterOptions {
  readonly callsPerMinute: number;
  readonly failuresPerMinute: number;
  readonly now: () => number;
  /** Told when somebody keeps failing. */
  readonly alert: (about: { readonly address: string; readonly failures: number }) => void;
  /** The other processes that serve the same callers; none when absent. */
  readonly others?: {
    /** Tells them what was counted here. */
    tell(counted: readonly [what: string, name: string]): void;
    /** Says who hears what they counted. */
    hear(fn: (counted: readonly [what: string, name: string]) => void): void;
  };
}

export interface Limiter {
  /** @throws Problem 429 while failures of this client at this address have to wait. */
  checkFailures(exchange: Exchange, client: string): void;
  /**
   * Counts a failure. Who proves the client is never kept waiting: a stranger who fails in its name, behind the same
   * address too, must not lock it out, and 256 random bits are not guessed.
   * @throws Problem 429 instead of the refusal while failures have to wait
   */
  failed(exchange: Exchange, client: string): void;
  /** The same when it is a failure of proof: a wrong secret, signature, key; not a malformed request. */
  failedIfUnproven(exchange: Exchange, client: string, error: unknown): void;
  /** Counts a call. @throws Problem 429 above the limit. */
  checkClient(clientId: string): void;
  /** Counts a sign-in that begins at an address, behind which a whole hospital may sit. @throws Problem 429 for a flood */
  checkSignIn(exchange: Exchange): void;
}

interface Window {
  from: number;
  count: number;
  /** No attempt before this. */
  until: number;
}

const minute = 60_000;
/** At an address, and in all: each is a document that lies in the store for a while. */
const signInsPerMinute = 1_000;
const signInsInAll = 10_000;
const mostWindows = 50_000;
const longestWait = 5 * minute;

export function createLimiter(options: LimiterOptions): Limiter {
  const { now, callsPerMinute, failuresPerMinute } = options;
  const windows = (what: string) =>
    new Windows(now, (name) => {
      options.others?.tell([what, name]);
    });
  const calls = windows('calls');
  const failures = windows('failures');
  const signIns = windows('sign-ins');
  options.others?.hear(([what, name]) => {
    if (what === 'calls') calls.count(name);
    if (what === 'sign-ins') signIns.count(name);
    if (what === 'failures') lengthen(failures.count(name));
  });
  /** Doubles with each failure beyond the limit: guessing gets nowhere, a typing error costs seconds. */
  const lengthen = (window: Window) => {
    const over = window.count - failuresPerMinute;
    if (over >= 0) window.until = now() + Math.min(longestWait, 1000 * 2 ** Math.min(over, 12));
    return over >= 0;
  };
  const who = (exchange: Exchange, client: string) =>
    `${exchange.peer.address} ${client.slice(0, 100)}`;
  const checkFailures = (exchange: Exchange, client: string) => {
    const wait = (failures.get(who(exchange, client))?.until ?? 0) - now();
    if (wait > 0) throw tooMany('too many failed attempts', wait);
  };
  const failed = (exchange: Exchange, client: string) => {
    checkFailures(exchange, client);
    const window = failures.add(who(exchange, client));
    if (!lengthen(window)) return;
    options.alert({ address: exchange.peer.address, failures: window.count });
  };
  return {
    failed,
    checkFailures,
    failedIfUnproven(exchange, client, error) {
      if (error instanceof Problem && error.status === 401) failed(exchange, client);
    },
    checkSignIn({ peer }) {
      const window = signIns.add(peer.address);
      const all = signIns.add('');
      if (window.count > signInsPerMinute || all.count > signInsInAll)
        throw tooMany('too many sign-ins begun', window.from + minute - now());
    },
    checkClient(clientId) {
      const window = calls.add(clientId);
      if (window.count > callsPerMinute)
        throw tooMany(
          `more than ${callsPerMinute} token requests a minute`,
          window.from + minute - now(),
        );
    },
  };
}

function tooMany(what: string, wait: number): Problem {
  const seconds = Math.max(1, Math.ceil(wait / 1000));
  return oauthError(
    429,
    'temporarily_unavailable',
    `${what}: try again in ${seconds} s`,
    { rule: 'limit', expected: `a wait of ${seconds} s` },
    { 'retry-after': String(seconds) },
  );
}

/** Counts by name in windows of a minute. */
class Windows {
  readonly #now: () => number;
  readonly #tell: (name: string) => void;
  readonly #windows = new Map<string, Window>();

  /** @param tell told of each count made here */
  constructor(now: () => number, tell: (name: string) => void) {
    this.#now = now;
    this.#tell = tell;
  }

  get(name: string): Window | undefined {
    return this.#windows.get(name);
  }

  /** Counts, here and at the others. */
  add(name: string): Window {
    this.#tell(name);
    return this.count(name);
  }

  /** Counts here alone. */
  count(name: string): Window {
    const now = this.#now();
    let window = this.#windows.get(name);
    if (!window || (window.from + minute <= now && window.until <= now - minute)) {
      this.#windows.delete(name);
      if (this.#windows.size >= mostWindows) {
        const [oldest = ''] = this.#windows.keys();
        this.#windows.delete(oldest);
      }
      window = { from: now, count: 0, until: 0 };
      this.#windows.set(name, window);
    }
    window.count++;
    return window;
  }
}
