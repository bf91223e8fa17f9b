/**
 * Delivers messages, and answers to where nobody waits for them. Owns the order of the steps: what a recipient said is kept
 * before anything follows from it, so a kill in between has it told twice, never not at all.
 */
import { outboxEntry, type Delivery } from '../../core/outbox.ts';
import type { Outcome, Topic } from '../../core/outbox-runner.ts';
import { Problem } from '../../core/problem.ts';
import type { Store } from '../../core/store.ts';
import { fhirJson } from '../../fhir/outcome.ts';
import type { Posted, Post } from '../mhs/sending.ts';
import type { Circuits } from '../postman/circuits.ts';
import { judge } from '../postman/outcomes.ts';
import { answerOf, failureAnswer, reasonIn, type Failure } from './answers.ts';
import { answerDeliveryOf, answerTopic, keyOf, messageTopic } from './deliveries.ts';
import {
  changedKept,
  openKept,
  type Kept,
  type KeptMessage,
  type ReturnAddress,
  type Route,
} from './kept.ts';
import { fateOf, mailed, type Letter, type MailingOptions } from './mailing.ts';

export interface DeliveringOptions extends MailingOptions {
  readonly post: Post;
  readonly circuits: Circuits;
}

export interface Delivering {
  readonly topics: Readonly<Record<string, Topic>>;
  /** Looks after what waits in mailboxes, and forgets what is old. */
  sweep(): Promise<number>;
}

/** Milliseconds that an attempt may take. */
const patience = 60_000;
const atOnce = 64;

export function delivering(options: DeliveringOptions): Delivering {
  const { store, now, circuits } = options;
  const kept = openKept(store, now);
  const parts: Parts = { ...options, kept };
  const room = (lane: string) => circuits.room(lane);
  return {
    topics: {
      [messageTopic]: {
        send: (delivery, signal) => deliver(parts, delivery, signal),
        gaveUp: (delivery) => gaveUp(parts, delivery),
        ...{ patience, atOnce, room },
      },
      [answerTopic]: {
        send: (delivery, signal) => deliverAnswer(parts, delivery, signal),
        ...{ patience, atOnce, room },
      },
    },
    sweep: async () => (await lookAfter(parts)) + (await kept.sweep()),
  };
}

interface Parts extends DeliveringOptions {
  readonly kept: Kept;
}

async function deliver(parts: Parts, delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
  const key = keyOf(delivery);
  const message = (await parts.kept.collection.get(key))?.value;
  if (!message) return { kind: 'dead', reason: 'the message is no longer kept' };
  if (message.text === '') return { kind: 'done' };
  const { route } = message;
  if (route.kind === 'endpoint') return push(parts, delivery, message, route, signal);
  const placed = await mailed(parts, message, letterOf(message, route));
  await changedKept(parts.kept.collection, key, (one) =>
    one.text === '' ? undefined : { ...one, text: '', placed, ended: parts.now() },
  );
  return { kind: 'done' };
}

function letterOf(message: KeptMessage, to: Letter['to']): Letter {
  const { environment, app, bundle, header: localId, sender: from, text, accepted: at } = message;
  return { to, from, text, localId, at, seed: `${environment} ${app} ${bundle} ${at}` };
}

/** One call to the recipient's endpoint. */
async function push(
  parts: Parts,
  delivery: Delivery,
  message: KeptMessage,
  route: Extract<Route, { kind: 'endpoint' }>,
  signal: AbortSignal,
): Promise<Outcome> {
  const result = await called(parts, delivery, message, { to: route, text: message.text, signal });
  const { outcome, posted } = result;
  if (outcome.kind === 'again' || !posted) return outcome;
  const isDone = outcome.kind === 'done';
  const own = isDone ? undefined : answerOf(posted, message);
  const answer = isDone
    ? answerOf(posted, message)
    : own && own.body !== ''
      ? own
      : failureAnswer(message, refusalBy(posted), parts.now());
  await end(parts, keyOf(delivery), { answer, text: isDone ? '' : message.text });
  return outcome;
}

function refusalBy(posted: Posted): Failure {
  return {
    code: 'fatal-error',
    text: `The recipient refused the message with status ${posted.status}`,
    reason: reasonIn(posted),
  };
}

interface Sent {
  readonly to: Extract<Route, { kind: 'endpoint' }>;
  readonly text: string;
  readonly signal: AbortSignal;
}

async function called(
  { post, circuits, now }: Parts,
  { lane = '', attempts, firstTried = now() }: Delivery,
  { environment, header }: KeptMessage,
  { to, text, signal }: Sent,
): Promise<{ readonly outcome: Outcome; readonly posted?: Posted }> {
  const body = Buffer.from(text);
  try {
    const posted = await post({
      ...{ url: to.url, fqdn: to.fqdn, environment, size: body.length, body, signal },
      headers: {
        ...{ 'content-type': fhirJson, accept: fhirJson },
        ...{ 'x-message-id': header, 'x-attempt': String(attempts) },
        'x-first-attempt-at': new Date(firstTried).toISOString(),
      },
    });
    const { status, retryAfter } = posted;
    const again = retryAfter === undefined ? {} : { retryAfter };
    const judged = judge({ kind: 'answer', status, excerpt: '', ...again }, attempts, now());
    circuits.report(lane, judged.isFault);
    return { outcome: judged.outcome, posted };
  } catch (error) {
    const { message: reason, kind } = Problem.from(error);
    if (kind !== 'upstream') throw error;
    circuits.report(lane, true);
    return { outcome: { kind: 'again', reason } };
  }
}

/** As long as the outbox keeps what was given up: a person may have it tried anew. */
const keptDead = 7 * 24 * 3_600_000;

/** Keeps what came of a message, with the delivery of its answer where nobody waits for that. */
async function end(
  { kept, now }: Parts,
  key: string,
  ended: Pick<KeptMessage, 'answer' | 'text'>,
): Promise<void> {
  await changedKept(
    kept.collection,
    key,
    ({ cache, ...one }) => {
      if (one.text === '') return undefined;
      const known = ended.text === '' ? cache : Math.max(cache, keptDead);
      return { ...one, ...ended, ended: now(), cache: known };
    },
    (one) => (one.promised || one.late ? answerDeliveryOf(one).map(outboxEntry) : []),
  );
}

/** What could not be delivered in time is told to the sender, as what was refused is. */
async function gaveUp(parts: Parts, delivery: Delivery): Promise<[]> {
  const key = keyOf(delivery);
  const message = (await parts.kept.collection.get(key))?.value;
  if (!message || message.ended !== undefined) return [];
  const text = `The message could not be delivered: ${delivery.reason ?? ''}`;
  const failure: Failure = { code: 'transient-error', text };
  const answer = failureAnswer(message, failure, parts.now());
  await end(parts, key, { answer, text: message.text });
  return [];
}

async function deliverAnswer(
  parts: Parts,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<Outcome> {
  const message = (await parts.kept.collection.get(keyOf(delivery)))?.value;
  const { returnTo, answer } = message ?? {};
  if (!message || !returnTo || !answer)
    return { kind: 'dead', reason: 'the answer is no longer kept' };
  return returnTo.kind === 'endpoint'
    ? (await called(parts, delivery, message, { to: returnTo, text: answer.body, signal })).outcome
    : mailAnswer(parts, message, returnTo, answer.body);
}

async function mailAnswer(
  parts: Parts,
  message: KeptMessage,
  to: Extract<ReturnAddress, { kind: 'mailbox' }>,
  text: string,
): Promise<Outcome> {
  const { environment, app, bundle, header: localId, ended: at = parts.now() } = message;
  const seed = `${environment} ${app} ${bundle} ${at} answer`;
  await mailed(parts, message, { to, from: '', text, localId, seed, at });
  return { kind: 'done' };
}

/** What waits in mailboxes: once it was fetched, nothing more is to be done; what never was is told to its sender. */
async function lookAfter({ store, kept, now }: Parts): Promise<number> {
  let after: string | undefined;
  let count = 0;
  do {
    const query = { index: 'placed', limit: 500, ...(after === undefined ? {} : { after }) };
    const page = await kept.collection.find(query);
    for (const { id, value } of page.items) count += await settle({ store, kept, now }, id, value);
    after = page.next;
  } while (after !== undefined);
  return count;
}

async function settle(
  { store, kept, now }: { readonly store: Store; readonly kept: Kept; readonly now: () => number },
  key: string,
  { placed = '' }: KeptMessage,
): Promise<number> {
  const fate = await fateOf(store, placed);
  if (fate === undefined) return 0;
  await changedKept(
    kept.collection,
    key,
    ({ placed: there, ...one }) => {
      if (there === undefined) return undefined;
      if (fate === 'fetched') return { ...one, ended: now() };
      const failure: Failure = { code: 'fatal-error', text: fate.failed };
      return { ...one, ended: now(), answer: failureAnswer(one, failure, now()) };
    },
    (one) => (fate === 'fetched' ? [] : answerDeliveryOf(one).map(outboxEntry)),
  );
  return 1;
}
