/**
 * Making, changing and ending subscriptions. Owns who may have what delivered where, and that of two that are the same there
 * is one, whichever process they reach: each claims what makes it unique before it is there.
 */
import { hash } from 'node:crypto';
import { Problem } from '../../../core/problem.ts';
import type { CollectionOf, Page, Store, Stored } from '../../../core/store.ts';
import { eventsMailbox } from '../delivery.ts';
import type { Mailbox, Mailboxes, WorkflowRule } from '../../mesh/mailboxes.ts';
import { canonical } from './criteria.ts';
import { matchingExists, mnsError, validationErrors } from './errors.ts';
import {
  mnsSubscriptionCollection,
  queueCollection,
  queueKey,
  subscriptionKey,
  type MnsSubscription,
  type Wish,
} from './subscription.ts';

/** Who subscribes, and where. */
export interface Subscriber {
  readonly environment: string;
  readonly workspace: string;
  /** Empty for callers of an open lane whom nobody knows. */
  readonly app: string;
}

export interface MnsSubscriptions {
  /** @throws Problem 400, 403, 409 */
  create(subscriber: Subscriber, wish: Wish): Promise<MnsSubscription>;
  /** @throws Problem 404 for what is another's too */
  read(subscriber: Subscriber, id: string): Promise<MnsSubscription>;
  /** @throws Problem 400, 403, 404, 409 */
  replace(subscriber: Subscriber, id: string, wish: Wish): Promise<void>;
  /** @throws Problem 404 */
  remove(subscriber: Subscriber, id: string): Promise<void>;
  /** @throws Problem `invalid` for an `after` that is none of ours */
  list(subscriber: Subscriber, after: string | undefined): Promise<Page<MnsSubscription>>;
}

export interface SubscriptionsOptions {
  readonly store: Store;
  readonly mailboxes: Pick<Mailboxes, 'mailbox' | 'judge'>;
  readonly workflows: WorkflowRule;
  /** Whether an app may have messages put into a mailbox that somebody owns: it is its own, or its organisation's. */
  readonly owns: (subscriber: Subscriber, mailbox: Mailbox) => Promise<boolean>;
  readonly seal: (text: string) => string;
  readonly now: () => number;
  readonly newId: () => string;
}

interface Claim {
  readonly subscription: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

const claimCollection: CollectionOf<Claim> = { name: 'events.mns-claims' };

const pageSize = 100;
/** Of one app in one view. */
const mostOfOne = 1_000;

export function openMnsSubscriptions(options: SubscriptionsOptions): MnsSubscriptions {
  const { store, newId, now } = options;
  const collection = store.open(mnsSubscriptionCollection);
  const own = async (subscriber: Subscriber, id: string): Promise<Stored<MnsSubscription>> => {
    const { environment, workspace, app } = subscriber;
    const found = await collection.get(subscriptionKey(environment, id));
    if (found?.value.workspace !== workspace || found.value.app !== app) throw mnsError('missing');
    return found;
  };
  return {
    async create(subscriber, wish) {
      const { environment, workspace, app } = subscriber;
      await checkRoom(options, subscriber);
      const id = newId();
      const made = { id, environment, workspace, app, created: now() };
      const one = { ...made, ...(await wanted(options, subscriber, wish)) };
      await claim(options, one);
      await collection.put(subscriptionKey(environment, id), one, { expected: 0, by: app });
      return one;
    },

    read: async (subscriber, id) => (await own(subscriber, id)).value,

    async replace(subscriber, id, wish) {
      const { value, version } = await own(subscriber, id);
      const { environment, workspace, app, created } = value;
      const made = { id, environment, workspace, app, created };
      const one = { ...made, ...(await wanted(options, subscriber, wish)) };
      await claim(options, one);
      const at = { expected: version, by: app };
      await collection.put(subscriptionKey(environment, id), one, at);
      if (value.claim !== one.claim) await unclaim(options, value);
    },

    async remove(subscriber, id) {
      const { id: key, value, version } = await own(subscriber, id);
      await collection.remove(key, version);
      await unclaim(options, value);
    },

    list({ environment, workspace, app }, after) {
      const equals = [environment, workspace, app];
      return collection.find({
        ...{ index: 'owner', equals, limit: pageSize },
        ...(after === undefined ? {} : { after }),
      });
    },
  };
}

async function checkRoom(
  { store }: SubscriptionsOptions,
  { environment, workspace, app }: Subscriber,
): Promise<void> {
  const query = { index: 'owner', equals: [environment, workspace, app], limit: mostOfOne };
  const { items } = await store.open(mnsSubscriptionCollection).find(query);
  if (items.length >= mostOfOne)
    throw new Problem(
      'throttled',
      `An app has at most ${mostOfOne} subscriptions; delete one first`,
    );
}

/** What is asked for, once it may be had. @throws Problem 400, 403 */
async function wanted(options: SubscriptionsOptions, subscriber: Subscriber, wish: Wish) {
  const { reason, end, said, endpoint, payload, headers } = wish;
  const place = await leadTo(options, subscriber, endpoint);
  return {
    ...{ reason, criteria: said, endpoint, payload, ...place },
    claim: claimOf(subscriber, wish, place),
    ...(end === undefined ? {} : { end }),
    ...(headers === undefined ? {} : { hydration: options.seal(JSON.stringify(headers)) }),
  };
}

async function leadTo(
  options: SubscriptionsOptions,
  subscriber: Subscriber,
  endpoint: string,
): Promise<Place> {
  const { mailboxes, owns, workflows } = options;
  const { environment } = subscriber;
  const place = await placeOf(options, environment, endpoint);
  if (!place) throw wrongEndpoint('the queue is not known here, an operator puts it');
  const mailbox = await mailboxes.mailbox(environment, place.mailbox);
  if (!mailbox?.active) throw wrongEndpoint('there is no such mailbox');
  if (!(await owns(subscriber, mailbox)))
    throw mnsError('unauthorised', 'the mailbox is not of the app nor of its organisation');
  const { workflow } = place;
  const sending = { environment, workflow, sender: eventsMailbox, recipient: mailbox.id };
  await mailboxes.judge(sending, workflows).catch(() => {
    throw wrongEndpoint(`the mailbox does not take this workflow from ${eventsMailbox}`);
  });
  return { mailbox: mailbox.id, workflow };
}

function wrongEndpoint(why: string): Problem {
  return validationErrors({
    'channel.endpoint': `Please provide a valid channel.endpoint: ${why}`,
  });
}

async function placeOf(
  { store }: SubscriptionsOptions,
  environment: string,
  endpoint: string,
): Promise<Place | undefined> {
  const [, mailbox, workflow] = /^mesh:\/\/(\w*)\?workflow_id=(.+)$/.exec(endpoint) ?? [];
  if (mailbox !== undefined && workflow !== undefined)
    return { mailbox: mailbox.toUpperCase(), workflow };
  return (await store.open(queueCollection).get(queueKey(environment, endpoint)))?.value;
}

interface Place {
  readonly mailbox: string;
  readonly workflow: string;
}

/** Of two that ask for the same there is one: of a queue and an event type, of a mailbox and all that is asked for. */
function claimOf({ environment, workspace, app }: Subscriber, wish: Wish, place: Place): string {
  const { endpoint, payload, criteria } = wish;
  const parts = isQueue(endpoint)
    ? [endpoint, criteria.type]
    : [app, place.mailbox, place.workflow, payload, canonical(criteria)];
  return hash('sha256', JSON.stringify([environment, workspace, ...parts]), 'base64url');
}

function isQueue(endpoint: string): boolean {
  return endpoint.startsWith('arn:');
}

/** Milliseconds after which a claim without a subscription is of a process that died. */
const stale = 30_000;

/** @throws Problem 409 that names the other */
async function claim({ store, now }: SubscriptionsOptions, one: MnsSubscription): Promise<void> {
  const claims = store.open(claimCollection);
  const kind = isQueue(one.endpoint) ? 'SQS' : 'MESH';
  for (;;) {
    const found = await claims.get(one.claim);
    const { subscription = one.id, at = 0 } = found?.value ?? {};
    if (found && subscription === one.id) return;
    if (found) {
      const key = subscriptionKey(one.environment, subscription);
      const holder = await store.open(mnsSubscriptionCollection).get(key);
      if (holder?.value.claim === one.claim || now() - at < stale)
        throw matchingExists(kind, subscription);
    }
    try {
      const value = { subscription: one.id, at: now() };
      await claims.put(one.claim, value, { expected: found?.version ?? 0 });
      return;
    } catch (error) {
      if (!(error instanceof Problem && error.kind === 'conflict')) throw error; // else somebody was faster
    }
  }
}

async function unclaim(
  { store }: SubscriptionsOptions,
  { claim: key, id }: MnsSubscription,
): Promise<void> {
  const claims = store.open(claimCollection);
  const found = await claims.get(key);
  if (found?.value.subscription === id) await claims.remove(key, found.version);
}
