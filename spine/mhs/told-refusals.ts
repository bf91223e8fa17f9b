/** Tells in the steps of a call that it was refused, and by which rule. Owns nothing else: the edge renders the refusal. */
import type { Policy } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';

/** Passes on what is thrown, when it has been told. */
export const tellingRefusals: Policy = (next) => async (exchange) => {
  try {
    return await next(exchange);
  } catch (error) {
    const { code, kind } = Problem.from(error);
    exchange.facts.trace?.add('refused', 'Refused with a fault', { facts: { code: code ?? kind } });
    throw error;
  }
};
