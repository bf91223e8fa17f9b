/**
 * What comes of an accepted message: one delivery for each subscription of its mailbox, and receipts that its sender is
 * to have. Owns their ids, which come from message and subscription, so that doing it twice is doing it once.
 */
import { hash } from 'node:crypto';
import { outboxEntry, type Delivery, type NewDelivery } from '../../core/outbox.ts';
import type { OutboxEntry } from '../../core/store.ts';
import { messageKey, type MeshMessage } from '../mesh/messages.ts';
import { restoring } from '../mesh/restore.ts';
import { receiptOf } from './receipts.ts';
import { scheduleOf, type PushSubscription, type Subscriptions } from './subscriptions.ts';

/** The topic of the outbox whose sender pushes. */
export const pushTopic = 'push';

/** What the sender of a delivery needs to know. */
export interface PushBody {
  readonly subscription: string;
  /** The key of the message's document. */
  readonly message: string;
  readonly bytes: number;
}

/** What lands with a message that is accepted. */
export function pushesOf(
  subscriptions: Pick<Subscriptions, 'of'>,
  message: MeshMessage,
): readonly OutboxEntry[] {
  return subscriptions
    .of(message.environment, message.recipient)
    .flatMap((subscription) => [
      outboxEntry(pushOf(subscription, message)),
      ...receiptOf(subscription, message, 'accepted').map(outboxEntry),
    ]);
}

/** The push of a message to the endpoint of a subscription. */
export function pushOf(subscription: PushSubscription, message: MeshMessage): NewDelivery {
  const { environment, id, workflow, recipient, chunks } = message;
  const bytes = chunks.reduce((sum, { size }) => sum + size, 0);
  const body: PushBody = {
    ...{ subscription: subscription.id, message: messageKey(environment, id), bytes },
  };
  const key = subscription.ordering === 'key' ? orderingKey(message) : undefined;
  return {
    id: pushId(subscription.id, message),
    topic: pushTopic,
    body: JSON.stringify(body),
    about: {
      ...{ environment, messageId: id, mailbox: recipient, workflow },
      subscription: subscription.id,
    },
    refs: [id],
    lane: laneOf(subscription.id),
    ...(key === undefined ? {} : { turn: { key, onDead: subscription.onDead } }),
    ...againOf(message),
    schedule: scheduleOf(subscription),
  };
}

/** A message that was put back into its inbox is pushed anew, each time. */
function againOf({ events }: MeshMessage): Pick<NewDelivery, 'again'> {
  const restored = events.find(({ event }) => event === restoring);
  return restored ? { again: `restored ${restored.at}` } : {};
}

export function pushId(subscription: string, message: Pick<MeshMessage, 'environment' | 'id'>) {
  return `${pushTopic}|${message.environment}|${message.id}|${subscription}`;
}

/** Pushes to one endpoint are of one lane. */
export function laneOf(subscription: string): string {
  return `${pushTopic}|${subscription}`;
}

/** @returns undefined for a lane that is none of pushes */
export function subscriptionOf(lane: string): string | undefined {
  return lane.startsWith(`${pushTopic}|`) ? lane.slice(pushTopic.length + 1) : undefined;
}

export function bodyOf({ body }: Delivery): PushBody {
  return JSON.parse(body) as PushBody; // pushOf wrote it
}

/** What the sender said belongs together, or the conversation that the local id names; hashed, for it may name a patient. */
function orderingKey({ sender, orderingKey: said, localId }: MeshMessage): string | undefined {
  const key = said ?? localId;
  if (key === undefined) return undefined;
  return hash('sha256', `${said === undefined ? 'local' : 'key'} ${sender} ${key}`, 'base64url');
}
