/** The error table of the FHIR look-up of organisations: one row for each fault of a query. Owns rows; texts come with faults. */
import { Problem, type ErrorRow, type ProblemKind } from '../../core/problem.ts';

/** What an OperationOutcome of this face says. */
export interface OdsRow extends ErrorRow {
  /** The FHIR issue type. */
  readonly issue: string;
  readonly code: string;
  readonly display: string;
}

const queryRows = {
  INVALID_CODE_SYSTEM: 'Invalid code system',
  INVALID_CODE_VALUE: 'Invalid code value',
  INVALID_IDENTIFIER_SYSTEM: 'Invalid identifier system',
  INVALID_IDENTIFIER_VALUE: 'Invalid identifier value',
  INVALID_PARAMETER: 'Invalid parameter',
  INVALID_VALUE: 'An input field has an invalid value for its type',
} as const;

/** A fault of a query: 400. */
export function badQuery(code: keyof typeof queryRows, message: string): Problem {
  const row: OdsRow = { status: 400, issue: 'invalid', code, display: queryRows[code] };
  return new Problem('invalid', message, { row, code });
}

const unexpected = ['INTERNAL_SERVER_ERROR', 'Unexpected internal server error'] as const;

/** Rows of what others refuse. */
const rows: Partial<Record<ProblemKind, readonly [issue: string, code: string, display: string]>> =
  {
    'not-found': ['not-found', 'NO_RECORD_FOUND', 'No record found'],
    'method-not-allowed': ['not-supported', 'NOT_IMPLEMENTED', 'Not implemented'],
    'not-acceptable': [
      'not-supported',
      'MISSING_OR_INVALID_HEADER',
      'There is a required header missing or invalid',
    ],
    throttled: ['throttled', 'TOO_MANY_REQUESTS', 'Too many requests'],
    internal: ['exception', ...unexpected],
    upstream: ['transient', ...unexpected],
    unavailable: ['transient', ...unexpected],
    timeout: ['timeout', ...unexpected],
  };

/** The row of any Problem. */
export function odsRowOf({ kind, status, row }: Problem): OdsRow {
  if (row) return row as OdsRow; // every row that gets here was made above
  const [issue, code, display] = rows[kind] ?? ['invalid', 'BAD_REQUEST', 'Bad request'];
  return { status, issue, code, display };
}
