/**
 * Processes accepted requests: the message is read again from what was kept, answered by its service, and the answer lands
 * with its delivery in one write. Killed in between it is done anew, and gives the same answer. Owns that order.
 */
import type { Caller, Facts } from '../../core/exchange.ts';
import { outboxEntry, timeKey, type Delivery } from '../../core/outbox.ts';
import type { Outcome } from '../../core/outbox-runner.ts';
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Store } from '../../core/store.ts';
import type { Traces } from '../../core/trace.ts';
import type { XmlElement } from '../../core/xml.ts';
import { writeXml } from '../../core/xml-write.ts';
import { openMessage, xmlBytes } from '../ebxml/multipart.ts';
import { payloadReference, writeEbxml } from '../ebxml/write-envelope.ts';
import { envelopePart, payloadPart, writeMultipart } from '../ebxml/write-multipart.ts';
import {
  acknowledgementInteraction,
  duplicateRejected,
  failuresRejected,
  type Acknowledgement,
} from '../hl7v3/acknowledgement.ts';
import { writeControlAct } from '../hl7v3/control-act.ts';
import { isoTimestampOf, timestampOf } from '../hl7v3/datatypes.ts';
import { readTransmission, writeTransmission, type Transmission } from '../hl7v3/wrapper.ts';
import { contractOf, contractOfPattern } from '../interactions-contract.ts';
import { colonId, interactionOf, slashId, type Interaction } from '../interactions.ts';
import { workedXmlLimits, type LargeXml } from '../large-xml.ts';
import {
  callerOf,
  messageFailures,
  type AnswerMessage,
  type MessageAnswered,
} from './answer-message.ts';
import { endpointOf, scheduleOf } from './contracts.ts';
import { sending } from './deliveries.ts';
import { inlineBody } from './kept-bodies.ts';
import { answerKey, type KeptMessage, type KeptMessages } from './kept-message.ts';
import type { LookUps } from './look-ups.ts';
import { isQuery } from './sync-service.ts';
import { endpointFacts, tellFailure, traceWork } from './traced.ts';

export interface ProcessingOptions {
  readonly store: Store;
  readonly messages: KeptMessages;
  readonly lookUps: LookUps;
  readonly xml: Pick<LargeXml, 'read'>;
  readonly answer: AnswerMessage;
  /** Enters what was done into the audit; resolves when that is on disk. */
  readonly entered: (message: KeptMessage, facts: Facts, status: number) => Promise<void>;
  /** The view in which a message looks into the directory. */
  readonly viewOf: (message: KeptMessage) => string;
  readonly traces?: Traces | undefined;
  readonly now: () => number;
  readonly newId: () => string;
}

/** Which message bore an HL7 id first, and when it was seen. */
interface SeenId {
  readonly key: string;
  readonly at: number;
}

const seenCollection: CollectionOf<SeenId> = {
  name: 'spine.hl7-ids',
  keys: ({ at }) => ({ at: [[timeKey(at)]] }),
};

/** For how long an id may not come again in another message: far longer than any message is remembered. */
const seenFor = 30 * 24 * 60 * 60_000;

/** Forgets HL7 ids that came long ago. @returns how many */
export async function sweepSeen(store: Store, now: number): Promise<number> {
  const seen = store.open(seenCollection);
  const { items } = await seen.find({ index: 'at', to: timeKey(now - seenFor), limit: 1000 });
  for (const { id, version } of items) await seen.remove(id, version);
  return items.length;
}

/** The sender of the topic of requests. */
export function processor(options: ProcessingOptions): (delivery: Delivery) => Promise<Outcome> {
  const { messages } = options;
  return async ({ body: key, attempts }) => {
    const stored = await messages.collection.get(key);
    if (!stored) return { kind: 'dead', reason: 'the message is no longer kept' };
    const answered = await messages.collection.get(answerKey(key));
    if (answered) return { kind: 'done' };
    const trace = traceWork(options.traces, 'processing', stored.value);
    trace?.add('received', `Taken up, attempt ${attempts}`);
    const facts: Facts = { people: [], ...(trace ? { trace } : {}) };
    try {
      const given = await answerTo(options, key, stored.value, facts);
      if (given) await keepAnswer(options, key, stored.value, given, facts);
      return { kind: 'done' };
    } catch (error) {
      tellFailure(trace, 'It could not be processed, and may be tried again', error);
      throw error;
    } finally {
      trace?.about(facts.people);
      trace?.end();
    }
  };
}

/** What is told of a request that was given up; its sender hears nothing of it. */
export function unprocessed({
  messages,
  traces,
}: Pick<ProcessingOptions, 'messages' | 'traces'>): (delivery: Delivery) => Promise<readonly []> {
  return async ({ body: key, reason = '' }) => {
    const kept = (await messages.collection.get(key))?.value;
    const trace = kept && traceWork(traces, 'processing', kept);
    trace?.add('gave-up', `It is not tried again: ${reason}`);
    trace?.end();
    return [];
  };
}

async function answerTo(
  options: ProcessingOptions,
  key: string,
  kept: KeptMessage,
  facts: Facts,
): Promise<MessageAnswered | undefined> {
  const interaction = interactionOf(colonId(kept));
  if (!interaction) return undefined;
  const payload = await payloadOf(options, kept);
  const message = readTransmission(payload);
  const outside = { interaction: kept.action };
  const failures = messageFailures(message, outside, isQuery(interaction));
  if (failures.length > 0) {
    const rules = failures.map(({ name }) => name).join(', ');
    facts.trace?.add('refused', 'Rejected by the rules of its wrapper', { facts: { rules } });
    return rejection(options, message, failuresRejected(message.id, failures));
  }
  if (await isTaken(options, key, kept, message)) {
    facts.trace?.add('refused', 'Rejected: its HL7 id has come in another message');
    return rejection(options, message, duplicateRejected(message.id));
  }
  facts.trace?.named(message.id);
  facts.trace?.add('checked', 'The wrapper of the message is sound, and its id new');
  const answer = await audited(options, kept, interaction, message, facts);
  facts.trace?.add('translated', 'Read from HL7 V3, done, and answered in HL7 V3', {
    facts: { request: interaction.action, answer: answer.interaction },
    before: () => writeXml(payload),
    after: () => writeXml(answer.element),
  });
  return answer;
}

async function payloadOf(
  { messages, xml }: ProcessingOptions,
  kept: KeptMessage,
): Promise<XmlElement> {
  const body = openMessage(messages.read(kept.body), kept.contentType);
  const { payload } = await body.first();
  await body.abandon();
  if (!payload) throw new Problem('internal', 'A request without a payload was accepted');
  return xml.read(xmlBytes(payload), { limits: workedXmlLimits });
}

/** An HL7 id may come once; the same message may be processed again. */
async function isTaken(
  { store, now }: ProcessingOptions,
  key: string,
  { environment, fromParty }: KeptMessage,
  { id }: Transmission,
): Promise<boolean> {
  const seen = store.open(seenCollection);
  const name = `${environment} ${fromParty} ${id.toUpperCase()}`;
  try {
    await seen.put(name, { key, at: now() }, { expected: 0 });
    return false;
  } catch (error) {
    if (!(error instanceof Problem && error.kind === 'conflict')) throw error;
    return (await seen.get(name))?.value.key !== key;
  }
}

async function audited(
  { answer, entered }: ProcessingOptions,
  kept: KeptMessage,
  interaction: Interaction,
  message: Transmission,
  facts: Facts,
): Promise<MessageAnswered> {
  const caller = callerOf(systemOf(kept), message);
  facts.caller = caller;
  const { workspace } = kept;
  const asked = { interaction, message, caller, workspace, requestId: message.id, facts };
  try {
    const given = await answer(asked);
    await entered(kept, facts, 200);
    return given;
  } catch (error) {
    const problem = Problem.from(error);
    facts.code ??= problem.code ?? problem.kind;
    await entered(kept, facts, problem.status);
    throw error;
  }
}

function systemOf({ app, senderAsid }: KeptMessage): Caller {
  return {
    ...{ appId: app?.id ?? '', appName: app?.name ?? '', mode: 'app', scopes: [] },
    ...(senderAsid === undefined ? {} : { asid: senderAsid }),
    grants: new Set(),
  };
}

function rejection(
  { newId, now }: ProcessingOptions,
  { receiverAsid = '', senderAsid = '' }: Transmission,
  acknowledgement: Acknowledgement,
): MessageAnswered {
  const interaction = acknowledgementInteraction;
  const element = writeTransmission({
    ...{ interaction, id: newId(), creationTime: timestampOf(now()), acknowledgement },
    ...{ receiverAsid: senderAsid, senderAsid: receiverAsid },
    controlAct: writeControlAct({ system: receiverAsid }),
  });
  return { interaction, element };
}

/** The answer as a message of its own, and its delivery. */
async function keepAnswer(
  options: ProcessingOptions,
  key: string,
  kept: KeptMessage,
  answered: MessageAnswered,
  { people, trace }: Facts,
): Promise<void> {
  const { messages, lookUps, viewOf, now } = options;
  const { service, environment, workspace, conversationId } = kept;
  const parts = { service, action: answered.interaction };
  const view = viewOf(kept);
  const [own] = await lookUps.handlers(
    { partyKey: kept.fromParty, interaction: colonId(parts) },
    view,
  );
  const handler = own ?? (await endpointOf(lookUps, kept.fromParty, colonId(parts), view));
  const pattern = interactionOf(colonId(kept))?.pattern ?? 'async-reliable';
  const contract =
    own && pattern === 'async-reliable' ? contractOf(own) : contractOfPattern(pattern);
  const messageId = readTransmission(answered.element).id.toUpperCase();
  const header = {
    ...{ fromParty: kept.toParty, toParty: kept.fromParty, cpaId: handler?.cpaId ?? kept.cpaId },
    ...{ conversationId, ...parts, messageId, refToMessageId: kept.messageId },
  };
  const envelope = writeEbxml({
    ...{ ...header, timestamp: isoTimestampOf(now()), contract },
    references: [payloadReference(messageId, answered.interaction)],
  });
  const payload = writeXml(answered.element, { declaration: true });
  const written = writeMultipart([envelopePart(envelope), payloadPart(payload, messageId)]);
  if (!Buffer.isBuffer(written.body)) throw new Problem('internal', 'An answer is in memory');
  const answer: KeptMessage = {
    ...{ environment, workspace, kind: 'answer', ...header },
    ...(kept.receiverAsid === undefined ? {} : { senderAsid: kept.receiverAsid }),
    ...(kept.senderAsid === undefined ? {} : { receiverAsid: kept.senderAsid }),
    ...{ contentType: written.contentType, soapAction: slashId(parts) },
    acknowledged: contract.ackRequested === 'required',
    body: inlineBody(written.body),
    ...{ received: now(), until: now() },
    ...(kept.pollId === undefined ? {} : { people }),
    ...(kept.app === undefined ? {} : { app: kept.app }),
  };
  const id = answerKey(key);
  const schedule = scheduleOf(contract, parts, own);
  const outbox = kept.pollId === undefined ? [outboxEntry(sending(id, answer, schedule))] : [];
  await messages.collection.put(id, answer, { expected: 0, outbox });
  trace?.named(messageId);
  if (handler) trace?.add('looked-up', 'Where the answer goes', { facts: endpointFacts(handler) });
  trace?.add(
    'answered',
    kept.pollId === undefined ? 'The answer is to be sent' : 'The answer is to be fetched',
    { facts: { messageId, interaction: colonId(parts) } },
  );
}
