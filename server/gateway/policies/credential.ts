/**
 * Tells a refusal for want of a credential from one of a credential that was sent, so that whoever offers several ways in
 * (any-of.ts) can answer about the one that was tried. Beside the Problem, because no caller is shown it.
 */
import type { Problem } from '../../../core/problem.ts';

const wanting = new WeakSet<object>();

/** Marks a refusal: nothing was sent that could have been judged. */
export function noCredential(problem: Problem): Problem {
  wanting.add(problem);
  return problem;
}

/** Whether an error is such a refusal. */
export function isNoCredential(error: unknown): boolean {
  return typeof error === 'object' && error !== null && wanting.has(error);
}
