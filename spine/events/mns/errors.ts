/**
 * What the face refuses with, and the edge that renders it: `validationErrors` for what is wrong with a body, `errors` for the
 * rest, `fault` for tokens, as the national service has them. Nothing here repeats what was sent.
 */
import { problemsAs, type Policy, type Reply } from '../../../core/exchange.ts';
import { Problem, type ErrorRow } from '../../../core/problem.ts';

/** A refusal as it is written. */
interface MnsRow extends ErrorRow {
  readonly answer: object;
}

/** Texts by member of the body, such as `channel.endpoint`. */
export type ValidationErrors = Readonly<Record<string, string>>;

export function validationErrors(errors: ValidationErrors): Problem {
  const row: MnsRow = { status: 400, answer: { validationErrors: errors } };
  return new Problem('invalid', 'The body is not valid', { row, code: 'VALIDATION' });
}

const rows = {
  correlation: ['invalid', 400, 'Please provide an X-Correlation-ID header'],
  subscriptionId: ['invalid', 400, 'Please provide a valid subscription ID in UUID4 format'],
  continueFrom: ['invalid', 400, 'The continue_from field was not valid'],
  unauthorised: ['forbidden', 403, 'Unauthorised'],
  eventType: ['forbidden', 403, 'User is not authorized to handle the requested event type'],
  missing: ['not-found', 404, 'Not found'],
} as const;

/** @param why for whoever tests, in a field of the answer: which rule refused */
export function mnsError(name: keyof typeof rows, why?: string): Problem {
  const [kind, status, errors] = rows[name];
  const row: MnsRow = { status, answer: { errors } };
  const headers = why === undefined ? {} : { 'x-gatehouse-why': why };
  return new Problem(kind, errors, { row, headers });
}

/** @param kind of endpoint @param id of the subscription that is there */
export function matchingExists(kind: 'MESH' | 'SQS', id: string): Problem {
  const errors = `A matching ${kind} subscription already exists with id: ${id}`;
  const row: MnsRow = { status: 409, answer: { errors } };
  return new Problem('conflict', 'A matching subscription already exists', { row });
}

/** The edge of the face. */
export const mnsErrors: Policy = problemsAs((problem, { method }): Reply => {
  const headers = {
    ...problem.headers,
    ...{ 'content-type': 'application/json', 'cache-control': 'no-store' },
    'x-content-type-options': 'nosniff',
  };
  const body = JSON.stringify(answerTo(problem));
  return { status: problem.status, headers, ...(method === 'HEAD' ? {} : { body }) };
});

function answerTo(problem: Problem): object {
  if (problem.row) return (problem.row as MnsRow).answer; // rows of this face have one
  if (problem.kind === 'unauthenticated') return { fault: faultOf(problem) };
  return { errors: problem.level === 'error' ? 'Internal server error' : problem.message };
}

const faults = {
  missing: ['Missing access token', 'oauth.v2.MissingAccessToken'],
  expired: ['Access Token expired', 'keymanagement.service.access_token_expired'],
  invalid: ['Invalid access token', 'oauth.v2.InvalidAccessToken'],
} as const;

function faultOf({ message, headers }: Problem): object {
  const wasSent = (headers?.['www-authenticate'] ?? '').includes('error=');
  const [faultstring, errorcode] =
    faults[!wasSent ? 'missing' : message === 'Access Token expired' ? 'expired' : 'invalid'];
  return { faultstring, detail: { errorcode } };
}
