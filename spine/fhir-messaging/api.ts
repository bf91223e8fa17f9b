/**
 * FHIR messaging as a table (FHIR R4, `$process-message`): takes a message, finds out whether it is new, keeps it with its
 * delivery in one write, and waits for the answer where the caller does. Owns the order of the checks and what is answered
 * when; who gets what is delivering.ts's.
 */
import type { Exchange, Handler, Reply } from '../../core/exchange.ts';
import { outboxEntry } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import { routes } from '../../core/routes.ts';
import { fhirJson } from '../../fhir/outcome.ts';
import type { Waiting } from '../mhs/client-waiting.ts';
import { firstResource } from './bundle-shape.ts';
import { deliveryOf } from './deliveries.ts';
import {
  definitionOf,
  eventNamed,
  messagingStatement,
  type MessageEvent,
  type StatementOptions,
} from './events.ts';
import {
  changedKept,
  messageKeyOf,
  type Ids,
  type Kept,
  type KeptAnswer,
  type KeptMessage,
} from './kept.ts';
import { readMessage, type Message } from './message.ts';
import { refused } from './refusals.ts';
import { returnAddressOf, type ReturnOptions, type Sending } from './return-address.ts';
import { meshAddress, routeOf } from './routing.ts';

export interface MessagingOptions extends ReturnOptions {
  readonly kept: Kept;
  readonly waiting: Waiting;
  readonly events: readonly MessageEvent[];
  /** Minutes that a message is known again, and seconds that its caller is kept waiting. */
  readonly reliableCache: number;
  readonly patience: number;
  /** The absolute address of the API, without a slash at its end. */
  readonly base: () => string;
  readonly version: string;
  readonly now: () => number;
  /** The organisation of an app. */
  readonly ownerOf: (app: string, environment: string) => string | undefined;
}

/** Where nobody is asked who calls. */
const anybody = 'anybody';

export function messagingApi(options: MessagingOptions): Handler {
  return routes({ 'POST /$process-message': (exchange) => processMessage(options, exchange) });
}

/** What touches no record: capabilities and definitions. */
export function messagingOpen(
  options: MessagingOptions,
): (exchange: Exchange) => Promise<Reply> | undefined {
  return (exchange) => {
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return undefined;
    if (exchange.path === '/metadata')
      return Promise.resolve(resource(messagingStatement(statement(options))));
    const id = /^\/MessageDefinition\/([\w.-]{1,200})$/.exec(exchange.path)?.[1];
    const found = id === undefined ? undefined : definitionOf(statement(options), id);
    return found && Promise.resolve(resource(found));
  };
}

function statement({
  base,
  version,
  now,
  events,
  reliableCache,
}: MessagingOptions): StatementOptions {
  const date = new Date(now()).toISOString();
  return { base: base(), version, date, events, reliableCache };
}

function resource(body: object): Reply {
  return { status: 200, headers: { 'content-type': fhirJson }, body: JSON.stringify(body) };
}

async function processMessage(options: MessagingOptions, exchange: Exchange): Promise<Reply> {
  const message = await readMessage(exchange);
  const { environment, caller, facts } = exchange;
  facts.people.push(...message.people);
  const event = eventOf(options, message);
  const app = caller?.appId ?? anybody;
  const { bundle, header } = message;
  const ids: Ids = { environment, app, bundle, header: header.id };
  const before = await options.kept.seen(ids, event.category);
  if (before) return answered(options, messageKeyOf(ids));
  const next = await acceptable(options, ids, message, event, caller?.appId);
  const isNew = await options.kept.put(next, event.category, [outboxEntry(deliveryOf(next))]);
  // Somebody with the same ids was faster: the answer is to theirs, unless that was another message.
  if (!isNew) await options.kept.seen(ids, event.category);
  return answered(options, messageKeyOf(ids));
}

/** @throws Problem 422 for one that this API does not carry */
function eventOf({ events }: MessagingOptions, { event: name }: Message): MessageEvent {
  const found = eventNamed(events, name);
  if (found) return found;
  const known = events.map(({ system, code }) => `${system}|${code}`).slice(0, 20);
  throw refused(
    'not-supported',
    `${firstResource}.event`,
    `The event: expected one of ${known.join(', ')}, and found another`,
  );
}

/** What is kept of a new message. @throws Problem where it cannot go, or its answer cannot */
async function acceptable(
  options: MessagingOptions,
  ids: Ids,
  message: Message,
  event: MessageEvent,
  appId: string | undefined,
): Promise<KeptMessage> {
  const { environment } = ids;
  const owner = appId === undefined ? undefined : options.ownerOf(appId, environment);
  const sending: Sending = {
    environment,
    ...(appId === undefined ? {} : { app: appId }),
    ...(owner === undefined ? {} : { owner }),
  };
  const route = await routeOf(options, environment, message, event);
  const returnTo = await returnAddressOf(options, sending, message, event);
  const sender = await senderOf(options, sending, message);
  if (route.kind !== 'endpoint') await mayCarry(options, environment, sender, route);
  return {
    ...ids,
    ...{ event: message.event, source: message.header.source.endpoint, base: options.base() },
    ...{ route, sender },
    ...(returnTo ? { returnTo } : {}),
    promised: message.async || route.kind !== 'endpoint',
    ...{ text: message.text, accepted: options.now(), cache: options.reliableCache * 60_000 },
  };
}

/** The sender's own mailbox, where `source.endpoint` names one: reports of MESH go there. */
async function senderOf(
  { mailboxes, owns }: MessagingOptions,
  sending: Sending,
  { header }: Message,
): Promise<string> {
  const mesh = meshAddress(header.source.endpoint);
  const box = mesh && (await mailboxes.mailbox(sending.environment, mesh.to));
  return box?.active === true && owns(box, sending) ? box.id : '';
}

/** @throws Problem `forbidden` where the workflow is not for that sender or recipient */
async function mayCarry(
  { mailboxes, workflows }: MessagingOptions,
  environment: string,
  sender: string,
  route: Exclude<KeptMessage['route'], { kind: 'endpoint' }>,
): Promise<void> {
  if (route.kind === 'practice') return;
  const { mailbox: recipient, workflow } = route;
  try {
    await mailboxes.judge({ environment, workflow, sender, recipient }, workflows);
  } catch (error) {
    if (!(error instanceof Problem && error.kind === 'unprocessable')) throw error;
    throw new Problem(
      'forbidden',
      `Expected a sender and a recipient of the workflow ${workflow}, and found one that is not; a sender is known by its mailbox in source.endpoint`,
      { code: 'WORKFLOW' },
    );
  }
}

/** The answer to a message that is kept: what was answered before, or will be. */
async function answered(options: MessagingOptions, key: string): Promise<Reply> {
  const { kept, waiting, patience } = options;
  const look = async () => {
    const value = (await kept.collection.get(key))?.value;
    if (!value || value.promised) return accepted;
    return value.answer && replyOf(value.answer);
  };
  return (await waiting.until([key], look, patience * 1000)) ?? late(kept, key);
}

/** Nobody waits any longer: the answer goes to where answers go. */
async function late({ collection }: Kept, key: string): Promise<Reply> {
  let found: KeptAnswer | undefined;
  await changedKept(collection, key, (one) => {
    found = one.answer;
    return one.answer || one.late ? undefined : { ...one, late: true };
  });
  return found ? replyOf(found) : accepted;
}

const accepted: Reply = { status: 202, headers: { 'cache-control': 'no-store' } };

function replyOf({ status, body }: KeptAnswer): Reply {
  const headers = { 'cache-control': 'no-store' };
  if (body === '') return { status, headers };
  return { status, headers: { ...headers, 'content-type': fhirJson }, body };
}
