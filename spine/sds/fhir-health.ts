/** Whether SDS FHIR can be used, for monitors: without a caller or a limit. Owns the two paths that the service has for it. */
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Directory } from './directory.ts';

/** Answers `/healthcheck` and `/healthcheck/deep`; undefined for every other call. */
export function sdsHealth(
  directory: Directory,
): (exchange: Exchange) => Promise<Reply> | undefined {
  return ({ method, path, facts }) => {
    if (!path.startsWith('/healthcheck') || (method !== 'GET' && method !== 'HEAD'))
      return undefined;
    if (path !== '/healthcheck' && path !== '/healthcheck/deep') return undefined;
    facts.route = `GET ${path}`;
    return path === '/healthcheck' ? Promise.resolve({ status: 200 }) : deep(directory);
  };
}

/** Asks the directory something that it has no answer to. */
async function deep(directory: Directory): Promise<Reply> {
  const readable = await directory
    .handlers({ odsCode: 'TEST', interaction: 'TEST', partyKey: 'TEST' }, 1)
    .then(
      () => true,
      () => false,
    );
  const status = readable ? 'pass' : 'fail';
  const output = readable ? '' : 'The directory cannot be read';
  return {
    status: readable ? 200 : 500,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify({ status, details: { ldap: { status, output } } }),
  };
}
