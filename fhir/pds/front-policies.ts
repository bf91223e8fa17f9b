/** Policies of the PDS face that need no record: id echo, CORS, whom a call names, and the promised time for updates. */
import type { Exchange, Policy, Reply } from '../../core/exchange.ts';
import { isNhsNumber } from '../identifiers.ts';
import * as errors from './errors.ts';

/** Echoes X-Request-ID and X-Correlation-ID as sent, on every answer (1.6). Outermost, so that a 401 carries them too. */
export const echoIds: Policy = (next) => async (exchange) => {
  const reply = await next(exchange);
  const { 'x-request-id': requestId, 'x-correlation-id': correlationId } = exchange.headers;
  if (requestId === undefined && correlationId === undefined) return reply;
  return {
    ...reply,
    headers: {
      ...reply.headers,
      ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
      ...(correlationId === undefined ? {} : { 'x-correlation-id': correlationId }),
    },
  };
};

const corsHeaders = {
  'access-control-allow-methods': 'GET, PUT, POST, PATCH, DELETE',
  'access-control-allow-headers':
    'origin, x-requested-with, accept, content-type, if-match, nhsd-session-urid, authorization, x-correlation-id, x-request-id, nhsd-end-user-organisation-ods',
  'access-control-max-age': '3628800',
};

/** Answers a browser's preflight and lets the asking origin read answers (1.6). */
export const cors: Policy = (next) => async (exchange) => {
  const origin = exchange.headers.origin;
  if (origin === undefined) return next(exchange);
  const allowed = { 'access-control-allow-origin': origin, vary: 'origin' };
  if (
    exchange.method === 'OPTIONS' &&
    exchange.headers['access-control-request-method'] !== undefined
  )
    return { status: 200, headers: { ...allowed, ...corsHeaders } };
  const reply = await next(exchange);
  return { ...reply, headers: { ...reply.headers, ...allowed } };
};

/**
 * Enters the person whom the address names, so that a call that was refused before any record was looked at (401, 403,
 * 429) is found in the audit under that person; whoever looks at a record names its person at once. Stands directly
 * behind the audit.
 */
export const namesPerson: Policy = (next) => async (exchange) => {
  try {
    return await next(exchange);
  } finally {
    const { people } = exchange.facts;
    if (people.length === 0) {
      const nhsNumber = personIn(exchange);
      if (isNhsNumber(nhsNumber)) people.push(nhsNumber);
    }
  }
};

function personIn(exchange: Exchange): string {
  const [, root, id = ''] = exchange.path.split('/', 3);
  if (root === 'Coverage') return exchange.query.get('subscriber:identifier') ?? '';
  if (root !== 'Patient') return '';
  try {
    return decodeURIComponent(id);
  } catch {
    return '';
  }
}

/**
 * An update that is not done in the time the caller will wait is answered 503 with Retry-After; it goes on, and a repeat
 * with the same X-Request-ID gets its result (1.5 X-Sync-Wait, 3.6).
 */
export const syncWait: Policy = (next) => (exchange) => {
  if (exchange.method !== 'PATCH') return next(exchange);
  const running = next(exchange);
  return new Promise<Reply>((resolve, reject) => {
    const timer = setTimeout(() => {
      exchange.facts.late = running;
      reject(errors.serviceUnavailable());
    }, waitOf(exchange.headers['x-sync-wait']));
    running.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
};

/** Milliseconds: 0.25 to 29 seconds as asked, else 10 seconds. */
function waitOf(header: string | undefined): number {
  const seconds =
    header !== undefined && /^\d{1,2}(\.\d{1,3})?$/.test(header) ? Number(header) : 10;
  return seconds >= 0.25 && seconds <= 29 ? seconds * 1000 : 10_000;
}
