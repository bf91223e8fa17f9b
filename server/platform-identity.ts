/** What the platform shows and trusts as a client, for parts without a listener: the file that the listeners make too. */
import { join, resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Environment } from './catalogue/environments.ts';
import type { PlatformCertificates } from './certificate-authority.ts';
import type { Config } from './config.ts';
import type { PlatformCertificate } from './gateway/backend.ts';
import type { Peers } from './process-role.ts';
import type { ServedStore } from './store/served.ts';
import { openIdentity, type OwnIdentity } from './tls-identity.ts';

export interface IdentityParts {
  readonly config: Config;
  readonly certificates: PlatformCertificates;
  readonly clock: Clock;
  readonly store: ServedStore;
  readonly peers: Peers;
}

/** Opened at the first call in an environment. */
export function platformIdentities({ config, certificates, clock, store, peers }: IdentityParts) {
  const opened = new Map<Environment, Promise<OwnIdentity>>();
  return async (environment: Environment): Promise<PlatformCertificate | undefined> => {
    const authority = certificates.authority.of(environment);
    const authorities = authority.trust
      .authorities()
      .map(({ pem }) => pem)
      .join('');
    if (authority.issuing !== 'own') return { authorities };
    const [domain = 'localhost'] = certificates.domains(environment);
    let own = opened.get(environment);
    if (!own)
      opened.set(
        environment,
        (own = openIdentity({
          file: join(resolve(config.dataDir), 'certs', environment, 'platform.pem'),
          ...{ authority, now: () => clock.now() },
          order: { profile: 'endpoint', fqdn: `gatehouse.${domain}` },
          inTurn: (work) => peers.inTurn('tls.identity', () => store.alone('tls.identity', work)),
        })),
      );
    own.catch(() => opened.delete(environment));
    const identity = await own;
    await identity.look();
    const shown = identity.current();
    return { authorities, ...(shown ? { identity: shown.certificate + shown.key } : {}) };
  };
}
