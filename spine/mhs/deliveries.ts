/**
 * What messaging hands to the outbox: requests to be processed, messages to be sent, signals. Owns their ids and what
 * support sees of them: ids, parties and interactions.
 */
import type { NewDelivery, Schedule } from '../../core/outbox.ts';
import { colonId } from '../interactions.ts';
import type { MessageAbout } from './kept-message.ts';

/** The topics, by what their senders do. */
export const topics = {
  process: 'spine-process',
  send: 'spine-send',
  signal: 'spine-signal',
  ask: 'spine-ask',
} as const;

/** A signal, which is written when it is sent. */
export interface SignalBody {
  /** Key of the message that it is about. */
  readonly key: string;
  readonly signal: 'acknowledgment' | 'delivery-failure';
  /** The party that signals. */
  readonly from: string;
  readonly messageId: string;
}

/** Processing is tried again until the message would have expired. */
export function processing(key: string, about: MessageAbout, lifetime: number): NewDelivery {
  const schedule = { retries: 8, interval: 1_000, growing: true, lifetime };
  return of(topics.process, key, key, about, schedule);
}

export function sending(key: string, about: MessageAbout, schedule: Schedule): NewDelivery {
  const lane = `${about.environment} ${about.toParty}`;
  return { ...of(topics.send, key, key, about, schedule), lane };
}

/** A request of our own; a key may bear one after another, each with a message id of its own. */
export function asking(key: string, about: MessageAbout, schedule: Schedule): NewDelivery {
  const lane = `${about.environment} ${about.toParty}`;
  return { ...of(topics.ask, `${key}|${about.messageId}`, key, about, schedule), lane };
}

/** Signals are never sent again. */
export function signalling(signal: SignalBody, about: MessageAbout): NewDelivery {
  const schedule = { retries: 0, interval: 60_000, lifetime: 300_000 };
  const lane = `${about.environment} ${about.fromParty}`;
  const id = `${signal.key}|${signal.messageId}`;
  const turned = { ...about, fromParty: signal.from, toParty: about.fromParty };
  const told = { ...turned, service: about.service, action: signal.signal };
  return { ...of(topics.signal, id, JSON.stringify(signal), told, schedule), lane };
}

/** The id of the delivery that sends a message on. */
export function sendingId(key: string): string {
  return deliveryId(topics.send, key);
}

/** The id of the work on a request. */
export function processingId(key: string): string {
  return deliveryId(topics.process, key);
}

/** The id of a delivery. */
function deliveryId(topic: string, key: string): string {
  return `${topic}|${key}`;
}

function of(
  topic: string,
  key: string,
  body: string,
  about: MessageAbout,
  schedule: Schedule,
): NewDelivery {
  const { messageId, conversationId, refToMessageId } = about;
  const ids = [
    messageId,
    conversationId,
    ...(refToMessageId === undefined ? [] : [refToMessageId]),
  ];
  return {
    ...{ id: deliveryId(topic, key), topic, body, schedule },
    about: aboutOf(about),
    refs: ids.map((id) => id.toUpperCase()),
  };
}

/** What support asks for first; nothing of the contents. */
export function aboutOf(about: MessageAbout): Record<string, string> {
  const { environment, fromParty, toParty, cpaId, conversationId, messageId } = about;
  const { refToMessageId, senderAsid, receiverAsid, workspace } = about;
  return {
    ...{ environment, workspace, interaction: colonId(about), kind: about.kind },
    ...{ fromParty, toParty, cpaId, conversationId, messageId },
    ...(refToMessageId === undefined ? {} : { refToMessageId }),
    ...(senderAsid === undefined ? {} : { senderAsid }),
    ...(receiverAsid === undefined ? {} : { receiverAsid }),
  };
}
