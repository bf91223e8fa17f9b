/**
 * Push subscriptions in the management API. Owns the wire; who may and what is entered is postman-subscriptions.ts's, and
 * pushes and dead letters are postman-letters-api.ts's.
 */
import type { Exchange } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { checker } from '../core/schema.ts';
import type { PushSubscription } from '../spine/postman/subscriptions.ts';
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
import type { Environment } from './catalogue/environments.ts';
import type { RouteFacts } from './catalogue/platform-routes-facts.ts';
import { letterAdministration, type LetterAdministration } from './postman-letters.ts';
import { letterActs, letterFacts } from './postman-letters-api.ts';
import {
  pushAdministration,
  type PushAdministration,
  type PushAdministrationOptions,
  type PushWish,
} from './postman-subscriptions.ts';

export interface PostmanApi {
  readonly pushes: PushAdministration;
  readonly letters: LetterAdministration;
  readonly acts: Readonly<Record<string, Act>>;
  readonly facts: Readonly<Record<string, RouteFacts>>;
}

interface Wish extends PushWish {
  readonly environment: string;
  readonly mailbox: string;
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

const read = ['mailbox.read'] as const;
const change = ['mailbox.change'] as const;

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
export function openPostmanApi(options: PushAdministrationOptions): PostmanApi {
  const pushes = pushAdministration(options);
  const letters = letterAdministration({ ...options, subscriptions: pushes });
  const checkWish = checker<Wish>(toWish);
  const checkState = checker<{ state: 'active' | 'suspended'; reason?: string }>(toState);
  const acts: Readonly<Record<string, Act>> = {
    async 'GET /push-subscriptions'(actor, x) {
      return pageReply(await pushes.list(actor, placeIn(x), pageOf(x)), shown);
    },
    async 'POST /push-subscriptions'(actor, x) {
      const { environment: name, mailbox, ...wish } = await bodyOf(x, checkWish);
      const environment = environmentOf(name, 'invalid');
      const at = { environment, id: mailbox.toUpperCase() };
      const made = await pushes.create(actor, at, wish).catch((error: unknown) => {
        if (!(error instanceof Problem && error.kind === 'not-found')) throw error;
        throw new Problem('invalid', 'There is no such mailbox in the environment');
      });
      return json(201, { ...shown(made.subscription), secret: made.secret });
    },
    async 'GET /push-subscriptions/:id'(actor, x) {
      const one = await pushes.read(actor, idOf(x));
      const { waiting, dead, oldest } = await pushes.standing(one);
      const since = oldest === undefined ? {} : { waitingSince: iso(oldest) };
      return json(200, { ...shown(one), waiting, dead, ...since });
    },
    async 'POST /push-subscriptions/:id/verify'(actor, x) {
      return json(200, shown(await pushes.verify(actor, idOf(x))));
    },
    async 'PUT /push-subscriptions/:id/state'(actor, x) {
      const { state, reason } = await bodyOf(x, checkState);
      const next =
        state === 'active' ? pushes.resume(actor, idOf(x)) : pushes.suspend(actor, idOf(x), reason);
      return json(200, shown(await next));
    },
    async 'POST /push-subscriptions/:id/secret'(actor, x) {
      const { subscription, secret } = await pushes.newSecret(actor, idOf(x));
      return json(201, { ...shown(subscription), secret });
    },
    async 'DELETE /push-subscriptions/:id'(actor, x) {
      await pushes.remove(actor, idOf(x));
      return noContent;
    },
  };
  return {
    ...{ pushes, letters },
    acts: { ...acts, ...letterActs(letters) },
    facts: { ...facts, ...letterFacts },
  };
}

function placeIn({ query }: Exchange): { environment?: Environment; mailbox?: string } {
  const environment = query.get('environment');
  const mailbox = query.get('mailbox');
  if (environment === null) {
    if (mailbox !== null)
      throw new Problem('invalid', 'A mailbox is asked for with its environment');
    return {};
  }
  return {
    environment: environmentOf(environment, 'invalid'),
    ...(mailbox === null ? {} : { mailbox: mailbox.slice(0, 64).toUpperCase() }),
  };
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
