/** Builds the whole platform from its configuration: the only place where parts are joined. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemClock, type Clock } from '../core/clock.ts';
import { createLog, type Logging } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { meshMessageCollection } from '../spine/mesh/messages.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { openAccess, realProviders, type Access } from './access.ts';
import { openAccreditedSystems } from './accredited-hooks.ts';
import { createAddresses, type Addresses } from './addresses.ts';
import type { OpenJournal } from './audit/journal.ts';
import { openBacklogApi } from './backlog-api.ts';
import type { PlatformHooks } from './catalogue/deployment-hooks.ts';
import { openCertificateOwners } from './certificate-owners.ts';
import { certificateNotices } from './certificate-notices.ts';
import { subscriptionEnds } from './subscription-ends.ts';
import { subscriptionReminders } from './subscription-reminders.ts';
import { openPlatformCertificates, type PlatformCertificates } from './certificate-authority.ts';
import type { Config } from './config.ts';
import { openData } from './data.ts';
import { ldapAddressOf, openDirectoryApi } from './directory-api.ts';
import { seedDirectory } from './directory-seed.ts';
import { openMessagingWork } from './fhir-messaging-parts.ts';
import { mnsFace } from './events-mns.ts';
import { openHandshakes, type Handshakes } from './handshakes.ts';
import { openEventsManagement } from './events-api.ts';
import { createEvents, isNamedByEvent, openEventsWork } from './events-parts.ts';
import { putExampleProvider } from './example-provider.ts';
import { putShipped } from './hosting.ts';
import { mailboxPort } from './hub-mailboxes.ts';
import type { OpenLdapPorts } from './ldap-listeners.ts';
import type { TlsPorts } from './listeners.ts';
import { listenOn } from './listening.ts';
import { ldapEnvironment } from './ldap-listeners-parts.ts';
import { openMessageTraces } from './message-traces.ts';
import { openNationalEndpoints } from './national-endpoints.ts';
import { openMessagesApi } from './messages-api.ts';
import { openObserving, type Observing } from './observing.ts';
import { openPostmanApi } from './postman-api.ts';
import { pushCounts, pushStanding } from './postman-metrics.ts';
import { openPostmanWork, openPushPlan, postmanOutgoing, pushSecrets } from './postman-parts.ts';
import { createPatients, pdsBase } from './pds-proxies.ts';
import { ownAddress } from './provider-calls.ts';
import { sdsBase } from './sds-proxies.ts';
import { sandboxPath, serve, standardEnvironment } from './serving.ts';
import { alone, type OpenedData, type Part, type Peers } from './process-role.ts';
import { seedDefaults } from './seed.ts';
import { openMeshWork } from './mesh-parts.ts';
import { openMeshManagement } from './mesh-api.ts';
import { meshKeys, openSharedKeys } from './mesh-keys.ts';
import { openNemsManagement } from './nems-api.ts';
import { openNemsFace } from './nems-parts.ts';
import { meshCounts, meshWaiting } from './mesh-metrics.ts';
import { findPeople } from './mesh-people.ts';
import { seedMailboxes } from './mesh-seed.ts';
import { openSpineWork } from './spine-work.ts';
import type { ServedStore } from './store/served.ts';
import { createTlsAddresses, type TlsAddresses } from './tls-addresses.ts';
import { openWorkspaces } from './workspaces.ts';

export interface Platform {
  readonly store: ServedStore;
  readonly journal: OpenJournal;
  readonly port: number;
  /** The ports of the directory over LDAP; absent where it is not served. */
  readonly ldap?: OpenLdapPorts | undefined;
  /** The ports for mutual TLS; absent where none is open. */
  readonly tls?: TlsPorts | undefined;
  readonly certificates: PlatformCertificates;
  readonly handshakes: Handshakes;
  /** The absolute address of the PDS API. */
  readonly base: string;
  /** What runs where, with calls that work when pasted. */
  welcome(): readonly string[];
  /** Lets running calls finish (at most 8 s), then closes everything; `linger` as `Front.drain` takes it. */
  stop(linger?: number): Promise<void>;
}

export interface StartOptions {
  /** Where progress goes; nowhere when absent. */
  readonly say?: (line: string) => void;
  readonly clock?: Clock;
  readonly log?: Logging;
  /** Without it the default data is loaded into an empty store. */
  readonly withoutDefaults?: boolean;
  /** What this process does of the installation; all when absent. */
  readonly part?: Part;
  /** What lasts, where it is open already. */
  readonly data?: OpenedData;
  /** The other processes of the installation; none when absent. */
  readonly peers?: Peers;
}

const drainPatience = 8_000;

/**
 * @param root the folder with package.json, from which data files are read.
 * @throws Problem for a port that is taken, a data folder that cannot be written or is in use.
 */
export async function startPlatform(
  config: Config,
  root: string,
  options: StartOptions = {},
): Promise<Platform> {
  const clock = options.clock ?? systemClock;
  const say = options.say ?? (() => undefined);
  const log = options.log ?? createLog(config.logLevel);
  const real = realProviders(config); // before patients are loaded for a start that cannot be
  const { part = 'all' } = options;
  const data: OpenedData = options.data ?? (await openData(config, clock, log, say));
  const { store, journal } = data;
  let opened: Observing | undefined;
  try {
    if (part !== 'serving' && !options.withoutDefaults) await seed(store, root, say, config);
    const workspaces = await openWorkspaces(store, clock);
    let port = config.port;
    const publicUrl = () => config.publicUrl || `http://localhost:${port}`;
    const addresses = createAddresses(publicUrl, standardEnvironment(config));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    const { peers = alone() } = options;
    const hooks: PlatformHooks = {};
    const certificates = await openPlatformCertificates({
      ...{ config, store, clock, log, addresses, say, dataDir: resolve(config.dataDir) },
    });
    const handshakes = openHandshakes(store, log, () => clock.now(), peers);
    const keeper = openMessageTraces({ config, store, clock, log, peers });
    const shared = {
      ...{ config, root, store, journal, clock, log, addresses, version, peers },
      ...(config.messageTraces > 0 ? { traces: keeper } : {}),
    };
    const owners = await openCertificateOwners(store, certificates);
    const open: { tls?: TlsPorts | undefined } = {};
    const tlsAddresses = createTlsAddresses(
      config,
      standardEnvironment(config),
      () => addresses.root,
      () => open.tls,
    );
    const ownerOfCertificate = owners.ownerOf;
    const certified = { certificates, owners, handshakes, tlsAddresses, ownerOfCertificate };
    const parts = { ...shared, ...certified };
    if (part !== 'serving') await putShipped(parts);
    const own = () => ownAddress(config.listenAddress, port);
    const standard = standardEnvironment(config);
    const inMesh = meshWaiting(store.open(meshMessageCollection), () => clock.now());
    const inQueues = pushStanding(store, clock);
    const standing = async () => [...(await inMesh()), ...(await inQueues())];
    const observing = openObserving({ ...parts, part, hooks, own, standard, keeper, standing });
    opened = observing;
    const systems = openAccreditedSystems({ ...parts, standard });
    const entries = openDirectoryApi({
      ...{ store, journal, clock, addresses, standard },
      ldap: ldapAddressOf(config, addresses),
    });
    const sent = openMessagesApi({ ...shared, keeper });
    const outgoing = postmanOutgoing(parts);
    const keys = meshKeys(resolve(config.dataDir));
    const sharedKeys = openSharedKeys(store, keys, () => clock.now());
    const plan = openPushPlan(store);
    const { accepted } = plan;
    const boxes = openMeshManagement({ store, journal, clock, keys, sharedKeys, accepted });
    const pushed = openPostmanApi({
      ...{ ...shared, outgoing, secrets: pushSecrets(config), mailboxes: boxes.administration },
    });
    const backlog = openBacklogApi({ store, journal, clock });
    const nems = openNemsManagement({ store, journal, clock });
    const replays = openEventsManagement({ store, journal, clock, events: createEvents(parts) });
    const access = await openAccess({
      ...parts,
      hooks,
      acts: {
        ...observing.acts,
        ...systems.acts,
        ...entries.acts,
        ...sent.acts,
        ...pushed.acts,
        ...boxes.acts,
        ...nems.acts,
        ...replays.acts,
        ...backlog.acts,
      },
      facts: {
        ...observing.facts,
        ...systems.facts,
        ...entries.facts,
        ...sent.facts,
        ...pushed.facts,
        ...boxes.facts,
        ...nems.facts,
        ...replays.facts,
        ...backlog.facts,
      },
      real,
      own,
      check: healthCheck(store, journal),
      say,
      withDemo: config.installation === 'laptop' && !options.withoutDefaults,
    });
    const { notices } = certificates;
    const expiry = certificateNotices({ store, notices, log, mailbox: observing.mailbox });
    const ends = subscriptionEnds({
      ...{ store, journal, clock, publicUrl, mailbox: observing.mailbox },
      subscriptions: access.administration.subscriptions,
    });
    const reminders = subscriptionReminders({
      ...{ store, journal, clock, publicUrl, mailbox: observing.mailbox },
      days: config.requestReminderDays,
    });
    const alarm = (error: unknown) => {
      log.log('error', 'what is due in MESH could not be done', { kind: Problem.from(error).kind });
    };
    const now = () => clock.now();
    const find = findPeople({ patients: createPatients(parts), journal, now });
    const told = pushCounts(observing.counted);
    const postman = part === 'serving' ? undefined : openPostmanWork({ ...parts, told });
    const counting = { counted: observing.counted };
    const mesh =
      postman &&
      openMeshWork({
        ...{ config, store, clock, alarm, find, ...counting, accepted: postman.accepted },
        named: (blob) => isNamedByEvent(store, blob),
      });
    const events =
      postman &&
      openEventsWork({
        ...{ ...parts, accepted: postman.accepted, told: meshCounts(observing.counted).step },
        faces: [mnsFace(parts), openNemsFace],
      });
    const letters = postman && openMessagingWork({ ...parts, accepted: postman.accepted });
    const messaging =
      mesh &&
      events &&
      letters &&
      openSpineWork({
        ...parts,
        more: {
          topics: { ...mesh.topics, ...postman.topics, ...letters.topics, ...events.topics },
          bringing: [...mesh.bringing, ...letters.bringing, ...events.bringing],
        },
      });
    const working = mesh && events && messaging ? [mesh, events, messaging, postman, letters] : [];
    const national = openNationalEndpoints(store, addresses, tlsAddresses);
    const withExamples =
      part !== 'serving' && config.installation === 'laptop' && !options.withoutDefaults;
    const kept = [
      workspaces,
      access,
      systems,
      expiry,
      ends,
      reminders,
      keeper,
      national,
      ...working,
    ];
    const sweeping = part === 'serving' ? undefined : sweepOften(kept, log);
    const serving =
      part === 'keeping'
        ? undefined
        : await serve({
            ...parts,
            ...{ workspaces, own, keeper },
            mailboxes: mailboxPort(boxes, pushed, sharedKeys),
            authorisation: access.authorisation,
            administration: access.administration,
            systems: systems.administration,
            check: healthCheck(store, journal),
            mounts: [...access.mounts, ...observing.mounts, ...certificates.mounts],
            observing,
            freshen: data.freshen,
            hooks,
            part,
          });
    const front = serving?.front;
    if (front) port = await listenOn(front.server, { ...config, variable: 'PORT' });
    const ldap = await serving?.ldap?.listen().catch(async (error: unknown) => {
      await front?.drain(0); // else the port of a start that failed stays open
      throw error;
    });
    const tls = await serving?.mutualTls.listeners.listen().catch(async (error: unknown) => {
      await Promise.all([front?.drain(0), serving.ldap?.drain(0)]);
      throw error;
    });
    open.tls = tls;
    systems.listening(tls);
    if (part !== 'serving') await access.listening();
    if (withExamples) {
      await putExampleProvider(openDirectory(store), addresses.of('sandbox', ''));
      await national.put();
    }
    return {
      store,
      journal,
      port,
      ldap,
      tls,
      certificates,
      handshakes,
      base: addresses.of('sandbox', pdsBase),
      welcome: () => welcome(addresses, config, access, ldap, tlsAddresses),
      async stop(linger) {
        clearInterval(sweeping);
        await Promise.all([
          front?.drain(drainPatience, linger),
          serving?.ldap?.drain(drainPatience),
        ]);
        access.close();
        systems.close();
        await observing.close();
        await serving?.close();
        mesh?.close();
        sharedKeys.close();
        plan.close();
        await messaging?.close();
        await events?.close();
        await postman?.close();
        await keeper.close();
        certificates.close();
        await handshakes.close();
        await journal.close();
        await store.close();
        log.flush();
      },
    };
  } catch (error) {
    await opened?.close();
    await journal.close();
    await store.close();
    throw error;
  }
}

/** Whether what every answer rests on can be used. */
function healthCheck(store: ServedStore, journal: OpenJournal): () => Promise<void> {
  const patients = store.open(patientCollection);
  return async () => {
    await patients.get('0');
    if (store.stopped) throw new Problem('unavailable', 'The store has stopped writing');
    if (journal.failed) throw new Problem('unavailable', 'The audit cannot be written');
  };
}

async function seed(
  store: ServedStore,
  root: string,
  say: (line: string) => void,
  { installation, dataDir }: Config,
) {
  const entries =
    installation === 'laptop' ? await seedDirectory(store, join(root, 'fixtures')) : 0;
  if (entries > 0) say(`Loaded ${entries} entries of the Spine Directory.`);
  if (installation === 'laptop')
    await seedMailboxes(store, join(root, 'fixtures'), meshKeys(resolve(dataDir)));
  let told = 0;
  const kept = await seedDefaults(store, join(root, 'fixtures'), (soFar) => {
    if (soFar - told < 1_000) return;
    told = soFar;
    say(`Loading the default patients: ${soFar} …`);
  });
  if (kept > 0) say(`Loaded ${kept} patients.`);
}

/** Removes what has expired, now and every ten minutes. */
function sweepOften(kept: readonly { sweep(): Promise<number> }[], log: Logging): NodeJS.Timeout {
  const sweep = () => {
    for (const one of kept)
      one.sweep().catch((error: unknown) => {
        log.log('error', 'what has expired could not be removed', {
          kind: Problem.from(error).kind,
        });
      });
  };
  sweep();
  return setInterval(sweep, 10 * 60_000).unref();
}

function welcome(
  addresses: Addresses,
  config: Config,
  access: Access,
  ldap: OpenLdapPorts | undefined,
  tlsAddresses: TlsAddresses,
): readonly string[] {
  const sandbox = addresses.root + sandboxPath(config);
  const id = "-H 'X-Request-ID: 60e0b220-8136-4ca5-ae46-1d97ef59d068'";
  return [
    '',
    `Gatehouse is ready on ${addresses.root}`,
    `  PDS FHIR API       ${sandbox}${pdsBase}`,
    `  with tokens        ${addresses.of('uat', pdsBase)}`,
    `  SDS FHIR API       ${sandbox}${sdsBase}`,
    `  Scenarios          ${sandbox}/_sandbox/scenarios`,
    ...ldapWelcome(config, ldap),
    ...tlsWelcome(tlsAddresses),
    `  OpenAPI document   ${addresses.root}/specifications/personal-demographics.json`,
    '',
    'Try:',
    `  curl ${id} ${sandbox}${pdsBase}/Patient/9000000009`,
    `  curl ${id} '${sandbox}${pdsBase}/Patient?family=Smith&gender=female&birthdate=eq2010-10-22'`,
    `  curl -X PATCH ${id} -H 'If-Match: W/"2"' -H 'Content-Type: application/json-patch+json' -d '{"patches":[{"op":"add","path":"/name/-","value":{"use":"nickname","given":["Janey"],"family":"Smith"}}]}' ${sandbox}${pdsBase}/Patient/9000000009`,
    '',
    ...access.welcome(),
  ];
}

function tlsWelcome(tlsAddresses: TlsAddresses): readonly string[] {
  const address = tlsAddresses('uat')?.of('uat', pdsBase);
  // With PORT 0 and several processes the one that says this does not know the port.
  return address === undefined || address.includes(':0/')
    ? []
    : [`  with certificates  ${address}`];
}

/** Of several processes the one that says this serves nothing itself. */
function ldapWelcome(config: Config, ldap: OpenLdapPorts | undefined): readonly string[] {
  const environment = ldapEnvironment(config);
  const port = ldap?.ldap ?? config.ldapPort;
  if (environment === undefined || config.role === 'hub' || port === 0) return [];
  return [`  Spine Directory    ldap://localhost:${port} (${environment})`];
}
