/**
 * Pushes in the management API: each with its attempts, and what is done with those that were given up. Owns the wire; who may
 * and what is entered is postman-letters.ts's.
 */
import type { Exchange } from '../core/exchange.ts';
import type { Delivery, DeliveryState } from '../core/outbox.ts';
import { Problem } from '../core/problem.ts';
import { checker } from '../core/schema.ts';
import type { Attempt } from '../spine/postman/attempts.ts';
import { bodyOf, idOf, idText, json, pageOf, pageReply, type Act } from './catalogue/api-call.ts';
import type { RouteFacts } from './catalogue/platform-routes-facts.ts';
import type { LetterAdministration } from './postman-letters.ts';

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

const change = ['mailbox.change'] as const;

/** What the management API says of them. */
export const letterFacts: Readonly<Record<string, RouteFacts>> = {
  'GET /pushes': {
    summary:
      'Lists pushes of a subscription: what waits, was taken, or was given up (dead letters)',
    rights: ['mailbox.read'],
    query: { subscription: { type: 'string' }, state: { enum: states } },
    paged: true,
  },
  'GET /pushes/:id': {
    summary: 'Shows a push with its attempts; what the endpoint answered to those who may change',
    rights: ['mailbox.read'],
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
export function letterActs(letters: LetterAdministration): Readonly<Record<string, Act>> {
  const checkReplay = checker<Replay>(toReplay);
  const checkRedirect = checker<{ subscription: string }>(toRedirect);
  const checkDiscard = checker<{ reason: string }>(toDiscard);
  return {
    async 'GET /pushes'(actor, x) {
      const state = stateIn(x);
      const subscription = x.query.get('subscription')?.slice(0, 100);
      if (subscription === undefined && state !== undefined)
        throw new Problem('invalid', 'A state is asked for with a subscription');
      const query = { ...pageOf(x), ...(state === undefined ? {} : { state }) };
      return pageReply(await letters.list(actor, subscription, query), shown);
    },
    async 'GET /pushes/:id'(actor, x) {
      const { push, made } = await letters.read(actor, idOf(x));
      return json(200, { ...shown(push), made: made.map(shownAttempt) });
    },
    async 'POST /pushes/:id/replay'(actor, x) {
      return json(200, shown(await letters.replay(actor, idOf(x))));
    },
    async 'POST /pushes/replay'(actor, x) {
      const { subscription, from, to, perSecond } = await bodyOf(x, checkReplay);
      const wish = { from: timeIn(from, 0), to: timeIn(to, Infinity), perSecond };
      return json(200, {
        replayed: await letters.replayAll(actor, idText(subscription), wish),
      });
    },
    async 'POST /pushes/:id/redirect'(actor, x) {
      const { subscription } = await bodyOf(x, checkRedirect);
      const begun = await letters.redirect(actor, idOf(x), idText(subscription));
      return json(200, begun ? shown(begun) : {});
    },
    async 'POST /pushes/:id/discard'(actor, x) {
      const { reason } = await bodyOf(x, checkDiscard);
      return json(200, shown(await letters.discard(actor, idOf(x), reason)));
    },
  };
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

function shownAttempt({ delivery: _delivery, at, excerpt, ...rest }: Attempt) {
  return { at: iso(at), ...rest, ...(excerpt === undefined ? {} : { answer: excerpt }) };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
