/**
 * Synchronous messages: a request in SOAP is read, judged by the directory and answered in the same exchange. Owns the
 * order of the checks; envelopes are soap's, answers are the services'. Refusals for business reasons are answers (200),
 * all others faults (500), which the edge in front renders.
 */
import type { Caller, Exchange, Handler } from '../../core/exchange.ts';
import { hl7 } from '../hl7v3/datatypes.ts';
import { interactionIn } from '../hl7v3/wrapper.ts';
import { colonId, interactionOf, serviceActionOf, type Interaction } from '../interactions.ts';
import { receiveSoap, uuidOf, type SoapEnvelope, type XmlReader } from '../soap/envelope.ts';
import { fault } from '../soap/fault.ts';
import { readingOf, soapBody } from '../soap/request-body.ts';
import { answerTo, writeSoap } from '../soap/write-envelope.ts';
import {
  callerOf,
  soundMessage,
  type AnswerMessage,
  type MessageAnswered,
} from './answer-message.ts';
import { judgeParties, type LookUps } from './look-ups.ts';
import { tellingRefusals } from './told-refusals.ts';

export interface SyncOptions {
  readonly lookUps: LookUps;
  /** Reads what was sent, of any size, without holding up others. */
  readonly xml: XmlReader;
  readonly answer: AnswerMessage;
  /** The application behind a connection that calls as this system. @throws Problem when it is another's */
  readonly systemOf: (exchange: Exchange, asid: string) => Promise<Caller>;
  /** The view in which an exchange looks into the directory. */
  readonly viewOf: (exchange: Exchange) => string;
  /** A new UUID. */
  readonly newId: () => string;
}

/** @returns the handler of one address, whatever stands below it in the path */
export function syncService(options: SyncOptions): Handler {
  return tellingRefusals(async (exchange) => {
    if (exchange.method !== 'POST') throw fault('101', { location: 'HTTP method' });
    const bytes = await soapBody(exchange);
    const { trace } = exchange.facts;
    trace?.add('received', 'A request in SOAP came', { facts: { bytes: String(bytes.length) } });
    const envelope = await receiveSoap(options.xml, bytes, readingOf(exchange));
    const interaction = knownInteraction(exchange, envelope);
    exchange.facts.route = `POST ${colonId(interaction)}`;
    tellChecked(exchange, envelope, interaction);
    const answered = await answeredBy(options, exchange, envelope, interaction);
    const { wrapper } = interaction;
    const body = wrapper === undefined ? answered.element : hl7(wrapper, {}, [answered.element]);
    const answer = { messageId: options.newId(), interaction: answered.interaction, body };
    const text = writeSoap(answerTo(envelope, answer));
    trace?.add('translated', 'The message was asked of the records, and their answer told in HL7', {
      before: () => bytes.toString(),
      after: () => text,
    });
    const told = { interaction: answered.interaction, status: '200' };
    trace?.add('answered', 'Answered in the same exchange', { facts: told });
    return {
      status: 200,
      headers: { 'content-type': 'text/xml; charset=utf-8' },
      body: Buffer.from(text),
    };
  });
}

function tellChecked(
  { facts: { trace } }: Exchange,
  { messageId = '', senderAsid = '', receiverAsid = '' }: SoapEnvelope,
  interaction: Interaction,
): void {
  trace?.named(uuidOf(messageId) ?? messageId);
  trace?.add(
    'checked',
    'The envelope is sound: XML, addressing, one interaction that is answered here',
    { facts: { interaction: colonId(interaction), messageId, senderAsid, receiverAsid } },
  );
}

async function answeredBy(
  { lookUps, systemOf, viewOf, answer }: SyncOptions,
  exchange: Exchange,
  envelope: SoapEnvelope,
  interaction: Interaction,
): Promise<MessageAnswered> {
  const { senderAsid = '', receiverAsid = '' } = envelope;
  const { facts, workspace } = exchange;
  const system = await systemOf(exchange, senderAsid);
  facts.caller = system;
  const parties = { senderAsid, receiverAsid, interaction: colonId(interaction) };
  const { sender, receiver } = await judgeParties(lookUps, parties, viewOf(exchange));
  facts.trace?.add('looked-up', 'The directory has both systems, accredited for the interaction', {
    facts: { senderParty: sender.partyKey, receiverParty: receiver.partyKey },
  });
  const element = interactionIn(envelope.body);
  if (!element) throw fault('201', { name: 'MESSAGE_NOT_WELL_FORMED[hl7]', location: 'SOAP Body' });
  const outside = { interaction: interaction.action, senderAsid, receiverAsid };
  const message = soundMessage(element, outside, isQuery(interaction));
  facts.trace?.named(message.id);
  facts.trace?.add('checked', 'The message is sound, and agrees with its envelope');
  const caller = callerOf(system, message);
  facts.caller = caller;
  const requestId = uuidOf(envelope.messageId) ?? message.id;
  facts.requestId = requestId;
  return answer({ interaction, message, caller, workspace, requestId, facts });
}

/** Whether a message of this interaction asks, rather than changes. */
export function isQuery({ service }: Pick<Interaction, 'service'>): boolean {
  return service.endsWith('query');
}

/** @throws Problem of fault 201 for a header that says another thing, 101 for what is not answered here */
function knownInteraction({ headers }: Exchange, { action = '' }: SoapEnvelope): Interaction {
  const found = interactionOf(action);
  const told = headers.soapaction?.trim();
  if (told !== undefined && told !== '' && told !== '""') {
    const [header, inside] = [serviceActionOf(told), serviceActionOf(action)];
    if (!header || !inside || colonId(header) !== colonId(inside))
      throw fault('201', { name: 'SOAP_ACTION_ERROR', location: 'HTTP Header - SOAPAction' });
  }
  if (found?.pattern === 'sync' && found.operation !== undefined && found.release !== 'older')
    return found;
  throw fault('101', { location: 'HTTP Header - SOAPAction' });
}
