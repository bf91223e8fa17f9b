/** The error edge of the FHIR look-up of organisations: a Problem becomes an OperationOutcome, in the form that was asked for. */
import { problemsAs } from '../../core/exchange.ts';
import type { Problem } from '../../core/problem.ts';
import { odsRowOf } from './ods-fhir-errors.ts';
import { formOfRefusal, replyIn, type Resource } from './ods-fhir-form.ts';

const spineCodes = 'https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1';

/** Answers problems as this interface does. */
export const odsOutcomes = problemsAs((problem, exchange) => {
  const reply = replyIn(formOfRefusal(exchange), odsRowOf(problem).status, toOutcome(problem));
  return {
    ...reply,
    headers: { 'cache-control': 'no-store', ...problem.headers, ...reply.headers },
  };
});

function toOutcome(problem: Problem): Resource {
  const { issue, code, display } = odsRowOf(problem);
  return {
    resourceType: 'OperationOutcome',
    issue: [
      {
        severity: 'error',
        code: issue,
        details: { coding: [{ system: spineCodes, code, display }] },
        diagnostics: problem.message,
      },
    ],
  };
}
