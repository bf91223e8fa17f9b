/**
 * `/_ping` and `/_status` of a Proxy, in the national JSON shape: the first answered by the gateway alone, the second with
 * the platform's status key and a call to the back end. An API that publishes its own answers them itself.
 */
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Backend, TargetHealth } from './backend.ts';

/** What both tell of a release; all strings. */
export interface Release {
  readonly version: string;
  readonly revision: string;
  readonly releaseId: string;
  readonly commitId: string;
}

export interface HealthOptions {
  readonly release: Release;
  readonly backend: Backend;
  /** Whether a value of the header `apikey` is the platform's status key. */
  readonly isStatusKey: (key: string) => boolean;
}

const json = 'application/json';
const healthJson = 'application/health+json';

/** Answers the two; undefined for every other path. */
export function healthOf(
  options: HealthOptions,
): (exchange: Exchange) => Promise<Reply> | undefined {
  return (exchange) => {
    if (!asksHealth(exchange)) return undefined;
    return exchange.path === '/_ping' ? ping(options, exchange) : status(options, exchange);
  };
}

/** Whether it is one of the two: policies that ask something of callers let them by, for monitors send nothing. */
export function asksHealth({ path, method }: Exchange): boolean {
  if (!path.startsWith('/_') || (method !== 'GET' && method !== 'HEAD')) return false;
  return path === '/_ping' || path === '/_status';
}

function ping({ release }: HealthOptions, exchange: Exchange): Promise<Reply> {
  exchange.facts.route = 'GET /_ping';
  return Promise.resolve({
    status: 200,
    headers: { 'content-type': json },
    body: JSON.stringify(release),
  });
}

async function status(options: HealthOptions, exchange: Exchange): Promise<Reply> {
  exchange.facts.route = 'GET /_status';
  if (!options.isStatusKey(exchange.headers.apikey ?? ''))
    return { status: 401, headers: { 'content-type': 'text/plain' }, body: '' };
  const health = await options.backend.probe?.();
  const type = exchange.headers.accept?.includes(healthJson) ? healthJson : json;
  return {
    status: 200, // a failing check too, as at the national platform: readers look at the body
    headers: { 'content-type': type, 'cache-control': 'no-store' },
    body: JSON.stringify(statusOf(options.release, health)),
  };
}

/** What `/_status` says: the superset of both shapes in use. */
function statusOf(release: Release, health: TargetHealth | undefined): object {
  if (!health) return { status: 'pass', ...release, checks: {} };
  const { status, timeout, responseCode, outcome, url } = health;
  return {
    status,
    ...release,
    checks: {
      healthcheck: {
        status,
        timeout: String(timeout), // a string in the national shape
        responseCode,
        outcome,
        links: { self: url },
      },
    },
  };
}
