/**
 * Joins what is served: the platform's own APIs, the Proxies of the catalogue beside them, the pages, and the front over all.
 * Owns the joining; what lasts and when things start is platform.ts's.
 */
import { join, resolve } from 'node:path';
import { audited, toEntry } from '../core/audit.ts';
import { bearerOf } from '../core/bearer.ts';
import type { Clock } from '../core/clock.ts';
import { assemble } from '../core/exchange.ts';
import type { Logging } from '../core/log.ts';
import type { Traces } from '../core/trace.ts';
import { loadOpenApi } from '../fhir/openapi.ts';
import { outcomes } from '../fhir/outcome.ts';
import { createBodyChecks } from '../fhir/pds/body-checks.ts';
import { echoIds } from '../fhir/pds/front-policies.ts';
import type { Patients } from '../fhir/pds/patients.ts';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import type { Addresses } from './addresses.ts';
import type { OpenJournal } from './audit/journal.ts';
import { mayBeUsed } from './auth/client-certificate.ts';
import type { Authorisation } from './authorisation.ts';
import type { PlatformHooks } from './catalogue/deployment-hooks.ts';
import type { Administration } from './catalogue/administration.ts';
import type { SystemsAdministration } from './catalogue/systems/systems-administration.ts';
import { toEnvironment, type Environment } from './catalogue/environments.ts';
import { openMutualTls, type MutualTls } from './mutual-tls.ts';
import type { PlatformCertificates } from './certificate-authority.ts';
import type { CertificateOwners } from './certificate-owners.ts';
import type { Config } from './config.ts';
import { directoryDownloads, directoryServices } from './directory-apis.ts';
import { trustedIn } from './forwarded.ts';
import { createFront, type Front, type FrontOptions, type Observer } from './front.ts';
import { MountTable, type Mount } from './mount-table.ts';
import { createLimitCounters } from './gateway/limit-counters.ts';
import { openLimits } from './kept-limits.ts';
import { openSandboxApp } from './gateway/policies/open-lane.ts';
import { createRehearsal, rehearsalKind, type Rehearsal } from './gateway/policies/rehearsal.ts';
import type { Gateway } from './gateway/gateway.ts';
import { openHosting } from './hosting.ts';
import type { LdapListeners } from './ldap-listeners.ts';
import { ldapEnvironment, openLdap } from './ldap-listeners-parts.ts';
import type { Handshakes } from './handshakes.ts';
import { openHub, type HubOptions } from './hub.ts';
import { explainPorts } from './hub-explain.ts';
import { openTryIt } from './hub-try.ts';
import type { TraceKeeper } from './observe/trace-keeper.ts';
import type { Observing } from './observing.ts';
import { odsFhirBase } from './ods-proxies.ts';
import { createOverload } from './overload.ts';
import { isStandardPolicy } from './gateway/policies/registry.ts';
import { loadOwnPolicies } from './own-policies.ts';
import { createPages, noApiHere } from './pages.ts';
import { createPatients, pdsBase, pdsService } from './pds-proxies.ts';
import { openPushPlan } from './postman-parts.ts';
import { pdsRecords, storedRecords } from './pds-records.ts';
import { remoteRecords } from './pds-remote-records.ts';
import { sdsApiId } from './sds-proxies.ts';
import { createSsoParts } from './sso-parts.ts';
import { relayedCalls } from './relayed-calls.ts';
import { createRoutingParts } from './routing-parts.ts';
import { createMessagingParts } from './fhir-messaging-parts.ts';
import { createMeshParts } from './mesh-parts.ts';
import { createMnsParts } from './events-mns.ts';
import { createNemsParts } from './nems-parts.ts';
import { createSpineParts } from './spine-parts.ts';
import { demographics } from '../spine/mhs/demographics.ts';
import { sandboxApi, type SandboxOptions } from './sandbox-api.ts';
import { mountsOf, type Part, type Peers } from './process-role.ts';
import { smartFhirBase, smartMounts } from './smart-mounts.ts';
import type { ServedStore } from './store/served.ts';
import { commonViewKind, workspaceKind } from './workspace-kind.ts';
import type { Workspaces } from './workspaces.ts';

/** The environment of an address that names none. */
export function standardEnvironment({ installation }: Config): Environment {
  return installation === 'laptop' ? 'sandbox' : 'production';
}

/** What serving stands on. */
export interface ServingParts {
  readonly config: Config;
  readonly root: string;
  readonly store: ServedStore;
  readonly journal: OpenJournal;
  readonly workspaces: Workspaces;
  readonly clock: Clock;
  readonly log: Logging;
  readonly addresses: Addresses;
  readonly authorisation: Authorisation;
  readonly administration: Administration;
  readonly systems: SystemsAdministration;
  readonly version: string;
  readonly check: () => Promise<void>;
  /** What the authorisation server, management and simulations serve. */
  readonly mounts: readonly Mount[];
  readonly peers: Peers;
  readonly freshen: (() => void) | undefined;
  readonly part: Part;
  /** What the administration asks of the hosting platform. */
  readonly hooks: PlatformHooks;
  readonly observing: Observing;
  readonly certificates: PlatformCertificates;
  readonly owners: CertificateOwners;
  /** The diary of refused handshakes. */
  readonly handshakes: Handshakes;
  /** Where traces of calls are kept; absent: nowhere. */
  readonly traces?: Traces;
  /** Where this server is reached from its own machine, once it listens. */
  readonly own: () => string;
  /** Finds traces of calls and messages. */
  readonly keeper: Pick<TraceKeeper, 'find'>;
  /** What the pages of mailboxes stand on. */
  readonly mailboxes: HubOptions['mailboxes'];
}

/** What serves. */
export interface Serving {
  readonly front: Front;
  /** The listeners for mutual TLS. */
  readonly mutualTls: MutualTls;
  /** The directory over LDAP; absent where it is not served. */
  readonly ldap: LdapListeners | undefined;
  close(): Promise<void>;
}

/** Where calls of Try it go: here, or where the gateway of the installation is when it is not in this process. */
function gatewayOf({ config, addresses, own }: ServingParts): () => string {
  if (config.role !== 'hub') return own;
  return () => (config.gatewayUrl === '' ? addresses.root : config.gatewayUrl);
}

/** All that is served: what the platform serves itself, and the Proxies of the catalogue beside it. */
export async function serve(parts: ServingParts): Promise<Serving> {
  const { config, root, store, clock, log, workspaces, peers } = parts;
  const openApiFile = openApiFileOf(root);
  const checks = createBodyChecks(loadOpenApi(openApiFile));
  const rehearsal = createRehearsal({
    clock,
    random: Math.random,
    armed: (workspace) => workspaces.takeArmed(workspace),
  });
  const patients = createPatients(parts);
  const own = new MountTable(mountsOf(config.role, ownMounts(parts, patients, checks, rehearsal)));
  const trusted = trustedIn(config.trustedProxies);
  const overload = createOverload();
  // Of several processes the primary keeps the counts.
  const counted =
    parts.part === 'all'
      ? await openLimits(config, store, clock, log)
      : {
          limits: peers.limits(createLimitCounters({ now: () => clock.now() })),
          close: () => Promise.resolve(),
        };
  const directory = openDirectory(store);
  const mutualTls = await openMutualTls({
    ...parts,
    directory,
    catalogue: parts.authorisation.catalogue,
    standard: standardEnvironment(config),
    trustedProxies: trusted,
  });
  const made: { gateway?: Gateway; proxies?: MountTable } = {};
  const relayed = relayedCalls(parts.authorisation.sealer, () => clock.now());
  const hub =
    config.role === 'gateway'
      ? undefined
      : openHub({
          ...parts,
          tryIt: openTryIt({
            ...parts,
            ...{ relayed, platform: own, tlsAddresses: parts.authorisation.tlsAddresses },
            gateway: gatewayOf(parts),
            proxies: () => made.proxies ?? own,
          }),
          explain: explainPorts({
            ...parts,
            standard: standardEnvironment(config),
            scenarios: rehearsal.scenarios,
            seeding: {
              patients: store.open(patientCollection),
              patientFaults: checks.patientFaults,
            },
          }),
          standard: standardEnvironment(config),
          tlsAddresses: parts.authorisation.tlsAddresses,
          catalogue: parts.authorisation.catalogue,
          limits: counted.limits,
          mailbox: parts.observing.mailbox,
          services: servicesOf(config),
        });
  const routing = createRoutingParts({
    ...parts,
    directory,
    catalogue: parts.authorisation.catalogue,
    tlsAddresses: parts.authorisation.tlsAddresses,
    judgeSystem: mutualTls.accredited.judgeSystem,
    clientIdentity: (environment) => mutualTls.listeners.clientIdentity(environment),
    baseOf: (proxy) => made.gateway?.proxy(proxy)?.definition?.base,
  });
  const { judgeSystem } = mutualTls.accredited;
  const dataDir = resolve(config.dataDir);
  const sso = createSsoParts({ ...parts, directory, dataDir, judgeSystem });
  const spine = createSpineParts({
    ...parts,
    directory,
    judgeSystem: mutualTls.accredited.judgeSystem,
    patients,
    clientIdentity: (environment) => mutualTls.listeners.clientIdentity(environment),
    answer: demographics({ patients, now: () => clock.now(), newId: () => clock.newId() }),
  });
  const pushes = openPushPlan(store);
  const mesh = createMeshParts({
    ...parts,
    counted: parts.observing.counted,
    accepted: pushes.accepted,
  });
  const messaging = createMessagingParts({
    ...parts,
    directory,
    routes: routing.backends.directory,
  });
  const { catalogue } = parts.authorisation;
  const mns = createMnsParts({ ...parts, directory, catalogue });
  const nems = createNemsParts({
    ...parts,
    ...{ directory, patients, contexts: routing.contexts },
    tlsAddresses: parts.authorisation.tlsAddresses,
  });
  const hosting = await openHosting({
    ...parts,
    nems,
    mns,
    messaging,
    routing,
    spine,
    mesh,
    userContext: routing.userContext,
    accredited: mutualTls.accredited.judgeSystem,
    directoryServices: { ...directoryServices({ ...parts, directory }), ...sso.services },
    dataDir: resolve(config.dataDir),
    limits: counted.limits,
    pds: pdsService({
      ...{ ...parts, checks, openApiFile },
      records: pdsRecords({
        stored: storedRecords(patients),
        remote: remoteRecords(clock),
        spine: spine.records,
      }),
    }),
    kinds: {
      workspace: workspaceKind(workspaces, openSandboxApp),
      'common-view': commonViewKind,
      rehearsal: rehearsalKind(rehearsal),
      ...sso.kinds,
      ...(await loadOwnPolicies(config.gatewayPolicies, isStandardPolicy)),
    },
    isTrustedProxy: (address) => trusted.has(address),
    shed: overload.shed,
    reserved: (environment) => [...own.bases(environment), ...(hub?.reserved(environment) ?? [])],
  });
  made.gateway = hosting.gateway;
  made.proxies = hosting.table;
  const { observing } = parts;
  observing.serving({ gateway: hosting.gateway, catalogue: parts.authorisation.catalogue });
  const front = createPlatformFront(parts, {
    tables: observing.traced([
      own,
      ...(config.role === 'hub' ? [] : [hosting.table]),
      ...(hub ? [hub.table] : []),
    ]),
    trustedProxies: trusted,
    observer: both(overload, observing.observer),
    certified: mutualTls.certified,
    relayed: (request, connection) => relayed.connection(request, connection),
  });
  mutualTls.listeners.serve(front);
  const ldapTls = mutualTls.listeners.tlsContextFor(ldapEnvironment(config) ?? 'sandbox');
  const ldap = openLdap({
    ...parts,
    directory,
    limits: counted.limits,
    shed: overload.shed,
    ...(ldapTls ? { tls: ldapTls } : {}),
    refusal: mutualTls.certified.refusal,
  });
  const stopEnding = parts.certificates.register.onEnded(({ thumbprint }) => ldap?.end(thumbprint));
  mutualTls.listeners.onRenew(() => {
    const now = mutualTls.listeners.tlsContextFor(ldapEnvironment(config) ?? 'sandbox');
    if (now) ldap?.renew(now.identity, now.trust);
  });
  return {
    front,
    mutualTls,
    ldap,
    async close() {
      overload.stop();
      stopEnding();
      mutualTls.close();
      routing.close();
      await spine.close();
      mesh.close();
      nems.close();
      mns.close();
      messaging.close();
      pushes.close();
      await hosting.close();
      await counted.close();
    },
  };
}

/** Two who hear of each call. */
function both(one: Observer, other: Observer): Observer {
  return {
    began(mount) {
      one.began(mount);
      other.began(mount);
    },
    ended(call, mount) {
      one.ended(call, mount);
      other.ended(call, mount);
    },
  };
}

/** Tokens, SMART, the sandbox's own API, management. */
function ownMounts(
  parts: ServingParts,
  patients: Patients,
  checks: ReturnType<typeof createBodyChecks>,
  rehearsal: Rehearsal,
): readonly Mount[] {
  const { config, store, journal, workspaces, clock } = parts;
  const now = () => clock.now();
  const sandbox: Mount = {
    environment: 'sandbox',
    base: '/_sandbox',
    api: 'sandbox',
    handler: assemble(
      [echoIds, outcomes, audited(journal, 'sandbox', now)],
      sandboxApi({
        workspaces,
        appOf: sandboxApp(parts),
        scenarios: rehearsal.scenarios,
        seeding: {
          patients: store.open(patientCollection),
          patientFaults: checks.patientFaults,
          enterSeeded: (exchange, nhsNumber, commit) =>
            journal.append({
              ...toEntry(exchange, 'sandbox', 201, now()),
              people: [nhsNumber],
              commit,
            }),
        },
      }),
    ),
  };
  return [
    ...smartMounts({
      ...{ ...parts, patients, checks, dataDir: resolve(config.dataDir) },
      standard: standardEnvironment(config),
    }),
    sandbox,
    ...parts.mounts,
  ];
}

/** Which app of the sandbox a call comes from: by its key, which is its client id, or by a token. */
function sandboxApp({ authorisation }: ServingParts): SandboxOptions['appOf'] {
  const { catalogue } = authorisation;
  const judge = authorisation.judge('nhs');
  return async (exchange) => {
    const client = catalogue.client(exchange.headers.apikey ?? '');
    if (client?.environment === 'sandbox' && client.registration.state === 'approved')
      return client.app.id;
    const bearer = bearerOf(exchange);
    if ('fault' in bearer) return undefined;
    const judged = await judge(bearer.token, 'sandbox');
    return judged.state === 'live' && mayBeUsed(judged.certificate, exchange)
      ? judged.facts.appId
      : undefined;
  };
}

function createPlatformFront(
  { config, root, log, freshen }: ServingParts,
  served: Pick<FrontOptions, 'tables' | 'trustedProxies' | 'observer' | 'certified' | 'relayed'>,
): Front {
  return createFront({
    ...served,
    freshen,
    environment: standardEnvironment(config),
    toEnvironment,
    log,
    pages:
      config.role === 'gateway'
        ? noApiHere
        : createPages({
            log,
            downloads: {
              '/specifications/personal-demographics.json': openApiFileOf(root),
              ...directoryDownloads(root),
            },
          }),
  });
}

function openApiFileOf(root: string): string {
  return join(root, 'fhir', 'pds', 'openapi.json');
}

/** What runs where, for the home page. */
function servicesOf(config: Config): HubOptions['services'] {
  return [
    { name: 'PDS FHIR API: what it can do', path: at(config, `${pdsBase}/metadata`) },
    {
      name: 'PDS FHIR API: OpenAPI document',
      path: '/specifications/personal-demographics.json',
    },
    { name: 'SDS FHIR API: OpenAPI document', path: `/specifications/${sdsApiId}.json` },
    {
      name: 'Organisation look-up: what it can do',
      path: at(config, `${odsFhirBase}/metadata`),
    },
    {
      name: 'Organisation look-up: OpenAPI document, FHIR',
      path: '/specifications/ods-fhir.json',
    },
    {
      name: 'Organisation look-up: OpenAPI document, ORD',
      path: '/specifications/ods-ord.json',
    },
    {
      name: 'SMART on FHIR: discovery',
      path: at(config, `${smartFhirBase}/.well-known/smart-configuration`),
    },
    ...(config.installation === 'laptop' ? simulatedServices : []),
    { name: 'Sandbox: scenarios to rehearse', path: at(config, '/_sandbox/scenarios') },
  ];
}

/** What is there where people are simulated. */
const simulatedServices = [
  { name: 'SMART on FHIR: open an app for a patient', path: '/smart/launch' },
  { name: 'Simulated CIS2: who is signed in', path: '/realms/Cis2-mock-sandbox/sessions' },
  {
    name: 'Simulated NHS login: who is signed in',
    path: '/realms/NHS-Login-mock-sandbox/sessions',
  },
];

/** The path of something of the sandbox, as an address that names no environment needs it. */
function at(config: Config, path: string): string {
  return sandboxPath(config) + path;
}

/** How the sandbox is reached: on a laptop it is what an address without an environment means. */
export function sandboxPath({ installation }: Config): string {
  return installation === 'laptop' ? '' : '/env/sandbox';
}
