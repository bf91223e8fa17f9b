/**
 * Carries messages to a demographics service and brings the answers: looked up, wrapped, posted, unwrapped. Owns which way an
 * interaction goes: in SOAP where it is synchronous, else as an ebXML conversation of our own.
 */
import { Problem } from '../../core/problem.ts';
import type { Facts } from '../../core/exchange.ts';
import { XmlFault, type XmlElement } from '../../core/xml.ts';
import { writeXml } from '../../core/xml-write.ts';
import type { Asking } from '../../fhir/pds/patients.ts';
import { openMessage, xmlBytes } from '../ebxml/multipart.ts';
import { payloadReference, writeEbxml } from '../ebxml/write-envelope.ts';
import { envelopePart, payloadPart, writeMultipart } from '../ebxml/write-multipart.ts';
import type { PersonAuthor } from '../hl7v3/control-act.ts';
import { isoTimestampOf } from '../hl7v3/datatypes.ts';
import { contractOfPattern } from '../interactions-contract.ts';
import { colonId, interactionsNamed, slashId, type Interaction } from '../interactions.ts';
import { answeredXmlLimits, type LargeXml } from '../large-xml.ts';
import type { BegunBefore, Exchanged, ExchangePayload } from '../pds/exchanged.ts';
import { askedKey, type Beginning, type Conversations } from './client-conversation.ts';
import { answerIn, requestMessage, unfit } from './client-message.ts';
import { wayFor, type ClientLookUps, type Ends, type Way } from './client-parties.ts';
import { askInSoap } from './client-sync.ts';
import { persistence, scheduleOf } from './contracts.ts';
import { asking as askingDelivery } from './deliveries.ts';
import { inlineBody } from './kept-bodies.ts';
import { type KeptMessage, type KeptMessages, type ShownCertificate } from './kept-message.ts';
import type { Post } from './sending.ts';
import { endpointFacts } from './traced.ts';

export interface ClientOptions {
  readonly lookUps: ClientLookUps;
  readonly messages: KeptMessages;
  readonly conversations: Conversations;
  readonly xml: Pick<LargeXml, 'read'>;
  readonly post: Post;
  readonly viewOf: (place: { readonly workspace: string; readonly environment: string }) => string;
  readonly now: () => number;
  readonly newId: () => string;
}

/** Where a client stands, and whom it calls. */
export interface ClientSite extends Ends {
  readonly environment: string;
  /** Milliseconds to wait for an answer. */
  readonly timeout: number;
  readonly shown?: ShownCertificate;
  /** Who is named for a worker of whom nobody knows more. */
  readonly unnamed?: PersonAuthor;
}

export interface SpineClient {
  readonly exchange: ExchangePayload;
  readonly begun: BegunBefore;
}

export function spineClient(options: ClientOptions, site: ClientSite): SpineClient {
  const { conversations, lookUps, viewOf, newId, now, post, xml } = options;
  const { environment, timeout, shown, unnamed } = site;
  const by = unnamed ? { unnamed } : {};
  const wayOf = async (interaction: Interaction, { workspace, facts }: Asking): Promise<Way> => {
    const view = viewOf({ workspace, environment });
    const way = await wayFor(lookUps, site, colonId(interaction), view);
    facts.trace?.add('looked-up', 'The directory was asked for receiver and endpoint', {
      facts: { ...namesOf(way), ...endpointFacts(way.handler), interaction: colonId(interaction) },
    });
    return way;
  };
  return {
    async exchange(action, payload, asking, once) {
      const interaction = interactionNamed(action);
      const { facts, caller, workspace } = asking;
      const way = await wayOf(interaction, asking);
      const id = newId().toUpperCase();
      const asids = { senderAsid: way.sender.asid, receiverAsid: way.receiver.asid };
      const message = requestMessage({ action, id, payload, caller, ...by, ...asids, at: now() });
      facts.trace?.named(id);
      if (interaction.pattern === 'sync') {
        facts.trace?.add('sent', 'The message was posted in SOAP', { facts: { messageId: id } });
        const call = { id, interaction, way, message, environment, timeout };
        const element = await timed(facts, () =>
          askInSoap(post, xml, { ...call, ...(shown ? { shown } : {}) }),
        );
        return toldAnswered(facts, answerIn(element, { id, ...asids }));
      }
      const about = { environment, workspace, id, interaction, way, people: facts.people };
      const kept = keptRequest(message, { ...about, at: now(), ...(shown ? { shown } : {}) });
      const key = askedKey(environment, kept.fromParty, once ? `once ${once.key}` : `id ${id}`);
      facts.trace?.add('sent', 'The message was put into the outbox', { facts: { messageId: id } });
      const beginning = beginningOf(key, kept, interaction, way);
      const answer = await timed(facts, () =>
        conversations.hold(key, once?.seen ?? 0, beginning, timeout),
      );
      return toldAnswered(facts, await exchangedIn(options, answer));
    },

    async begun(name, { workspace, facts }) {
      const view = viewOf({ workspace, environment });
      const sender = await lookUps.system(site.asid, view);
      if (!sender) return { seen: 0 };
      const key = askedKey(environment, sender.partyKey, `once ${name}`);
      const { seen, answer } = await timed(facts, () => conversations.resume(key, timeout));
      if (!answer) return { seen };
      facts.trace?.named(answer.messageId, answer.conversationId);
      return { seen, answer: toldAnswered(facts, await exchangedIn(options, answer)) };
    },
  };
}

function namesOf({ sender, receiver }: Way): Record<string, string> {
  const from = { senderAsid: sender.asid, fromParty: sender.partyKey };
  return { ...from, receiverAsid: receiver.asid, toParty: receiver.partyKey };
}

/** Messages to the demographics service are named by their type alone. */
function interactionNamed(action: string): Interaction {
  const found = interactionsNamed(action).find(({ operation }) => operation !== undefined);
  if (!found) throw new Problem('internal', `There is no interaction ${action}`);
  return found;
}

interface RequestAbout {
  readonly environment: string;
  readonly workspace: string;
  readonly id: string;
  readonly interaction: Interaction;
  readonly way: Way;
  readonly people: readonly string[];
  readonly at: number;
  readonly shown?: ShownCertificate;
}

/** The request as it is kept and will be sent: envelope and payload, written once. */
function keptRequest(message: XmlElement, about: RequestAbout): KeptMessage {
  const { environment, workspace, id, interaction, way, people, at, shown } = about;
  const { service, action, pattern } = interaction;
  const header = {
    ...{ fromParty: way.sender.partyKey, toParty: way.receiver.partyKey },
    ...{ cpaId: way.handler.cpaId, conversationId: id, service, action, messageId: id },
  };
  const contract = contractOfPattern(pattern);
  const envelope = writeEbxml({
    ...{ ...header, timestamp: isoTimestampOf(at), contract, style: 'client' },
    references: [payloadReference(id, action, 'client')],
  });
  const payload = writeXml(message, { declaration: true });
  const written = writeMultipart([envelopePart(envelope), payloadPart(payload, id)]);
  if (!Buffer.isBuffer(written.body)) throw new Problem('internal', 'A request is in memory');
  return {
    ...{ environment, workspace, kind: 'asked', ...header, refToMessageId: undefined },
    ...{ senderAsid: way.sender.asid, receiverAsid: way.receiver.asid },
    ...{ contentType: written.contentType, soapAction: slashId(interaction) },
    acknowledged: contract.ackRequested === 'required',
    body: inlineBody(written.body),
    ...{ received: at, until: at + persistence(interaction, way.handler) },
    people: [...new Set(people)],
    ...(shown ? { shown } : {}),
  };
}

function beginningOf(
  key: string,
  message: KeptMessage,
  interaction: Interaction,
  { handler }: Way,
): Beginning {
  const schedule = scheduleOf(contractOfPattern(interaction.pattern), interaction, handler);
  return { message, delivery: askingDelivery(key, message, schedule) };
}

/** The message in an answer that was kept. */
async function exchangedIn(
  { messages, xml }: ClientOptions,
  answer: KeptMessage,
): Promise<Exchanged> {
  const { refToMessageId = '', senderAsid = '', receiverAsid = '' } = answer;
  const body = openMessage(messages.read(answer.body), answer.contentType);
  const { payload } = await body.first();
  await body.abandon();
  if (!payload) throw unfit('ANSWER_WITHOUT_MESSAGE');
  const root = await xml
    .read(xmlBytes(payload), { limits: answeredXmlLimits })
    .catch((error: unknown) => {
      throw error instanceof XmlFault ? unfit('ANSWER_NOT_WELL_FORMED', error) : error;
    });
  const ends = { senderAsid: receiverAsid, receiverAsid: senderAsid };
  return answerIn(root, { id: refToMessageId.toUpperCase(), ...ends });
}

function toldAnswered(facts: Facts, answer: Exchanged): Exchanged {
  facts.trace?.add('answered', `The back end answered with ${answer.action}`, {
    facts: { typeCode: answer.typeCode, action: answer.action },
  });
  return answer;
}

/** What the back end took, for metrics and the access line; several messages of one call add up. */
async function timed<T>(facts: Facts, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const note = (status: number) => {
    const before = facts.target?.milliseconds ?? 0;
    const milliseconds = before + performance.now() - began;
    facts.target = { milliseconds, status, retries: 0 };
  };
  try {
    const done = await work();
    note(200);
    return done;
  } catch (error) {
    note(0);
    facts.trace?.add('refused', Problem.from(error).message);
    throw error;
  }
}
