/**
 * `/metrics` for Prometheus: what all processes of this machine count, as one text. For who calls from this machine, and for
 * who sends the platform's status key. Owns who may read; the metrics are metrics.ts's.
 */
import type { Exchange, Handler, Reply } from '../../core/exchange.ts';
import type { Family } from './families.ts';
import { metricsType, renderMetrics } from './metrics.ts';

export interface ScrapeOptions {
  /** The families of each process. */
  readonly families: () => Promise<readonly (readonly Family[])[]>;
  /** Whether a value of the header `apikey` is the platform's status key. */
  readonly isStatusKey: (key: string) => boolean;
}

export function scrape({ families, isStatusKey }: ScrapeOptions): Handler {
  return async (exchange) => {
    const { method, path, headers } = exchange;
    if (path !== '' && path !== '/') return plain(404, '');
    if (method !== 'GET' && method !== 'HEAD') return plain(405, '', { allow: 'GET, HEAD' });
    exchange.facts.route = 'GET /metrics';
    if (!isOfThisMachine(exchange) && !isStatusKey(headers.apikey ?? '')) return plain(401, '');
    return plain(200, await renderMetrics(await families()), { 'content-type': metricsType });
  };
}

/** Not through a proxy, which may run beside this server and bring the calls of anybody. */
function isOfThisMachine({ peer, headers }: Exchange): boolean {
  if (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined) return false;
  if (headers.via !== undefined) return false;
  const address = peer.address.replace(/^::ffff:/, '');
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}

function plain(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const fixed = { 'content-type': 'text/plain', 'cache-control': 'no-store' };
  return { status, headers: { ...fixed, ...headers }, body };
}
