/**
 * The published errors of the authorisation server, one row each: status, error, description. Built here, thrown as
 * Problems, rendered by the edges of nhs-face and smart-face. Owns the shape and the edge; the rows stand with their rules.
 */
import { problemsAs, type Exchange, type Policy, type Reply } from '../../core/exchange.ts';
import { Problem, type ErrorRow, type ProblemKind } from '../../core/problem.ts';

/** What was wrong, for the developer it concerns: kept under the `message_id` of the refusal. Never holds a token. */
export interface Reason {
  /** The rule that failed: `exp`, `kid`, `redirect_uri`. */
  readonly rule: string;
  readonly expected?: string;
  readonly found?: string;
}

export interface OAuthRow extends ErrorRow {
  readonly error: string;
  readonly description: string;
  readonly reason: Reason | undefined;
}

const kindOfStatus: Readonly<Record<number, ProblemKind>> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  405: 'method-not-allowed',
  413: 'too-large',
  415: 'unsupported',
  429: 'throttled',
  503: 'unavailable',
};

/** A refusal with exactly this status, error and description (RFC 6749 5.2 and the national texts). */
export function oauthError(
  status: number,
  error: string,
  description: string,
  reason?: Reason,
  headers?: Readonly<Record<string, string>>,
): Problem {
  const row: OAuthRow = { status, error, description, reason };
  return new Problem(kindOfStatus[status] ?? 'invalid', description, {
    code: error,
    row,
    ...(headers ? { headers } : {}),
  });
}

/** Keeps why a call was refused, for whoever has its message id. */
export type RecordRefusal = (refusal: Refusal) => void;

export interface Refusal {
  readonly messageId: string;
  readonly at: number;
  readonly environment: string;
  /** `POST /oauth2/token`. */
  readonly where: string;
  readonly status: number;
  readonly error: string;
  readonly description: string;
  readonly reason: Reason | undefined;
  /** The client id as claimed or proved; empty when none was read. */
  readonly clientId: string;
}

/** Never cached, whatever is answered (RFC 6749 5.1). */
export const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' } as const;

export interface EdgeOptions {
  /** How the face is called in refusals: `/oauth2`. */
  readonly face: string;
  readonly now: () => number;
  readonly newId: () => string;
  readonly record: RecordRefusal;
  /** Whether the body bears `message_id`, as the national service's does. */
  readonly withMessageId: boolean;
}

/** The edge of an OAuth face: whatever is thrown behind it becomes `{error, error_description}` and is kept for look-up. */
export function oauthErrors(options: EdgeOptions): Policy {
  return problemsAs((problem, exchange) => {
    const row = toRow(problem);
    const messageId = options.newId();
    options.record({
      messageId,
      at: options.now(),
      environment: exchange.environment,
      where: `${exchange.facts.route ?? exchange.method} of ${options.face}`,
      status: row.status,
      error: row.error,
      description: row.description,
      reason: row.reason,
      clientId: exchange.facts.caller?.appId ?? '',
    });
    return toReply(row, problem, messageId, options.withMessageId);
  });
}

/** The row of a Problem; one without a row gets the nearest code of RFC 6749. */
export function toRow(problem: Problem): OAuthRow {
  if (problem.row && 'error' in problem.row) return problem.row as OAuthRow; // made by oauthError above
  const { status } = problem;
  const [error, description] =
    status === 503 || status === 429
      ? ['temporarily_unavailable', problem.message]
      : status >= 500
        ? ['server_error', 'Something went wrong']
        : ['invalid_request', problem.message];
  return { status, error, description, reason: undefined };
}

function toReply(row: OAuthRow, problem: Problem, messageId: string, withId: boolean): Reply {
  const headers = {
    ...noStore,
    'content-type': 'application/json',
    'x-message-id': messageId,
    // Where the rule that failed, what was expected and what was found are told.
    link: `</developer/refusals/${messageId}>; rel="help"`,
    ...problem.headers,
  };
  return {
    status: row.status,
    headers,
    body: JSON.stringify({
      error: row.error,
      error_description: row.description,
      ...(withId ? { message_id: messageId } : {}),
    }),
  };
}

const noGrants: ReadonlySet<string> = new Set();

/** The client a call is about, as far as it is known, for audit and look-up. */
export function noteClient(exchange: Exchange, clientId: string, appName = ''): void {
  exchange.facts.caller = {
    appId: clientId.slice(0, 100),
    appName,
    mode: 'app',
    scopes: [],
    grants: noGrants,
  };
}
