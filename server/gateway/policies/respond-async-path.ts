/** Where answers are fetched that come later. Policies that ask for paths of the Api's own let this one by. */
import type { Exchange } from '../../../core/exchange.ts';
import type { ProxyDefinition } from '../../catalogue/proxies.ts';

const respondAsyncName = 'respond-async';
export const taskPath = '/_async/';

/** The id of the task that a call asks for; undefined where it asks for something else. */
export function asksTask({ path, method }: Pick<Exchange, 'path' | 'method'>): string | undefined {
  if (!path.startsWith(taskPath) || (method !== 'GET' && method !== 'HEAD')) return undefined;
  const id = path.slice(taskPath.length);
  return /^[0-9a-f-]{36}$/.test(id) ? id : undefined;
}

/** Whether a Proxy answers there. */
export function answersLater({ policies }: Pick<ProxyDefinition, 'policies'>): boolean {
  return policies.some(({ policy }) => policy === respondAsyncName);
}
