/**
 * Asynchronous messages as they come in: an ebXML message is read while it is kept, judged by directory and contract, and
 * answered when it and what is to be done with it are on disk. Owns the order of the checks; what is broken in the envelope
 * is told as an ebXML error (200), what is wrong with sender or form as a fault (500), and only 202 is acceptance.
 */
import { finished } from 'node:stream/promises';
import type { Caller, Exchange, Handler, Reply } from '../../core/exchange.ts';
import { outboxEntry, usedUp, type NewDelivery, type Outbox } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { OutboxEntry, Stored } from '../../core/store.ts';
import { writeAcknowledgment } from '../ebxml/acknowledgement.ts';
import { contractFailures, partFailures } from '../ebxml/contract-checks.ts';
import { ebxmlFailures, isExpired } from '../ebxml/envelope-checks.ts';
import { kindOf, readEbxml, type EbxmlEnvelope, type EbxmlError } from '../ebxml/envelope.ts';
import { errorOf, expired, partyErrors, writeMessageError } from '../ebxml/message-error.ts';
import { openMessage, xmlBytes, type Part } from '../ebxml/multipart.ts';
import { isoTimestampOf, timeOf } from '../hl7v3/datatypes.ts';
import { readTransmission } from '../hl7v3/wrapper.ts';
import { colonId, interactionOf } from '../interactions.ts';
import { workedXmlLimits, wrapperXmlLimits, type LargeXml } from '../large-xml.ts';
import { xmlFailure } from '../soap/envelope.ts';
import { XmlFault } from '../../core/xml.ts';
import { fault, faultOf } from '../soap/fault.ts';
import { contractFor, persistence, scheduleOf, type FoundContract } from './contracts.ts';
import { processing, sending, sendingId, signalling } from './deliveries.ts';
import type { BodyKeeper } from './kept-bodies.ts';
import {
  messageKey,
  type KeptMessage,
  type KeptMessages,
  type TransportAnswer,
} from './kept-message.ts';
import { asidRefused, judgeParties, type LookUps } from './look-ups.ts';
import { relay, takeSignal } from './signals.ts';
import { endpointFacts, headerFacts, headOf, idsOf, tellFailure } from './traced.ts';

export interface AsyncOptions {
  readonly lookUps: LookUps;
  readonly messages: KeptMessages;
  readonly outbox: Outbox;
  readonly xml: Pick<LargeXml, 'read'>;
  /** The application behind a connection that calls as this system. @throws Problem when it is another's */
  readonly systemOf: (exchange: Exchange, asid: string) => Promise<Caller>;
  /**
   * @param byName whether its name in the directory is all that proves it: a signal names no system
   * @throws Problem when the connection has a certificate that is not of this party
   */
  readonly proveParty: (
    exchange: Exchange,
    partyKey: string,
    view: string,
    byName: boolean,
  ) => Promise<void>;
  readonly viewOf: (exchange: Exchange) => string;
  readonly now: () => number;
  readonly newId: () => string;
  /**
   * The fields that tell where senders fetch an answer, for a front that sends none; absent: answers are sent to their
   * endpoint. On such a front what is broken in the envelope is told in a fault too.
   */
  readonly pollFields?: (exchange: Exchange, pollId: string) => Readonly<Record<string, string>>;
}

/** The last words of the paths; which one is used makes no difference. */
const paths: ReadonlySet<string> = new Set([
  ...['/queryrequest', '/reliablerequest', '/forwardreliable', '/forwardexpress', '/intermediary'],
]);

export function asyncService(options: AsyncOptions): Handler {
  return async (exchange) => {
    const isHere = options.pollFields ? exchange.path === '' : paths.has(exchange.path);
    if (exchange.method !== 'POST' || !isHere) throw fault('101', { location: 'HTTP address' });
    exchange.facts.route = `POST ${exchange.path}`;
    const keeper = options.messages.bodies.keep(options.newId(), options.now);
    try {
      return await received(options, exchange, keeper);
    } catch (error) {
      await keeper.drop();
      if (error instanceof Taken) return error.reply;
      tellFailure(exchange.facts.trace, 'Refused with a fault', error);
      throw error;
    }
  };
}

/** Ends the reading with an answer; thrown so that each check may. */
class Taken extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super('answered');
    this.reply = reply;
  }
}

async function received(
  options: AsyncOptions,
  exchange: Exchange,
  keeper: BodyKeeper,
): Promise<Reply> {
  const source = exchange.body.stream() as AsyncIterable<Buffer>; // without an encoding it gives Buffers
  const body = openMessage(keeper.pass(source), exchange.headers['content-type'] ?? '');
  const view = options.viewOf(exchange);
  const { trace } = exchange.facts;
  try {
    const { envelope: part, payload } = await body.first();
    const envelope = readEbxml(xmlBytes(part));
    trace?.named(...idsOf(envelope));
    trace?.add('received', `An ebXML ${kindOf(envelope)} has come`, {
      facts: headerFacts(envelope),
      before: headOf(part.content, payload?.content),
    });
    const [broken] = ebxmlFailures(envelope);
    if (broken) throw faultOf(broken);
    exchange.facts.requestId = envelope.messageId.slice(0, 100);
    exchange.facts.route = `POST ${colonId(envelope)}`.slice(0, 200);
    const isSignal = kindOf(envelope) !== 'message';
    await options.proveParty(exchange, envelope.fromParty, view, isSignal);
    trace?.add('checked', 'The envelope is sound, and of the party that sent it');
    if (isSignal) return await signalled(options, exchange, envelope);
    const [wrong] = partyErrors(envelope);
    if (wrong) throw refusing(options, exchange, envelope, wrong);
    await repeated(options, exchange, envelope);
    const found = await contracted(options, exchange, envelope, view);
    const about = await judged(options, exchange, envelope, payload, found);
    const ids = await body.attachments(async ({ contentId }, content) => {
      await finished(content.resume());
      return contentId;
    });
    const [missing] = partFailures(envelope, [payload?.contentId ?? '', part.contentId, ...ids]);
    if (missing) throw refusing(options, exchange, envelope, errorOf(missing));
    trace?.add('checked', `All parts have come, attachments: ${ids.length}`);
    return await kept(options, exchange, keeper, envelope, found, about);
  } catch (error) {
    await body.abandon();
    throw error;
  }
}

async function signalled(
  options: AsyncOptions,
  { environment, facts }: Exchange,
  envelope: EbxmlEnvelope,
): Promise<never> {
  await takeSignal(options, envelope, environment, facts.trace);
  throw new Taken(accepted(''));
}

function accepted(body: string, headers: Readonly<Record<string, string>> = {}): TransportAnswer {
  return { status: 202, headers: { 'content-type': 'text/xml', ...headers }, body };
}

function refusing(
  options: AsyncOptions,
  { facts }: Exchange,
  envelope: EbxmlEnvelope,
  error: EbxmlError,
): Error {
  const { errorCode, location, description } = error;
  if (options.pollFields) return fault('201', { name: description, location });
  const told = { facts: { code: errorCode, location } };
  facts.trace?.add('refused', 'Refused with an error in ebXML', told);
  const body = writeMessageError(envelope, [error], signalParts(options));
  return new Taken({ status: 200, headers: { 'content-type': 'text/xml' }, body });
}

function signalParts({ newId, now }: Pick<AsyncOptions, 'newId' | 'now'>) {
  return { messageId: newId().toUpperCase(), timestamp: isoTimestampOf(now()) };
}

/**
 * A message whose id is remembered is answered as it was, and not looked at further: to the system alone that sent it, for
 * the answer may tell where another one is fetched.
 */
async function repeated(
  options: AsyncOptions,
  exchange: Exchange,
  envelope: EbxmlEnvelope,
): Promise<void> {
  const { environment, facts } = exchange;
  const stored = await options.messages.collection.get(messageKey({ environment, ...envelope }));
  if (!stored || stored.value.until <= options.now()) return;
  await options.systemOf(exchange, stored.value.senderAsid ?? '');
  if (stored.value.app) facts.trace?.belongs?.(stored.value.app.id);
  facts.trace?.add('answered', 'A repeat: answered as the first time, and not processed again');
  throw await answeredAgain(options, stored);
}

async function answeredAgain(
  options: AsyncOptions,
  { id: key, value }: Stored<KeptMessage>,
): Promise<Taken> {
  const { outbox, newId } = options;
  if (value.relayed === true) await relayedAgain(options, key);
  if (value.between !== undefined && value.ackActor?.endsWith(':nextMSH')) {
    const signal = { key, from: value.between, messageId: newId().toUpperCase() };
    await outbox.add(signalling({ ...signal, signal: 'acknowledgment' }, value));
  }
  return new Taken(value.answer ?? accepted(''));
}

/**
 * Where the ends see to reliability, the first sender is who tries again: what it repeats is sent on again, or has its
 * acknowledgement relayed again. What the receiver refused, or people in support gave up, is left alone.
 */
async function relayedAgain(options: AsyncOptions, key: string): Promise<void> {
  const delivery = await options.outbox.get(sendingId(key));
  if (delivery?.state === 'done') await relay(options, key);
  const isOver = delivery?.state === 'dead' && delivery.reason?.startsWith(usedUp) === true;
  if (!delivery || !(isOver || delivery.state === 'sent')) return;
  await options.outbox.retry(delivery.id).catch((error: unknown) => {
    if (Problem.from(error).kind !== 'conflict') throw error; // it is being sent just now
  });
}

async function contracted(
  options: AsyncOptions,
  exchange: Exchange,
  envelope: EbxmlEnvelope,
  view: string,
): Promise<FoundContract> {
  const refuse = (error: EbxmlError) => refusing(options, exchange, envelope, error);
  if (isExpired(envelope, options.now())) throw refuse(expired);
  const isPolled = options.pollFields !== undefined;
  const found = await contractFor(options.lookUps, envelope, view, isPolled);
  if ('error' in found) throw refuse(found.error);
  const { contract, forwarded, handler } = found;
  exchange.facts.trace?.add('looked-up', 'The contract of the receiver', {
    facts: { ...endpointFacts(handler), forwarded: String(forwarded) },
  });
  const [broken] = contractFailures(envelope, { contract, isForwarded: forwarded });
  if (broken) throw refuse(errorOf(broken));
  const known = interactionOf(colonId(envelope));
  // Nobody fetches an answer to what is passed on.
  const isHere = forwarded ? !isPolled : known?.operation !== undefined;
  if (!isHere) throw fault('101', { location: 'eb:Action' });
  exchange.facts.trace?.add('checked', 'The envelope bears what the contract says');
  return found;
}

interface Judged {
  readonly senderAsid: string;
  readonly receiverAsid: string;
  readonly caller: Caller;
}

/** Sender and receiver of the message in it, against the parties of the envelope and the directory. */
async function judged(
  { xml, lookUps, systemOf, viewOf }: AsyncOptions,
  exchange: Exchange,
  envelope: EbxmlEnvelope,
  payload: Part | undefined,
  { forwarded }: FoundContract,
): Promise<Judged> {
  if (!payload) throw fault('201', { name: 'MESSAGE_NOT_WELL_FORMED[payload]', location: 'MIME' });
  const how = forwarded
    ? { limits: wrapperXmlLimits, without: ['ControlActEvent'] }
    : { limits: workedXmlLimits };
  const root = await xml.read(xmlBytes(payload), how).catch((error: unknown) => {
    throw error instanceof XmlFault ? faultOf(xmlFailure(error)) : error;
  });
  const { senderAsid = '', receiverAsid = '' } = readTransmission(root);
  const parties = { senderAsid, receiverAsid, interaction: colonId(envelope) };
  const { sender, receiver } = await judgeParties(lookUps, parties, viewOf(exchange));
  if (sender.partyKey !== envelope.fromParty)
    throw asidRefused('SENDER_ASID_OF_OTHER_PARTY', 'eb:From/eb:PartyId');
  if (receiver.partyKey !== envelope.toParty)
    throw asidRefused('RECEIVER_ASID_OF_OTHER_PARTY', 'eb:To/eb:PartyId');
  const caller = await systemOf(exchange, senderAsid);
  exchange.facts.caller = caller;
  exchange.facts.trace?.add('checked', 'Sender and receiver are accredited, and of these parties', {
    facts: { senderAsid, receiverAsid },
  });
  return { senderAsid, receiverAsid, caller };
}

/** One write with all that is to come of it; then the answer. */
async function kept(
  options: AsyncOptions,
  exchange: Exchange,
  keeper: BodyKeeper,
  envelope: EbxmlEnvelope,
  found: FoundContract,
  { caller, ...asids }: Judged,
): Promise<Reply> {
  const { messages, now, lookUps } = options;
  const { environment, workspace } = exchange;
  const { forwarded, handler, contract } = found;
  const { fromParty, toParty, cpaId, conversationId, service, action, messageId } = envelope;
  const between = (await lookUps.intermediary(options.viewOf(exchange)))?.partyKey ?? toParty;
  const lifetime = lifetimeOf(envelope, found, now());
  const actor = envelope.ackRequested?.actor;
  const toEnd = forwarded && actor?.endsWith(':toPartyMSH') === true;
  const polled = options.pollFields && options.newId();
  const answer =
    polled === undefined
      ? answerOf(options, envelope, contract.syncReply === 'required')
      : accepted('', options.pollFields?.(exchange, polled));
  const message: KeptMessage = {
    ...{ environment, workspace, kind: forwarded ? 'forward' : 'request' },
    ...{ fromParty, toParty, cpaId, conversationId, service, action, messageId, ...asids },
    refToMessageId: envelope.refToMessageId,
    contentType: exchange.headers['content-type'] ?? '',
    soapAction: `${service}/${action}`,
    acknowledged: envelope.ackRequested !== undefined,
    body: await keeper.kept(),
    ...{ received: now(), until: now() + persistence(envelope, handler), answer },
    app: { id: caller.appId, name: caller.appName },
    ...(forwarded ? { between, relayed: toEnd } : {}),
    ...(actor === undefined ? {} : { ackActor: actor }),
    ...(polled === undefined ? {} : { pollId: polled }),
  };
  const key = messageKey(message);
  const schedule = toEnd
    ? { retries: 0, interval: lifetime, lifetime }
    : { ...scheduleOf(contract, envelope, handler), lifetime };
  const work: NewDelivery[] = forwarded
    ? [sending(key, message, schedule)]
    : [processing(key, message, lifetime)];
  if (forwarded && actor?.endsWith(':nextMSH')) {
    const signal = { key, from: between, messageId: options.newId().toUpperCase() };
    work.push(signalling({ ...signal, signal: 'acknowledgment' }, message));
  }
  const stored = await messages.collection.get(key);
  const again = await putOnce(options, key, message, stored, work.map(outboxEntry));
  if (again) throw await answeredAgain(options, again);
  const then = forwarded ? 'to be forwarded' : 'to be processed';
  exchange.facts.trace?.add('answered', `Accepted and on disk, ${then}`);
  return answer;
}

/** Puts it unless one with the same id came meanwhile, which is given back. */
async function putOnce(
  { messages, now }: AsyncOptions,
  key: string,
  message: KeptMessage,
  before: Stored<KeptMessage> | undefined,
  outbox: readonly OutboxEntry[],
): Promise<Stored<KeptMessage> | undefined> {
  if (before && before.value.until > now()) return before;
  try {
    await messages.collection.put(key, message, { expected: before?.version ?? 0, outbox });
    // One that nobody remembers any more gave way, and with it its body; what stays of that costs room alone.
    if (before) await messages.bodies.drop(before.value.body).catch(() => undefined);
    return undefined;
  } catch (error) {
    const found = await messages.collection.get(key);
    if (error instanceof Problem && error.kind === 'conflict' && found) return found;
    throw error;
  }
}

/** Nothing is tried for longer than the message itself wants to live. */
function lifetimeOf(envelope: EbxmlEnvelope, { handler }: FoundContract, now: number): number {
  const persist = persistence(envelope, handler);
  const until = envelope.timeToLive === undefined ? undefined : timeOf(envelope.timeToLive);
  return until === undefined ? persist : Math.min(persist, Math.max(1, until - now));
}

/** An acknowledgement at once where the contract has the answer in the same exchange. */
function answerOf(options: AsyncOptions, envelope: EbxmlEnvelope, sync: boolean): TransportAnswer {
  if (!sync || !envelope.ackRequested)
    return accepted('', sync ? { soapaction: 'asyncExpressSyncAck' } : {});
  return accepted(writeAcknowledgment(envelope, signalParts(options)));
}
