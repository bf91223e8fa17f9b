/**
 * Joins the engine of events: publishing, in each process that serves, and in the one that works the topics that make copies
 * and the feed of PDS changes. A face of events (MNS, NEMS) is a function of the ground that it is given here; platform.ts
 * hands over which there are.
 */
import type { AuditEntry } from '../core/audit.ts';
import type { Blobs } from '../core/blobs.ts';
import type { Clock } from '../core/clock.ts';
import { openOutbox } from '../core/outbox.ts';
import type { Topic } from '../core/outbox-runner.ts';
import type { Store } from '../core/store.ts';
import { changedTopic, type PdsChange } from '../fhir/pds/changes.ts';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { eventTopics, type Form } from '../spine/events/delivery.ts';
import { openEvents, sweepEvents, type Events } from '../spine/events/engine.ts';
import { eventCollection, type Copy, type KeptEvent } from '../spine/events/event.ts';
import { openPdsFeed, type PdsListener } from '../spine/events/pds-feed.ts';
import { openBroker, type BrokerOptions } from '../spine/mesh/broker.ts';
import { openMailboxes } from '../spine/mesh/mailboxes.ts';
import type { Addresses } from './addresses.ts';
import type { OpenJournal } from './audit/journal.ts';
import type { Config } from './config.ts';
import { meshLimits, openBlobs } from './mesh-parts.ts';

export interface EventsOptions {
  readonly config: Config;
  readonly store: Store;
  readonly clock: Clock;
}

/** Publishing, wherever something is published. */
export function createEvents(options: EventsOptions): Events {
  const { store, clock } = options;
  const blobs = openBlobs(options);
  return openEvents({ store, blobs, now: () => clock.now(), newId: () => clock.newId() });
}

/** What a face does by itself, in the process that works. */
export interface EventFace {
  /** By name: how its copies are written. Names of all faces together are unique. */
  readonly forms: Readonly<Record<string, Form>>;
  /** What it makes of changes of PDS records. */
  readonly pds?: PdsListener;
  sweep?(): Promise<number>;
  close(): void;
}

/** What a face stands on. */
export interface EventGround extends EventsOptions {
  readonly events: Events;
  readonly blobs: Blobs;
  readonly addresses: Addresses;
}

export type OpenFace = (ground: EventGround) => EventFace;

export interface EventsWorkOptions extends EventsOptions {
  readonly addresses: Addresses;
  readonly journal: Pick<OpenJournal, 'append'>;
  /** What lands with a message that is accepted: the postman's pushes. */
  readonly accepted: NonNullable<BrokerOptions['accepted']>;
  /** Told of each copy that became a message, to be counted. */
  readonly told?: BrokerOptions['told'];
  readonly faces: readonly OpenFace[];
}

export interface EventsWork {
  readonly topics: Readonly<Record<string, Topic>>;
  /** Collections whose documents bring deliveries along. */
  readonly bringing: readonly string[];
  sweep(): Promise<number>;
  close(): Promise<void>;
}

/** Begins at once. */
export function openEventsWork(options: EventsWorkOptions): EventsWork {
  const { config, store, clock, journal, addresses, accepted, told } = options;
  const now = () => clock.now();
  const blobs = openBlobs(options);
  const events = createEvents(options);
  const faces = options.faces.map((open) =>
    open({ config, store, clock, events, blobs, addresses }),
  );
  const mailboxes = openMailboxes(store);
  const broker = openBroker({
    ...{ store, blobs, mailboxes, now, accepted, ...meshLimits },
    workflows: config.meshWorkflows,
    ...(told ? { told } : {}),
  });
  const feed = openPdsFeed({
    ...{ store, patients: store.open(patientCollection), wakes: patientCollection.name },
    outbox: openOutbox(store, clock),
    listeners: faces.flatMap(({ pds }) => pds ?? []),
    entered: (change) => journal.append(readEntry(change, now())),
  });
  return {
    topics: {
      ...eventTopics({
        ...{ store, blobs, broker, mailboxes, now },
        forms: Object.assign({}, ...faces.map(({ forms }) => forms)) as EventFace['forms'], // they are maps of such
        entered: (event, copy, messageId) =>
          journal.append(toldEntry(event, copy, messageId, now())),
      }),
      [changedTopic]: { send: feed.send, patience: 30_000 },
    },
    bringing: [eventCollection.name],
    async sweep() {
      let count = await sweepEvents({ store, blobs, now });
      for (const face of faces) count += (await face.sweep?.()) ?? 0;
      return count;
    },
    async close() {
      await feed.close();
      for (const face of faces) face.close();
      mailboxes.close();
    },
  };
}

/** Whether an event names a body (expiry.ts sweeps those that nothing names). */
export async function isNamedByEvent(store: Store, blob: string): Promise<boolean> {
  const query = { index: 'blob', equals: [blob], limit: 1 };
  return (await store.open(eventCollection).find(query)).items.length > 0;
}

const nobody = { user: '', role: '', purpose: '', code: '', address: '', commit: 0 } as const;

/** What the audit knows the engine by. */
const eventsApp = 'events';

/** A record was read to publish what changed. */
function readEntry({ nhsNumber, workspace, id, app }: PdsChange, at: number): AuditEntry {
  return {
    ...{ ...nobody, at, kind: 'access', api: eventsApp, environment: '', workspace },
    ...{ action: 'publish a change of a record', app: eventsApp, mode: 'app', status: 200 },
    ...{ people: [nhsNumber], requestId: id, correlationId: app },
  };
}

/** A mailbox was told of an event. */
function toldEntry(event: KeptEvent, copy: Copy, messageId: string, at: number): AuditEntry {
  const { environment, workspace = '', subject, type, id } = event;
  return {
    ...{ ...nobody, at, kind: 'access', api: eventsApp, environment, workspace },
    ...{ action: `tell ${copy.mailbox} of ${type}`, app: eventsApp, mode: 'app', status: 200 },
    ...{ people: subject === undefined ? [] : [subject], requestId: id, correlationId: messageId },
  };
}
