/** How calls are sorted: by operation, status class and limit. Owns the words, all of them few; a path is never one. */
import type { Facts } from '../../core/exchange.ts';

/** `1xx` to `5xx`; `none`: the connection was dropped or the caller had gone. */
export type StatusClass = '1xx' | '2xx' | '3xx' | '4xx' | '5xx' | 'none';

const classes: readonly StatusClass[] = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'];

export function classOf(status: number): StatusClass {
  return status === 499 ? 'none' : (classes[Math.floor(status / 100)] ?? 'none');
}

/** What a call that matched no operation is counted under, and all that is too much to be told apart. */
export const otherOperation = 'other';

/** `GET /Patient/{id}`: the pattern that matched, in the spelling of OpenAPI. */
export function operationOf(route: string | undefined): string {
  if (route === undefined) return otherOperation;
  // The API's own base is the empty path below it.
  if (route.endsWith(' ')) return `${route}/`;
  return route.replace(/\/:([^/]+)/g, (_, name: string) => `/{${name}}`);
}

/** Calls by monitors: counted in metrics, but no use of an API. */
export function isHealthCheck(route: string | undefined): boolean {
  return route === 'GET /_ping' || route === 'GET /_status';
}

const methods: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
]);

/** One of the methods there are; a made-up one is `_OTHER` (OpenTelemetry semantic conventions for HTTP). */
export function methodOf(method: string): string {
  return methods.has(method) ? method : '_OTHER';
}

/** Where a call was refused, where nobody has said so: worked out from what is known of it. */
export function phaseOf(facts: Facts, status: number): string {
  if (facts.phase !== undefined) return facts.phase;
  if (facts.limit !== undefined) return 'limit';
  if (facts.target !== undefined) return 'target';
  if (status === 401) return 'authenticate';
  return status === 403 ? 'authorise' : 'other';
}

/**
 * The name of a limit in metrics: `app_quota`, `app_spike`, `proxy_quota`, `proxy_spike`, and so on. What a Proxy's second
 * limit of the same kind adds to its name is left away.
 */
export function limitLabel(limit: string): string {
  const name = limit.replace(/-\d+$/, '');
  if (name === 'app' || name === 'proxy' || name === 'address') return `${name}_quota`;
  return name.replaceAll('-', '_');
}
