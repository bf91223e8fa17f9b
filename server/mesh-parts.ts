/** Joins MESH: its service, its policy and the work that it does by itself, over the store and the blobs. */
import { join, resolve } from 'node:path';
import type { Blobs } from '../core/blobs.ts';
import type { Clock } from '../core/clock.ts';
import type { Policy } from '../core/exchange.ts';
import type { Topic } from '../core/outbox-runner.ts';
import { routes } from '../core/routes.ts';
import type { Store } from '../core/store.ts';
import { meshApi, meshOpen, meshLookUps } from '../spine/mesh/api.ts';
import { openBroker, type BrokerOptions } from '../spine/mesh/broker.ts';
import { meshErrors } from '../spine/mesh/errors.ts';
import { expire, sweepBodies } from '../spine/mesh/expiry.ts';
import { router, routingTopic, type FindPerson } from '../spine/mesh/gp-routing.ts';
import { createCursors } from '../spine/mesh/inbox-query.ts';
import { mailboxKey, openMailboxes, type MeshCaller } from '../spine/mesh/mailboxes.ts';
import { meshMessageCollection } from '../spine/mesh/messages.ts';
import { sweepClaims } from '../spine/mesh/repeats.ts';
import { reporter, reportTopic } from '../spine/mesh/reports.ts';
import { openSeen } from '../spine/mesh/seen.ts';
import { testAdministration } from '../spine/mesh/test-administration.ts';
import { openUsedTokens } from '../spine/mesh/used-tokens.ts';
import type { Config } from './config.ts';
import type { Service } from './gateway/backend.ts';
import type { PolicyKind } from './gateway/policy.ts';
import { meshCounts } from './mesh-metrics.ts';
import { meshKeys, openSharedKeys } from './mesh-keys.ts';
import { meshApiId, meshFaults, meshKinds } from './mesh-proxies.ts';
import type { Labels } from './observe/families.ts';
import { blobsName, fileBlobs } from './store/blobs.ts';
import { storedBlobs } from './store/stored-blobs.ts';

export interface MeshOptions {
  readonly config: Config;
  readonly store: Store;
  readonly clock: Clock;
  /** Counts what happens, for the metrics. */
  readonly counted?: (name: string, help: string, labels: Labels) => void;
}

/** What lands with a message that is accepted: the postman's pushes and receipts. */
export interface AcceptedOption {
  readonly accepted: NonNullable<BrokerOptions['accepted']>;
}

/** What the hosting platform is given. */
export interface MeshParts {
  readonly services: Readonly<Record<string, Service>>;
  readonly kinds: Readonly<Record<string, PolicyKind>>;
  readonly edges: Readonly<Record<string, Policy>>;
  close(): void;
}

/** Bytes: what one request may bring, and what one message may have in all. */
const limits = { request: 104_857_600, message: 100 * 1024 ** 3 };
const spare = 256 * 1024 * 1024;
/** The same for whatever sends beside the service. */
export const meshLimits = { limits, spare } as const;

/** Served to whoever asks, so that clients need not guess. */
const published = {
  ...{ requestBytes: limits.request, messageBytes: limits.message, chunks: 10_000 },
  ...{ inboxDays: 5, keptDays: 30, uploadHours: 24, tokenMinutes: 120 },
  ...{ pageDefault: 500, pageMost: 5_000, waitSeconds: 60, idempotencyHours: 24 },
};

export function createMeshParts({
  config,
  store,
  clock,
  counted,
  accepted,
}: MeshOptions & AcceptedOption): MeshParts {
  const now = () => clock.now();
  const newId = () => clock.newId();
  const keys = meshKeys(resolve(config.dataDir));
  const sharedKeys = openSharedKeys(store, keys, now);
  const seen = openSeen(store, now);
  const count = meshCounts(counted);
  const blobs = openBlobs({ config, store, clock });
  const mailboxes = openMailboxes(store);
  const usedTokens = openUsedTokens(store, now);
  const cursors = createCursors(keys.cursorKey);
  const broker = openBroker({
    ...{ store, blobs, mailboxes, now, limits, spare, accepted },
    workflows: config.meshWorkflows,
    told: count.step,
  });
  const kinds = meshKinds({
    ...{ mailboxes, now, binding: config.meshCertBinding },
    passwordOf: ({ environment, id, sealed }) => keys.open(sealed, mailboxKey(environment, id)),
    sharedKeys: (environment) => sharedKeys.of(environment),
    refused: count.refused,
  });
  return {
    kinds,
    edges: { [meshFaults]: meshErrors },
    services: {
      [meshApiId]: ({ base }) => {
        const options = {
          ...{ broker, blobs, mailboxes, usedTokens, cursors, base, newId, now },
          limits: published,
          seen: (caller: MeshCaller, client: string | undefined) => {
            seen.note(caller, client);
          },
          refused: count.refused,
        };
        if (base === '/admin')
          return { handler: routes(testAdministration({ messages: broker.messages, now }, '')) };
        return base.startsWith('/endpointlookup')
          ? { handler: routes(meshLookUps(options)) }
          : { handler: meshApi(options), open: meshOpen(options) };
      },
    },
    close: () => {
      mailboxes.close();
      sharedKeys.close();
    },
  };
}

/** Beside the embedded store as files; documents where several machines share a store. */
export function openBlobs({ config, store, clock }: MeshOptions): Blobs {
  return config.mongoUrl === ''
    ? fileBlobs(join(resolve(config.dataDir), blobsName))
    : storedBlobs(store, clock);
}

/** What one process does for the whole installation. */
export interface MeshWork {
  readonly topics: Readonly<Record<string, Topic>>;
  /** Collections whose documents bring deliveries along. */
  readonly bringing: readonly string[];
  sweep(): Promise<number>;
  close(): void;
}

export interface MeshWorkOptions extends MeshOptions, AcceptedOption {
  /** Whether something else than a message names a body. */
  readonly named?: (blob: string) => Promise<boolean>;
  /** Whom messages to a patient's practice are about. */
  readonly find: FindPerson;
  /** Told what went wrong. */
  readonly alarm: (error: unknown) => void;
}

/** How often what is due is looked for: milliseconds. */
const lookEvery = 5_000;

/** Begins at once. */
export function openMeshWork(options: MeshWorkOptions): MeshWork {
  const { store, clock, alarm, find, accepted, named } = options;
  const now = () => clock.now();
  const count = meshCounts(options.counted);
  const expiring = {
    ...{ store, blobs: openBlobs(options), now, told: count.step },
    ...(named ? { named } : {}),
  };
  const usedTokens = openUsedTokens(store, now);
  const mailboxes = openMailboxes(store);
  let running: Promise<unknown> = Promise.resolve();
  const look = () => {
    running = running.then(() => expire(expiring)).catch(alarm);
  };
  look();
  const timer = setInterval(look, lookEvery).unref();
  return {
    topics: {
      [reportTopic]: { send: reporter(store, now, accepted), patience: 30_000 },
      [routingTopic]: { send: router({ store, mailboxes, find, now, accepted }), patience: 30_000 },
    },
    bringing: [meshMessageCollection.name],
    sweep: async () =>
      (await usedTokens.sweep()) +
      (await sweepClaims(store, now())) +
      (await sweepBodies(expiring)),
    close: () => {
      clearInterval(timer);
      mailboxes.close();
    },
  };
}
