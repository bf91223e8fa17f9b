/**
 * Joins what client certificates are good for: the register they are judged by, the gate in front of all calls, the
 * accredited systems behind it, and the listeners they come in by.
 */
import { resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Directory } from '../spine/sds/directory.ts';
import { createAccredited, type Accredited } from './accredited.ts';
import type { Addresses } from './addresses.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import type { Environment } from './catalogue/environments.ts';
import type { PlatformCertificates } from './certificate-authority.ts';
import { createCertificateGate } from './certificate-gate.ts';
import type { CertificateOwners } from './certificate-owners.ts';
import { createProxiedCertificates } from './certificate-proxies.ts';
import type { Config } from './config.ts';
import type { Certified } from './front.ts';
import type { Handshakes } from './handshakes.ts';
import { openListeners, type Listeners } from './listeners.ts';
import type { Peers } from './process-role.ts';
import type { ServedStore } from './store/served.ts';

export interface MutualTlsOptions {
  readonly config: Config;
  readonly store: ServedStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly addresses: Addresses;
  readonly peers: Pick<Peers, 'inTurn'>;
  readonly directory: Directory;
  readonly catalogue: Catalogue;
  readonly certificates: PlatformCertificates;
  readonly owners: CertificateOwners;
  readonly handshakes: Handshakes;
  readonly standard: Environment;
  readonly trustedProxies: ReadonlySet<string>;
}

export interface MutualTls {
  readonly certified: Certified;
  readonly accredited: Accredited;
  readonly listeners: Listeners;
  close(): void;
}

/** @throws Problem for certificate files that will not do */
export async function openMutualTls(options: MutualTlsOptions): Promise<MutualTls> {
  const { config, store, clock, owners, peers } = options;
  const now = () => clock.now();
  const { record } = owners;
  const { authority } = options.certificates;
  const proxied = createProxiedCertificates({
    secret: config.proxyCertificateSecret,
    trusted: options.trustedProxies,
    authorities: () =>
      authority.environments.flatMap((environment) =>
        authority.of(environment).trust.authorities(),
      ),
    now,
  });
  const certified = createCertificateGate({ record, now, proxied });
  const accredited = createAccredited({
    ...options,
    ...{ record, now },
    deployment: (id) => owners.deployment(id),
  });
  const listeners = await openListeners({
    ...options,
    ...{ record, certified },
    dataDir: resolve(config.dataDir),
    publicUrl: () => options.addresses.root,
    inTurn: (work) => peers.inTurn('tls.identity', () => store.alone('tls.identity', work)),
  });
  return {
    ...{ certified, accredited, listeners },
    close() {
      accredited.close();
      listeners.close();
    },
  };
}
