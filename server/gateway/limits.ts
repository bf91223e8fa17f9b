/**
 * The port for limits: asked once before a call with all that applies, taken together or not at all. Built in
 * limit-counters.ts (one process), asked over IPC by workers, and sliced through the store where several machines serve.
 */

/** At most `limit` calls in each `interval` units: fixed windows on the clock from the hour up, sliding below. */
export interface QuotaRule {
  readonly kind: 'quota';
  readonly limit: number;
  readonly interval: number;
  readonly unit: 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month';
}

/** GCRA: `rate` calls per unit, smoothed, with `burst` at once. */
export interface SpikeRule {
  readonly kind: 'spike';
  readonly rate: number;
  readonly per: 'second' | 'minute';
  readonly burst: number;
}

/** At most `max` calls at a time; a lease is given back by `release`, or ends by itself after `lease` milliseconds. */
export interface ConcurrencyRule {
  readonly kind: 'concurrency';
  readonly max: number;
  readonly lease: number;
}

export type LimitRule = QuotaRule | SpikeRule | ConcurrencyRule;

/** One limit that applies to a call. */
export interface LimitAsk {
  /** What is counted: `app-quota:production.hello-world:APPID:PRODUCT`. Bounded in length, without patient data. */
  readonly key: string;
  /** The name a caller reads: `app`, `proxy`. Visible ASCII. */
  readonly name: string;
  readonly rule: LimitRule;
}

/** How a limit stands after a question. */
export interface LimitState {
  readonly remaining: number;
  /** Whole seconds until there is more; a retry after it succeeds if nobody else calls. 0 when there is room. */
  readonly reset: number;
}

/** The answer to a question: in the order of the asks. */
export interface Taken {
  /** The index of the limit that refused; -1 when all gave. */
  readonly refused: number;
  readonly states: readonly LimitState[];
}

export interface Limits {
  /** Takes one from each, or from none. Synchronous where the counters are in this process. */
  take(asks: readonly LimitAsk[]): Taken | Promise<Taken>;
  /** Gives back the leases of a call; called once, when the call ends. */
  release(asks: readonly LimitAsk[]): void;
  /** How a limit stands, taking nothing. */
  look(asks: readonly LimitAsk[]): readonly LimitState[] | Promise<readonly LimitState[]>;
}
