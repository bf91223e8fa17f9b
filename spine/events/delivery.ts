/**
 * Copies of events on their way: each becomes a message in its mailbox, by the broker, as any other sender's would be. Owns
 * that a copy is one message however often it is tried: the message's id comes from the copy's, whoever was killed when.
 */
import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Blobs } from '../../core/blobs.ts';
import { openOutbox, type Delivery } from '../../core/outbox.ts';
import type { Outcome, Topic } from '../../core/outbox-runner.ts';
import { Problem } from '../../core/problem.ts';
import type { Store } from '../../core/store.ts';
import { readChunk } from '../mesh/bodies.ts';
import type { Broker } from '../mesh/broker.ts';
import type { Mailbox, Mailboxes, MeshCaller } from '../mesh/mailboxes.ts';
import { digitsOf } from '../mesh/messages.ts';
import { copyOf, copyTopic, spreadTopic, type CopyBody } from './engine.ts';
import { eventCollection, type Copy, type KeptEvent } from './event.ts';

/** What a recipient gets. */
export interface Rendered {
  readonly content: string | Uint8Array;
  readonly mediaType: string;
}

/**
 * Writes a copy in its form. It may take time, as long as the signal lets it. What it throws is tried again; `refused` is
 * never. The same copy should come out the same each time it is made.
 */
export type Form = (
  event: KeptEvent,
  copy: Copy,
  published: Buffer,
  signal: AbortSignal,
) => Promise<Rendered | { readonly refused: string }>;

/** A mailbox that sends events; nobody proves to be it, and nothing is fetched from it. */
export const eventsMailbox = 'GATEHOUSEEVENTS';

export interface CopyOptions {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly broker: Pick<Broker, 'send' | 'about'>;
  readonly mailboxes: Pick<Mailboxes, 'mailbox'>;
  readonly now: () => number;
  /** By name; `published` needs none. */
  readonly forms: Readonly<Record<string, Form>>;
  /** Enters into the audit that somebody was told; waited for. */
  readonly entered: (event: KeptEvent, copy: Copy, messageId: string) => Promise<void>;
}

/** The senders of both topics. */
export function eventTopics(options: CopyOptions): Readonly<Record<string, Topic>> {
  return {
    [copyTopic]: { send: (delivery, signal) => deliver(options, delivery, signal) },
    [spreadTopic]: { send: (delivery) => spread(options, delivery) },
  };
}

const missing: Outcome = { kind: 'dead', reason: 'the event is no longer kept' };

async function deliver(
  options: CopyOptions,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<Outcome> {
  const { store, blobs, mailboxes, entered } = options;
  const { event: key, endpoint } = JSON.parse(delivery.body) as CopyBody; // copyOf wrote it
  const event = (await store.open(eventCollection).get(key))?.value;
  const copy = event?.copies.find((one) => one.endpoint === endpoint);
  if (!event || !copy) return missing;
  const recipient = await mailboxes.mailbox(event.environment, copy.mailbox);
  if (!recipient?.active) return { kind: 'dead', reason: 'the mailbox is not there or not active' };
  const published = await bytesOf(await readChunk(blobs, event.body));
  const rendered = await render(options, event, copy, published, signal);
  if ('refused' in rendered) return { kind: 'dead', reason: rendered.refused };
  try {
    const messageId = await put(options, delivery.id, event, copy, rendered);
    await entered(event, copy, messageId);
    return { kind: 'done' };
  } catch (error) {
    const { status, message } = Problem.from(error);
    if (status >= 500) throw error;
    return { kind: 'dead', reason: message }; // by the rules of workflows
  }
}

async function render(
  { forms }: CopyOptions,
  event: KeptEvent,
  copy: Copy,
  published: Buffer,
  signal: AbortSignal,
): ReturnType<Form> {
  if (copy.form === 'published') return { content: published, mediaType: event.mediaType };
  const form = Object.hasOwn(forms, copy.form) ? forms[copy.form] : undefined;
  return form ? form(event, copy, published, signal) : { refused: 'its form is not known' };
}

/** Puts the message, or finds the one that was put before. @returns its id */
async function put(
  { broker }: CopyOptions,
  delivery: string,
  event: KeptEvent,
  copy: Copy,
  { content, mediaType }: Rendered,
): Promise<string> {
  const caller = senderIn(event.environment);
  const { mailbox: to, workflow, partnerId } = copy;
  // Of the copy, so that one of another's that has the same name is told from it.
  const localId = hash('sha256', delivery, 'hex').slice(0, 32);
  for (let turn = 0; ; turn++) {
    const id = messageIdOf(delivery, event.received, turn);
    const fields = {
      ...{ to, workflow, range: { n: 1, total: 1 }, encoding: undefined },
      said: {
        ...{ localId, contentType: mediaType },
        ...(partnerId === undefined ? {} : { partnerId }),
      },
    };
    const body = Readable.from([Buffer.from(content as Uint8Array)]); // a text is taken as well
    const { replayed } = await broker.send(caller, fields, body, { id });
    if (!replayed || (await broker.about(caller, id)).localId === localId) return id;
  }
}

function senderIn(environment: string): MeshCaller {
  const mailbox: Mailbox = {
    ...{ environment, id: eventsMailbox, name: 'Events', odsCode: '', orgCode: '', orgName: '' },
    ...{ active: true, sealed: '' },
  };
  return { environment, mailbox };
}

/** In the form that ids of messages have. */
function messageIdOf(delivery: string, received: number, turn: number): string {
  const digest = hash('sha256', `${delivery}|${turn}`, 'buffer');
  const micro = String(digest.readUInt32BE(0) % 1_000_000).padStart(6, '0');
  const last = digest.subarray(4, 7).toString('hex').toUpperCase();
  return `${digitsOf(received)}${micro}_${last}`;
}

/** Copies that are handed in together. */
const batch = 100;

/** Hands in the copies of an event that has very many. */
async function spread({ store, now }: CopyOptions, delivery: Delivery): Promise<Outcome> {
  const outbox = openOutbox(store, { now });
  const key = delivery.body;
  const event = (await store.open(eventCollection).get(key))?.value;
  if (!event) return missing;
  for (let from = 0; from < event.copies.length; from += batch)
    await Promise.all(
      event.copies.slice(from, from + batch).map((copy) => outbox.add(copyOf(key, event, copy))),
    );
  return { kind: 'done' };
}

async function bytesOf(stream: Readable): Promise<Buffer> {
  return Buffer.concat((await stream.toArray()) as Buffer[]); // a stream of bytes gives Buffers
}
