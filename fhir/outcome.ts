/** Problem to OperationOutcome: the FHIR edge for our own APIs. A published API with rows of its own has its own edge. */
import type { OperationOutcome } from 'fhir/r4.js';
import { problemsAs, type Policy } from '../core/exchange.ts';
import type { Problem } from '../core/problem.ts';

export const fhirJson = 'application/fhir+json';

/** A Problem as one issue, without the row of any published table. */
export function toOperationOutcome({ issue, message, code }: Problem): OperationOutcome {
  const details = code === undefined ? {} : { details: { coding: [{ code }] } };
  return {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code: issue, ...details, diagnostics: message }],
  };
}

/** Answers problems the FHIR way. */
export const outcomes: Policy = problemsAs((problem) => ({
  status: problem.status,
  headers: { 'content-type': fhirJson, ...problem.headers },
  body: JSON.stringify(toOperationOutcome(problem)),
}));
