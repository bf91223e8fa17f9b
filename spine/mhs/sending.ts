/**
 * Sends messages and signals to the endpoints that the directory has at that moment, and reads what comes back. Owns what
 * an answer of the other side means; the wire is handed in.
 */
import { usedUp, type Delivery, type NewDelivery, type Outbox } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { Outcome } from '../../core/outbox-runner.ts';
import type { Trace, Traces } from '../../core/trace.ts';
import { writeAcknowledgment } from '../ebxml/acknowledgement.ts';
import { kindOf, readEbxml, type EbxmlEnvelope } from '../ebxml/envelope.ts';
import { partyType } from '../ebxml/ebxml-elements.ts';
import { deliveryFailure, writeMessageError } from '../ebxml/message-error.ts';
import { acknowledgmentAction, messageErrorAction } from '../ebxml/acknowledgement.ts';
import { openMessage, xmlBytes } from '../ebxml/multipart.ts';
import { isoTimestampOf } from '../hl7v3/datatypes.ts';
import { colonId, signalService } from '../interactions.ts';
import { sameMessageId } from '../ebxml/envelope.ts';
import { endpointOf } from './contracts.ts';
import { signalling, type SignalBody } from './deliveries.ts';
import { inlineBody, type KeptBody } from './kept-bodies.ts';
import { type KeptMessage, type KeptMessages, type ShownCertificate } from './kept-message.ts';
import type { LookUps } from './look-ups.ts';
import { relay } from './signals.ts';
import { endpointFacts, headOf, tellFailure, traceWork } from './traced.ts';

/** One post. The body's length is known. */
export interface Posting {
  readonly url: string;
  /** The name that the directory has for the endpoint, which its certificate must bear. */
  readonly fqdn: string;
  readonly environment: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly size: number;
  /** Bytes may be sent twice, so that a connection may be kept for the next of these. */
  readonly body: Buffer | AsyncIterable<Buffer>;
  readonly signal: AbortSignal;
  /** What is shown in place of the platform's own certificate. */
  readonly shown?: ShownCertificate;
}

export interface Posted {
  readonly status: number;
  readonly contentType: string;
  /** At most a megabyte. */
  readonly body: Buffer;
  /** When the other side would like to be asked again, as it said. */
  readonly retryAfter?: string;
}

/** @throws Problem when no answer came; its message tells why, without an address */
export type Post = (posting: Posting) => Promise<Posted>;

export interface SendingOptions {
  readonly messages: KeptMessages;
  readonly outbox: Outbox;
  readonly lookUps: LookUps;
  readonly post: Post;
  readonly viewOf: (message: KeptMessage) => string;
  readonly traces?: Traces | undefined;
  readonly now: () => number;
  readonly newId: () => string;
}

/** The sender of messages. */
export function messageSender(
  options: SendingOptions,
): (delivery: Delivery, signal: AbortSignal) => Promise<Outcome> {
  const { messages } = options;
  return async ({ body: key, attempts, schedule }, signal) => {
    const stored = await messages.collection.get(key);
    if (!stored) return { kind: 'dead', reason: 'the message is no longer kept' };
    const { value } = stored;
    const { contentType, soapAction, body } = value;
    const which = `attempt ${attempts} of ${schedule.retries + 1}`;
    const trace = traceWork(options.traces, `delivery, ${which}`, value);
    const sent = { contentType, soapAction, body };
    try {
      const place = { partyKey: value.toParty, interaction: colonId(value) };
      const answer = await postTo(options, value, place, sent, signal, trace);
      if (!answer) return { kind: 'again', reason: 'no endpoint in the directory' };
      const outcome = await meaning(answer, value);
      tellOutcome(trace, answer, outcome, value.acknowledged);
      if (outcome.kind === 'done' && value.acknowledged) await relay(options, key);
      return outcome;
    } finally {
      trace?.end();
    }
  };
}

function tellOutcome(
  trace: Trace | undefined,
  { status, body }: Posted,
  outcome: Outcome,
  acknowledged: boolean,
): void {
  const step = {
    done: acknowledged ? ('acknowledged' as const) : ('answered' as const),
    ...{ sent: 'answered' as const, again: 'refused' as const, dead: 'gave-up' as const },
  };
  const told = {
    done: acknowledged ? 'Taken, and acknowledged in the answer' : 'Taken',
    sent: 'Taken; its acknowledgement is to come',
    again: 'Not taken this time',
    dead: 'Refused for good',
  };
  const reason = 'reason' in outcome ? { reason: outcome.reason } : {};
  trace?.add(step[outcome.kind], `${told[outcome.kind]}: HTTP ${status}`, {
    facts: { status: String(status), ...reason },
    ...(body.length > 0 ? { after: headOf(body) } : {}),
  });
}

/** What the first sender of a forwarded message is told when that was given up. */
export function undelivered({
  messages,
  newId,
  traces,
}: SendingOptions): (delivery: Delivery) => Promise<readonly NewDelivery[]> {
  return async ({ body: key, reason = '' }) => {
    const value = (await messages.collection.get(key))?.value;
    const trace = value && traceWork(traces, 'delivery', value);
    trace?.add('gave-up', `It is not sent again: ${reason}`);
    trace?.end();
    if (value?.kind !== 'forward' || !value.acknowledged) return [];
    // Where the ends see to reliability, one failed attempt is no end: the first sender tries again.
    if (value.relayed === true && reason.startsWith(usedUp)) return [];
    const signal = { key, from: value.between ?? value.toParty, messageId: newId().toUpperCase() };
    return [signalling({ ...signal, signal: 'delivery-failure' }, value)];
  };
}

/** The sender of signals: whatever they are answered, they are not sent again. */
export function signalSender(
  options: SendingOptions,
): (delivery: Delivery, signal: AbortSignal) => Promise<Outcome> {
  return async ({ body }, abort) => {
    const given = JSON.parse(body) as SignalBody; // `signalling` wrote it
    const stored = await options.messages.collection.get(given.key);
    if (!stored) return { kind: 'dead', reason: 'the message is no longer kept' };
    const { value } = stored;
    const { text, soapAction, interaction } = written(given, value, options.now());
    const trace = traceWork(options.traces, `signal: ${given.signal}`, value);
    trace?.named(given.messageId);
    const sent = { contentType: 'text/xml', soapAction, body: inlineBody(text) };
    try {
      const place = { partyKey: value.fromParty, interaction };
      const answer = await postTo(options, value, place, sent, abort, trace);
      if (answer) trace?.add('answered', `HTTP ${answer.status}`);
      return answer ? { kind: 'done' } : { kind: 'dead', reason: 'no endpoint in the directory' };
    } finally {
      trace?.end();
    }
  };
}

function written({ signal, from, messageId }: SignalBody, about: KeptMessage, now: number) {
  const parts = { messageId, timestamp: isoTimestampOf(now), fromParty: from };
  const envelope = envelopeOf(about);
  return signal === 'acknowledgment'
    ? {
        text: writeAcknowledgment(envelope, parts),
        ...{ soapAction: acknowledgmentAction, interaction: `${signalService}:Acknowledgment` },
      }
    : {
        text: writeMessageError(envelope, [deliveryFailure(about.toParty)], parts),
        ...{ soapAction: messageErrorAction, interaction: `${signalService}:MessageError` },
      };
}

/** The header of a kept message, as far as signals take from it. */
function envelopeOf(about: KeptMessage): EbxmlEnvelope {
  const { fromParty, toParty, cpaId, conversationId, service, action, messageId } = about;
  const actor = about.ackActor;
  return {
    ...{ fromParty, toParty, cpaId, conversationId, service, action, messageId },
    ...{ timestamp: '', refToMessageId: undefined, timeToLive: undefined, version: '2.0' },
    ...{ fromPartyType: partyType, toPartyType: partyType, duplicateElimination: false },
    ackRequested: actor === undefined ? undefined : { version: '2.0', signed: 'false', actor },
    ...{ syncReply: undefined, manifestVersion: undefined, references: [], header: undefined },
    ...{ acknowledgment: undefined, errors: undefined, fault: undefined },
  };
}

async function postTo(
  { lookUps, messages, viewOf, post }: SendingOptions,
  about: KeptMessage,
  { partyKey, interaction }: { readonly partyKey: string; readonly interaction: string },
  sent: { readonly contentType: string; readonly soapAction: string; readonly body: KeptBody },
  signal: AbortSignal,
  trace: Trace | undefined,
): Promise<Posted | undefined> {
  const handler = await endpointOf(lookUps, partyKey, interaction, viewOf(about));
  const url = handler?.endpoints[0];
  if (handler === undefined || url === undefined) {
    trace?.add('refused', 'The directory has no endpoint of the party', { facts: { partyKey } });
    return undefined;
  }
  trace?.add('looked-up', 'The endpoint in the directory', { facts: endpointFacts(handler) });
  const { size } = sent.body;
  trace?.add('sent', `Posted to ${partyKey}`, { facts: { interaction, bytes: String(size) } });
  try {
    return await post({
      ...{ url, fqdn: handler.fqdn, environment: about.environment, signal, size },
      headers: { 'content-type': sent.contentType, soapaction: `"${sent.soapAction}"` },
      body: messages.read(sent.body),
    });
  } catch (error) {
    tellFailure(trace, Problem.from(error).message, error);
    throw error;
  }
}

/** 2xx is acceptance; whether that is all, the acknowledgement in it or the contract says. */
async function meaning(answer: Posted, message: KeptMessage): Promise<Outcome> {
  const { status } = answer;
  if (status < 200 || status > 299) return { kind: 'again', reason: `answered with ${status}` };
  if (!message.acknowledged) return { kind: 'done' };
  const envelope = await envelopeIn(answer);
  const kind = envelope && kindOf(envelope);
  if (envelope && kind === 'acknowledgment')
    return sameMessageId(envelope.acknowledgment?.refToMessageId, message.messageId)
      ? { kind: 'done' }
      : { kind: 'again', reason: 'acknowledged another message' };
  if (envelope && kind === 'error') {
    const error = envelope.errors?.errors.find(({ severity }) => severity !== 'Warning');
    const code = error?.errorCode.replace(/[^A-Za-z]/g, '').slice(0, 40) ?? '';
    if (error) return { kind: 'dead', reason: `refused by the receiver: ${code}` };
  }
  return { kind: 'sent' };
}

/** An envelope in the answer; undefined where there is none that can be read. */
export async function envelopeIn({
  contentType,
  body,
}: Posted): Promise<EbxmlEnvelope | undefined> {
  if (body.length === 0) return undefined;
  try {
    const message = openMessage(pieces(body), contentType === '' ? 'text/xml' : contentType);
    const { envelope } = await message.first();
    return readEbxml(xmlBytes(envelope));
  } catch {
    return undefined;
  }
}

async function* pieces(body: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield body;
}
