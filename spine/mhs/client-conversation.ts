/**
 * Conversations of our own with asynchronous services: the request is on disk with its delivery before it is sent, under
 * a key by which a repeat finds it, and its answer beside it before it is acknowledged. Owns the documents, joining one that
 * runs, and beginning anew what came to nothing; so a killed process costs the wait and nothing else.
 */
import { Problem } from '../../core/problem.ts';
import { outboxEntry, type Delivery, type Outbox, type NewDelivery } from '../../core/outbox.ts';
import type { Stored } from '../../core/store.ts';
import { asking } from './deliveries.ts';
import type { Waiting } from './client-waiting.ts';
import { refusedWith, tooLate } from './client-sync.ts';
import type { KeptMessage, KeptMessages } from './kept-message.ts';

export interface ConversationOptions {
  readonly messages: KeptMessages;
  readonly outbox: Outbox;
  readonly waiting: Waiting;
}

export interface Conversations {
  /** Begins one, or joins what another has begun under its key since `seen`. Waits for the answer. */
  hold(key: string, seen: number, begin: Beginning, patience: number): Promise<KeptMessage>;
  /** One that was begun: its answer, or what it came to. */
  resume(key: string, patience: number): Promise<Resumed>;
}

/** A request with the delivery that lands with it. */
export interface Beginning {
  readonly message: KeptMessage;
  readonly delivery: NewDelivery;
}

export interface Resumed {
  /** The version of its document; 0 where there is none. */
  readonly seen: number;
  readonly asked?: KeptMessage;
  /** Absent where none was begun, or the last one was refused by the envelope and never done. */
  readonly answer?: KeptMessage;
}

/** The key of a request. @param name of a write, or the message's own id */
export function askedKey(environment: string, fromParty: string, name: string): string {
  return `asked|${environment}|${fromParty}|${name}`;
}

/** The one answer to a request. */
export function answeredKey(key: string, messageId: string): string {
  return `answered|${key}|${messageId}`;
}

/** The delivery of a request, whose schedule plays no part in its id. */
export function askDeliveryId(key: string, message: KeptMessage): string {
  return asking(key, message, { retries: 0, interval: 0, lifetime: 0 }).id;
}

export function conversations(options: ConversationOptions): Conversations {
  const { messages, outbox } = options;
  const { collection } = messages;
  return {
    async hold(key, seen, { message, delivery }, patience) {
      const put = { expected: seen, outbox: [outboxEntry(delivery)] };
      const begun = await collection.put(key, message, put).catch(async (error: unknown) => {
        const other = isConflict(error) ? await collection.get(key) : undefined;
        if (other) return other;
        throw error;
      });
      return answered(options, begun, patience);
    },
    async resume(key, patience) {
      const found = await collection.get(key);
      if (!found) return { seen: 0 };
      const { version: seen, value: asked } = found;
      const delivery = await outbox.get(askDeliveryId(key, asked));
      if (
        delivery?.state === 'dead' &&
        !(await collection.get(answeredKey(key, asked.messageId)))
      ) {
        if (wasRefused(delivery)) return { seen, asked };
        // Nobody knows whether it was done: the same message again, which is done once.
        await outbox.retry(delivery.id).catch(unlessConflict);
      }
      return { seen, asked, answer: await answered(options, found, patience) };
    },
  };
}

/** How reasons of deliveries begin that were refused for good: the message was not taken, and never will be. */
export const refused = 'refused by the receiver: ';

function wasRefused({ reason = '' }: Delivery): boolean {
  return reason.startsWith(refused);
}

async function answered(
  { messages, outbox, waiting }: ConversationOptions,
  { id: key, value }: Stored<KeptMessage>,
  patience: number,
): Promise<KeptMessage> {
  const answerId = answeredKey(key, value.messageId);
  const deliveryId = askDeliveryId(key, value);
  const look = async (): Promise<KeptMessage | Delivery | undefined> => {
    const answer = await messages.collection.get(answerId);
    if (answer) return answer.value;
    const delivery = await outbox.get(deliveryId);
    return delivery?.state === 'dead' ? delivery : undefined;
  };
  const found = await waiting.until([answerId, deliveryId], look, patience);
  if (!found) throw tooLate();
  if (!('topic' in found)) return found;
  // It may have come between the two looks.
  const answer = await messages.collection.get(answerId);
  if (answer) return answer.value;
  throw failed(found);
}

function failed(delivery: Delivery): Problem {
  const { reason = '' } = delivery;
  if (!wasRefused(delivery))
    return new Problem('upstream', `The message could not be delivered: ${reason}`, {
      code: 'NOT_DELIVERED',
    });
  const [what, code = ''] = reason.slice(refused.length).split(' ');
  return refusedWith(what === 'fault' ? 'fault' : 'error', code);
}

function isConflict(error: unknown): boolean {
  return error instanceof Problem && error.kind === 'conflict';
}

function unlessConflict(error: unknown): void {
  if (!isConflict(error)) throw error;
}
