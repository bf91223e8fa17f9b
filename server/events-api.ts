/**
 * The engine of events in the management API: subscriptions of MNS, queues that are led to mailboxes, and making copies of
 * events again. Owns the wire, who may and what is entered in the audit. Never whom an event is about.
 */
import type { Exchange, Reply } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { checker } from '../core/schema.ts';
import type { Events } from '../spine/events/engine.ts';
import {
  arnPattern,
  mnsSubscriptionCollection,
  queueCollection,
  queueKey,
  type MnsSubscription,
  type Queue,
} from '../spine/events/mns/subscription.ts';
import { mailboxCollection, mailboxKey } from '../spine/mesh/mailboxes.ts';
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
import type { Ground } from './catalogue/records.ts';
import { must, type Actor } from './catalogue/roles.ts';
import { entered, refusalsEntered } from './catalogue/systems/deeds.ts';

export interface EventsManagementOptions extends Ground {
  readonly events: Pick<Events, 'replay'>;
}

export interface EventsManagement {
  readonly acts: Readonly<Record<string, Act>>;
  readonly facts: Readonly<Record<string, RouteFacts>>;
}

const subscriptions = '/events/:environment/mns-subscriptions';
const queues = '/events/:environment/queues';
const replays = '/events/:environment/replays';

const closed = { type: 'object', additionalProperties: false };
const queueBody = {
  ...closed,
  required: ['arn', 'mailbox', 'workflow'],
  properties: {
    arn: { type: 'string', maxLength: 300, pattern: arnPattern },
    mailbox: { type: 'string', pattern: '^[A-Za-z0-9]{1,64}$' },
    workflow: { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,300}$' },
  },
};
const time = { type: 'string', format: 'date-time' };
const replayBody = {
  ...closed,
  required: ['subscription', 'from', 'to'],
  properties: {
    subscription: { type: 'string', minLength: 1, maxLength: 100 },
    from: time,
    to: time,
    after: { type: 'string', maxLength: 1000 },
  },
};

interface ReplayWish {
  readonly subscription: string;
  readonly from: string;
  readonly to: string;
  readonly after?: string;
}

const facts: Readonly<Record<string, RouteFacts>> = {
  [`GET ${subscriptions}`]: {
    summary: 'Lists the subscriptions of MNS: whose, to what, delivered where',
    rights: ['message.read'],
    paged: true,
  },
  [`GET ${queues}`]: {
    summary: 'Lists the queues that subscriptions of MNS may name, with the mailboxes they lead to',
    rights: ['message.read'],
    paged: true,
  },
  [`POST ${queues}`]: {
    summary: 'Leads a queue (ARN) to a mailbox, from where its messages are fetched or pushed',
    rights: ['message.change'],
    status: 201,
    body: queueBody,
  },
  [`DELETE ${queues}/:id`]: {
    summary: 'Ends a queue for new subscriptions; those that there are stay',
    rights: ['message.change'],
    status: 204,
  },
  [`POST ${replays}`]: {
    summary:
      'Makes the copies of a subscription again, of events that came in a time: at most a thousand, then with `next` as `after`',
    rights: ['message.change'],
    status: 201,
    body: replayBody,
  },
};

/** The routes and what is said of them. */
export function openEventsManagement(options: EventsManagementOptions): EventsManagement {
  const { store, events } = options;
  const toQueue = checker<Omit<Queue, 'environment'>>(queueBody);
  const toReplay = checker<ReplayWish>(replayBody);
  const acts: Readonly<Record<string, Act>> = {
    async [`GET ${subscriptions}`](actor, x) {
      must(actor, 'message.read');
      const query = { index: 'owner', equals: [environmentIn(x)], ...pageOf(x) };
      return pageReply(await store.open(mnsSubscriptionCollection).find(query), shown);
    },
    async [`GET ${queues}`](actor, x) {
      must(actor, 'message.read');
      const query = { index: 'environment', equals: [environmentIn(x)], ...pageOf(x) };
      return pageReply(await store.open(queueCollection).find(query), (queue) => queue);
    },
    [`POST ${queues}`]: (actor, x) =>
      changing(options, actor, x, 'queue.put', async (environment) => {
        const wish = await bodyOf(x, toQueue);
        const queue = { environment, ...wish, mailbox: wish.mailbox.toUpperCase() };
        const key = mailboxKey(environment, queue.mailbox);
        if (!(await store.open(mailboxCollection).get(key)))
          throw new Problem('invalid', 'There is no such mailbox in the environment');
        const act = () => put(options, queue);
        return { id: queue.arn, act, reply: json(201, queue) };
      }),
    [`DELETE ${queues}/:id`]: (actor, x) =>
      changing(options, actor, x, 'queue.remove', async (environment) => {
        const id = idOf(x);
        const collection = store.open(queueCollection);
        const found = await collection.get(queueKey(environment, id));
        if (!found) throw new Problem('not-found', 'There is no such queue');
        return { id, act: () => collection.remove(found.id, found.version), reply: noContent };
      }),
    async [`POST ${replays}`](actor, x) {
      let told: object = {};
      await changing(options, actor, x, 'event.replay', async (environment) => {
        const { from, to, ...wish } = await bodyOf(x, toReplay);
        const act = async () => {
          told = await events.replay({
            ...{ environment, ...wish, from: Date.parse(from), to: Date.parse(to) },
          });
        };
        return { id: wish.subscription, act, reply: noContent };
      });
      return json(201, told);
    },
  };
  return { acts, facts };
}

/** What is to be done, once it is known to be allowed. */
interface Change {
  readonly id: string;
  readonly act: () => Promise<unknown>;
  readonly reply: Reply;
}

async function changing(
  ground: Ground,
  actor: Actor,
  x: Exchange,
  action: string,
  plan: (environment: Environment) => Promise<Change>,
): Promise<Reply> {
  const environment = environmentIn(x);
  const deed = { actor, action, environment };
  await refusalsEntered(ground, deed, environment, () => {
    must(actor, 'message.change', { environment });
  });
  const { id, act, reply } = await plan(environment);
  await entered(ground, deed, id, act);
  return reply;
}

async function put({ store }: EventsManagementOptions, queue: Queue): Promise<void> {
  const collection = store.open(queueCollection);
  const key = queueKey(queue.environment, queue.arn);
  const before = await collection.get(key);
  await collection.put(key, queue, { expected: before?.version ?? 0 });
}

function environmentIn({ params }: Exchange): Environment {
  return environmentOf(params.environment ?? '', 'not-found');
}

/** Criteria may name a patient: they are for their owner. */
function shown(one: MnsSubscription): object {
  const { id, app, workspace, criteria, endpoint, payload, mailbox, workflow, created } = one;
  const type = /^eventType='?([\w.-]+)/.exec(criteria)?.[1] ?? '';
  return {
    ...{ id, app, workspace, type, endpoint, payload, mailbox, workflow },
    ...{ hydrated: one.hydration !== undefined, created: new Date(created).toISOString() },
  };
}
