/**
 * The national events service as an API: the operation that takes event messages and the interactions with subscriptions.
 * Owns the tables of routes; each operation is in publishing.ts or subscribing.ts. Which system calls is proved in front.
 */
import type { Exchange, Handler } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { routes, type Otherwise, type Routes } from '../../core/routes.ts';
import { publish, type PublishingOptions } from './publishing.ts';
import { create, read, remove, type SubscribingOptions } from './subscribing.ts';

/** What each of its two Proxies serves, and the operations by method and path: other calls prove nothing. */
const eventsPath = '/1/$process-message';

export function eventsApi(options: PublishingOptions): Handler {
  const handler: Handler = (exchange) => publish(options, exchange);
  // A dollar may be sent encoded.
  return table({ [`POST ${eventsPath}`]: handler, [`POST ${encoded}`]: handler });
}

export function subscriptionApi(options: SubscribingOptions): Handler {
  return table({
    'POST ': (exchange) => create(options, exchange),
    'GET /:id': (exchange) => read(options, exchange),
    'DELETE /:id': (exchange) => remove(options, exchange),
  });
}

export type Operation = 'publish' | 'create' | 'read' | 'remove';

/** Which operation a call asks for; undefined for what no table has. */
export function operationOf(
  { method, path }: Pick<Exchange, 'method' | 'path'>,
  isEvents: boolean,
): Operation | undefined {
  if (isEvents)
    return method === 'POST' && (path === eventsPath || path === encoded) ? 'publish' : undefined;
  if (path === '') return method === 'POST' ? 'create' : undefined;
  if (!/^\/[^/]+$/.test(path)) return undefined;
  if (method === 'DELETE') return 'remove';
  return method === 'GET' || method === 'HEAD' ? 'read' : undefined;
}

const encoded = eventsPath.replace('$', '%24');

const otherwise: Otherwise = {
  notFound: () =>
    Promise.reject(
      new Problem('not-found', 'Expected an operation of this service, found none at this path'),
    ),
};

function table(those: Routes): Handler {
  return routes(those, otherwise);
}
