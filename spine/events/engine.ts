/**
 * The engine of events, for every face (MNS, NEMS): keeps what is published and hands copies to the outbox, in one write.
 *
 * How a face uses it: it reads and judges what came, asks its index who is to have it (matching.ts), and calls `publish`
 * with one Copy an endpoint. That is a write and nothing else; it resolves when event and copies are on disk, so its caller
 * may answer. The outbox makes each copy a message in its mailbox (delivery.ts), from where it is fetched or pushed.
 * server/events-parts.ts opens it in each process that serves, and runs its topics in the one that works.
 */
import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Blobs } from '../../core/blobs.ts';
import { openOutbox, outboxEntry, timeKey, type NewDelivery } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { Collection, OutboxEntry, Store, Stored } from '../../core/store.ts';
import { keepChunk } from '../mesh/bodies.ts';
import {
  eventCollection,
  eventLifetimes,
  mostEventBytes,
  type Copy,
  type KeptEvent,
  type NewEvent,
} from './event.ts';

/** The topics of the outbox whose senders make copies, and hand in the copies of an event that has very many. */
export const copyTopic = 'event';
export const spreadTopic = 'event-spread';

export interface Published {
  /** The event's id: a UUID, the same for a repeat. */
  readonly id: string;
  /** Whether the key was known: nothing was kept and nobody is told again. */
  readonly repeated: boolean;
}

export interface Replay {
  readonly environment: string;
  /** The subscription whose copies are made again. */
  readonly subscription: string;
  /** When the events came, both ends included: milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** The `next` of the replay before. */
  readonly after?: string;
}

export interface Events {
  /**
   * Makes copies again, each as a new message: of what had matched at the time, to where it went then. A thousand at most.
   * @returns how many, and where to go on
   */
  replay(replay: Replay): Promise<{ readonly count: number; readonly next?: string }>;
  /** Keeps an event with its copies; on disk when it resolves. @throws Problem `too-large`, `invalid`, `unavailable` */
  publish(event: NewEvent): Promise<Published>;
}

export interface EventsOptions {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly now: () => number;
  readonly newId: () => string;
}

/** Entries that land with one document: a store takes fewer than 1,000. */
const mostWithIt = 500;
/** Copies that are made again by one call. */
const mostAtOnce = 1_000;

export function openEvents(options: EventsOptions): Events {
  const { store, blobs, now, newId } = options;
  const events = store.open(eventCollection);
  const outbox = openOutbox(store, { now });
  return {
    async replay({ environment, subscription, from, to, after }) {
      const page = await events.find({
        ...{ index: 'subscription', equals: [subscription], from: timeKey(from), to: timeKey(to) },
        ...{ limit: mostAtOnce, ...(after === undefined ? {} : { after }) },
      });
      const again = newId();
      const copies = page.items.flatMap(({ id, value }) =>
        value.environment === environment
          ? value.copies
              .filter(({ subscriptions }) => subscriptions.includes(subscription))
              .map((copy) => copyOf(id, value, copy, again))
          : [],
      );
      await Promise.all(copies.map((copy) => outbox.add(copy)));
      return { count: copies.length, ...(page.next === undefined ? {} : { next: page.next }) };
    },

    async publish(event) {
      checkEvent(event);
      const keyed = hash('sha256', `${event.environment}|${event.key}`, 'base64url');
      for (;;) {
        const { last, next } = await ofKey(events, event.environment, keyed);
        if (last && now() - last.received < eventLifetimes.key)
          return { id: last.id, repeated: true };
        const kept = await made(options, event, keyed);
        const key = `${event.environment}|${keyed}|${next}`;
        try {
          await events.put(key, kept, { expected: 0, outbox: handedIn(key, kept) });
          return { id: kept.id, repeated: false };
        } catch (error) {
          if (kept.body.blob !== undefined) await blobs.remove([kept.body.blob]);
          if (!(error instanceof Problem && error.kind === 'conflict')) throw error; // else it came twice at once
        }
      }
    },
  };
}

/** Faults of a face, not of its caller. */
function checkEvent({ copies, body }: NewEvent): void {
  const size = Buffer.byteLength(body.content);
  if (size > mostEventBytes) throw new Problem('too-large', 'The event has more than 3 MB');
  if (size === 0) throw new Problem('invalid', 'The event is empty');
  if (new Set(copies.map(({ endpoint }) => endpoint)).size < copies.length)
    throw new Problem('internal', 'An endpoint has one copy of an event');
}

/** The newest event with a key, and the number of the next. */
async function ofKey(
  events: Collection<KeptEvent>,
  environment: string,
  keyed: string,
): Promise<{ readonly last?: KeptEvent; readonly next: number }> {
  const { items } = await events.find({ index: 'keyed', equals: [environment, keyed], limit: 100 });
  const last = items.at(-1);
  if (!last) return { next: 1 };
  return { last: last.value, next: Number(last.id.split('|').at(-1)) + 1 };
}

async function made(
  { blobs, now, newId }: EventsOptions,
  { environment, workspace, type, time, subject, body, copies }: NewEvent,
  keyed: string,
): Promise<KeptEvent> {
  const { content, mediaType } = body;
  const bytes = Buffer.from(content as Uint8Array); // a text is taken as well
  return {
    ...{ environment, id: newId(), keyed, type, time, copies, mediaType, received: now() },
    ...(workspace === undefined ? {} : { workspace }),
    ...(subject === undefined ? {} : { subject }),
    body: await keepChunk(blobs, 1, Readable.from([bytes]), mostEventBytes),
  };
}

/** What lands with an event: its copies, or what hands them in where they are very many. */
function handedIn(key: string, event: KeptEvent): readonly OutboxEntry[] {
  const { copies, environment, id, type } = event;
  if (copies.length <= mostWithIt)
    return copies.map((copy) => outboxEntry(copyOf(key, event, copy)));
  return [
    outboxEntry({
      ...{ id: `${spreadTopic}|${environment}|${id}`, topic: spreadTopic, body: key },
      ...{ about: { environment, event: id, type }, refs: [id], schedule },
    }),
  ];
}

/** What the sender of a copy needs to know. */
export interface CopyBody {
  /** The key of the event's document. */
  readonly event: string;
  readonly endpoint: string;
}

/** The delivery that makes a copy. @param again tells one that is made once more from those before */
export function copyOf(key: string, event: KeptEvent, copy: Copy, again = ''): NewDelivery {
  const { environment, id, type } = event;
  const { endpoint, mailbox, workflow, lane } = copy;
  const body: CopyBody = { event: key, endpoint };
  const name = hash('sha256', `${endpoint}${again === '' ? '' : `|${again}`}`, 'base64url');
  return {
    id: `${copyTopic}|${environment}|${id}|${name}`,
    topic: copyTopic,
    body: JSON.stringify(body),
    about: { environment, event: id, type, mailbox, workflow },
    refs: [id],
    ...(lane === undefined ? {} : { lane: `${copyTopic}|${lane}` }),
    schedule,
  };
}

/** As long as a message waits in an inbox. */
const schedule = {
  ...{ retries: 10_000, interval: 1_000, growing: true, most: 600_000, jitter: true },
  lifetime: 5 * 24 * 3_600_000,
};

/** Removes events that are kept long enough; gives how many. */
export async function sweepEvents({
  store,
  blobs,
  now,
}: Pick<EventsOptions, 'store' | 'blobs' | 'now'>): Promise<number> {
  const events = store.open(eventCollection);
  const to = timeKey(now() - eventLifetimes.kept);
  const { items } = await events.find({ index: 'age', to, limit: 1000 });
  await Promise.all(items.map((stored) => gone(events, blobs, stored)));
  return items.length;
}

async function gone(
  events: Collection<KeptEvent>,
  blobs: Blobs,
  { id, version, value }: Stored<KeptEvent>,
): Promise<void> {
  await events.remove(id, version);
  if (value.body.blob !== undefined) await blobs.remove([value.body.blob]);
}
