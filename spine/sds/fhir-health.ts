/**
 * Whether SDS FHIR can be used, for monitors: without a caller or a limit. Owns the two paths that the service has for it,
 * and the look-up behind them and `/_status`.
 */
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

/** What `/_status` tells of the directory. @param url where the same is answered */
export async function sdsProbe(directory: Directory, url: string) {
  const outcome = await lookUp(directory);
  const { status } = outcome;
  return { status, timeout: false, responseCode: status === 'pass' ? 200 : 500, outcome, url };
}

async function deep(directory: Directory): Promise<Reply> {
  const outcome = await lookUp(directory);
  return {
    status: outcome.status === 'pass' ? 200 : 500,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(outcome),
  };
}

interface LookedUp {
  readonly status: 'pass' | 'fail';
  readonly details: object;
}

/** Asks the directory something that it has no answer to. */
function lookUp(directory: Directory): Promise<LookedUp> {
  const told = (status: LookedUp['status'], output: string) => ({
    ...{ status, details: { ldap: { status, output } } },
  });
  return directory.handlers({ odsCode: 'TEST', interaction: 'TEST', partyKey: 'TEST' }, 1).then(
    () => told('pass', ''),
    () => told('fail', 'The directory cannot be read'),
  );
}
