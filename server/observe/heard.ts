/**
 * What the parts of observability are told of each call, after its answer, and by whom. Shapes only: the front makes them.
 */
import type { Facts, Sent } from '../../core/exchange.ts';

/** A call that has been answered or abandoned. Never its path, query or body. */
export interface HeardCall {
  readonly method: string;
  readonly facts: Facts;
  readonly sent: Sent;
  readonly milliseconds: number;
}

/** Where it was answered. */
export interface HeardMount {
  readonly api: string;
  readonly environment: string;
}

/** The process' own name among all that write for this installation, and the time. */
export interface Place {
  readonly process: string;
  readonly now: () => number;
}
