/**
 * The refusals of the national events service: one row for each code of Spine-ErrorOrWarningCode-1 that it gives. Owns the
 * rows; which rule refuses is where the rule is, and outcomes.ts renders.
 */
import { Problem, type ErrorRow, type ProblemKind } from '../../core/problem.ts';

export interface NemsRow extends ErrorRow {
  /** The FHIR issue type. */
  readonly issue: string;
  readonly code: string;
  readonly display: string;
  readonly severity: 'error' | 'fatal';
}

const denied = 'Access has been denied to process this request';
const asid = "The sender or receiver's ASID is not authorised for this interaction";
const header = 'There is a required header missing or invalid';

const rows = {
  BAD_REQUEST: row(400, 'invalid', 'Bad request'),
  MESSAGE_NOT_WELL_FORMED: row(400, 'structure', 'Message not well formed'),
  MISSING_OR_INVALID_HEADER: row(400, 'invalid', header),
  INVALID_RESOURCE: row(400, 'invalid', 'Invalid validation of resource'),
  INVALID_ELEMENT: row(400, 'value', 'Invalid element'),
  INVALID_CODE_SYSTEM: row(400, 'code-invalid', 'Invalid code system'),
  INVALID_CODE_VALUE: row(400, 'code-invalid', 'Invalid code value'),
  INVALID_IDENTIFIER_SYSTEM: row(400, 'code-invalid', 'Invalid identifier system'),
  INVALID_NHS_NUMBER: row(400, 'invalid', 'Invalid NHS number'),
  ORGANISATION_NOT_FOUND: row(400, 'not-found', 'Organisation record not found'),
  REFERENCE_NOT_FOUND: row(400, 'not-found', 'Reference not found'),
  NO_LONGER_SUPPORTED: row(
    ...([400, 'not-supported', 'Event message type is no longer supported', 'fatal'] as const),
  ),
  ACCESS_DENIED: row(403, 'forbidden', denied),
  ACCESS_DENIED_SSL: row(403, 'forbidden', 'SSL Protocol or Cipher requirements not met'),
  ASID_CHECK_FAILED: row(403, 'forbidden', asid),
  NO_RECORD_FOUND: row(404, 'not-found', 'No record found'),
  NOT_IMPLEMENTED: row(405, 'not-supported', 'Not implemented'),
  DUPLICATE_REJECTED: row(
    ...([409, 'duplicate', 'Create would lead to creation of a duplicate resource'] as const),
  ),
  INVALID_REQUEST_MESSAGE: row(413, 'too-long', 'Invalid Request Message'),
  UNSUPPORTED_MEDIA_TYPE: row(415, 'not-supported', 'Unsupported Media Type'),
  TOO_MANY_REQUESTS: row(429, 'throttled', 'Too many requests'),
  INTERNAL_SERVER_ERROR: row(500, 'exception', 'Unexpected internal server error'),
} as const;

export type NemsCode = keyof typeof rows;

/** What a Problem of each kind is told as, where it brings no code of the table. */
const codes: Readonly<Record<ProblemKind, NemsCode>> = {
  ...{ invalid: 'BAD_REQUEST', unauthenticated: 'ACCESS_DENIED', forbidden: 'ACCESS_DENIED' },
  ...{ 'not-found': 'NO_RECORD_FOUND', 'method-not-allowed': 'NOT_IMPLEMENTED' },
  ...{ 'not-acceptable': 'UNSUPPORTED_MEDIA_TYPE', 'too-slow': 'BAD_REQUEST' },
  ...{ conflict: 'DUPLICATE_REJECTED', gone: 'NO_RECORD_FOUND' },
  ...{ 'precondition-failed': 'BAD_REQUEST', 'too-large': 'INVALID_REQUEST_MESSAGE' },
  ...{ unsupported: 'UNSUPPORTED_MEDIA_TYPE', unprocessable: 'INVALID_RESOURCE' },
  ...{ throttled: 'TOO_MANY_REQUESTS', internal: 'INTERNAL_SERVER_ERROR' },
  ...{ upstream: 'INTERNAL_SERVER_ERROR', unavailable: 'INTERNAL_SERVER_ERROR' },
  timeout: 'INTERNAL_SERVER_ERROR',
};

/** Codes of the checks that all accredited systems pass, and what this service calls them. */
const others: Readonly<Record<string, NemsCode>> = {
  MISSING_VALUE: 'MISSING_OR_INVALID_HEADER',
  INVALID_VALUE: 'MISSING_OR_INVALID_HEADER',
};

/** A refusal by a rule of this service. @param why names rule, expected and found, and nothing of a patient */
export function nemsError(code: NemsCode, why: string): Problem {
  const { status } = rows[code];
  return new Problem(kindOf(status), why, { code });
}

/** The row of any Problem. */
export function nemsRowOf({
  code = '',
  kind,
  status,
}: Problem): NemsRow & { readonly code: string } {
  const named = Object.hasOwn(others, code) ? others[code] : code;
  const key = isCode(named) ? named : codes[kind];
  // The status is the Problem's own: 401 and 503 have no row.
  return { ...rows[key], code: key, status };
}

function isCode(code: string | undefined): code is NemsCode {
  return code !== undefined && Object.hasOwn(rows, code);
}

function kindOf(status: number): ProblemKind {
  const kinds: Readonly<Record<number, ProblemKind>> = {
    ...{ 403: 'forbidden', 404: 'not-found', 405: 'method-not-allowed', 409: 'conflict' },
    ...{ 413: 'too-large', 415: 'unsupported', 429: 'throttled', 500: 'internal' },
  };
  return kinds[status] ?? 'invalid';
}

function row(
  status: number,
  issue: string,
  display: string,
  severity: 'error' | 'fatal' = 'error',
): Omit<NemsRow, 'code'> {
  return { status, issue, display, severity };
}
