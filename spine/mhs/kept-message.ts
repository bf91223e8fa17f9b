/**
 * Messages in the store: what was received or is to be sent, as it came over the wire, with the ids by which it is known
 * again. Owns the documents and how a long body is cut into pieces; a message and its deliveries land in one write.
 */
import type { Collection, CollectionOf, Store, Stored } from '../../core/store.ts';
import { timeKey } from '../../core/outbox.ts';
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

/** A short body stands in the document, in base64; a long one in pieces of its own. */
export interface KeptBody {
  readonly size: number;
  readonly inline?: string;
  readonly pieces?: { readonly id: string; readonly count: number };
}

export const messageCollection: CollectionOf<KeptMessage> = {
  name: 'spine.messages',
  keys: ({ until, received, messageId, conversationId, pollId }) => ({
    until: [[timeKey(Math.max(until, received + day))]],
    ref: [...new Set([messageId.toUpperCase(), conversationId.toUpperCase()])].map((id) => [id]),
    ...(pollId === undefined ? {} : { poll: [[pollId]] }),
    all: [[timeKey(received)]],
  }),
};

const pieceCollection: CollectionOf<string> = {
  name: 'spine.pieces',
  encode: (text) => text,
  decode: (text) => text,
};

const day = 24 * 60 * 60_000;
const pieceSize = 192 * 1024;

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
  /** Keeps what passes; `kept` tells where, once all has passed. @param id unique to this body */
  keep(id: string): BodyKeeper;
  read(body: KeptBody): AsyncGenerator<Buffer>;
  /** By message or conversation id. */
  named(ref: string): Promise<readonly KeptMessage[]>;
  /** The message whose answer is fetched under this id. */
  polled(pollId: string): Promise<Stored<KeptMessage> | undefined>;
  /** Removes what nobody needs to know again. */
  sweep(now: number): Promise<number>;
}

export interface BodyKeeper {
  pass(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer>;
  kept(): Promise<KeptBody>;
  /** Removes what was kept of a message that is refused. */
  drop(): Promise<void>;
}

export function openMessages(store: Store): KeptMessages {
  const collection = store.open(messageCollection);
  const pieces = store.open(pieceCollection);
  return {
    collection,
    keep: (id) => keeper(pieces, id),
    read: (body) => read(pieces, body),
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
        await collection.remove(id, version);
        await dropPieces(pieces, value.body.pieces);
      }
      return items.length;
    },
  };
}

function keeper(pieces: Collection<string>, id: string): BodyKeeper {
  let waiting: Buffer[] = [];
  let length = 0;
  let size = 0;
  let count = 0;
  const write = async () => {
    const piece = Buffer.concat(waiting, length);
    waiting = [];
    length = 0;
    await pieces.put(pieceId(id, count++), piece.toString('base64'), { expected: 0 });
  };
  return {
    async *pass(source) {
      for await (const chunk of source) {
        waiting.push(chunk);
        length += chunk.length;
        size += chunk.length;
        if (length >= pieceSize) await write();
        yield chunk;
      }
    },
    async kept() {
      if (count === 0) return { size, inline: Buffer.concat(waiting, length).toString('base64') };
      if (length > 0) await write();
      return { size, pieces: { id, count } };
    },
    drop: () => dropPieces(pieces, { id, count }),
  };
}

async function* read(
  pieces: Collection<string>,
  { inline, pieces: at }: KeptBody,
): AsyncGenerator<Buffer> {
  if (inline !== undefined) yield Buffer.from(inline, 'base64');
  for (let n = 0; n < (at?.count ?? 0); n++) {
    const piece = await pieces.get(pieceId(at?.id ?? '', n));
    if (!piece) throw new Error('A piece of a message is no longer kept');
    yield Buffer.from(piece.value, 'base64');
  }
}

async function dropPieces(
  pieces: Collection<string>,
  at: { readonly id: string; readonly count: number } | undefined,
): Promise<void> {
  for (let n = 0; n < (at?.count ?? 0); n++) {
    const piece = await pieces.get(pieceId(at?.id ?? '', n));
    if (piece) await pieces.remove(piece.id, piece.version);
  }
}

function pieceId(id: string, n: number): string {
  return `${id} ${String(n).padStart(5, '0')}`;
}

/** A body that is in memory. */
export function inlineBody(text: string | Buffer): KeptBody {
  const bytes = Buffer.from(text);
  return { size: bytes.length, inline: bytes.toString('base64') };
}
