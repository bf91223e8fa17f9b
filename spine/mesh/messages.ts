/**
 * Messages as documents: what was said of them, their chunks, their state and all that happened. A document at its expected
 * version is the one moment of each step, so that a kill leaves a message before it or after it. Owns the shape and the
 * indexes; what may follow what is broker.ts's and expiry.ts's.
 */
import { randomBytes } from 'node:crypto';
import { timeKey } from '../../core/outbox.ts';
import type { CollectionOf } from '../../core/store.ts';

export type MessageState = 'uploading' | 'accepted' | 'acknowledged' | 'undeliverable' | 'error';

/** Part of a body. A short one stands in the document, in base64; a longer one is a blob. */
export interface MeshChunk {
  readonly n: number;
  /** Bytes as kept. */
  readonly size: number;
  /** SHA-256, lower-case hex. */
  readonly digest: string;
  readonly inline?: string;
  readonly blob?: string;
}

/** What happened to a message, newest first in its document. */
export interface MeshEvent {
  readonly at: number;
  readonly state: MessageState;
  readonly event: string;
  readonly code: string;
  readonly text: string;
  /** The report about it. */
  readonly linked?: string;
}

/** As the sender said, all optional; bounds are those of send-fields.ts. */
export interface Said {
  readonly localId?: string;
  readonly subject?: string;
  readonly fileName?: string;
  readonly partnerId?: string;
  readonly checksum?: string;
  readonly encrypted?: string;
  readonly compressed?: string;
  /** Of the whole; passed on. */
  readonly contentType?: string;
  /** What is to be pushed one after the other (spine/postman/). */
  readonly orderingKey?: string;
}

export interface MeshMessage extends Said {
  readonly environment: string;
  readonly id: string;
  readonly kind: 'DATA' | 'REPORT';
  /** Mailbox ids; a report has no sender, and who is addressed by a person's name has no recipient yet. */
  readonly sender: string;
  readonly recipient: string;
  /** The address that names a person, until the mailbox is found; shown nowhere. */
  readonly addressed?: string;
  readonly workflow: string;
  readonly encoding?: 'gzip';
  /** How many there are to be, and those that are there. */
  readonly total: number;
  readonly chunks: readonly MeshChunk[];
  readonly state: MessageState;
  /** All times in milliseconds since the epoch. */
  readonly created: number;
  /** When the last chunk came. */
  readonly touched: number;
  readonly accepted?: number;
  /** Its place in the inbox: rises, and is one message's alone together with its id. */
  readonly place?: string;
  readonly acknowledged?: number;
  readonly events: readonly MeshEvent[];
  /** Of a report: the message it is about, and what is told. */
  readonly linked?: string;
  readonly report?: { readonly code: string; readonly event: string; readonly text: string };
}

export const day = 24 * 3_600_000;

/** How long messages wait, in milliseconds: in an inbox, for the next chunk, and after their end until they are removed. */
export const lifetimes = { inbox: 5 * day, upload: day, kept: 30 * day } as const;

/** Their lifetimes stand in an index: they are the same for all. */
export const meshMessageCollection: CollectionOf<MeshMessage> = {
  name: 'mesh.messages',
  keys: (message) => {
    const { environment, id, recipient, sender, localId, state, place, created, accepted } =
      message;
    const inbox = `${environment}|${recipient}`;
    const outbox = `${environment}|${sender}`;
    return {
      due: [[timeKey(dueOf(message))]],
      blob: message.chunks.flatMap(({ blob }) => (blob === undefined ? [] : [[blob]])),
      ...(state === 'accepted' && place !== undefined
        ? { inbox: [[inbox, place]], waiting: [[environment, place]] }
        : {}),
      ...(accepted === undefined ? {} : { received: [[inbox, newestFirst(accepted), id]] }),
      ...(sender === '' ? {} : { sent: [[outbox, newestFirst(created), id]] }),
      ...(sender === '' || localId === undefined ? {} : { local: [[outbox, localId]] }),
    };
  },
};

/** When the next thing happens to a message by itself. */
export function dueOf(message: MeshMessage): number {
  const { state, accepted = 0, touched, events, chunks, total } = message;
  // What is whole waits for its practice to be found, as long as that is tried.
  if (state === 'uploading')
    return touched + (chunks.length < total ? lifetimes.upload : lifetimes.inbox);
  if (state === 'accepted') return accepted + lifetimes.inbox;
  return (events[0]?.at ?? touched) + lifetimes.kept;
}

/** A time as part of a key whose order is from new to old. */
export function newestFirst(time: number): string {
  return timeKey(999_999_999_999_999 - time);
}

/** The id of a message's document. */
export function messageKey(environment: string, id: string): string {
  return `${environment}|${id}`;
}

/** `yyyyMMddHHmmssSSSSSS_` and six digits in upper-case hex, as production's are. Whoever puts it finds out whether it is new. */
export function newMessageId(now: number): string {
  const digits = new Date(now).toISOString().replace(/\D/g, '');
  const random = randomBytes(5);
  const micro = String(random.readUInt16BE(3) % 1000).padStart(3, '0');
  return `${digits}${micro}_${random.subarray(0, 3).toString('hex').toUpperCase()}`;
}

/** The place in an inbox of what is accepted now. */
export function placeOf(now: number, id: string): string {
  return `${timeKey(now)} ${id}`;
}

/** 14 digits, UTC: `yyyyMMddHHmmss`. */
export function digitsOf(time: number): string {
  return new Date(time).toISOString().replace(/\D/g, '').slice(0, 14);
}
