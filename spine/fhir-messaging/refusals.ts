/**
 * What FHIR messaging refuses, as an OperationOutcome with an issue for each fault: which rule, what was expected, what was
 * found, and where. Owns the shape; texts name no value of a patient.
 */
import type { OperationOutcome } from 'fhir/r4.js';
import { problemsAs } from '../../core/exchange.ts';
import { Problem, type ErrorRow, type ProblemKind } from '../../core/problem.ts';
import { fhirJson, toOperationOutcome } from '../../fhir/outcome.ts';

/** One fault of a message. */
export interface MessageFault {
  /** The FHIR issue type. */
  readonly code: 'structure' | 'required' | 'value' | 'invariant' | 'not-found' | 'not-supported' | 'business-rule'; // prettier-ignore
  /** Where, as a FHIRPath from the Bundle. */
  readonly at: string;
  readonly text: string;
}

interface FaultRow extends ErrorRow {
  readonly faults: readonly MessageFault[];
}

/** More than these help nobody. */
const mostTold = 20;

/** A refusal for several reasons: 400 for what is no message at all, 422 for one that breaks a rule. */
export function refusedFor(
  kind: Extract<ProblemKind, 'invalid' | 'unprocessable'>,
  faults: readonly MessageFault[],
): Problem {
  const row: FaultRow = {
    status: kind === 'invalid' ? 400 : 422,
    faults: faults.slice(0, mostTold),
  };
  return new Problem(kind, faults[0]?.text ?? 'The message was refused', { row });
}

export function refused(code: MessageFault['code'], at: string, text: string): Problem {
  return refusedFor('unprocessable', [{ code, at, text }]);
}

/** The error edge. */
export const messagingOutcomes = problemsAs((problem) => ({
  status: problem.status,
  headers: { 'cache-control': 'no-store', ...problem.headers, 'content-type': fhirJson },
  body: JSON.stringify(outcomeOf(problem)),
}));

/** A Problem as a resource. */
function outcomeOf(problem: Problem): OperationOutcome {
  const { row } = problem;
  if (row && 'faults' in row) {
    const { faults } = row as FaultRow; // nothing else puts that name into a row of this API
    return {
      resourceType: 'OperationOutcome',
      issue: faults.map(({ code: type, at, text }) => ({
        ...{ severity: 'error', code: type, diagnostics: text, expression: [at] },
      })),
    };
  }
  return toOperationOutcome(problem);
}
