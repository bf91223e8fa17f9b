/**
 * The error edge of the PDS API: a Problem becomes an OperationOutcome with exactly one issue (pds-fhir 2.1).
 * Problems with a row of errors.ts are rendered as published; kinds thrown by policies are given the nearest row.
 */
import type { OperationOutcome } from 'fhir/r4.js';
import { problemsAs, type Exchange, type Reply } from '../../core/exchange.ts';
import type { Problem } from '../../core/problem.ts';
import { fhirJson } from '../outcome.ts';
import * as errors from './errors.ts';

const codeSystem = 'https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode';

/** Answers problems as PDS does. */
export const pdsOutcomes = problemsAs((problem, exchange) =>
  toReply(problem.row ? problem : toPublished(problem, exchange)),
);

function toReply(problem: Problem): Reply {
  const row = problem.row as errors.PdsRow; // every Problem that gets here was built in errors.ts
  return {
    status: row.status,
    headers: { 'content-type': row.early ? 'application/json' : fhirJson, ...problem.headers },
    body: row.told ?? JSON.stringify(toOutcome(row)),
  };
}

export function toOutcome(row: errors.PdsRow): OperationOutcome {
  return {
    resourceType: 'OperationOutcome',
    issue: [
      {
        severity: row.severity,
        code: row.issue as OperationOutcome['issue'][0]['code'], // 2.2 has `token`, which R4 does not know
        details: {
          coding: [{ system: codeSystem, version: '1', code: row.code, display: row.display }],
        },
        ...(row.diagnostics === undefined ? {} : { diagnostics: row.diagnostics }),
      },
    ],
  };
}

/** The row for a Problem that a policy threw. Its message is written by us and safe to show. */
function toPublished(problem: Problem, exchange: Exchange): Problem {
  if (problem.code === 'ACCESS_DENIED_SSL') return errors.certificateRefused(problem.message);
  if (problem.code === 'ASID_CHECK_FAILED') return errors.asidRefused(problem.message);
  switch (problem.kind) {
    case 'unauthenticated':
      return errors.accessDenied(problem.message, problem.headers);
    case 'throttled':
      return errors.tooManyRequests(problem.message, problem.headers);
    case 'unavailable':
    case 'timeout':
    case 'upstream':
      return errors.serviceUnavailable(problem.cause);
    case 'too-large':
      return errors.tooLarge(problem.message);
    case 'too-slow':
      return errors.unacceptable(408, problem.message);
    case 'conflict':
      return errors.unacceptable(409, problem.message);
    case 'not-found':
      return errors.unacceptable(404, problem.message);
    case 'forbidden':
      return errors.unacceptable(403, problem.message);
    case 'internal':
      return errors.unknownError(exchange.headers['x-request-id'] ?? '', problem.cause);
    default:
      return errors.unacceptable(400, problem.message);
  }
}
