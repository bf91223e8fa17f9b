/**
 * Pushes in the management API: each with its attempts, and what an operator does with those that were given up. Owns who
 * may; the start of what endpoints answered is for those alone who may change something, for it may hold a patient's data.
 */
import type { Exchange } from '../core/exchange.ts';
import { openOutbox, type Delivery, type DeliveryState } from '../core/outbox.ts';
import { Problem } from '../core/problem.ts';
import { checker } from '../core/schema.ts';
import { meshMessageCollection } from '../spine/mesh/messages.ts';
import { openAttempts, type Attempt } from '../spine/postman/attempts.ts';
import { bodyOf as pushBody, laneOf, pushOf, pushTopic } from '../spine/postman/deliveries.ts';
import { subscriptionCollection } from '../spine/postman/subscriptions.ts';
import { bodyOf, idOf, idText, json, pageOf, pageReply, type Act } from './catalogue/api-call.ts';
import type { RouteFacts } from './catalogue/platform-routes-facts.ts';
import type { Ground } from './catalogue/records.ts';
import { may, must, type Actor } from './catalogue/roles.ts';
import { entered } from './catalogue/systems/deeds.ts';

const states = ['waiting', 'sending', 'done', 'dead'] as const;

const toReplay = {
  type: 'object',
  additionalProperties: false,
  required: ['subscription'],
  properties: {
    subscription: { type: 'string', minLength: 1, maxLength: 100 },
    from: { type: 'string', maxLength: 40 },
    to: { type: 'string', maxLength: 40 },
    perSecond: { type: 'integer', minimum: 1, maximum: 1000, default: 10 },
  },
};

interface Replay {
  readonly subscription: string;
  readonly from?: string;
  readonly to?: string;
  readonly perSecond: number;
}

const toRedirect = {
  type: 'object',
  additionalProperties: false,
  required: ['subscription'],
  properties: { subscription: { type: 'string', minLength: 1, maxLength: 100 } },
};

const toDiscard = {
  type: 'object',
  additionalProperties: false,
  required: ['reason'],
  properties: { reason: { type: 'string', minLength: 1, maxLength: 200 } },
};

const change = ['message.change'] as const;

/** What the management API says of them. */
export const letterFacts: Readonly<Record<string, RouteFacts>> = {
  'GET /pushes': {
    summary:
      'Lists pushes of a subscription: what waits, was taken, or was given up (dead letters)',
    rights: ['message.read'],
    query: { subscription: { type: 'string' }, state: { enum: states } },
    paged: true,
  },
  'GET /pushes/:id': {
    summary: 'Shows a push with its attempts; what the endpoint answered to those who may change',
    rights: ['message.read'],
  },
  'POST /pushes/replay': {
    summary: 'Pushes the dead letters of a subscription anew, a thousand at most, so many a second',
    rights: change,
    body: toReplay,
  },
  'POST /pushes/:id/replay': {
    summary: 'Pushes a dead letter anew, under the same message id',
    rights: change,
  },
  'POST /pushes/:id/redirect': {
    summary: 'Pushes a dead letter to the endpoint of another subscription in its place',
    rights: change,
    body: toRedirect,
  },
  'POST /pushes/:id/discard': {
    summary: 'Gives a push up for good; those that wait behind it go on',
    rights: change,
    body: toDiscard,
  },
};

/** The routes. */
export function letterActs(ground: Ground): Readonly<Record<string, Act>> {
  const { store, clock } = ground;
  const outbox = openOutbox(store, clock);
  const attempts = openAttempts(store);
  const subscriptions = store.open(subscriptionCollection);
  const checkReplay = checker<Replay>(toReplay);
  const checkRedirect = checker<{ subscription: string }>(toRedirect);
  const checkDiscard = checker<{ reason: string }>(toDiscard);
  const theOne = async (actor: Actor, x: Exchange, right: 'message.read' | 'message.change') => {
    must(actor, right);
    const found = await outbox.get(idOf(x));
    if (found?.topic !== pushTopic)
      throw new Problem('not-found', 'There is no such push, or it is no longer kept');
    return found;
  };
  const deed = (actor: Actor, action: string, { about }: Delivery) => ({
    ...{ actor, action: `push.${action}`, environment: about.environment ?? '' },
  });
  const target = async (id: string, environment: string) => {
    const found = (await subscriptions.get(idText(id)))?.value;
    if (found?.state !== 'active' || found.environment !== environment)
      throw new Problem('invalid', 'There is no active subscription of that id in the environment');
    return found;
  };
  return {
    async 'GET /pushes'(actor, x) {
      must(actor, 'message.read');
      const state = stateIn(x);
      const subscription = x.query.get('subscription');
      const query = {
        ...(state === undefined ? {} : { state }),
        ...(subscription === null ? {} : { lane: laneOf(subscription.slice(0, 100)) }),
      };
      if (subscription === null && state !== undefined)
        throw new Problem('invalid', 'A state is asked for with a subscription');
      return pageReply(await outbox.list({ topic: pushTopic, ...query, ...pageOf(x) }), shown);
    },
    async 'GET /pushes/:id'(actor, x) {
      const push = await theOne(actor, x, 'message.read');
      const open = may(actor, 'message.change');
      const made = await attempts.of(push.id);
      return json(200, { ...shown(push), made: made.map((one) => shownAttempt(one, open)) });
    },
    async 'POST /pushes/:id/replay'(actor, x) {
      const push = await theOne(actor, x, 'message.change');
      onlyDead(push);
      const act = () => outbox.retry(push.id);
      return json(200, shown(await entered(ground, deed(actor, 'replay', push), push.id, act)));
    },
    async 'POST /pushes/replay'(actor, x) {
      must(actor, 'message.change');
      const wish = await bodyOf(x, checkReplay);
      const [from, to] = [timeIn(wish.from, 0), timeIn(wish.to, Infinity)];
      const about = { actor, action: 'push.replay' };
      const lane = laneOf(idText(wish.subscription));
      const replayed = await entered(ground, about, wish.subscription, async () => {
        const { items } = await outbox.list({ lane, state: 'dead', limit: 1000 });
        const meant = items.filter(({ value: { created, discarded } }) => {
          return created >= from && created <= to && discarded !== true;
        });
        const begin = clock.now();
        for (const [n, { id }] of meant.entries())
          await outbox.retry(id, begin + Math.floor(n / wish.perSecond) * 1000);
        return meant.length;
      });
      return json(200, { replayed });
    },
    async 'POST /pushes/:id/redirect'(actor, x) {
      const push = await theOne(actor, x, 'message.change');
      const { subscription } = await bodyOf(x, checkRedirect);
      onlyDead(push);
      const to = await target(subscription, push.about.environment ?? '');
      if (to.id === pushBody(push).subscription)
        throw new Problem('invalid', 'It is pushed to that endpoint already: replay it');
      const message = (await store.open(meshMessageCollection).get(pushBody(push).message))?.value;
      if (message?.state !== 'accepted')
        throw new Problem('conflict', 'The message no longer waits in its mailbox');
      const other = pushOf(to, message);
      await entered(ground, deed(actor, 'redirect', push), push.id, async () => {
        await outbox.add(other);
        await outbox.discard(push.id, `redirected to ${to.id} by ${actor.id}`);
      });
      const begun = await outbox.get(other.id);
      return json(200, begun ? shown(begun) : {});
    },
    async 'POST /pushes/:id/discard'(actor, x) {
      const push = await theOne(actor, x, 'message.change');
      const { reason } = await bodyOf(x, checkDiscard);
      const act = () => outbox.discard(push.id, `discarded by ${actor.id}: ${reason}`);
      return json(200, shown(await entered(ground, deed(actor, 'discard', push), push.id, act)));
    },
  };
}

function onlyDead({ state }: Delivery): void {
  if (state !== 'dead') throw new Problem('conflict', 'It is no dead letter');
}

function stateIn({ query }: Exchange): DeliveryState | undefined {
  const state = query.get('state');
  if (state === null) return undefined;
  const known = states.find((one) => one === state);
  if (known) return known;
  throw new Problem('invalid', `The state is one of ${states.join(', ')}`);
}

function timeIn(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new Problem('invalid', 'from and to are times, as 2026-11-27T10:00Z');
  return time;
}

/** Times as ISO 8601 in UTC. */
function shown(push: Delivery): object {
  const { id, state, about, attempts, created, due, expires, ended, reason } = push;
  const { firstTried, generation, discarded, turn } = push;
  return {
    ...{ id, state: discarded ? 'cancelled' : state, ...about, attempts },
    ...{ created: iso(created), expires: iso(expires) },
    ...(ended === undefined ? { due: iso(due) } : { ended: iso(ended) }),
    ...(firstTried === undefined ? {} : { firstTried: iso(firstTried) }),
    ...(generation === undefined ? {} : { generation }),
    ...(turn === undefined ? {} : { onDead: turn.onDead }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function shownAttempt({ delivery: _delivery, at, excerpt, ...rest }: Attempt, open: boolean) {
  return { at: iso(at), ...rest, ...(open && excerpt !== undefined ? { answer: excerpt } : {}) };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
