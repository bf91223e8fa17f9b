/** The error edge of SDS FHIR: a Problem becomes an OperationOutcome of one issue, its id the call's correlation id. */
import type { OperationOutcome } from 'fhir/r4.js';
import { problemsAs, type Policy } from '../../core/exchange.ts';
import type { Problem } from '../../core/problem.ts';
import { fhirJson } from '../../fhir/outcome.ts';
import { fixedTexts, rowOf } from './fhir-errors.ts';
import { correlationIdOf } from './fhir-ids.ts';

const spineCodes = 'https://fhir.nhs.uk/STU3/ValueSet/Spine-ErrorOrWarningCode-1';

/** Renders whatever is thrown behind it. @param newId a new UUID */
export function sdsOutcomes(newId: () => string): Policy {
  return problemsAs((problem, exchange) => ({
    status: rowOf(problem).status,
    headers: {
      'cache-control': 'no-store',
      ...problem.headers,
      'content-type': fhirJson,
      'x-content-type-options': 'nosniff',
    },
    body: JSON.stringify(sdsOutcome(problem, correlationIdOf(exchange, newId))),
  }));
}

/** @param id the correlation id */
export function sdsOutcome(problem: Problem, id: string): OperationOutcome {
  const { issue, code, display } = rowOf(problem);
  return {
    resourceType: 'OperationOutcome',
    id,
    issue: [
      {
        severity: 'error',
        code: issue as OperationOutcome['issue'][0]['code'], // the table holds issue types of R4 only
        details: { coding: [{ system: spineCodes, code, display }] },
        diagnostics: fixedTexts[problem.kind] ?? problem.message,
      },
    ],
  };
}
