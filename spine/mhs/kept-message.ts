/**
 * Messages in the store: what was received or is to be sent, as it came over the wire, with the ids by which it is known
 * again. Owns the documents; a message and its deliveries land in one write. Long bodies are kept-bodies.ts's.
 */
import type { Collection, CollectionOf, Store, Stored } from '../../core/store.ts';
import { timeKey } from '../../core/outbox.ts';
import { openBodies, type KeptBodies, type KeptBody } from './kept-bodies.ts';
import type { EbxmlHeader } from '../ebxml/envelope.ts';

/** What support and routing know of a message. Nothing of its contents. */
export interface MessageAbout extends Pick<
  EbxmlHeader,
  | 'fromParty'
  | 'toParty'
  | 'cpaId'
  | 'conversationId'
  | 'service'
  | 'action'
  | 'messageId'
  | 'refToMessageId'
> {
  readonly environment: string;
  /** The view of the data it was received in. */
  readonly workspace: string;
  /**
   * `request`: for the national services. `answer`: of theirs. `forward`: passed on. `signal`: acknowledgement or error.
   * `asked`, `answered`: a request of our own, and what came for it.
   */
  readonly kind: 'request' | 'answer' | 'forward' | 'signal' | 'asked' | 'answered';
  /** Of the sender and receiver, where the message tells. */
  readonly senderAsid?: string;
  readonly receiverAsid?: string;
}

/** A message as it is kept. */
export interface KeptMessage extends MessageAbout {
  /** As received or to be sent: the media type with its boundary, and the SOAPAction. */
  readonly contentType: string;
  readonly soapAction: string;
  /** Whether its receiver is to acknowledge it. */
  readonly acknowledged: boolean;
  readonly body: KeptBody;
  /** Milliseconds since the epoch. */
  readonly received: number;
  /** Until when a repeat is known, and answered as this one was. */
  readonly until: number;
  /** How its sender was answered. */
  readonly answer?: TransportAnswer;
  /** Whether its receiver's acknowledgement is relayed to the sender, and whose name is told for errors on the way. */
  readonly relayed?: boolean;
  readonly between?: string;
  /** Who acknowledges, as its envelope asks. */
  readonly ackActor?: string;
  /** Under what its answer is fetched, where nobody is to send it. */
  readonly pollId?: string;
  /** NHS numbers of those whom an answer that is fetched shows, for the audit. */
  readonly people?: readonly string[];
  /** With what a message of our own is sent, in place of the platform's certificate. */
  readonly shown?: ShownCertificate;
  /** Which application sent it. */
  readonly app?: { readonly id: string; readonly name: string };
}

/** Names of secrets of an Api in the message's environment: certificate, chain and key, and the authorities to trust. */
export interface ShownCertificate {
  readonly api: string;
  readonly secret: string;
  readonly authorities?: string;
}

export interface TransportAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const messageCollection: CollectionOf<KeptMessage> = {
  name: 'spine.messages',
  keys: ({ until, received, messageId, conversationId, pollId, body }) => ({
    until: [[timeKey(Math.max(until, received + day))]],
    ...(body.pieces === undefined ? {} : { body: [[body.pieces.id]] }),
    ref: [...new Set([messageId.toUpperCase(), conversationId.toUpperCase()])].map((id) => [id]),
    ...(pollId === undefined ? {} : { poll: [[pollId]] }),
    all: [[timeKey(received)]],
  }),
};

const day = 24 * 60 * 60_000;

/** The id of a message's document. Ids are the sender's own, so that nobody takes another's. */
export function messageKey(about: {
  readonly environment: string;
  readonly fromParty: string;
  readonly messageId: string;
}): string {
  return `${about.environment}|${about.fromParty}|${about.messageId.toUpperCase()}`;
}

/** There is one answer to a message, under a key that is known beforehand. */
export function answerKey(key: string): string {
  return `answer|${key}`;
}

export interface KeptMessages {
  readonly collection: Collection<KeptMessage>;
  readonly bodies: KeptBodies;
  read(body: KeptBody): AsyncGenerator<Buffer>;
  /** By message or conversation id. */
  named(ref: string): Promise<readonly KeptMessage[]>;
  /** The message whose answer is fetched under this id. */
  polled(pollId: string): Promise<Stored<KeptMessage> | undefined>;
  /** Removes what nobody needs to know again. */
  sweep(now: number): Promise<number>;
}

export function openMessages(store: Store): KeptMessages {
  const collection = store.open(messageCollection);
  const bodies = openBodies(store);
  return {
    collection,
    bodies,
    read: (body) => bodies.read(body),
    async named(ref) {
      const equals = [ref.toUpperCase()];
      const { items } = await collection.find({ index: 'ref', equals, limit: 1000 });
      return items.map(({ value }) => value);
    },
    async polled(pollId) {
      const { items } = await collection.find({ index: 'poll', equals: [pollId], limit: 1 });
      return items[0];
    },
    async sweep(now) {
      const { items } = await collection.find({ index: 'until', to: timeKey(now), limit: 1000 });
      for (const { id, version, value } of items) {
        await bodies.drop(value.body); // first: a message without them is found again, they would not be
        await collection.remove(id, version);
      }
      const isKept = async (id: string) =>
        (await collection.find({ index: 'body', equals: [id], limit: 1 })).items.length > 0;
      return items.length + (await bodies.sweep(now, isKept));
    },
  };
}
