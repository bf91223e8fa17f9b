/**
 * Joins everything that decides who may call: the catalogue with its administration and demonstration, the authorisation
 * server, the simulated identity providers of a laptop, and the first administrator.
 */
import { join, resolve } from 'node:path';
import { existsSync, readFileSync } from 'node:fs';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { JsonFault, parseJson } from '../core/json.ts';
import { Problem } from '../core/problem.ts';
import type { Addresses } from './addresses.ts';
import type { OpenJournal } from './audit/journal.ts';
import type { OwnerOfCertificate } from './auth/client-certificate.ts';
import { readProviders, type IdentityProvider } from './auth/providers.ts';
import { simulatedCollections } from './auth/simulated/state.ts';
import { appHoldings } from './app-holdings.ts';
import { sweep } from './auth/sweeping.ts';
import { openAuthorisation, type Authorisation } from './authorisation.ts';
import { createAdministration, type Administration } from './catalogue/administration.ts';
import type { Act } from './catalogue/api-call.ts';
import type { PublicJwk } from './catalogue/apps.ts';
import { burntBy, openBurntKeys, type BurntKeys } from './catalogue/burnt-keys.ts';
import type { PlatformHooks } from './catalogue/deployment-hooks.ts';
import { demoPresent, seedDemo } from './catalogue/demo.ts';
import { checkKeySet } from './catalogue/key-registration.ts';
import type { RouteFacts } from './catalogue/platform-routes-facts.ts';
import type { Config } from './config.ts';
import { developerMounts } from './developer-api.ts';
import { developerOptions } from './doctor-ground.ts';
import type { Mount } from './mount-table.ts';
import { newRsaKey, randomKey, readSecretFile, writeSecretFile } from './key-files.ts';
import { firstAdministrator, managementMounts } from './management.ts';
import { hubWelcome, seedHub } from './hub.ts';
import { createOutgoing, type Outgoing } from './outgoing.ts';
import { OutgoingFault } from './outgoing-fault.ts';
import { sweepPortal } from './portal/portal.ts';
import { sweepHub } from './portal/retention.ts';
import { createSimulation, type Simulation } from './simulated-sign-in.ts';
import type { Peers } from './process-role.ts';
import type { ServedStore } from './store/served.ts';
import type { TlsAddresses } from './tls-addresses.ts';

export interface AccessOptions {
  readonly config: Config;
  /** The identity providers of the configuration. */
  readonly real: readonly IdentityProvider[];
  readonly root: string;
  readonly store: ServedStore;
  readonly journal: OpenJournal;
  readonly clock: Clock;
  readonly log: Log;
  readonly addresses: Addresses;
  readonly version: string;
  /** Where this server is reached from its own machine, once it listens. */
  readonly own: () => string;
  readonly check: () => Promise<void>;
  readonly say: (line: string) => void;
  /** What the administration asks of the hosting platform, which is put in once that is open. */
  readonly hooks: PlatformHooks;
  /** Routes of management beside those of the catalogue, and what its document says of them. */
  readonly acts?: Readonly<Record<string, Act>>;
  readonly facts?: Readonly<Record<string, RouteFacts>>;
  /** Whether the demo apps are to be there. */
  readonly withDemo: boolean;
  /** The other processes that serve. */
  readonly peers: Peers;
  readonly ownerOfCertificate: OwnerOfCertificate;
  readonly tlsAddresses: TlsAddresses;
}

export interface Access {
  readonly authorisation: Authorisation;
  readonly administration: Administration;
  readonly mounts: readonly Mount[];
  /** What has to wait until the port is known: the first administrator's file names the address. */
  listening(): Promise<void>;
  sweep(): Promise<number>;
  /** What the start screen says of signing in. */
  welcome(): readonly string[];
  close(): void;
}

/** @throws Problem for a live installation that holds what only a laptop may, and for identity providers that cannot be read. */
export async function openAccess(options: AccessOptions): Promise<Access> {
  const { config, store, clock, addresses } = options;
  const dataDir = resolve(config.dataDir);
  const laptop = config.installation === 'laptop';
  const { real } = options;
  if (!laptop && (await demoPresent(store))) throw demoOnLive(config);
  const burnt = await openBurntKeys(store);
  const pepper = randomKey(join(dataDir, 'keys', 'pepper.key'));
  const outgoing = createOutgoing({ allowLocal: config.localAddresses === 'allow', clock });
  const standard = laptop ? 'sandbox' : 'production';
  const fixtures = join(options.root, 'fixtures');
  const simulation: Simulation | undefined = laptop
    ? await createSimulation({ ...options, dataDir, fixtures, standard, outgoing, pepper })
    : undefined;
  const authorisation = await openAuthorisation({
    ...options,
    dataDir,
    outgoing,
    pepper,
    checkKeySet: (value) => checkKeySet(value, 'any', (thumbprint) => burnt.has(thumbprint)),
    burnt,
    providers: () => [...real, ...(simulation?.providers() ?? [])],
  });
  options.hooks.holds = appHoldings(store);
  const administration = createAdministration({
    store,
    clock,
    journal: options.journal,
    secrets: authorisation.secrets,
    hooks: options.hooks,
    checkKeySet: keyChecker(burnt),
    fetchKeySet: (url) => fetchKeySet(outgoing, url),
    allowLocal: config.localAddresses === 'allow',
  });
  let made = { made: false, file: '' };
  return {
    authorisation,
    administration,
    mounts: [
      ...authorisation.mounts,
      ...(simulation?.mounts(authorisation) ?? []),
      ...managementMounts({ ...options, standard, authorisation, administration }),
      ...developerMounts(developerOptions({ ...options, standard, authorisation })),
    ],
    async listening() {
      await store.alone('start', async () => {
        if (options.withDemo) await demo(options, dataDir, authorisation);
        // Before accounts to try are made: the first administrator comes where there is none.
        made = await firstAdministrator(store, clock, dataDir, addresses);
        if (options.withDemo) await seedHub(options);
      });
    },
    sweep: async () =>
      (await authorisation.sweep()) +
      (await sweepPortal(store, clock.now())) +
      (await store.alone('portal.retention', () => sweepHub(options, config))) +
      (laptop ? await sweep(store, simulatedCollections, clock.now()) : 0),
    welcome: () => [...hubWelcome(options), ...welcome(config, addresses, made)],
    close: () => {
      authorisation.close();
    },
  };
}

/** A key set for its owner to look at. @throws Problem `upstream` that tells why there is none. */
async function fetchKeySet(outgoing: Outgoing, url: string): Promise<unknown> {
  try {
    const { body } = await outgoing.getJson(url, `check ${url}`);
    return parseJson(body, { depth: 8, members: 1000 });
  } catch (error) {
    if (error instanceof OutgoingFault || error instanceof JsonFault)
      throw new Problem('upstream', error.message);
    throw error;
  }
}

/**
 * The identity providers of the configuration, judged before anything is opened or loaded.
 * @throws Problem `invalid` that names what is wrong with which
 */
export function realProviders(config: Config): readonly IdentityProvider[] {
  const real = providersIn(config);
  refuseOnLive(config, real);
  return real;
}

function providersIn(config: Config): readonly IdentityProvider[] {
  const file = config.identityProviders;
  if (file === '') return [];
  if (!existsSync(file))
    throw new Problem('invalid', `IDENTITY_PROVIDERS is "${file}" but there is no such file.`);
  return readProviders(readFileSync(file, 'utf8'), readSecretFile);
}

/** @throws Problem that names each entry that production, or a live installation in any environment, refuses. */
function refuseOnLive({ installation }: Config, providers: readonly IdentityProvider[]): void {
  const live = installation === 'live';
  const faults = providers
    .filter(({ issuer }) => live && !issuer.startsWith('https://'))
    .map(
      ({ name, issuer }) =>
        `INSTALLATION is live, so the issuer of identity provider ${name} must be https; it is ${issuer}.`,
    );
  const simulated = providers.filter(looksSimulated).flatMap(({ name, environments }) => {
    if (live)
      return `INSTALLATION is live, so identity provider ${name} may not be a simulated one.`;
    return environments.includes('production')
      ? `The identity provider ${name} may not be a simulated one in production.`
      : [];
  });
  if (faults.length + simulated.length > 0)
    throw new Problem('invalid', [...faults, ...simulated].join('\n'));
}

function looksSimulated({ simulated, label, issuer }: IdentityProvider): boolean {
  return simulated || /mock/i.test(label) || /\/realms\/(Cis2|NHS-Login)-mock/i.test(issuer);
}

function demoOnLive({ dataDir }: Config): Problem {
  return new Problem(
    'invalid',
    `INSTALLATION is live, but DATA_DIR "${dataDir}" holds the demo apps of a laptop installation, whose keys lie beside the data. Start live with a new folder.`,
  );
}

async function demo(
  { store, clock, say }: AccessOptions,
  dataDir: string,
  { secrets }: Authorisation,
) {
  const folder = join(dataDir, 'demo');
  await seedDemo({
    store,
    secrets,
    clock,
    say,
    files: {
      read: (name) => readSecretFile(join(folder, name)),
      write: (name, text) => {
        writeSecretFile(join(folder, name), text);
      },
    },
    newKeyPair: () => newRsaKey(2048),
    redirectUris: ['http://localhost:3000/callback', 'https://example.org/callback'],
    launchUrl: 'http://localhost:3000/launch',
  });
}

/** Checks key sets before they are registered; a private key that was given away is burnt for ever. */
function keyChecker(burnt: BurntKeys): (value: unknown) => readonly PublicJwk[] {
  return (value) => {
    try {
      return checkKeySet(value, 'any', (thumbprint) => burnt.has(thumbprint));
    } catch (error) {
      for (const thumbprint of burntBy(error))
        void burnt.burn(thumbprint, 'its private half was published').catch(() => undefined);
      throw error;
    }
  };
}

/** What `gatehouse token get` must be told where the server is not where it expects one. */
function whereAbouts({ dataDir }: Config, { root }: Addresses): string {
  const url = root === standardAddress ? '' : ` --url ${root}`;
  const folder = resolve(dataDir);
  return folder === resolve('var') ? url : `${url} --data-dir '${folder}'`;
}
const standardAddress = 'http://localhost:9000';

function welcome(
  config: Config,
  addresses: Addresses,
  { made, file }: { made: boolean; file: string },
): readonly string[] {
  const patient = addresses.of('uat', '/personal-demographics/FHIR/R4/Patient/9000000009');
  return [
    ...(config.installation === 'laptop'
      ? [
          'With a token (integration):',
          `  TOKEN=$(npx gatehouse token get --app demo --environment int${whereAbouts(config, addresses)})`,
          `  curl -H "Authorization: Bearer $TOKEN" -H 'X-Request-ID: 60e0b220-8136-4ca5-ae46-1d97ef59d068' ${patient}`,
          '',
        ]
      : []),
    ...(made
      ? [
          `The first administrator's credential was written to ${file}; it is shown nowhere else.`,
          '',
        ]
      : []),
  ];
}
