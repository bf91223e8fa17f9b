/** Which environment and path a request names, by its target, its host or its path. */
import type { IncomingMessage } from 'node:http';
import { plainAddress, type Addressed } from '../core/exchange.ts';

/** How environments are named. */
export interface Naming {
  /** The environment of an address that names none. */
  readonly environment: string;
  /** The environment that a name stands for; undefined for a word that names none. */
  readonly toEnvironment: (name: string) => string | undefined;
}

/** Where a request is to go. */
export interface FoundPlace {
  readonly environment: string;
  readonly addressed: Addressed;
  readonly path: string;
  readonly query: string;
}

/** Which environment and path a request names; undefined when its target is no path. */
export function findPlace(
  request: IncomingMessage,
  { environment, toEnvironment }: Naming,
): FoundPlace | undefined {
  const target = toOriginForm(request.url ?? '');
  if (target === undefined) return undefined;
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  if (path.startsWith('/env/')) {
    const end = path.indexOf('/', 5);
    const name = end < 0 ? path.slice(5) : path.slice(5, end);
    return {
      environment: toEnvironment(name) ?? name,
      addressed: { host: '', path: `/env/${name}` },
      path: end < 0 ? '/' : path.slice(end),
      query,
    };
  }
  // The authority of an absolute target counts, not Host (RFC 9112 3.2.2).
  const host = authorityOf(request.url ?? '') ?? request.headers.host ?? '';
  const dot = host.indexOf('.');
  const prefix = dot < 0 ? '' : host.slice(0, dot).toLowerCase();
  const named = prefix === '' ? undefined : toEnvironment(prefix);
  if (named === undefined) return { environment, addressed: plainAddress, path, query };
  return { environment: named, addressed: { host: `${prefix}.`, path: '' }, path, query };
}

function authorityOf(url: string): string | undefined {
  return url.startsWith('/') ? undefined : /^https?:\/\/([^/?#]*)/i.exec(url)?.[1];
}

/** `GET http://host/path` names the same as `GET /path` (RFC 9112 3.2.2). A fragment never belongs in a request. */
function toOriginForm(url: string): string | undefined {
  if (url.startsWith('/')) {
    const hash = url.indexOf('#');
    return hash < 0 ? url : url.slice(0, hash);
  }
  const absolute = /^https?:\/\/[^/?#]*([^#]*)/i.exec(url);
  if (!absolute) return undefined;
  const rest = absolute[1] ?? '';
  return rest.startsWith('/') ? rest : `/${rest}`;
}
