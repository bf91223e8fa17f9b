/**
 * Joins Try it with the platform: the relay over the front of this server or of the gateway beside it, tokens from its own endpoints, the people of the
 * simulated sign-in, and the keys of the apps that come with a laptop installation. Owns the joining.
 */
import { join, resolve } from 'node:path';
import { makeRequest } from '../certs/make-request.ts';
import type { Clock } from '../core/clock.ts';
import type { Addresses } from './addresses.ts';
import { loadIdentities } from './auth/simulated/identities.ts';
import { demoApps } from './catalogue/demo-data.ts';
import { publicName, type Environment } from './catalogue/environments.ts';
import type { PlatformCertificates } from './certificate-authority.ts';
import type { Config } from './config.ts';
import { createRelay, type MutualPlace } from './hub-try-relay.ts';
import { tryTokens } from './hub-try-tokens.ts';
import { readSecretFile } from './key-files.ts';
import type { MountTable } from './mount-table.ts';
import type { SignInKind, SigningKey, TestUser, TryPorts } from './portal/try-ports.ts';
import { callProvider } from './provider-calls.ts';
import type { RelayedCalls } from './relayed-calls.ts';
import type { TlsAddresses } from './tls-addresses.ts';

export interface TryOptions {
  readonly config: Config;
  readonly root: string;
  readonly clock: Clock;
  readonly addresses: Addresses;
  readonly tlsAddresses: TlsAddresses;
  readonly certificates: PlatformCertificates;
  /** Where the gateway is reached from here: this server once it listens, or another process. */
  readonly gateway: () => string;
  readonly relayed: RelayedCalls;
  /** What the gateway serves, once that is open. */
  readonly proxies: () => Pick<MountTable, 'find'>;
  /** What the platform serves itself, which goes before. */
  readonly platform: Pick<MountTable, 'find'>;
}

export function openTryIt(options: TryOptions): TryPorts {
  const { config, addresses, tlsAddresses, clock } = options;
  const simulated = config.installation === 'laptop';
  const users = simulated ? usersIn(join(options.root, 'fixtures')) : undefined;
  const proxies = {
    find: (...at: Parameters<MountTable['find']>) => options.proxies().find(...at),
  };
  return {
    relay: createRelay({
      tables: [options.platform, proxies],
      proxies,
      gateway: options.gateway,
      mutual: (environment) => mutualPlace(options, environment),
      relayed: options.relayed,
    }),
    tokens: tryTokens({
      addresses,
      clock,
      call: callProvider(() => addresses.root, options.gateway),
    }),
    testUsers: (environment, kind) => (environment === 'production' ? [] : (users?.[kind] ?? [])),
    shippedKey: (app, environment) =>
      simulated ? demoKey(resolve(config.dataDir), app, environment) : undefined,
    certificateRequest: (fqdn) => makeRequest(fqdn),
    listensForCertificates: (environment) => tlsAddresses(environment) !== undefined,
    address: (environment, path) => addresses.of(environment, path),
    mutualAddress: (environment, path) =>
      (tlsAddresses(environment) ?? addresses).of(environment, path),
  };
}

/** The listener on this machine, whose name and authorities are those that anybody is told. */
function mutualPlace(
  { tlsAddresses, certificates, gateway }: TryOptions,
  environment: Environment,
): MutualPlace | undefined {
  const address = tlsAddresses(environment)?.of(environment, '');
  if (address === undefined) return undefined;
  const { hostname, port } = new URL(address);
  const { authority } = certificates;
  return {
    host: new URL(gateway()).hostname.replace(/^\[|\]$/g, ''),
    port: Number(port),
    name: hostname,
    authorities: authority.environments.flatMap((one) =>
      authority
        .of(one)
        .trust.authorities()
        .map(({ pem }) => pem),
    ),
  };
}

/** Those who can sign in without being asked for more: the usual one first. */
function usersIn(fixtures: string): Readonly<Record<SignInKind, readonly TestUser[]>> {
  const { workers, patients } = loadIdentities(fixtures);
  return {
    'nhs-cis2': workers
      .filter(({ level, roles, locked }) => level > 1 && roles.length === 1 && locked !== true)
      .map(({ username, given, family, level }) => ({
        ...{ username, name: `${given} ${family}`, level: `AAL${level}` },
      })),
    'nhs-login': patients
      .filter(({ nhsNumber }) => nhsNumber !== undefined)
      .map(({ username, given, family, vector }) => ({
        ...{ username, name: `${given} ${family}`, level: vector.slice(0, 2) },
      })),
  };
}

/** The apps of the demonstration share a key in each environment, which lies beside the data. */
function demoKey(dataDir: string, app: string, environment: Environment): SigningKey | undefined {
  if (!demoApps.some(({ id }) => id === app)) return undefined;
  const privateKey = readSecretFile(join(dataDir, 'demo', `demo-${publicName(environment)}.pem`));
  return privateKey === undefined ? undefined : { kid: 'demo-1', privateKey };
}
