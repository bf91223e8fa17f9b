/**
 * Joins the hosting platform: the gateway over the catalogue, with the services of this process, the policies of other
 * parts and the limits; and what the administration asks of it.
 */
import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { pdsOutcomes } from '../fhir/pds/outcomes.ts';
import type { Addresses } from './addresses.ts';
import type { OpenJournal } from './audit/journal.ts';
import { targetRules } from './back-end-targets.ts';
import { newSecret } from './auth/tokens.ts';
import type { Authorisation } from './authorisation.ts';
import { apiSecretId, type ApiSecret } from './catalogue/api-secrets.ts';
import { putBuiltIn } from './catalogue/built-in.ts';
import type { PlatformHooks } from './catalogue/deployment-hooks.ts';
import type { Environment } from './catalogue/environments.ts';
import { proxyId } from './catalogue/proxies.ts';
import { createKeyHasher } from './catalogue/key-pairs.ts';
import { keyUsesOf } from './catalogue/key-pairs-used.ts';
import type { Config } from './config.ts';
import type { AppFacts, BackendServices, Service } from './gateway/backend.ts';
import { definitionFaults } from './gateway/definition-faults.ts';
import { openGateway, type Gateway } from './gateway/gateway.ts';
import { explainLimits } from './gateway/limit-report.ts';
import type { Limits } from './gateway/limits.ts';
import { registry } from './gateway/policies/registry.ts';
import { interruptTasks, openTasks } from './gateway/policies/respond-async-tasks.ts';
import type { GatewayServices, PolicyKind } from './gateway/policy.ts';
import { withExampleProvider } from './example-provider.ts';
import { messagingServiceApis, type MessagingParts } from './fhir-messaging-parts.ts';
import { shippedMessaging } from './fhir-messaging-proxies.ts';
import { helloService, helloWorld } from './hello-world.ts';
import { randomKey, readOrMake } from './key-files.ts';
import type { MnsParts } from './events-mns.ts';
import { mnsServiceApis, shippedMns } from './events-mns-proxies.ts';
import { isTracedByItself } from './message-traces.ts';
import type { MeshParts } from './mesh-parts.ts';
import { meshServiceApis, shippedMesh } from './mesh-proxies.ts';
import { MountTable } from './mount-table.ts';
import type { NemsParts } from './nems-parts.ts';
import { nemsServiceApis, shippedNems } from './nems-proxies.ts';
import { directoryEdges, shippedDirectory } from './directory-apis.ts';
import { pdsApiId, pdsCallers, pdsKinds, shippedPds } from './pds-proxies.ts';
import { sdsKinds } from './sds-proxies.ts';
import type { RoutingParts } from './routing-parts.ts';
import type { SpineParts } from './spine-parts.ts';
import { shippedSpine, spineServiceApis } from './spine-proxies.ts';
import { shippedSsp } from './spine-secure-proxy.ts';
import { shippedSso, ssoServiceApis } from './sso-proxies.ts';
import type { ServedStore } from './store/served.ts';
import { secretSealer } from './stored-secrets.ts';

export interface HostingOptions {
  readonly config: Config;
  readonly root: string;
  readonly dataDir: string;
  readonly store: ServedStore;
  readonly journal: OpenJournal;
  readonly clock: Clock;
  readonly log: Log;
  readonly addresses: Addresses;
  readonly authorisation: Authorisation;
  readonly limits: Limits;
  readonly pds: Service;
  /** The services over the directory, by name. */
  readonly directoryServices: Readonly<Record<string, Service>>;
  /** Who judges accredited systems, and reads their users; absent where there are no certificates. */
  readonly accredited?: GatewayServices['accredited'];
  readonly userContext?: GatewayServices['userContext'];
  /** What routes by the directory (routing-parts.ts). */
  readonly routing?: Pick<RoutingParts, 'backends' | 'kinds' | 'edges'>;
  /** Spine messaging (spine-parts.ts). */
  readonly spine?: Pick<SpineParts, 'services' | 'kinds' | 'edges'>;
  /** MESH (mesh-parts.ts). */
  readonly mesh?: Pick<MeshParts, 'services' | 'kinds' | 'edges'>;
  /** FHIR messaging (fhir-messaging-parts.ts). */
  readonly messaging?: Pick<MessagingParts, 'services' | 'edges'>;
  /** The national events service (nems-parts.ts). */
  readonly nems?: Pick<NemsParts, 'services' | 'kinds' | 'edges'>;
  /** The multicast notification service (events-mns.ts). */
  readonly mns?: Pick<MnsParts, 'services' | 'edges'>;
  /** Policies of other parts: workspaces, rehearsal. */
  readonly kinds: Readonly<Record<string, PolicyKind>>;
  /** Where traces of calls are kept; absent: nowhere. */
  readonly traces?: GatewayServices['traces'];
  readonly isTrustedProxy: (address: string) => boolean;
  readonly shed: () => boolean;
  /** What the platform serves itself in an environment, by base. */
  readonly reserved: (environment: Environment) => readonly string[];
  readonly hooks: PlatformHooks;
  readonly version: string;
}

export interface Hosting {
  readonly table: MountTable;
  readonly gateway: Gateway;
  close(): Promise<void>;
}

/** Milliseconds between looks for answers that nobody fetches any more. */
const sweepEvery = 10 * 60_000;

/** What the pages answer (pages.ts), which no table of mounts names. */
const pagePaths = ['/style.css', '/specifications', '/metrics', '/_ping', '/_status'];

/** Puts what is shipped into the catalogue, and ends what the process before has left running. */
export async function putShipped({
  root,
  store,
  clock,
  version,
  config,
}: Pick<HostingOptions, 'root' | 'store' | 'clock' | 'version' | 'config'>): Promise<void> {
  const hello = readFileSync(join(root, 'fixtures', 'apis', 'hello-world.json'), 'utf8');
  const pds = readFileSync(join(root, 'fhir', 'pds', 'openapi.json'), 'utf8');
  // The folder's lock lets no other process serve; over MongoDB other machines may.
  if (config.mongoUrl === '') await interruptTasks(store);
  await store.alone('start', () =>
    putBuiltIn(
      store,
      [
        withExampleProvider(shippedPds(pds)),
        ...shippedDirectory(root),
        shippedSsp(),
        ...shippedSpine(),
        shippedMesh(readFileSync(join(root, 'spine', 'mesh', 'openapi.json'), 'utf8')),
        shippedMns(readFileSync(join(root, 'spine', 'events', 'mns', 'openapi.json'), 'utf8')),
        shippedMessaging(
          readFileSync(join(root, 'spine', 'fhir-messaging', 'openapi.json'), 'utf8'),
        ),
        shippedNems(),
        // The people who sign in so are simulated.
        ...(config.installation === 'laptop' ? shippedSso() : []),
        helloWorld(hello),
      ],
      clock.now(),
      version,
    ),
  );
}

/** Puts all Proxies in service, and the hooks of administration in place. */
export async function openHosting(options: HostingOptions): Promise<Hosting> {
  const { store, log, authorisation, version, journal, hooks } = options;
  const { catalogue } = authorisation;
  const table = new MountTable();
  const kinds = registry({
    ...pdsKinds,
    ...sdsKinds,
    ...options.routing?.kinds,
    ...options.spine?.kinds,
    ...options.mesh?.kinds,
    ...options.nems?.kinds,
    ...options.kinds,
  });
  const keys = join(options.dataDir, 'keys');
  const sealer = secretSealer(options.dataDir);
  const backends = backendServices(options, (sealed) => sealer.open(sealed));
  const tasks = openTasks(store, options.clock);
  const sweeping = setInterval(() => {
    tasks.sweep().catch(() => undefined); // the store's own trouble; the next time
  }, sweepEvery).unref();
  const services = { ...gatewayServices(options), tasks };
  const edges = {
    pds: pdsOutcomes,
    ...directoryEdges(() => options.clock.newId()),
    ...options.routing?.edges,
    ...options.spine?.edges,
    ...options.mesh?.edges,
    ...options.nems?.edges,
    ...options.mns?.edges,
    ...options.messaging?.edges,
  };
  const statusKey = Buffer.from(readOrMake(join(keys, 'status-api.key'), newSecret));
  const gateway = await openGateway({
    ...{ store, catalogue, table, kinds, backends, journal, log, edges, version },
    services,
    isStatusKey: (key) => {
      const given = Buffer.from(key);
      return given.length === statusKey.length && timingSafeEqual(given, statusKey);
    },
  });
  const reserved = (environment: Environment) => [...options.reserved(environment), ...pagePaths];
  const faults = { kinds, backends, services, edges: Object.keys(edges), reserved };
  hooks.gatewayFaults = (api, environment, definition, specification) =>
    definitionFaults(faults, api, environment, definition, specification);
  hooks.seal = (text) => sealer.seal(text);
  hooks.unseal = (sealed) => sealer.open(sealed);
  hooks.hashKey = services.hashKey;
  hooks.usedKey = (hash) => keyUsesOf(catalogue).of(hash);
  hooks.policies = () =>
    [...kinds].map(([name, { phase, summary, schema }]) => ({ name, phase, summary, schema }));
  hooks.limits = async ({ app, api, environment, name = api, product }) => ({
    items: await explainLimits(
      {
        ...{ catalogue, limits: options.limits, now: () => options.clock.now() },
        definition: ({ id }) => gateway.proxy(id)?.definition,
      },
      {
        ...{ proxy: proxyId(environment, name), app },
        ...(product === undefined ? {} : { product }),
      },
    ),
  });
  hooks.publicAddress = (environment) => options.addresses.of(environment, '');
  return {
    table,
    gateway,
    async close() {
      await gateway.close();
      clearInterval(sweeping);
      await tasks.close();
    },
  };
}

function gatewayServices(options: HostingOptions): GatewayServices {
  const { clock, authorisation, limits, dataDir, isTrustedProxy, shed } = options;
  const { accredited, userContext, traces } = options;
  return {
    ...{ clock, limits, isTrustedProxy, shed },
    ...(accredited ? { accredited } : {}),
    ...(userContext ? { userContext } : {}),
    ...(traces ? { traces, isTraced: isTracedByItself } : {}),
    catalogue: authorisation.catalogue,
    judge: authorisation.judge('nhs'),
    hashKey: createKeyHasher(randomKey(join(dataDir, 'keys', 'pepper.key'))),
    callers: { pds: pdsCallers() },
    more: options.kinds,
  };
}

function backendServices(
  options: HostingOptions,
  unseal: (sealed: string) => string | undefined,
): BackendServices {
  const { config, clock, log, authorisation, pds, directoryServices, isTrustedProxy } = options;
  const { catalogue } = authorisation;
  const texts = new WeakMap<ApiSecret, string>();
  return {
    ...{ clock, log, isTrustedProxy, ...options.routing?.backends },
    secret(api, environment, name) {
      const secret = catalogue.secret(apiSecretId(environment, api, name));
      if (!secret) return undefined;
      const known = texts.get(secret) ?? unseal(secret.sealed);
      if (known !== undefined) texts.set(secret, known);
      return known;
    },
    services: {
      pds,
      hello: helloService,
      ...directoryServices,
      ...options.spine?.services,
      ...options.mesh?.services,
      ...options.nems?.services,
      ...options.mns?.services,
      ...options.messaging?.services,
    },
    serviceApis: {
      pds: pdsApiId,
      ...ssoServiceApis,
      ...spineServiceApis,
      ...meshServiceApis,
      ...nemsServiceApis,
      ...mnsServiceApis,
      ...messagingServiceApis,
    },
    appFacts(appId, environment): AppFacts | undefined {
      const app = catalogue.app(appId);
      const registration = app?.registrations[environment];
      if (!app || !registration) return undefined;
      const { clientId, partyKey, attributes } = registration;
      const organisation = app.owner;
      return {
        organisation,
        clientId,
        attributes,
        ...(partyKey === undefined ? {} : { partyKey }),
      };
    },
    targets: targetRules(config),
  };
}
