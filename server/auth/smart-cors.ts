/**
 * Which web pages may read answers of the SMART face (SMART App Launch 2.2, cross-origin use): any page the documents,
 * pages of registered apps the token endpoint and its like. Cookies are of no use there, so credentials are never allowed.
 */
import type { Exchange, Policy, Reply } from '../../core/exchange.ts';
import type { Registration } from '../catalogue/apps.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/environments.ts';

/** Whether some approved app of an environment is served from an origin, by its redirect URIs or its own list. */
export function registeredOrigins(
  catalogue: Catalogue,
  environment: Environment,
): (origin: string) => boolean {
  const known = new WeakMap<Registration, ReadonlySet<string>>();
  const originsOf = (registration: Registration) => {
    let origins = known.get(registration);
    if (!origins) known.set(registration, (origins = toOrigins(registration)));
    return origins;
  };
  return (origin) => {
    for (const { registrations } of catalogue.apps()) {
      const registration = registrations[environment];
      if (registration?.state === 'approved' && originsOf(registration).has(origin)) return true;
    }
    return false;
  };
}

function toOrigins({ redirectUris, origins }: Registration): ReadonlySet<string> {
  // An app's own scheme has no origin; it gives the word null, which any sandboxed page sends.
  const derived = redirectUris.map((uri) => new URL(uri).origin).filter((one) => one !== 'null');
  return new Set([...origins, ...derived]);
}

export interface SmartFaceCors {
  /** Paths that any page may read, and those that pages of registered apps may. */
  readonly anyone: ReadonlySet<string>;
  readonly registered: ReadonlySet<string>;
  readonly isRegistered: (origin: string) => boolean;
}

const preflight = {
  'access-control-allow-methods': 'GET, HEAD, POST',
  'access-control-allow-headers':
    'authorization, content-type, accept, if-match, if-none-match, prefer, x-request-id, x-correlation-id',
  'access-control-max-age': '3600',
};
const exposed = {
  'access-control-expose-headers': 'etag, location, x-request-id, x-message-id, www-authenticate',
};

/** Stands outside of everything, so that refusals can be read too. */
export function smartFaceCors(options: SmartFaceCors): Policy {
  return (next) => async (exchange) => {
    const { anyone, registered } = options;
    if (!anyone.has(exchange.path) && !registered.has(exchange.path)) return next(exchange);
    const allowed = allowedFor(options, exchange);
    if (isPreflight(exchange))
      return { status: 204, headers: { ...allowed, ...onlyIf(allowed, preflight) } };
    const reply = await next(exchange);
    return withHeaders(reply, { ...allowed, ...onlyIf(allowed, exposed) });
  };
}

type Fields = Readonly<Record<string, string>>;

function allowedFor({ anyone, isRegistered }: SmartFaceCors, { path, headers }: Exchange): Fields {
  if (anyone.has(path)) return { 'access-control-allow-origin': '*' };
  const { origin } = headers;
  return origin !== undefined && isRegistered(origin)
    ? { 'access-control-allow-origin': origin, vary: 'origin' }
    : { vary: 'origin' };
}

function onlyIf(allowed: Fields, fields: Fields): Fields {
  return 'access-control-allow-origin' in allowed ? fields : {};
}

function isPreflight({ method, headers }: Exchange): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

function withHeaders(reply: Reply, fields: Fields): Reply {
  return { ...reply, headers: { ...reply.headers, ...fields } };
}
