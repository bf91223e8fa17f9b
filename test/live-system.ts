/**
 * An accredited system that may call: a live deployment of a demo app, its entries in the directory, and certificates from the
 * platform's own authority. Written straight into the store: how it comes about has journeys of its own.
 */
import { directoryHooks } from '../server/accredited-hooks-directory.ts';
import type { Environment } from '../server/catalogue/environments.ts';
import { deploymentCollection, type Deployment } from '../server/catalogue/systems/deployments.ts';
import { systemEntryOf } from '../server/catalogue/systems/settling.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { keyPem, newKey } from './certificates/keys.ts';
import { makeRequest } from './certificates/requests.ts';
import type { TestPlatform } from './start-platform.ts';

export interface SystemAsk {
  readonly app?: string;
  readonly environment?: Environment;
  readonly odsCode?: string;
  readonly interactions?: readonly string[];
  readonly partyKey?: string;
}

export interface LiveSystem {
  readonly deployment: Deployment;
  readonly asid: string;
  readonly fqdn: string;
  /** The first certificate with its chain, and key; PEM. */
  readonly sent: Sent;
  /** A further certificate for it. */
  renewed(): Promise<Sent>;
  /** Writes the deployment again with other fields. */
  change(fields: Partial<Deployment>): Promise<void>;
}

export interface Sent {
  readonly cert: string;
  readonly key: string;
  readonly thumbprint: string;
}

let made = 0;

export async function liveSystem(
  { store, certificates }: Pick<TestPlatform, 'store' | 'certificates'>,
  ask: SystemAsk = {},
): Promise<LiveSystem> {
  const number = ++made;
  const { app = 'demo', environment = 'uat', odsCode = 'Y90001' } = ask;
  const asid = String(918_000_000_000 + number);
  const partyKey = ask.partyKey ?? `${odsCode}-${String(900_000 + number)}`;
  const fqdn = `system-${number}.${odsCode.toLowerCase()}.${certificates.domains(environment)[0] ?? ''}`;
  const step = { by: 'test', at: 0 };
  const deployment: Deployment = {
    ...{
      id: `deployment-${number}`,
      app,
      odsCode,
      environment,
      state: 'live',
      asid,
      partyKey,
      fqdn,
    },
    interactions: ask.interactions ?? ['urn:nhs:names:services:pds:QUPA_IN000008UK02'],
    product: { name: 'Ward round', version: '1' },
    ...{ manufacturer: 'Y90001', requested: step, approved: step, live: step },
  };
  await store.open(deploymentCollection).put(deployment.id, deployment, { expected: 0 });
  await directoryHooks(openDirectory(store)).putSystem(
    environment,
    systemEntryOf(deployment),
    'test',
  );
  const renewed = async (): Promise<Sent> => {
    const key = await newKey('P-256');
    const csr = makeRequest({ key, subject: [['CN', fqdn]] });
    const { record, chain } = await certificates.register.issue({
      csr,
      holder: { environment, deployment: deployment.id, partyKey, fqdn, profile: 'client' },
      by: 'test',
      approvedBy: 'another',
    });
    return { cert: record.pem + chain, key: keyPem(key), thumbprint: record.thumbprint };
  };
  return {
    ...{ deployment, asid, fqdn, renewed },
    sent: await renewed(),
    async change(fields) {
      const collection = store.open(deploymentCollection);
      const stored = await collection.get(deployment.id);
      if (!stored) throw new Error('the deployment is gone');
      const value = { ...stored.value, ...fields };
      await collection.put(deployment.id, value, { expected: stored.version });
    },
  };
}
