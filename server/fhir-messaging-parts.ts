/**
 * Joins FHIR messaging: the service that takes messages, over the directory and the mailboxes, and the delivering that one
 * process does for the whole installation.
 */
import { resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Policy } from '../core/exchange.ts';
import type { Topic } from '../core/outbox-runner.ts';
import { Problem } from '../core/problem.ts';
import type { OutboxEntry } from '../core/store.ts';
import { messagingApi, messagingOpen } from '../spine/fhir-messaging/api.ts';
import { delivering } from '../spine/fhir-messaging/delivering.ts';
import { keptMessages, openKept } from '../spine/fhir-messaging/kept.ts';
import { messagingOutcomes } from '../spine/fhir-messaging/refusals.ts';
import type { ReturnOptions } from '../spine/fhir-messaging/return-address.ts';
import { openMailboxes } from '../spine/mesh/mailboxes.ts';
import type { MeshMessage } from '../spine/mesh/messages.ts';
import { openWaiting } from '../spine/mhs/client-waiting.ts';
import { createCircuits } from '../spine/postman/circuits.ts';
import { openSubscriptions, type PushSubscription } from '../spine/postman/subscriptions.ts';
import type { Directory } from '../spine/sds/directory.ts';
import type { Addresses } from './addresses.ts';
import { targetRules } from './back-end-targets.ts';
import { toEnvironment } from './catalogue/environments.ts';
import type { Config } from './config.ts';
import { directoryView } from './directory-views.ts';
import {
  messagingApiId,
  messagingConfig,
  messagingConfigFaults,
  messagingFaults,
} from './fhir-messaging-proxies.ts';
import type { Service } from './gateway/backend.ts';
import type { DirectoryRoutes } from './gateway/directory-routes.ts';
import { openBlobs } from './mesh-parts.ts';
import { platformIdentities, type IdentityParts } from './platform-identity.ts';
import { spineOutgoing } from './spine-outgoing.ts';
import type { ServedStore } from './store/served.ts';
import { secretSealer, storedSecrets } from './stored-secrets.ts';

export interface MessagingOptions {
  readonly config: Config;
  readonly store: ServedStore;
  readonly clock: Clock;
  readonly addresses: Addresses;
  readonly version: string;
  readonly directory: Directory;
  readonly routes: DirectoryRoutes;
}

/** What the hosting platform is given. */
export interface MessagingParts {
  readonly services: Readonly<Record<string, Service>>;
  readonly edges: Readonly<Record<string, Policy>>;
  close(): void;
}

/** Which Api alone may end in the service. */
export const messagingServiceApis: Readonly<Record<string, string>> = {
  [messagingApiId]: messagingApiId,
};

export function createMessagingParts(options: MessagingOptions): MessagingParts {
  const { config, store, clock, addresses, version } = options;
  const now = () => clock.now();
  const mailboxes = openMailboxes(store);
  const subscriptions = openSubscriptions(store);
  const waiting = openWaiting(store.changes);
  const kept = openKept(store, now);
  const isVerified: ReturnOptions['isVerified'] = async (url, sending) => {
    const { environment } = sending;
    const isHere = (one: PushSubscription) =>
      one.url === url && one.environment === environment && one.state === 'active';
    for (const { mailbox } of subscriptions.all().filter(isHere)) {
      const box = await mailboxes.mailbox(environment, mailbox);
      if (box && ownsMailbox(box, sending)) return true;
    }
    return false;
  };
  const service: Service = ({ environment, base: path, config: given, at }) => {
    const { events, reliableCache, patience } = messagingConfig(given);
    const messaging = {
      ...{ kept, waiting, mailboxes, isVerified, events, reliableCache, patience, version, now },
      workflows: config.meshWorkflows,
      owns: ownsMailbox,
      directory: directoryOf(options),
      base: () => addresses.of(environment, path),
      ownerOf: (app: string) => at.services.appFacts(app, environment)?.organisation,
    };
    return { handler: messagingApi(messaging), open: messagingOpen(messaging) };
  };
  return {
    services: { [messagingApiId]: Object.assign(service, { configFaults: messagingConfigFaults }) },
    edges: { [messagingFaults]: messagingOutcomes },
    close() {
      mailboxes.close();
      subscriptions.close();
      waiting.close();
    },
  };
}

/**
 * A mailbox is its app's. One that has no app is everybody's in the sandbox, for it is of the default data, and elsewhere that
 * of the organisation whose code it bears.
 */
const ownsMailbox: ReturnOptions['owns'] = ({ app, odsCode }, { environment, app: by, owner }) => {
  if (app !== undefined) return app === by;
  return environment === 'sandbox' || odsCode === owner;
};

/** Seconds that an answer of the directory is kept; each change of it drops them. */
const keptFor = 60;

function directoryOf({ directory, routes }: MessagingOptions): ReturnOptions['directory'] {
  const termsOf = (name: string) => {
    const environment = toEnvironment(name);
    if (!environment) throw new Problem('not-found', 'There is no such environment');
    return { view: directoryView(environment), kept: keptFor, fresh: false };
  };
  return {
    endpoint: (environment, query) => routes.route(query, termsOf(environment)),
    system: (environment, asid) => routes.system(asid, termsOf(environment)),
    async speaksFor(environment, owner, { organisation: odsCode, interaction }) {
      if (owner === odsCode) return true;
      const { view } = termsOf(environment);
      const systems = await directory.in(view).systems({ odsCode, interaction });
      return systems.some(({ manufacturer }) => manufacturer?.toUpperCase() === owner);
    },
  };
}

export interface MessagingWorkOptions extends IdentityParts {
  readonly store: ServedStore;
  readonly accepted: (message: MeshMessage) => readonly OutboxEntry[];
}

/** What one process does for the whole installation. */
export interface MessagingWork {
  readonly topics: Readonly<Record<string, Topic>>;
  readonly bringing: readonly string[];
  readonly sweep: () => Promise<number>;
}

export function openMessagingWork(options: MessagingWorkOptions): MessagingWork {
  const { config, store, clock, accepted } = options;
  const now = () => clock.now();
  const work = delivering({
    ...{ store, now, accepted, blobs: openBlobs({ config, store, clock }) },
    circuits: createCircuits(now, Math.random),
    post: spineOutgoing({
      targets: targetRules(config),
      identity: platformIdentities(options),
      secret: storedSecrets(store, secretSealer(resolve(config.dataDir))),
    }),
  });
  return { ...work, bringing: [keptMessages] };
}
