/** What a form of refusals is: shared by the renderers here and by faults.ts, which names them. */
import type { Exchange } from '../../../core/exchange.ts';
import type { Problem } from '../../../core/problem.ts';

/** A refusal in one form. */
export interface Fault {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Makes the form of a refusal; never throws. `messageId` is a UUID. */
export type FaultForm = (problem: Problem, exchange: Exchange, messageId: string) => Fault;
