/**
 * Messages that come in for our own parties: the answers to what we asked, and the acknowledgements and errors of that.
 * Owns the order of the checks. An answer is on disk before it is acknowledged, and wakes whoever waits for it; one that
 * comes again is acknowledged as before and not kept again. What answers nothing that we asked is refused.
 */
import { finished } from 'node:stream/promises';
import type { Exchange, Handler, Reply } from '../../core/exchange.ts';
import { outboxEntry, type Outbox } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { Stored } from '../../core/store.ts';
import { XmlFault } from '../../core/xml.ts';
import { writeAcknowledgment } from '../ebxml/acknowledgement.ts';
import { contractFailures, partFailures } from '../ebxml/contract-checks.ts';
import { ebxmlFailures, isExpired } from '../ebxml/envelope-checks.ts';
import { kindOf, readEbxml, type EbxmlEnvelope, type EbxmlError } from '../ebxml/envelope.ts';
import {
  errorOf,
  expired,
  partyErrors,
  unknownCpa,
  writeMessageError,
} from '../ebxml/message-error.ts';
import { openMessage, xmlBytes, type Part } from '../ebxml/multipart.ts';
import { isoTimestampOf } from '../hl7v3/datatypes.ts';
import { readTransmission } from '../hl7v3/wrapper.ts';
import { contractOf, contractOfPattern } from '../interactions-contract.ts';
import { colonId, interactionOf } from '../interactions.ts';
import { wrapperXmlLimits, type LargeXml } from '../large-xml.ts';
import { xmlFailure } from '../soap/envelope.ts';
import { failure } from '../soap/failure.ts';
import { fault, faultOf } from '../soap/fault.ts';
import { answeredKey, askDeliveryId } from './client-conversation.ts';
import { persistence } from './contracts.ts';
import { signalling } from './deliveries.ts';
import { takeOwnSignal } from './inbound-signals.ts';
import type { BodyKeeper } from './kept-bodies.ts';
import type { KeptMessage, KeptMessages } from './kept-message.ts';
import { asidRefused, type LookUps } from './look-ups.ts';

export interface InboundOptions {
  readonly lookUps: LookUps;
  readonly messages: KeptMessages;
  readonly outbox: Outbox;
  readonly xml: Pick<LargeXml, 'read'>;
  readonly viewOf: (exchange: Exchange) => string;
  readonly now: () => number;
  readonly newId: () => string;
}

/** Any path: senders have the address from the directory. */
export function inboundService(options: InboundOptions): Handler {
  return async (exchange) => {
    if (exchange.method !== 'POST') throw fault('101', { location: 'HTTP method' });
    exchange.facts.route = 'POST /';
    const keeper = options.messages.bodies.keep(options.newId(), options.now);
    try {
      return await received(options, exchange, keeper);
    } catch (error) {
      await keeper.drop();
      throw error;
    }
  };
}

async function received(
  options: InboundOptions,
  exchange: Exchange,
  keeper: BodyKeeper,
): Promise<Reply> {
  const source = exchange.body.stream() as AsyncIterable<Buffer>; // without an encoding it gives Buffers
  const body = openMessage(keeper.pass(source), exchange.headers['content-type'] ?? '');
  try {
    const { envelope: part, payload } = await body.first();
    const envelope = readEbxml(xmlBytes(part));
    const [broken] = ebxmlFailures(envelope);
    if (broken) throw faultOf(broken);
    tell(exchange, envelope);
    await provedSender(options, exchange, envelope.fromParty);
    const signal = kindOf(envelope) !== 'message';
    if (signal) await takeOwnSignal(options, envelope, exchange.environment);
    const ends = signal ? accepted('') : undefined;
    const reply = ends ?? (await answer(options, exchange, keeper, { envelope, payload, body }));
    if (!reply.kept) await keeper.drop();
    await body.abandon();
    return reply.reply;
  } catch (error) {
    await body.abandon();
    throw error;
  }
}

function tell({ facts }: Exchange, envelope: EbxmlEnvelope): void {
  facts.requestId = envelope.messageId.slice(0, 100);
  facts.route = `POST ${colonId(envelope)}`.slice(0, 200);
  const { messageId, conversationId, refToMessageId = '' } = envelope;
  facts.trace?.named(messageId, conversationId, refToMessageId);
  facts.trace?.add('received', 'A message for a party of ours came in', {
    facts: { interaction: colonId(envelope), fromParty: envelope.fromParty },
  });
}

/** A certificate must bear a name that the directory has for an endpoint of the party; without one it is the policy's matter. */
async function provedSender(
  { lookUps, viewOf }: InboundOptions,
  exchange: Exchange,
  partyKey: string,
): Promise<void> {
  const { certificate } = exchange.peer;
  if (!certificate) return;
  const names = [...certificate.commonNames, ...certificate.dnsNames].map((one) =>
    one.toLowerCase(),
  );
  const handlers = await lookUps.handlers({ partyKey }, viewOf(exchange));
  if (handlers.some(({ fqdn }) => names.includes(fqdn.toLowerCase()))) return;
  throw asidRefused('PARTY_OF_OTHER_CERTIFICATE', 'eb:From/eb:PartyId');
}

interface Came {
  readonly envelope: EbxmlEnvelope;
  readonly payload: Part | undefined;
  readonly body: ReturnType<typeof openMessage>;
}

interface Answered {
  readonly reply: Reply;
  /** Whether what was read is in the store now. */
  readonly kept: boolean;
}

async function answer(
  options: InboundOptions,
  exchange: Exchange,
  keeper: BodyKeeper,
  came: Came,
): Promise<Answered> {
  const { envelope, payload } = came;
  const asked = await askedFor(options, exchange, envelope);
  const [wrong] = partyErrors(envelope, asked.value.fromParty);
  if (wrong) return refusing(options, envelope, wrong);
  exchange.facts.people.push(...(asked.value.people ?? []));
  const found = await broken(options, exchange, envelope, asked.value);
  if (found) return refusing(options, envelope, found);
  await checkPayload(options, payload, asked.value);
  const ids = await came.body.attachments(async ({ contentId }, content) => {
    await finished(content.resume());
    return contentId;
  });
  const [missing] = partFailures(envelope, [payload?.contentId ?? '', ...ids]);
  if (missing) return refusing(options, envelope, errorOf(missing));
  const kept = await keep(options, exchange, keeper, envelope, asked);
  await options.outbox.confirm(askDeliveryId(asked.id, asked.value));
  return { reply: acknowledging(options, envelope).reply, kept };
}

/** The request of ours that a message answers. @throws Problem for what answers none */
async function askedFor(
  { messages }: InboundOptions,
  { environment }: Exchange,
  { refToMessageId, fromParty }: EbxmlEnvelope,
): Promise<Stored<KeptMessage>> {
  const equals = [(refToMessageId ?? '').toUpperCase()];
  const { items } = await messages.collection.find({ index: 'ref', equals, limit: 100 });
  const found = items.find(
    ({ value }) =>
      value.kind === 'asked' &&
      value.environment === environment &&
      value.toParty === fromParty &&
      value.messageId === equals[0],
  );
  if (found) return found;
  throw fault('201', { name: 'REF_TO_MESSAGE_ID_UNKNOWN', location: 'eb:RefToMessageId' });
}

/** What is wrong with an answer's conversation, its contract or its time. */
async function broken(
  { lookUps, viewOf, now }: InboundOptions,
  exchange: Exchange,
  envelope: EbxmlEnvelope,
  asked: KeptMessage,
): Promise<EbxmlError | undefined> {
  if (isExpired(envelope, now())) return expired;
  if (envelope.conversationId !== asked.conversationId)
    return errorOf(failure('CONVERSATION_ID_INCONSISTENT', 'eb:ConversationId'));
  const question = interactionOf(colonId(asked));
  const fitting = [...(question?.answers ?? []), ...(question?.refusals ?? [])];
  if (!fitting.includes(envelope.action))
    return errorOf(failure('ACTION_INCONSISTENT', 'eb:Action'));
  const partyKey = envelope.toParty;
  const view = viewOf(exchange);
  const [all, own] = await Promise.all([
    lookUps.handlers({ partyKey }, view),
    lookUps.handlers({ partyKey, interaction: colonId(envelope) }, view),
  ]);
  const among = own.length > 0 ? own : all;
  const cpaIds = among.flatMap(({ cpaId, id }) => [cpaId, id]);
  // Who has no endpoint of its own for an answer is sent it under the contract of the request.
  if (![...cpaIds, ...(own.length > 0 ? [] : [asked.cpaId])].includes(envelope.cpaId))
    return unknownCpa;
  const [handler] = own;
  const pattern = question?.pattern ?? 'async-reliable';
  const contract =
    handler && pattern === 'async-reliable' ? contractOf(handler) : contractOfPattern(pattern);
  const [first] = contractFailures(envelope, { contract, isForwarded: false });
  return first && errorOf(first);
}

/** @throws Problem of fault 201 for a payload that cannot be read, 300 for one of another system */
async function checkPayload(
  { xml }: InboundOptions,
  payload: Part | undefined,
  asked: KeptMessage,
): Promise<void> {
  if (!payload) throw fault('201', { name: 'MESSAGE_NOT_WELL_FORMED[payload]', location: 'MIME' });
  const root = await xml
    .read(xmlBytes(payload), { limits: wrapperXmlLimits, without: ['ControlActEvent'] })
    .catch((error: unknown) => {
      throw error instanceof XmlFault ? faultOf(xmlFailure(error)) : error;
    });
  const { senderAsid, receiverAsid, acknowledgement } = readTransmission(root);
  if (senderAsid !== asked.receiverAsid)
    throw asidRefused('SENDER_ASID_OF_OTHER_PARTY', 'communicationFunctionSnd');
  if (receiverAsid !== asked.senderAsid)
    throw asidRefused('RECEIVER_ASID_OF_OTHER_PARTY', 'communicationFunctionRcv');
  const ref = acknowledgement?.messageRef ?? '';
  if (ref !== '' && ref.toUpperCase() !== asked.messageId)
    throw fault('201', { name: 'MESSAGE_REF_UNKNOWN', location: 'acknowledgement/messageRef' });
}

/** The first answer is the answer. @returns whether this is it */
async function keep(
  { messages, now, newId }: InboundOptions,
  { headers, environment }: Exchange,
  keeper: BodyKeeper,
  envelope: EbxmlEnvelope,
  { id: key, value: asked }: Stored<KeptMessage>,
): Promise<boolean> {
  const { fromParty, toParty, cpaId, conversationId, service, action, messageId } = envelope;
  const actor = envelope.ackRequested?.actor;
  const message: KeptMessage = {
    ...{ environment, workspace: asked.workspace, kind: 'answered' },
    ...{ fromParty, toParty, cpaId, conversationId, service, action, messageId },
    refToMessageId: asked.messageId,
    ...(asked.receiverAsid === undefined ? {} : { senderAsid: asked.receiverAsid }),
    ...(asked.senderAsid === undefined ? {} : { receiverAsid: asked.senderAsid }),
    contentType: headers['content-type'] ?? '',
    soapAction: `${service}/${action}`,
    acknowledged: actor !== undefined,
    body: await keeper.kept(),
    // As long as the request: a repeat of the call is answered from here.
    ...{ received: now(), until: Math.max(asked.until, now() + persistence(envelope)) },
    ...(actor === undefined ? {} : { ackActor: actor }),
  };
  const id = answeredKey(key, asked.messageId);
  // An acknowledgement that does not go back at once has its own way, and lands with the answer.
  const signal = { key: id, from: toParty, messageId: newId().toUpperCase() };
  const outbox =
    actor !== undefined && !envelope.syncReply
      ? [outboxEntry(signalling({ ...signal, signal: 'acknowledgment' }, message))]
      : [];
  try {
    await messages.collection.put(id, message, { expected: 0, outbox });
    return true;
  } catch (error) {
    if (error instanceof Problem && error.kind === 'conflict') return false;
    throw error;
  }
}

function acknowledging(options: InboundOptions, envelope: EbxmlEnvelope): Answered {
  const now = envelope.ackRequested !== undefined && envelope.syncReply !== undefined;
  return accepted(now ? writeAcknowledgment(envelope, signalParts(options)) : '');
}

function accepted(body: string): Answered {
  return { reply: { status: 202, headers: { 'content-type': 'text/xml' }, body }, kept: false };
}

function refusing(options: InboundOptions, envelope: EbxmlEnvelope, error: EbxmlError): Answered {
  const body = writeMessageError(envelope, [error], signalParts(options));
  return { reply: { status: 200, headers: { 'content-type': 'text/xml' }, body }, kept: false };
}

function signalParts({ newId, now }: InboundOptions) {
  return { messageId: newId().toUpperCase(), timestamp: isoTimestampOf(now()) };
}
