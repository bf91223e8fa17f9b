/**
 * The error table of SDS FHIR: one row for each refusal, as the national service publishes it. Owns rows and texts; which
 * rule refuses is where the rule is, and fhir-outcomes.ts renders.
 */
import { Problem, type ErrorRow, type ProblemKind } from '../../core/problem.ts';

/** What an OperationOutcome of this face says. */
export interface SdsRow extends ErrorRow {
  /** The FHIR issue type. */
  readonly issue: string;
  /** Of the Spine's list of error or warning codes. */
  readonly code: string;
  readonly display: string;
}

const denied = 'Access has been denied to process this request';
const unexpected = 'Unexpected internal server error';

/** Rows by what went wrong. Those of kinds that the service itself never answers are the nearest of its rows. */
const rows = {
  invalid: row(400, 'required', 'BAD_REQUEST', 'Bad request'),
  unauthenticated: row(401, 'forbidden', 'ACCESS_DENIED', denied),
  forbidden: row(403, 'forbidden', 'ACCESS_DENIED', denied),
  'not-found': row(404, 'not-found', 'NO_RECORD_FOUND', 'No record found'),
  'method-not-allowed': row(405, 'not-supported', 'NOT_IMPLEMENTED', 'Not implemented'),
  'not-acceptable': row(
    406,
    'not-supported',
    'MISSING_OR_INVALID_HEADER',
    'There is a required header missing or invalid',
  ),
  throttled: row(429, 'value', 'TOO_MANY_REQUESTS', 'Too many requests'),
  internal: row(500, 'exception', 'INTERNAL_SERVER_ERROR', unexpected),
  upstream: row(502, 'exception', 'INTERNAL_SERVER_ERROR', unexpected),
  unavailable: row(503, 'transient', 'INTERNAL_SERVER_ERROR', unexpected),
  timeout: row(504, 'timeout', 'INTERNAL_SERVER_ERROR', unexpected),
} as const satisfies Partial<Record<ProblemKind, SdsRow>>;

/** The row of any Problem; kinds without one of their own are bad requests under their own status. */
export function rowOf({ kind, status }: Problem): SdsRow {
  if (kind in rows) return rows[kind as keyof typeof rows]; // a member of `rows`, as just seen
  return { ...rows.invalid, status, issue: 'exception' };
}

/** Fixed texts, whatever the cause was. */
export const fixedTexts: Partial<Record<ProblemKind, string>> = {
  upstream: 'Invalid LDAP response received',
  timeout: 'LDAP request timed out',
};

export const unknownPath = () => new Problem('not-found', 'HTTP endpoint not found');

/** The method is not GET. */
export const otherMethod = () =>
  new Problem('method-not-allowed', 'HTTP operation not supported', { headers: { allow: 'GET' } });

export const otherAccept = () => new Problem('not-acceptable', 'Accept type not supported');

export const badCorrelationId = () =>
  new Problem(
    'invalid',
    "Invalid X-Correlation-ID header. Should be an UUIDv4 matching regex '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'",
  );

/** @param name the parameter as sent; at most 100 characters of it are told */
export const illegalParameter = (name: string) =>
  new Problem('invalid', `Illegal query parameter '${name.slice(0, 100)}'`);

/** A token that is missing, of another system, or without a value; with the systems that it may be of. */
export const badToken = (name: string, ...systems: readonly string[]) => {
  const forms = systems.map((system) => `'${name}=${system}|value'`);
  const should = forms.length > 1 ? `one or both of: [${forms.join(', ')}]` : forms.join('');
  return new Problem(
    'invalid',
    `Missing or invalid '${name}' query parameter. Should be ${should}`,
  );
};

export const sentTwice = (name: string) =>
  new Problem('invalid', `Query parameter '${name}' was given more often than it may be`);

/** Which of several forms a query must have. */
export const badCombination = (forms: readonly string[]) =>
  new Problem(
    'invalid',
    `Missing or invalid query parameters. Should be one of following combinations: [${forms.map((one) => `'${one}'`).join(', ')}]`,
  );

function row(status: number, issue: string, code: string, display: string): SdsRow {
  return { status, issue, code, display };
}
