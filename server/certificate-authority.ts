/**
 * The certificate authorities as this installation has them: which environments, which names, who issues; and their lists
 * and authorities served over plain HTTP. Owns these choices; certs/ does the rest.
 */
import { join } from 'node:path';
import { openAuthority, type Authority } from '../certs/authority.ts';
import { openCertificates, type Certificates } from '../certs/certificates.ts';
import { certificateHandler } from '../certs/crl-handler.ts';
import { shareThroughStore, type FileSealer } from '../certs/shared-files.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Addresses } from './addresses.ts';
import { createSealer } from './auth/sealing.ts';
import { environments, publicName, type Environment } from './catalogue/environments.ts';
import type { Config } from './config.ts';
import { edgeOf } from './gateway/faults.ts';
import { randomKey } from './key-files.ts';
import type { Mount } from './mount-table.ts';
import type { ServedStore } from './store/served.ts';

export interface PlatformCertificates extends Certificates {
  readonly authority: Authority;
  /** What the names of systems end with. */
  domains(environment: Environment): readonly string[];
  /** The lists and authorities of each environment, for anyone. */
  readonly mounts: readonly Mount[];
}

export interface PlatformCertificatesOptions {
  readonly config: Config;
  readonly dataDir: string;
  readonly store: ServedStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly addresses: Addresses;
  readonly say: (sentence: string) => void;
}

/** Where lists and authorities are: `/certs/<environment>/issuing.crl`. */
const listBase = '/certs';

/** @throws Problem for key files that will not do */
export async function openPlatformCertificates(
  options: PlatformCertificatesOptions,
): Promise<PlatformCertificates> {
  const { config, dataDir, store, clock, log, addresses, say } = options;
  const host = hostOf(addresses.root);
  const authority = await openAuthority({
    dir: join(dataDir, 'certs'),
    environments: environments.map((name) => ({
      name,
      issuing: name === 'production' ? config.productionCertificates : 'own',
      domains: [...new Set([systemDomain(name), 'localhost', host])],
    })),
    // Lists are fetched without TLS, whose certificates they would be needed for (RFC 5280 4.2.1.13).
    crlBase: (environment) =>
      `${addresses.root.replace(/^https:/, 'http:')}${listBase}/${environment}`,
    clock,
    alone: (name, work) => store.alone(name, work),
    say,
    // Machines over one store are one authority; they agree on the sealing key when they start (shared-keys.ts).
    ...(config.mongoUrl === '' ? {} : { shared: shareThroughStore(store, sealerOf(dataDir)) }),
  });
  const certificates = await openCertificates({
    ...{ store, authority, clock },
    needsApproval: (environment) => environment === 'production',
    alarm: (sentence) => {
      log.log('error', sentence);
    },
  });
  return {
    ...certificates,
    authority,
    domains: (environment) =>
      authority.of(environment).domains.filter((one) => one !== 'localhost' && one !== host),
    mounts: environments.map((environment) => ({
      ...{ environment, base: listBase, api: 'certificates' },
      handler: edgeOf('problem')(certificateHandler(authority, certificates.lists)),
    })),
  };
}

function sealerOf(dataDir: string): FileSealer {
  return createSealer([randomKey(join(dataDir, 'keys', 'sealing.key'))]);
}

/** What the names of systems of an environment end with, where nothing else was configured. */
function systemDomain(environment: Environment): string {
  return `${publicName(environment)}.thirdparty.gatehouse.test`;
}

/** The name in an address; `localhost` for one that is a number. */
export function hostOf(url: string): string {
  const { hostname } = new URL(url);
  return /^[0-9.]+$|^\[/.test(hostname) ? 'localhost' : hostname;
}
