/**
 * The error edge of the SMART base: a Problem becomes an OperationOutcome in the terms of FHIR R4. Where the demographic
 * service answers in a way of its own, the status is the one a FHIR client expects: 412 for a stale If-Match (R4 http
 * 3.1.0.5), 409 for a person who is there already, 422 for a search that matches too many. Its codes stay in `details`.
 */
import type { OperationOutcome, OperationOutcomeIssue } from 'fhir/r4.js';
import { problemsAs, type Policy } from '../../core/exchange.ts';
import type { Problem } from '../../core/problem.ts';
import { fhirJson } from '../outcome.ts';
import type { PdsRow } from '../pds/errors.ts';
import { toOutcome } from '../pds/outcomes.ts';

type IssueCode = OperationOutcomeIssue['code'];

/** What differs from the rows of the demographic service, by their codes. */
const inR4: ReadonlyMap<string, { status: number; issue: IssueCode }> = new Map([
  ['RESOURCE_VERSION_MISMATCH', { status: 412, issue: 'conflict' }],
  ['SINGLE_MATCH', { status: 409, issue: 'duplicate' }],
  ['MULTIPLE_MATCHES', { status: 409, issue: 'multiple-matches' }],
  ['TOO_MANY_MATCHES', { status: 422, issue: 'multiple-matches' }],
]);

/** Answers problems as a FHIR server does. */
export const smartOutcomes: Policy = problemsAs((problem) => {
  const { status, outcome } = isPdsRow(problem.row)
    ? fromRow(problem.row)
    : { status: problem.status, outcome: fromProblem(problem) };
  return {
    status,
    headers: {
      'content-type': fhirJson,
      'cache-control': 'no-store',
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...problem.headers,
    },
    body: JSON.stringify(outcome),
  };
});

function isPdsRow(row: Problem['row']): row is PdsRow {
  return row !== undefined && 'display' in row;
}

function fromRow(row: PdsRow): { status: number; outcome: OperationOutcome } {
  const changed = inR4.get(row.code);
  // The rows have one issue code that R4 does not know.
  const issue = changed?.issue ?? (row.issue === 'token' ? 'forbidden' : row.issue);
  const { resourceType, issue: issues } = toOutcome({ ...row, severity: 'error', issue });
  return {
    status: changed?.status ?? row.status,
    outcome: {
      resourceType,
      issue: issues.map((each) => ({
        ...each,
        details: { ...each.details, text: row.display },
        diagnostics: each.diagnostics ?? row.display,
      })),
    },
  };
}

function fromProblem({ issue, message }: Problem): OperationOutcome {
  return {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code: issue, diagnostics: message }],
  };
}
