/**
 * Processes accepted requests: the message is read again from what was kept, answered by its service, and the answer lands
 * with its delivery in one write. Killed in between it is done anew, and gives the same answer. Owns that order.
 */
import type { Caller, Facts } from '../../core/exchange.ts';
import { outboxEntry, type Delivery } from '../../core/outbox.ts';
import type { Outcome } from '../../core/outbox-runner.ts';
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Store } from '../../core/store.ts';
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
import type { LargeXml } from '../large-xml.ts';
import {
  callerOf,
  messageFailures,
  type AnswerMessage,
  type MessageAnswered,
} from './answer-message.ts';
import { endpointOf, scheduleOf } from './contracts.ts';
import { sending } from './deliveries.ts';
import { answerKey, inlineBody, type KeptMessage, type KeptMessages } from './kept-message.ts';
import type { LookUps } from './look-ups.ts';
import { isQuery } from './sync-service.ts';

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
  readonly now: () => number;
  readonly newId: () => string;
}

/** Which message bore an HL7 id first. */
interface SeenId {
  readonly key: string;
}

const seenCollection: CollectionOf<SeenId> = { name: 'spine.hl7-ids' };

/** The sender of the topic of requests. */
export function processor(options: ProcessingOptions): (delivery: Delivery) => Promise<Outcome> {
  const { messages } = options;
  return async ({ body: key }) => {
    const stored = await messages.collection.get(key);
    if (!stored) return { kind: 'dead', reason: 'the message is no longer kept' };
    const answered = await messages.collection.get(answerKey(key));
    if (answered) return { kind: 'done' };
    const facts: Facts = { people: [] };
    const given = await answerTo(options, key, stored.value, facts);
    if (given) await keepAnswer(options, key, stored.value, given, facts.people);
    return { kind: 'done' };
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
  const message = readTransmission(await payloadOf(options, kept));
  const outside = { interaction: kept.action };
  const failures = messageFailures(message, outside, isQuery(interaction));
  if (failures.length > 0)
    return rejection(options, message, failuresRejected(message.id, failures));
  if (await isTaken(options, key, kept, message))
    return rejection(options, message, duplicateRejected(message.id));
  return audited(options, kept, interaction, message, facts);
}

async function payloadOf(
  { messages, xml }: ProcessingOptions,
  kept: KeptMessage,
): Promise<XmlElement> {
  const body = openMessage(messages.read(kept.body), kept.contentType);
  const { payload } = await body.first();
  await body.abandon();
  if (!payload) throw new Problem('internal', 'A request without a payload was accepted');
  return xml.read(xmlBytes(payload));
}

/** An HL7 id may come once; the same message may be processed again. */
async function isTaken(
  { store }: ProcessingOptions,
  key: string,
  { environment, fromParty }: KeptMessage,
  { id }: Transmission,
): Promise<boolean> {
  const seen = store.open(seenCollection);
  const name = `${environment} ${fromParty} ${id.toUpperCase()}`;
  try {
    await seen.put(name, { key }, { expected: 0 });
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
  people: readonly string[],
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
  };
  const id = answerKey(key);
  const schedule = scheduleOf(contract, parts, own);
  const outbox = kept.pollId === undefined ? [outboxEntry(sending(id, answer, schedule))] : [];
  await messages.collection.put(id, answer, { expected: 0, outbox });
}
