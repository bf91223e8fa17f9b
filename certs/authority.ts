/**
 * The certificate authorities: a root and an issuing one per environment, made at the first start and read afterwards, or
 * an outside one whose certificates are only checked. Owns keys and trust; who gets a certificate is register.ts's.
 */
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { Problem } from '../core/problem.ts';
import { isWithin } from './authority-names.ts';
import { writeName } from './names.ts';
import { openOwn, organisation, type OwnAuthorities } from './own-authority.ts';
import { toPem } from './pem.ts';
import { makeCertificate, type ProfileName } from './profiles.ts';
import type { SharedFiles } from './shared-files.ts';
import { openTrust, type Trust } from './trust.ts';

/** How certificates come about in one environment. */
export interface AuthorityEnvironment {
  readonly name: string;
  /** `own`: this platform issues. `outside`: another authority does, and this one only checks and registers. */
  readonly issuing: 'own' | 'outside';
  /** What the names of its certificates must end in: `uat.thirdparty.nhs.uk`, `localhost`. Fixed at the first start. */
  readonly domains: readonly string[];
}

export interface AuthorityOptions {
  /** The folder, `<DATA_DIR>/certs`; made when it is not there. */
  readonly dir: string;
  readonly environments: readonly AuthorityEnvironment[];
  /** The http address below which `root.crl` and `issuing.crl` of an environment are found, without a slash at its end. */
  readonly crlBase: (environment: string) => string;
  readonly clock: Clock;
  /** Does this work while no other machine does work of the same name. */
  readonly alone: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  /** Where other machines over the same store have the files; absent where there is one machine. */
  readonly shared?: SharedFiles;
  /** Hears a sentence for the operator about what was made or will not do. */
  readonly say: (sentence: string) => void;
}

export interface Authority {
  /** All environments, in the order they were given. */
  readonly environments: readonly string[];
  /** @throws Problem `not-found` */
  of(environment: string): EnvironmentAuthority;
}

export interface EnvironmentAuthority {
  readonly environment: string;
  readonly issuing: 'own' | 'outside';
  /** What names must end in. */
  readonly domains: readonly string[];
  /** Absent where an outside authority issues. */
  readonly own?: OwnAuthorities;
  /** Every authority that is believed: ours, and those of `trusted/`. */
  readonly trust: Trust;
  /** Our issuing authority and root as PEM, to go behind a certificate; empty where an outside authority issues. */
  readonly chain: string;
  /** A certificate as PEM. @throws Problem `forbidden` where an outside authority issues, `invalid` for a name outside the domains */
  certify(order: LeafOrder): Promise<string>;
}

/** A certificate to be made for somebody. */
export interface LeafOrder {
  readonly profile: Exclude<ProfileName, 'root' | 'issuing'>;
  /** Its CN, and a DNS name. */
  readonly fqdn: string;
  /** Goes into the subject as OU. */
  readonly partyKey?: string;
  /** Other DNS names. */
  readonly dnsNames?: readonly string[];
  /** Addresses of this machine: 4 or 16 bytes each. */
  readonly addresses?: readonly Buffer[];
  /** SubjectPublicKeyInfo as DER. */
  readonly publicKey: Buffer;
}

/**
 * Opens all authorities, making what is missing. Several processes may do so at once: they end with the same ones.
 * @throws Problem `unavailable` for files that will not do
 */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const opened = new Map<string, EnvironmentAuthority>();
  for (const environment of options.environments)
    opened.set(environment.name, await openEnvironment(options, environment));
  return {
    environments: [...opened.keys()],
    of(environment) {
      const found = opened.get(environment);
      if (!found)
        throw new Problem('not-found', 'There is no certificate authority for this environment');
      return found;
    },
  };
}

async function openEnvironment(
  options: AuthorityOptions,
  { name: environment, issuing, domains }: AuthorityEnvironment,
): Promise<EnvironmentAuthority> {
  const { clock, say } = options;
  const folder = join(options.dir, environment);
  const own =
    issuing === 'own'
      ? await openOwn({
          ...{ environment, folder, domains, say },
          rootCrl: `${options.crlBase(environment)}/root.crl`,
          now: () => clock.now(),
          alone: options.alone,
          shared: options.shared,
        })
      : undefined;
  const trust = await openTrust({
    folder: join(folder, 'trusted'),
    own: own ? [own.root.pem, own.issuing.pem] : [],
    say,
  });
  const allowed = own?.issuing.facts.domains ?? domains;
  sayWhatIsMissing(environment, domains, allowed, say);
  return {
    environment,
    issuing,
    trust,
    domains: allowed,
    ...(own ? { own } : {}),
    chain: own ? own.issuing.pem + own.root.pem : '',
    async certify({ profile, fqdn, partyKey, dnsNames = [], addresses = [], publicKey }) {
      if (!own)
        throw new Problem(
          'forbidden',
          `Certificates of ${environment} come from an outside authority: register one of its certificates instead`,
        );
      const names = [...new Set([fqdn, ...dnsNames].map((name) => name.toLowerCase()))];
      refuseOutsiders(names, allowed, environment);
      return toPem(
        'CERTIFICATE',
        await makeCertificate({
          profile,
          publicKey,
          addresses,
          dnsNames: names,
          subject: writeName([
            ['O', organisation],
            ...(partyKey === undefined ? [] : [['OU', partyKey] as const]),
            ['CN', fqdn],
          ]),
          signer: own.issuing,
          crl: `${options.crlBase(environment)}/issuing.crl`,
          now: clock.now(),
        }),
      );
    },
  };
}

function refuseOutsiders(
  names: readonly string[],
  domains: readonly string[],
  environment: string,
) {
  const outside = names.filter((name) => !isWithin(name, domains));
  if (outside.length > 0)
    throw new Problem(
      'invalid',
      `The authority of ${environment} is only for names that end in ${domains.join(', ')}, not for ${outside.join(', ')}`,
    );
}

function sayWhatIsMissing(
  environment: string,
  wanted: readonly string[],
  allowed: readonly string[],
  say: (sentence: string) => void,
) {
  const missing = wanted.filter((domain) => !isWithin(domain, allowed));
  if (missing.length > 0)
    say(
      `The certificate authority of ${environment} was made for ${allowed.join(', ')} and cannot name ${missing.join(', ')}`,
    );
}
