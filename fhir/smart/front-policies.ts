/**
 * Policies of the SMART base that need no record: ids, CORS, and whom a call names. They stand outside of whatever finds
 * out who is calling, so that a 401 is echoed, readable in a browser and audited too.
 */
import { Exchange, type Call, type Policy, type Reply } from '../../core/exchange.ts';
import { isNhsNumber } from '../identifiers.ts';

/** Open to anyone and readable from any web page (SMART App Launch 2.2, conformance). */
export const openPaths: ReadonlySet<string> = new Set([
  '/metadata',
  '/.well-known/smart-configuration',
]);

const uuid = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/**
 * Sees to it that a call has an X-Request-ID, and echoes it with X-Correlation-ID. One that is absent or no UUID is
 * replaced by `newId()`; what stands behind this policy reads the id in the headers.
 */
export function smartIds(newId: () => string): Policy {
  return (next) => async (exchange) => {
    const sent = exchange.headers['x-request-id'] ?? '';
    const known = uuid.test(sent);
    const requestId = known ? sent : newId();
    const reply = await next(known ? exchange : withRequestId(exchange, requestId));
    const correlationId = exchange.headers['x-correlation-id'];
    return withHeaders(reply, {
      'x-request-id': requestId,
      ...(correlationId === undefined ? {} : { 'x-correlation-id': correlationId }),
    });
  };
}

export interface SmartCorsOptions {
  /** Whether the page whose Origin the exchange bears may read answers of this base; nobody is known yet when it is asked. */
  readonly origins: (exchange: Exchange) => boolean;
}

const preflight = {
  'access-control-allow-methods': 'GET, HEAD, POST, PATCH',
  'access-control-allow-headers':
    'authorization, content-type, accept, if-match, if-none-match, prefer, x-request-id, x-correlation-id',
  'access-control-max-age': '3600',
};
const exposed = {
  'access-control-expose-headers': 'etag, location, x-request-id, www-authenticate',
};

/**
 * Lets web pages read answers: any page those of the open paths, registered ones the rest. Preflights are answered here,
 * without the allowing fields where the page is not known. No cookies are used, so credentials are never allowed.
 */
export function smartCors({ origins }: SmartCorsOptions): Policy {
  return (next) => async (exchange) => {
    const allowed = allowedOrigin(exchange, origins);
    if (isPreflight(exchange))
      return { status: 204, headers: { ...allowed.headers, ...(allowed.any ? preflight : {}) } };
    const reply = await next(exchange);
    return withHeaders(reply, { ...allowed.headers, ...(allowed.any ? exposed : {}) });
  };
}

/**
 * Enters the person whom the address names when nothing behind entered anyone, so that a refusal before any record was
 * looked at is found in the audit under that person. Stands directly behind the audit.
 */
export const namesAskedPerson: Policy = (next) => async (exchange) => {
  try {
    return await next(exchange);
  } finally {
    const { people } = exchange.facts;
    if (people.length === 0) people.push(...new Set(numbersIn(exchange).filter(isNhsNumber)));
  }
};

function allowedOrigin(
  exchange: Exchange,
  origins: SmartCorsOptions['origins'],
): { any: boolean; headers: Record<string, string> } {
  const { origin } = exchange.headers;
  if (openPaths.has(exchange.path))
    return { any: true, headers: { 'access-control-allow-origin': '*' } };
  if (origin === undefined || !origins(exchange))
    return { any: false, headers: { vary: 'origin' } };
  return { any: true, headers: { 'access-control-allow-origin': origin, vary: 'origin' } };
}

function isPreflight({ method, headers }: Exchange): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

/** At most this many numbers of a query are looked at. */
const mostNamed = 20;

function numbersIn({ path, query }: Exchange): string[] {
  const [, root, id = ''] = path.split('/', 3);
  const asked = [...query].slice(0, mostNamed).map(([, value]) => lastPart(value));
  return root === 'Patient' && id !== '' ? [decoded(id)] : asked;
}

/** The number in `Patient/number` or `system|number`. */
function lastPart(value: string): string {
  return value.slice(Math.max(value.lastIndexOf('/'), value.lastIndexOf('|')) + 1);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}

function withHeaders(reply: Reply, headers: Readonly<Record<string, string>>): Reply {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

/** The same call with an id in its headers; everything else is asked of the call itself. */
function withRequestId(exchange: Exchange, requestId: string): Exchange {
  const { call } = exchange;
  const changed: Call = {
    method: call.method,
    headers: { ...call.headers, 'x-request-id': requestId },
    rawHeaders: call.rawHeaders,
    rawQuery: call.rawQuery,
    get query() {
      return call.query;
    },
    get body() {
      return call.body;
    },
    peer: call.peer,
    get signal() {
      return call.signal;
    },
    get log() {
      return call.log;
    },
    facts: call.facts,
    onEnd: (fn) => {
      call.onEnd(fn);
    },
  };
  return new Exchange(changed, exchange);
}
