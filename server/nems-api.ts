/**
 * The national events service in the management API: in which state of life each event type is, and who subscribes to what.
 * Owns the wire, who may and what is entered in the audit. Never whom a subscription is about.
 */
import type { Exchange, Reply } from '../core/exchange.ts';
import { checker } from '../core/schema.ts';
import { eventTypeOf, eventTypes, type EventType } from '../spine/nems/event-types.ts';
import { lifeCollection, lifeKey, lifeStates, type EventLife } from '../spine/nems/lifecycle.ts';
import { subscriptionCollection, type NemsSubscription } from '../spine/nems/subscriptions.ts';
import {
  bodyOf,
  environmentOf,
  idOf,
  json,
  pageOf,
  pageReply,
  type Act,
} from './catalogue/api-call.ts';
import { Problem } from '../core/problem.ts';
import type { Environment } from './catalogue/environments.ts';
import type { RouteFacts } from './catalogue/platform-routes-facts.ts';
import type { Ground } from './catalogue/records.ts';
import { must, type Actor } from './catalogue/roles.ts';
import { entered, refusalsEntered } from './catalogue/systems/deeds.ts';

export interface NemsManagement {
  readonly acts: Readonly<Record<string, Act>>;
  readonly facts: Readonly<Record<string, RouteFacts>>;
}

const types = '/events/:environment/types';
const subscriptions = '/events/:environment/subscriptions';

const lifeBody = {
  type: 'object',
  additionalProperties: false,
  required: ['state'],
  properties: {
    state: { enum: lifeStates },
    on: { type: 'string', format: 'date' },
    url: { type: 'string', pattern: '^https?://[!-~]{1,300}$' },
  },
};

const facts: Readonly<Record<string, RouteFacts>> = {
  [`GET ${types}`]: {
    summary: 'Lists the event types of NEMS with their state of life',
    rights: ['message.read'],
  },
  [`PUT ${types}/:id`]: {
    summary:
      'Sets the state of life of an event type of NEMS: deprecated and no-longer-supported are told in each answer, withdrawn is refused',
    rights: ['message.change'],
    body: lifeBody,
  },
  [`GET ${subscriptions}`]: {
    summary: 'Lists the subscriptions of NEMS: whose, to which mailbox, to what; never about whom',
    rights: ['message.read'],
    paged: true,
  },
};

/** The routes and what is said of them. */
export function openNemsManagement(ground: Ground): NemsManagement {
  const toLife = checker<Pick<EventLife, 'state' | 'on' | 'url'>>(lifeBody);
  const lives = ground.store.open(lifeCollection);
  return {
    facts,
    acts: {
      async [`GET ${types}`](actor, x) {
        must(actor, 'message.read');
        const environment = environmentIn(x);
        const found = await lives.find({ index: 'environment', equals: [environment], limit: 100 });
        const known = new Map(found.items.map(({ value }) => [value.code, value]));
        return json(200, { items: eventTypes.map((type) => shown(type, known.get(type.code))) });
      },
      [`PUT ${types}/:id`]: (actor, x) => change(ground, actor, x, toLife),
      async [`GET ${subscriptions}`](actor, x) {
        must(actor, 'message.read');
        const equals = [environmentIn(x)];
        const page = await ground.store
          .open(subscriptionCollection)
          .find({ index: 'environment', equals, ...pageOf(x) });
        return pageReply(page, shownSubscription);
      },
    },
  };
}

async function change(
  ground: Ground,
  actor: Actor,
  x: Exchange,
  toLife: (value: unknown) => Pick<EventLife, 'state' | 'on' | 'url'>,
): Promise<Reply> {
  const environment = environmentIn(x);
  const type = eventTypeOf(idOf(x));
  if (!type) throw new Problem('not-found', 'There is no event type of such a code');
  const deed = { actor, action: 'event-type.change', environment };
  await refusalsEntered(ground, deed, type.code, () => {
    must(actor, 'message.change', { environment });
  });
  const life: EventLife = { environment, code: type.code, ...(await bodyOf(x, toLife)) };
  const lives = ground.store.open(lifeCollection);
  const key = lifeKey(environment, type.code);
  await entered(ground, deed, type.code, async () => {
    const before = await lives.get(key);
    await lives.put(key, life, { expected: before?.version ?? 0 });
  });
  return json(200, shown(type, life));
}

function environmentIn({ params }: Exchange): Environment {
  return environmentOf(params.environment ?? '', 'not-found');
}

function shown({ code, display, workflow }: EventType, life: EventLife | undefined): object {
  const { state = 'live', on, url } = life ?? {};
  return {
    ...{ code, display, workflow, state },
    ...(on === undefined ? {} : { on }),
    ...(url === undefined ? {} : { url }),
  };
}

function shownSubscription(subscription: NemsSubscription): object {
  const { id, environment, asid, odsCode, mailbox, wanted, end, created } = subscription;
  const { events, rule, code, tag } = wanted;
  return {
    ...{ id, environment, asid, odsCode, mailbox, events, kind: rule ? 'generic' : 'explicit' },
    ...(rule === undefined ? {} : { rule }),
    ...(code === undefined ? {} : { code }),
    ...(tag === undefined ? {} : { tag }),
    ...(end === undefined ? {} : { end }),
    created: new Date(created).toISOString(),
  };
}
