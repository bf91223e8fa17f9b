/**
 * One push: the message as it is now goes to the endpoint as it is now, signed, and what came of it is kept before anything
 * follows from it. Owns the order of these steps: an endpoint may be told twice, never not at all.
 */
import type { Blobs } from '../../core/blobs.ts';
import { outboxEntry, type Delivery, type NewDelivery } from '../../core/outbox.ts';
import type { Outcome, Topic } from '../../core/outbox-runner.ts';
import { Problem } from '../../core/problem.ts';
import type { Log } from '../../core/log.ts';
import type { Store } from '../../core/store.ts';
import { messageFields } from '../mesh/answers.ts';
import { readChunk } from '../mesh/bodies.ts';
import { meshMessageCollection, type MeshMessage } from '../mesh/messages.ts';
import { changed, happened } from '../mesh/steps.ts';
import type { Attempts } from './attempts.ts';
import type { Circuits } from './circuits.ts';
import { bodyOf, subscriptionOf } from './deliveries.ts';
import { judge, type PushResult } from './outcomes.ts';
import { receiptOf } from './receipts.ts';
import { sign } from './signature.ts';
import {
  subscriptionCollection,
  type PushSubscription,
  type Subscriptions,
} from './subscriptions.ts';

/** One call to an endpoint. */
export interface Pushing {
  readonly environment: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly size: number;
  readonly body: () => AsyncIterable<Buffer>;
  readonly signal: AbortSignal;
}

/** Calls an endpoint. Whatever the endpoint or the way to it does is a result. */
export type Push = (pushing: Pushing) => Promise<PushResult>;

export interface PushTopicOptions {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly subscriptions: Pick<Subscriptions, 'get'>;
  readonly circuits: Circuits;
  readonly attempts: Attempts;
  readonly push: Push;
  /** The secret of a subscription; undefined when it cannot be opened. */
  readonly secretOf: (subscription: PushSubscription) => string | undefined;
  readonly now: () => number;
  readonly log: Log;
  /** Told what came of each attempt, to be counted. */
  readonly told?: (subscription: PushSubscription, result: 'taken' | 'again' | 'dead') => void;
}

/** What is longer stays in the mailbox, to be fetched. */
const mostBytes = 100 * 1024 * 1024;
/** Milliseconds an attempt may take, and one more for so many bytes. */
const patience = 60_000;
const bytesAMillisecond = 1_000;
const atOnce = 64;

/** The sender of the topic. */
export function pushSender(options: PushTopicOptions): Topic {
  const { subscriptions, circuits } = options;
  return {
    send: (delivery, signal) => attempt(options, delivery, signal),
    gaveUp: (delivery) => failed(options, delivery),
    patience: (delivery) =>
      patience + Math.ceil(Math.min(bodyOf(delivery).bytes, mostBytes) / bytesAMillisecond),
    atOnce,
    room(lane) {
      const id = subscriptionOf(lane) ?? '';
      const state = subscriptions.get(id)?.state;
      // Of one that is not known the sender tells; it may be new.
      return state === 'suspended' || state === 'pending' ? 0 : circuits.room(id);
    },
  };
}

async function attempt(
  options: PushTopicOptions,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<Outcome> {
  const { store, circuits, attempts, now, log } = options;
  const { subscription: id, message: key, bytes } = bodyOf(delivery);
  const subscription = (await store.open(subscriptionCollection).get(id))?.value;
  if (!subscription) return { kind: 'dead', reason: 'the subscription was removed' };
  if (subscription.state !== 'active')
    return { kind: 'again', reason: 'the subscription is not active' };
  const message = (await store.open(meshMessageCollection).get(key))?.value;
  const over = message ? ended(message) : missing;
  if (!message || over) return over ?? missing;
  if (bytes > mostBytes)
    return { kind: 'dead', reason: 'the message is too long to be pushed; fetch it' };
  const secret = options.secretOf(subscription);
  if (secret === undefined) return { kind: 'again', reason: 'the secret cannot be opened' };
  const began = performance.now();
  const result = await call(options, { subscription, message, delivery, secret, signal });
  const judged = judge(result, delivery.attempts, now());
  circuits.report(id, judged.isFault);
  const { kind } = judged.outcome;
  options.told?.(subscription, kind === 'done' ? 'taken' : kind === 'dead' ? 'dead' : 'again');
  await attempts.add(delivery, result, Math.round(performance.now() - began));
  if (judged.isAlarm)
    log.log('warn', 'an endpoint is not trusted', {
      ...{ subscription: id, mailbox: subscription.mailbox },
      reason: result.kind === 'fault' ? result.reason : '',
    });
  if (judged.isGone) await suspend(store, id, 'the endpoint answered 410');
  if (judged.outcome.kind === 'done') await delivered(options, subscription, message, key);
  return judged.outcome;
}

const missing: Outcome = { kind: 'dead', reason: 'the message is no longer kept' };

/** A message that has left the inbox: fetched by its recipient, or too old. */
function ended({ state }: MeshMessage): Outcome | undefined {
  if (state === 'accepted') return undefined;
  return state === 'acknowledged'
    ? { kind: 'done' }
    : { kind: 'dead', reason: 'the message has left the mailbox' };
}

interface Ready {
  readonly subscription: PushSubscription;
  readonly message: MeshMessage;
  readonly delivery: Delivery;
  readonly secret: string;
  readonly signal: AbortSignal;
}

async function call(
  { blobs, push, now }: PushTopicOptions,
  { subscription, message, delivery, secret, signal }: Ready,
): Promise<PushResult> {
  const body = () => bytesOf(blobs, message);
  const timestamp = String(Math.floor(now() / 1_000));
  const { firstTried = now(), attempts } = delivery;
  return push({
    ...{ environment: subscription.environment, url: subscription.url, body, signal },
    size: message.chunks.reduce((sum, { size }) => sum + size, 0),
    headers: {
      ...fieldsOf(message),
      'x-message-id': message.id,
      'x-attempt': String(attempts),
      'x-first-attempt-at': new Date(firstTried).toISOString(),
      'x-timestamp': timestamp,
      'x-signature': await sign(secret, timestamp, body()),
    },
  });
}

/** As it would be fetched, in one piece. */
function fieldsOf(message: MeshMessage): Record<string, string> {
  const { contentType = 'application/octet-stream', encoding } = message;
  const fields = Object.entries(messageFields(message, 1)).filter(
    ([name]) => name !== 'mex-chunk-range' && name !== 'mex-total-chunks',
  );
  return {
    ...Object.fromEntries(fields),
    'content-type': contentType,
    ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
  };
}

async function* bytesOf(blobs: Blobs, { chunks }: MeshMessage): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield* (await readChunk(blobs, chunk)) as AsyncIterable<Buffer>; // a stream of bytes gives Buffers
}

/** The recipient has it. */
async function delivered(
  { store, now }: PushTopicOptions,
  subscription: PushSubscription,
  message: MeshMessage,
  key: string,
): Promise<void> {
  const messages = store.open(meshMessageCollection);
  const at = now();
  const text = 'Delivered to the endpoint of the recipient';
  await changed(
    messages,
    key,
    (one) => {
      if (one.state !== 'accepted') return undefined;
      if (subscription.acknowledge)
        return { ...happened(one, 'acknowledged', at, { text }), acknowledged: at };
      return happened(one, 'accepted', at, { text });
    },
    () => receiptOf(subscription, message, 'delivered').map(outboxEntry),
  );
}

async function failed(
  { store }: PushTopicOptions,
  delivery: Delivery,
): Promise<readonly NewDelivery[]> {
  const { subscription: id, message: key } = bodyOf(delivery);
  const [subscription, message] = await Promise.all([
    store.open(subscriptionCollection).get(id),
    store.open(meshMessageCollection).get(key),
  ]);
  return subscription && message ? receiptOf(subscription.value, message.value, 'failed') : [];
}

/** Ends pushes of a subscription until a person lets it go on; nothing is lost meanwhile but by age. */
async function suspend(store: Store, id: string, reason: string): Promise<void> {
  const collection = store.open(subscriptionCollection);
  for (;;) {
    const stored = await collection.get(id);
    if (stored?.value.state !== 'active') return;
    try {
      const next = { ...stored.value, state: 'suspended' as const, reason };
      await collection.put(id, next, { expected: stored.version });
      return;
    } catch (error) {
      if (!(error instanceof Problem && error.kind === 'conflict')) throw error;
    }
  }
}
