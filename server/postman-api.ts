/**
 * Push subscriptions in the management API: who has a mailbox pushed, where to, and the proof that the endpoint wants it.
 * Owns who may and what is shown; pushes and dead letters are postman-letters-api.ts's.
 */
import type { Exchange, Reply } from '../core/exchange.ts';
import { openOutbox } from '../core/outbox.ts';
import { Problem } from '../core/problem.ts';
import { checker } from '../core/schema.ts';
import { mailboxCollection, mailboxKey } from '../spine/mesh/mailboxes.ts';
import { challenge } from '../spine/postman/challenge.ts';
import { laneOf } from '../spine/postman/deliveries.ts';
import {
  subscriptionCollection,
  type Contract,
  type PushSubscription,
} from '../spine/postman/subscriptions.ts';
import { newSecret } from './auth/tokens.ts';
import {
  bodyOf,
  environmentOf,
  idOf,
  json,
  noContent,
  pageOf,
  pageReply,
  type Act,
} from './catalogue/api-call.ts';
import type { RouteFacts } from './catalogue/platform-routes-facts.ts';
import type { Ground } from './catalogue/records.ts';
import { must, type Actor } from './catalogue/roles.ts';
import { entered } from './catalogue/systems/deeds.ts';
import { letterActs, letterFacts } from './postman-letters-api.ts';
import type { PostmanOutgoing } from './postman-outgoing.ts';
import type { PushSecrets } from './postman-parts.ts';

export interface PostmanApiOptions extends Ground {
  readonly outgoing: PostmanOutgoing;
  readonly secrets: PushSecrets;
}

export interface PostmanApi {
  readonly acts: Readonly<Record<string, Act>>;
  readonly facts: Readonly<Record<string, RouteFacts>>;
}

interface Wish {
  readonly environment: string;
  readonly mailbox: string;
  readonly url: string;
  readonly ordering: PushSubscription['ordering'];
  readonly onDead: PushSubscription['onDead'];
  readonly receipts: PushSubscription['receipts'];
  readonly acknowledge: boolean;
  readonly contract?: Contract;
}

const toWish = {
  type: 'object',
  additionalProperties: false,
  required: ['environment', 'mailbox', 'url'],
  properties: {
    environment: { type: 'string', maxLength: 20 },
    mailbox: { type: 'string', pattern: '^[A-Za-z0-9]{1,64}$' },
    url: { type: 'string', minLength: 1, maxLength: 2048 },
    ordering: { enum: ['none', 'key'], default: 'none' },
    onDead: { enum: ['skip', 'hold'], default: 'skip' },
    receipts: {
      type: 'array',
      items: { enum: ['accepted', 'delivered', 'failed'] },
      uniqueItems: true,
      default: [],
    },
    acknowledge: { type: 'boolean', default: true },
    contract: {
      type: 'object',
      additionalProperties: false,
      required: ['retries', 'interval', 'lifetime'],
      properties: {
        retries: { type: 'integer', minimum: 0, maximum: 1000 },
        interval: { type: 'integer', minimum: 1, maximum: 86_400 },
        lifetime: { type: 'integer', minimum: 1, maximum: 432_000 },
      },
    },
  },
};

const toState = {
  type: 'object',
  additionalProperties: false,
  required: ['state'],
  properties: {
    state: { enum: ['active', 'suspended'] },
    reason: { type: 'string', minLength: 1, maxLength: 200 },
  },
};

const read = ['message.read'] as const;
const change = ['message.change'] as const;

const facts: Readonly<Record<string, RouteFacts>> = {
  'GET /push-subscriptions': {
    summary: 'Lists push subscriptions: which mailboxes are pushed where',
    rights: read,
    query: { environment: { type: 'string' }, mailbox: { type: 'string' } },
    paged: true,
  },
  'POST /push-subscriptions': {
    summary: 'Makes a push subscription and shows its signing secret once; verify it next',
    rights: change,
    status: 201,
    body: toWish,
  },
  'GET /push-subscriptions/:id': {
    summary: 'Shows a push subscription, how many pushes wait and since when',
    rights: read,
  },
  'POST /push-subscriptions/:id/verify': {
    summary: 'Sends the endpoint a challenge; active from its echo on',
    rights: change,
  },
  'PUT /push-subscriptions/:id/state': {
    summary: 'Suspends a push subscription, or lets it go on',
    rights: change,
    body: toState,
  },
  'POST /push-subscriptions/:id/secret': {
    summary: 'Makes the signing secret anew and shows it once',
    rights: change,
    status: 201,
  },
  'DELETE /push-subscriptions/:id': {
    summary: 'Ends a push subscription; what waits becomes dead letters and stays in the mailbox',
    rights: change,
    status: 204,
  },
};

/** The routes and what is said of them. */
export function openPostmanApi(options: PostmanApiOptions): PostmanApi {
  const { store, clock, outgoing, secrets } = options;
  const collection = store.open(subscriptionCollection);
  const mailboxes = store.open(mailboxCollection);
  const outbox = openOutbox(store, clock);
  const checkWish = checker<Wish>(toWish);
  const checkState = checker<{ state: 'active' | 'suspended'; reason?: string }>(toState);
  const theOne = async (x: Exchange) => {
    const found = await collection.get(idOf(x));
    if (!found) throw new Problem('not-found', 'There is no such push subscription');
    return found;
  };
  /** Puts what `edit` makes of it, and enters that. */
  const changeOne = async (
    actor: Actor,
    x: Exchange,
    action: string,
    edit: (one: PushSubscription) => PushSubscription | Promise<PushSubscription>,
  ): Promise<PushSubscription> => {
    must(actor, 'message.change');
    const { id, version, value } = await theOne(x);
    const next = await edit(value);
    const deed = { actor, action, environment: value.environment };
    await entered(options, deed, id, () => collection.put(id, next, { expected: version }));
    return next;
  };
  const waiting = async ({ id }: PushSubscription) => {
    const lane = laneOf(id);
    const { items } = await outbox.list({ lane, state: 'waiting', limit: 1000 });
    const dead = await outbox.list({ lane, state: 'dead', limit: 1000 });
    const oldest = items[0]?.value.created;
    return {
      ...{ waiting: items.length, dead: dead.items.length },
      ...(oldest === undefined ? {} : { waitingSince: iso(oldest) }),
    };
  };
  const make = async (actor: Actor, x: Exchange): Promise<Reply> => {
    must(actor, 'message.change');
    const wish = await bodyOf(x, checkWish);
    const environment = environmentOf(wish.environment, 'invalid');
    const mailbox = wish.mailbox.toUpperCase();
    outgoing.check(wish.url);
    if (!(await mailboxes.get(mailboxKey(environment, mailbox))))
      throw new Problem('invalid', 'There is no such mailbox in the environment');
    const there = await collection.find({ index: 'mailbox', equals: [environment, mailbox] });
    if (there.items.some(({ value }) => value.url === wish.url))
      throw new Problem('conflict', 'The mailbox is pushed to that endpoint already');
    const id = clock.newId();
    const secret = newSecret();
    const subscription: PushSubscription = {
      ...wish,
      ...{ id, environment, mailbox, sealed: secrets.seal(secret, id), state: 'pending' },
      created: clock.now(),
    };
    const deed = { actor, action: 'push-subscription.create', environment };
    await entered(options, deed, id, () => collection.put(id, subscription, { expected: 0 }));
    return json(201, { ...shown(subscription), secret });
  };
  const acts: Readonly<Record<string, Act>> = {
    async 'GET /push-subscriptions'(actor, x) {
      must(actor, 'message.read');
      return pageReply(await collection.find(findOf(x)), shown);
    },
    'POST /push-subscriptions': make,
    async 'GET /push-subscriptions/:id'(actor, x) {
      must(actor, 'message.read');
      const { value } = await theOne(x);
      return json(200, { ...shown(value), ...(await waiting(value)) });
    },
    async 'POST /push-subscriptions/:id/verify'(actor, x) {
      const next = await changeOne(actor, x, 'push-subscription.verify', async (one) => {
        const secret = secrets.open(one) ?? '';
        const word = newSecret();
        const fault = await challenge(one, { push: outgoing.push, secret, word, now: clock.now() });
        if (fault !== undefined) throw new Problem('conflict', `Not verified: ${fault}`);
        return { ...withoutReason(one), state: 'active', verified: clock.now() };
      });
      return json(200, shown(next));
    },
    async 'PUT /push-subscriptions/:id/state'(actor, x) {
      const { state, reason } = await bodyOf(x, checkState);
      const next = await changeOne(actor, x, `push-subscription.${state}`, (one) => {
        if (state === 'active' && one.verified === undefined)
          throw new Problem('conflict', 'The endpoint has yet to be verified');
        const told = state === 'suspended' && reason !== undefined ? { reason } : {};
        return { ...withoutReason(one), state, ...told };
      });
      return json(200, shown(next));
    },
    async 'POST /push-subscriptions/:id/secret'(actor, x) {
      const secret = newSecret();
      const next = await changeOne(actor, x, 'push-subscription.secret', (one) => ({
        ...one,
        sealed: secrets.seal(secret, one.id),
      }));
      return json(201, { ...shown(next), secret });
    },
    async 'DELETE /push-subscriptions/:id'(actor, x) {
      must(actor, 'message.change');
      const { id, version, value } = await theOne(x);
      const deed = { actor, action: 'push-subscription.remove', environment: value.environment };
      await entered(options, deed, id, () => collection.remove(id, version));
      return noContent;
    },
  };
  return {
    acts: { ...acts, ...letterActs(options) },
    facts: { ...facts, ...letterFacts },
  };
}

function findOf(x: Exchange) {
  const environment = x.query.get('environment');
  const mailbox = x.query.get('mailbox');
  if (environment === null) {
    if (mailbox !== null)
      throw new Problem('invalid', 'A mailbox is asked for with its environment');
    return { index: 'all', ...pageOf(x) };
  }
  const place = environmentOf(environment, 'invalid');
  const equals = mailbox === null ? [place] : [place, mailbox.slice(0, 64).toUpperCase()];
  return { index: 'mailbox', equals, ...pageOf(x) };
}

function withoutReason({ reason: _reason, ...rest }: PushSubscription): PushSubscription {
  return rest;
}

function shown(subscription: PushSubscription): object {
  const { created, verified } = subscription;
  return {
    ...subscription,
    sealed: undefined, // left out of the text
    created: iso(created),
    ...(verified === undefined ? {} : { verified: iso(verified) }),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
