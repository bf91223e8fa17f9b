/**
 * Events as documents: what was published, word for word, and who is to have a copy. Owns the shapes and the indexes; how
 * they get there is engine.ts's, how they leave delivery.ts's. Knows no standard: what an event means is its face's business.
 */
import { timeKey } from '../../core/outbox.ts';
import type { CollectionOf } from '../../core/store.ts';
import type { MeshChunk } from '../mesh/messages.ts';

/** One copy of an event: for one endpoint, however many of its subscriptions match (the single-copy rule). */
export interface Copy {
  /** Names the endpoint; unique within the event. Of two copies with one name the second is refused. */
  readonly endpoint: string;
  /** Id of the mailbox, upper case, in the environment of the event. */
  readonly mailbox: string;
  readonly workflow: string;
  /** Told to the recipient as `mex-partnerid`. */
  readonly partnerId?: string;
  /** Ids of all subscriptions that this copy is for: a replay finds it by them. */
  readonly subscriptions: readonly string[];
  /** What the recipient gets: `published` for the bytes as they came, else the name of a form that its face renders. */
  readonly form: string;
  /** What the form needs to know beside the event, as the face wrote it. */
  readonly detail?: string;
  /** Copies of one lane are made a few at a time, so that a slow source holds up no other; for forms that fetch. */
  readonly lane?: string;
}

/** An event as it is published. */
export interface NewEvent {
  readonly environment: string;
  /** The view of the data that it is about; absent where it is about none. */
  readonly workspace?: string;
  /** Two with one key within 24 hours are the same event. It may hold a patient's number: only a hash of it is kept. */
  readonly key: string;
  readonly type: string;
  /** When it happened, as its publisher says: milliseconds since the epoch. */
  readonly time: number;
  /** The patient whom it is about (NHS number); for the audit. Never logged. */
  readonly subject?: string;
  /** Up to 3 MB; what is kept is these bytes. */
  readonly body: { readonly content: string | Uint8Array; readonly mediaType: string };
  readonly copies: readonly Copy[];
}

export interface KeptEvent extends Omit<NewEvent, 'key' | 'body'> {
  /** Ours: a UUID. */
  readonly id: string;
  /** Hash of the key. */
  readonly keyed: string;
  readonly body: MeshChunk;
  readonly mediaType: string;
  /** Milliseconds since the epoch. */
  readonly received: number;
}

export const eventCollection: CollectionOf<KeptEvent> = {
  name: 'events.events',
  keys: ({ environment, id, keyed, received, body, copies }) => ({
    id: [[environment, id]],
    keyed: [[environment, keyed, timeKey(received)]],
    age: [[timeKey(received)]],
    blob: body.blob === undefined ? [] : [[body.blob]],
    subscription: [...new Set(copies.flatMap(({ subscriptions }) => subscriptions))].map((one) => [
      one,
      timeKey(received),
    ]),
  }),
};

const day = 24 * 3_600_000;

/** Milliseconds that a key is known for, and that events are kept to be delivered again. */
export const eventLifetimes = { key: day, kept: 30 * day } as const;

/** Bytes that an event may have. */
export const mostEventBytes = 3 * 1024 * 1024;
