/** Puts a PDS Proxy in front of other records, as an administrator does. Owns no assertion. */
import { setTimeout as sleep } from 'node:timers/promises';
import { publicName, type Environment } from '../server/catalogue/environments.ts';
import { proxyId, revisionCollection, revisionId } from '../server/catalogue/proxies.ts';
import { manage } from './gateway-ground.ts';
import { call, type TestPlatform } from './start-platform.ts';

const api = 'personal-demographics';

export interface ShownRecords {
  /** `sandbox` when absent. */
  readonly environment?: Environment;
  /** Whether the records that are to be shown have been asked for: a read is repeated until they have. */
  readonly asked: () => boolean;
  /** Fields of that read, where the environment wants some. */
  readonly headers?: () => Promise<Readonly<Record<string, string>>>;
  readonly now?: () => number;
  /** A view of the data for all callers, in place of the one that each chooses. */
  readonly view?: string;
}

/**
 * Deploys the PDS that is shipped with another choice of records, and waits until those are what is asked.
 * @param records the setting `records` of its back end
 * @returns the address of the API in that environment
 */
export async function showRecords(
  platform: TestPlatform,
  records: object,
  { environment = 'sandbox', asked, headers, now = Date.now, view }: ShownRecords,
): Promise<string> {
  const { status, text } = await deployRecords(platform, records, environment, now, view);
  if (status >= 300) throw new Error(`${status} ${text}`);
  const base = platform.base.replace('/env/sandbox', '').replace(platform.url, '');
  const address = `${platform.url}/env/${publicName(environment)}${base}`;
  for (let tries = 0; tries < 400; tries++) {
    await call(`${address}/Patient/9000000033`, { headers: (await headers?.()) ?? {} });
    if (asked()) return environment === 'sandbox' ? platform.base : address;
    await sleep(50);
  }
  throw new Error('The records are not asked');
}

/** One deployment of the PDS that is shipped, with other records; of that of integration where none is shipped. */
export async function deployRecords(
  platform: TestPlatform,
  records: object,
  environment: Environment,
  now: () => number,
  view?: string,
) {
  const shipped = revisionId(proxyId(environment === 'sandbox' ? environment : 'uat', api), 1);
  const first = await platform.store.open(revisionCollection).get(shipped);
  if (!first) throw new Error('PDS is not shipped there');
  const backend = { kind: 'service', service: 'pds', config: { records } };
  const policies = first.value.definition.policies.map((use) =>
    view !== undefined && use.policy === 'workspace'
      ? { policy: 'common-view', config: { name: view } }
      : use,
  );
  const definition = { ...first.value.definition, backend, policies };
  const ask = await manage(platform, now);
  return ask('POST', `/apis/${api}/environments/${environment}/deployments`, { definition });
}
