/**
 * Messages in the management API: what waits, what was given up and why, and trying again. Owns who may, and what is
 * shown: parties, systems, contracts, ids, attempts and times, which support asks for first. Contents are never shown.
 */
import type { Exchange, Reply } from '../core/exchange.ts';
import { openOutbox, type Delivery, type DeliveryState, type Outbox } from '../core/outbox.ts';
import { Problem } from '../core/problem.ts';
import { checker } from '../core/schema.ts';
import type { Store } from '../core/store.ts';
import type { Traces } from '../core/trace.ts';
import { aboutOf } from '../spine/mhs/deliveries.ts';
import { openMessages, type KeptMessage, type KeptMessages } from '../spine/mhs/kept-message.ts';
import { bodyOf, idOf, json, pageOf, pageReply, type Act } from './catalogue/api-call.ts';
import type { RouteFacts } from './catalogue/platform-routes-facts.ts';
import type { Ground } from './catalogue/records.ts';
import { must, type Actor } from './catalogue/roles.ts';
import { entered } from './catalogue/systems/deeds.ts';
import { seeTrace, traceRight } from './message-trace-api.ts';
import type { TraceKeeper } from './observe/trace-keeper.ts';

export interface MessagesApiOptions extends Ground {
  readonly store: Store;
  /** Who finds traces. */
  readonly keeper: Pick<TraceKeeper, 'find'>;
  /** Where traces are kept; absent: nowhere. */
  readonly traces?: Traces;
}

export interface MessagesApi {
  readonly acts: Readonly<Record<string, Act>>;
  readonly facts: Readonly<Record<string, RouteFacts>>;
}

const states = ['waiting', 'sending', 'sent', 'done', 'dead'] as const;

const abandonBody = {
  type: 'object',
  additionalProperties: false,
  required: ['reason'],
  properties: { reason: { type: 'string', minLength: 1, maxLength: 200 } },
};

const facts: Readonly<Record<string, RouteFacts>> = {
  'GET /messages': {
    summary: 'Lists deliveries of messages: what waits, was sent, or was given up',
    rights: ['message.read'],
    query: { state: { enum: states }, topic: { type: 'string' } },
    paged: true,
  },
  'GET /messages/:id': {
    summary:
      'All that is known of a message or conversation, or of one delivery; never its contents',
    rights: ['message.read'],
  },
  'POST /messages/:id/retry': {
    summary: 'Delivers anew, also what was given up',
    rights: ['message.change'],
  },
  'POST /messages/:id/abandon': {
    summary: 'Gives a delivery up',
    rights: ['message.change'],
    body: abandonBody,
  },
  'GET /messages/:id/trace': {
    summary:
      'The steps of a call or message, by any of its ids: received, checked, translated, sent, answered; as text where that is accepted',
    rights: [traceRight],
  },
};

/** The routes and what is said of them. */
export function openMessagesApi(options: MessagesApiOptions): MessagesApi {
  const outbox = openOutbox(options.store, options.clock);
  const messages = openMessages(options.store);
  const checkAbandon = checker<{ reason: string }>(abandonBody);
  return {
    facts,
    acts: {
      'GET /messages': (actor, x) => list(outbox, actor, x),
      'GET /messages/:id': (actor, x) => show(outbox, messages, actor, x),
      'GET /messages/:id/trace': seeTrace(options),
      async 'POST /messages/:id/retry'(actor, x) {
        const { id } = await theOne(outbox, actor, x, ({ state }) => state !== 'done');
        return done(options, actor, 'message.retry', id, () => outbox.retry(id));
      },
      async 'POST /messages/:id/abandon'(actor, x) {
        const { reason } = await bodyOf(x, checkAbandon);
        const { id } = await theOne(outbox, actor, x, ({ ended }) => ended === undefined);
        const told = `given up by ${actor.id}: ${reason}`;
        return done(options, actor, 'message.abandon', id, () => outbox.abandon(id, told));
      },
    },
  };
}

async function list(outbox: Outbox, actor: Actor, x: Exchange): Promise<Reply> {
  must(actor, 'message.read');
  const [state, topic] = [stateIn(x), x.query.get('topic')];
  const page = await outbox.list({
    ...pageOf(x),
    ...(state === undefined ? {} : { state }),
    ...(topic === null ? {} : { topic: topic.slice(0, 100) }),
  });
  return pageReply(page, shown);
}

async function show(
  outbox: Outbox,
  messages: KeptMessages,
  actor: Actor,
  x: Exchange,
): Promise<Reply> {
  must(actor, 'message.read');
  const deliveries = await named(outbox, idOf(x));
  const kept = await messages.named(deliveries[0]?.about.messageId ?? idOf(x));
  if (deliveries.length + kept.length === 0) throw unknown();
  return json(200, { messages: kept.map(shownMessage), deliveries: deliveries.map(shown) });
}

/** A delivery by its id, or by the id of a message that has but one it may be. */
async function theOne(
  outbox: Outbox,
  actor: Actor,
  x: Exchange,
  may: (delivery: Delivery) => boolean,
): Promise<Delivery> {
  must(actor, 'message.change');
  const all = await named(outbox, idOf(x));
  const exact = all.find(({ id }) => id === idOf(x));
  if (exact) return exact;
  const [first, second] = all.filter(may);
  if (first && !second) return first;
  if (all.length === 0) throw unknown();
  throw new Problem(
    'conflict',
    `Say which delivery: ${all
      .slice(0, 10)
      .map(({ id, state }) => `${id} (${state})`)
      .join(', ')}`,
  );
}

async function done(
  options: MessagesApiOptions,
  actor: Actor,
  action: string,
  id: string,
  act: () => Promise<Delivery>,
): Promise<Reply> {
  const delivery = await entered(options, { actor, action }, id, act);
  tell(options.traces, delivery);
  return json(200, shown(delivery));
}

/** A trace says what people did to a message, not who: that is in the audit. */
function tell(traces: Traces | undefined, { about, state }: Delivery): void {
  const { environment = '', messageId = '', conversationId = '' } = about;
  const trace = traces?.open({ what: 'management', environment });
  trace?.named(messageId, conversationId);
  if (state === 'dead') trace?.add('gave-up', 'Given up by hand');
  else trace?.add('received', 'To be delivered anew, by hand');
  trace?.end();
}

/** Ids of messages are written in either case. */
async function named(outbox: Outbox, ref: string): Promise<readonly Delivery[]> {
  const found = await outbox.named(ref);
  return found.length > 0 ? found : outbox.named(ref.toUpperCase());
}

function stateIn({ query }: Exchange): DeliveryState | undefined {
  const state = query.get('state');
  if (state === null) return undefined;
  const known = states.find((one) => one === state);
  if (known) return known;
  throw new Problem('invalid', `The state is one of ${states.join(', ')}`);
}

/** Times as ISO 8601 in UTC; how long it took where it has ended. */
function shown(delivery: Delivery): object {
  const { id, topic, state, attempts, schedule, created, due, expires, reason } = delivery;
  const { tried, ended, about } = delivery;
  return {
    ...{ id, topic, state, ...about, attempts, retries: schedule.retries },
    ...{ created: iso(created), expires: iso(expires) },
    ...(ended === undefined ? { due: iso(due) } : { ended: iso(ended) }),
    ...(tried === undefined ? {} : { tried: iso(tried) }),
    ...(ended === undefined ? {} : { milliseconds: ended - created }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function shownMessage(message: KeptMessage): object {
  const { body, answer, received, until, app } = message;
  return {
    ...aboutOf(message),
    ...{ received: iso(received), rememberedUntil: iso(until), bytes: body.size },
    ...(answer === undefined ? {} : { answered: answer.status }),
    ...(app === undefined ? {} : { app: app.id }),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function unknown(): Problem {
  return new Problem('not-found', 'There is no such message, or it is no longer kept');
}
