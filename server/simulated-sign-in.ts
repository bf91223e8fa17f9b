/**
 * The simulated CIS2 and NHS login of a laptop installation: a realm of each for every environment but production, the
 * entries by which the faces use them, and the helper that hands out client credentials. A live installation makes none.
 */
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assemble, type Handler, type UserRole } from '../core/exchange.ts';
import type { Clock } from '../core/clock.ts';
import { Problem } from '../core/problem.ts';
import { routes } from '../core/routes.ts';
import type { Addresses } from './addresses.ts';
import type { KeySets } from './auth/key-sets.ts';
import { providerOf, type IdentityProvider, type ProviderKind } from './auth/providers.ts';
import { toVerifyingKeys } from './auth/signature.ts';
import { findWorker, loadIdentities, type Identities } from './auth/simulated/identities.ts';
import { createSimulatedKeys } from './auth/simulated/keys.ts';
import type { SimulatedClient } from './auth/simulated/options.ts';
import { simulatedProvider } from './auth/simulated/provider.ts';
import type { Catalogue, Client } from './catalogue/catalogue.ts';
import { publicName, type Environment } from './catalogue/environments.ts';
import { toPublicJwk } from './catalogue/people.ts';
import { problemsAsJson } from './catalogue/problem-json.ts';
import type { Secrets } from './catalogue/secrets.ts';
import type { Mount } from './mount-table.ts';
import { newRsaKey, readSecretFile, writeSecretFile } from './key-files.ts';
import { signedInPath } from './portal/try-ports.ts';
import type { Outgoing } from './outgoing.ts';
import { callProvider } from './provider-calls.ts';
import type { ServedStore } from './store/served.ts';
import { sameDigest, digest } from './auth/tokens.ts';

export interface SimulationOptions {
  readonly dataDir: string;
  readonly fixtures: string;
  readonly addresses: Addresses;
  /** The environment that addresses without a name lead to: there the realms are mounted. */
  readonly standard: Environment;
  readonly store: ServedStore;
  readonly clock: Clock;
  readonly outgoing: Outgoing;
  /** Where this server is reached from its own machine, once it listens. */
  readonly own: () => string;
  /** Secrets at simulated providers are made from it. */
  readonly pepper: Buffer;
}

/** What of the platform the providers look at. */
export interface SimulationGround {
  readonly catalogue: Catalogue;
  readonly secrets: Secrets;
  readonly keySets: KeySets;
}

export interface Simulation {
  /** The entries of the simulated providers; made anew while the public address is not known yet. */
  providers(): readonly IdentityProvider[];
  mounts(ground: SimulationGround): readonly Mount[];
}

const simulatedIn: readonly Environment[] = ['sandbox', 'development', 'sit', 'uat'];
const kinds: readonly ProviderKind[] = ['nhs-cis2', 'nhs-login'];
const realmNames: Readonly<Record<ProviderKind, string>> = {
  'nhs-cis2': 'Cis2-mock',
  'nhs-login': 'NHS-Login-mock',
};

/** Makes the platform's own key towards the simulated NHS login; the realms' keys are made when first used. */
export async function createSimulation(options: SimulationOptions): Promise<Simulation> {
  const file = join(options.dataDir, 'keys', 'nhs-login-client.pem');
  if (readSecretFile(file) === undefined) writeSecretFile(file, await newRsaKey());
  const loginKey = readSecretFile(file) ?? '';
  const people = loadIdentities(options.fixtures);
  const realms = simulatedIn.flatMap((environment) =>
    kinds.map((kind) => ({ environment, kind, path: realmPath(kind, environment) })),
  );
  let made: { root: string; providers: readonly IdentityProvider[] } | undefined;
  return {
    providers() {
      const { root } = options.addresses;
      if (made?.root !== root)
        made = {
          root,
          providers: realms.map((realm) => toProvider(realm, people, options, loginKey)),
        };
      return made.providers;
    },
    mounts: (ground) => [
      ...realmMounts(realms, people, options, ground, loginKey),
      ...simulatedIn.map((environment) => ({
        environment,
        base: '/mock-jwks',
        api: 'simulated-sign-in',
        handler: credentialsHelper(options, ground, environment),
      })),
    ],
  };
}

interface Realm {
  readonly environment: Environment;
  readonly kind: ProviderKind;
  readonly path: string;
}

/** Where a simulated provider of an environment is. */
export function realmPath(kind: ProviderKind, environment: Environment): string {
  return `/realms/${realmNames[kind]}-${publicName(environment)}`;
}

const platformClient = (environment: Environment) => `gatehouse-${publicName(environment)}`;
const loginKeyId = 'gatehouse-1';

function toProvider(
  { environment, kind, path }: Realm,
  people: Identities,
  options: SimulationOptions,
  loginKey: string,
): IdentityProvider {
  const clientId = platformClient(environment);
  return providerOf({
    name: `simulated ${kind} of ${environment}`,
    kind,
    issuer: options.addresses.root + path,
    environments: [environment],
    faces: ['/oauth2', '/oauth2-mock'],
    clientId,
    authentication:
      kind === 'nhs-login'
        ? { method: 'private_key_jwt', key: loginKey, kid: loginKeyId, alg: 'RS512' }
        : { method: 'client_secret_post', secret: secretOf(options, environment, clientId) },
    // People of a simulation sign in at their own level, as at the national mock.
    acr: '',
    ...(kind === 'nhs-cis2' ? { rolesOf: (subject) => rolesOf(people, subject) } : {}),
    simulated: true,
  });
}

function rolesOf(people: Identities, subject: string): readonly UserRole[] | undefined {
  return findWorker(people, subject)?.roles.map(({ id, code, name, odsCode }) => ({
    ...{ id, code, name, odsCode },
  }));
}

/** A client's secret at the realms of an environment: always the same, and kept nowhere. */
function secretOf(
  { pepper }: SimulationOptions,
  environment: Environment,
  clientId: string,
): string {
  return createHmac('sha256', pepper)
    .update(`simulated client ${environment} ${clientId}`)
    .digest('base64url');
}

function realmMounts(
  realms: readonly Realm[],
  people: Identities,
  options: SimulationOptions,
  ground: SimulationGround,
  loginKey: string,
): Mount[] {
  const files = { readSecretFile, writeSecretFile, newRsaKey: () => newRsaKey() };
  const dir = join(options.dataDir, 'keys', 'simulated');
  const keys = {
    'nhs-cis2': createSimulatedKeys(dir, 'nhs-cis2', files),
    'nhs-login': createSimulatedKeys(dir, 'nhs-login', files),
  };
  return realms.map((realm) => ({
    environment: options.standard,
    base: realm.path,
    api: 'simulated-sign-in',
    handler: simulatedProvider({
      kind: realm.kind,
      issuer: () => options.addresses.root + realm.path,
      people,
      clients: (clientId) => clientAt(realm, clientId, options, ground, loginKey),
      keys: keys[realm.kind],
      store: options.store,
      clock: options.clock,
      post: poster(options),
      sleep: (milliseconds) => sleep(milliseconds),
    }),
  }));
}

/** The platform itself, or an app under its client id or under one it registered for this kind of provider. */
function clientAt(
  { environment, kind }: Realm,
  clientId: string,
  options: SimulationOptions,
  ground: SimulationGround,
  loginKey: string,
): SimulatedClient | undefined {
  const matches = (secret: string) =>
    sameDigest(digest(secret), digest(secretOf(options, environment, clientId)));
  if (clientId === platformClient(environment))
    return platform(environment, options, loginKey, matches);
  const client = appClient(ground.catalogue, environment, kind, clientId);
  if (!client) return undefined;
  const { registration, app } = client;
  return {
    clientId,
    name: app.name,
    secretMatches: (secret) =>
      matches(secret) || ground.secrets.matches(secret, registration.secrets, options.clock.now()),
    keys: async () => (registration.keys ? ground.keySets.keysOf(client, '') : []),
    // Try it signs people in for an app, wherever the app itself lets them come back to.
    redirectUris: [...registration.redirectUris, options.addresses.root + signedInPath],
    // Clients of the national mock get it without asking.
    ...(kind === 'nhs-login' ? { defaultScopes: ['profile'] } : {}),
  };
}

function platform(
  environment: Environment,
  { addresses }: SimulationOptions,
  loginKey: string,
  secretMatches: (secret: string) => boolean,
): SimulatedClient {
  const callbacks = ['/oauth2/callback', '/oauth2-mock/callback', '/smart/callback'];
  return {
    clientId: platformClient(environment),
    name: 'Gatehouse',
    secretMatches,
    keys: () => Promise.resolve(toVerifyingKeys([toPublicJwk(loginKey, loginKeyId)])),
    redirectUris: callbacks.flatMap((path) => addresses.all(environment, path)),
    logoutUri: addresses.of(environment, '/oauth2/backchannel_logout'),
  };
}

function appClient(
  catalogue: Catalogue,
  environment: Environment,
  kind: ProviderKind,
  clientId: string,
): Client | undefined {
  const direct = catalogue.client(clientId);
  if (direct) return direct.environment === environment ? direct : undefined;
  for (const app of catalogue.apps()) {
    const registration = app.registrations[environment];
    if (
      registration?.providerClients.some(
        (one) => one.provider === kind && one.clientId === clientId,
      )
    )
      return { app, registration, environment };
  }
  return undefined;
}

/** Logout notices go to apps through the address filter, and to this server on its own port. */
function poster(options: SimulationOptions): (url: string, form: string) => Promise<number> {
  const { addresses, outgoing } = options;
  return async (url, form) => {
    if (!url.startsWith(`${addresses.root}/`)) return outgoing.postForm(url, form, 'logout');
    const call = callProvider(() => addresses.root, options.own);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const init = { method: 'POST', headers, body: form, redirect: 'manual' as const };
    return (await call(url, init)).status;
  };
}

/** `GET /mock-jwks/keycloak-client-credentials` with an app's key: its client at the two simulated providers. */
function credentialsHelper(
  options: SimulationOptions,
  { catalogue }: SimulationGround,
  environment: Environment,
): Handler {
  const table = routes({
    'GET /keycloak-client-credentials': ({ headers }) => {
      const client = catalogue.client(headers.apikey ?? '');
      if (client?.environment !== environment || client.registration.state !== 'approved')
        throw new Problem(
          'unauthenticated',
          'The header apikey must hold the client id of an approved app of this environment',
          { headers: { 'www-authenticate': 'ApiKey realm="mock-jwks"' } },
        );
      const { clientId } = client.registration;
      const credentials = {
        client_id: clientId,
        client_secret: secretOf(options, environment, clientId),
      };
      return Promise.resolve({
        status: 200,
        headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
        body: JSON.stringify({ cis2: credentials, 'nhs-login': credentials }),
      });
    },
  });
  return assemble([problemsAsJson(() => options.clock.newId())], table);
}
