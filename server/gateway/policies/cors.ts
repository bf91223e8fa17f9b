/**
 * `cors`: which web pages may call from a browser and read the answers, refusals too (Fetch standard, CORS protocol). Owns
 * preflights. Cookies are no credential here, so allowing them is never said.
 */
import type { Exchange, Policy, Reply } from '../../../core/exchange.ts';
import type { PolicyKind, PolicySite } from '../policy.ts';
import { registeredOrigins } from './registered-origins.ts';

export interface CorsConfig {
  readonly origins: readonly string[];
  readonly registered: boolean;
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly expose: readonly string[];
  readonly maxAge: number;
}

const names = {
  type: 'array',
  items: { type: 'string', pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$" },
  maxItems: 100,
};

export const cors: PolicyKind<CorsConfig> = {
  phase: 'identify',
  summary:
    'Answers a browser’s preflight itself, and lets pages of the allowed origins read answers and refusals. Pages of other origins get no such field, and their browser keeps the answer from them.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      origins: {
        type: 'array',
        description: 'Origins whose pages may call, such as https://app.example.org; `*` for all.',
        items: { type: 'string', maxLength: 300 },
        maxItems: 200,
        default: ['*'],
      },
      registered: {
        type: 'boolean',
        description:
          'Whether pages of apps that are approved in this environment may call too, by the origins and redirect URIs that they registered.',
        default: false,
      },
      methods: {
        ...names,
        description: 'Methods that a page may use.',
        default: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      },
      headers: {
        ...names,
        description: 'Header fields that a page may send.',
        default: [
          ...['authorization', 'apikey', 'ocp-apim-subscription-key', 'accept', 'content-type'],
          ...['if-match', 'if-none-match', 'prefer', 'x-request-id', 'x-correlation-id'],
          ...['nhsd-session-urid', 'nhsd-end-user-organisation-ods', 'x-gatehouse-workspace'],
        ],
      },
      expose: {
        ...names,
        description: 'Header fields of answers that a page may read.',
        default: [
          ...['etag', 'location', 'link', 'retry-after', 'ratelimit', 'ratelimit-policy'],
          ...['deprecation', 'sunset', 'x-request-id', 'x-correlation-id', 'www-authenticate'],
        ],
      },
      maxAge: {
        type: 'integer',
        description: 'Seconds for which a browser may remember a preflight.',
        minimum: 0,
        maximum: 86_400,
        default: 3600,
      },
    },
  },
  check: ({ origins }) =>
    origins
      .filter((origin) => origin !== '*' && !isOrigin(origin))
      .map((origin) => `"${origin}" is no origin: write scheme, host and port only`),
  create: (config, site) => policyOf(config, site),
};

/** A scheme, a host, and a port that is not the usual one (RFC 6454 6.2), as browsers write it. */
function isOrigin(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

function policyOf(config: CorsConfig, site: PolicySite): Policy {
  const allowed = allowedBy(config, site);
  const preflight = {
    'access-control-allow-methods': config.methods.join(', '),
    'access-control-allow-headers': config.headers.join(', '),
    'access-control-max-age': String(config.maxAge),
  };
  const exposed: Record<string, string> =
    config.expose.length === 0 ? {} : { 'access-control-expose-headers': config.expose.join(', ') };
  return (next) => async (exchange) => {
    const { origin } = exchange.headers;
    const found = origin === undefined ? undefined : allowed(origin);
    if (isPreflight(exchange))
      return { status: 204, headers: found ? { ...found, ...preflight } : { vary: 'origin' } };
    const reply = await next(exchange);
    if (found) return withFields(reply, { ...found, ...exposed });
    return origin === undefined || config.origins.includes('*')
      ? reply
      : withFields(reply, { vary: 'origin' });
  };
}

type Fields = Readonly<Record<string, string>>;

function allowedBy(
  { origins, registered }: CorsConfig,
  { services, environment }: PolicySite,
): (origin: string) => Fields | undefined {
  const everybody = { 'access-control-allow-origin': '*' };
  if (origins.includes('*')) return () => everybody;
  const listed = new Set(origins);
  const isRegistered = registered ? registeredOrigins(services, environment) : () => false;
  return (origin) =>
    listed.has(origin) || isRegistered(origin)
      ? { 'access-control-allow-origin': origin, vary: 'origin' }
      : undefined;
}

function isPreflight({ method, headers }: Exchange): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

function withFields(reply: Reply, fields: Fields): Reply {
  const vary = reply.headers?.vary;
  const both = vary === undefined || fields.vary === undefined ? {} : joinedVary(vary, fields.vary);
  return { ...reply, headers: { ...reply.headers, ...fields, ...both } };
}

function joinedVary(vary: string | readonly string[], more: string): Fields {
  return { vary: [...[vary].flat(), more].join(', ') };
}
