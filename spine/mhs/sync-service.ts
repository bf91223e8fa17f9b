/**
 * Synchronous messages: a request in SOAP is read, judged by the directory and answered in the same exchange. Owns the
 * order of the checks; envelopes are soap's, answers are the services'. Refusals for business reasons are answers (200),
 * all others faults (500), which the edge in front renders.
 */
import type { Caller, Exchange, Handler } from '../../core/exchange.ts';
import { hl7 } from '../hl7v3/datatypes.ts';
import { interactionIn } from '../hl7v3/wrapper.ts';
import { colonId, interactionOf, serviceActionOf, type Interaction } from '../interactions.ts';
import { readSoap, soapLimits, uuidOf, type SoapEnvelope } from '../soap/envelope.ts';
import { fault } from '../soap/fault.ts';
import { answerTo, writeSoap } from '../soap/write-envelope.ts';
import {
  callerOf,
  soundMessage,
  type AnswerMessage,
  type MessageAnswered,
} from './answer-message.ts';
import { judgeParties, type LookUps } from './look-ups.ts';

export interface SyncOptions {
  readonly lookUps: LookUps;
  readonly answer: AnswerMessage;
  /** The application behind a connection that calls as this system. @throws Problem when it is another's */
  readonly systemOf: (exchange: Exchange, asid: string) => Promise<Caller>;
  /** The view in which an exchange looks into the directory. */
  readonly viewOf: (exchange: Exchange) => string;
  /** A new UUID. */
  readonly newId: () => string;
}

/** Messages are small; a megabyte of request is no query. */
const bodyLimit = 1_000_000;

/** @returns the handler of one address, whatever stands below it in the path */
export function syncService(options: SyncOptions): Handler {
  return async (exchange) => {
    if (exchange.method !== 'POST') throw fault('101', { location: 'HTTP method' });
    const envelope = readSoap(await bodyOf(exchange), charsetIn(exchange));
    const interaction = knownInteraction(exchange, envelope);
    exchange.facts.route = `POST ${colonId(interaction)}`;
    const answered = await answeredBy(options, exchange, envelope, interaction);
    const { wrapper } = interaction;
    const body = wrapper === undefined ? answered.element : hl7(wrapper, {}, [answered.element]);
    const answer = { messageId: options.newId(), interaction: answered.interaction, body };
    return {
      status: 200,
      headers: { 'content-type': 'text/xml; charset=utf-8' },
      body: Buffer.from(writeSoap(answerTo(envelope, answer))),
    };
  };
}

async function answeredBy(
  { lookUps, systemOf, viewOf, answer }: SyncOptions,
  exchange: Exchange,
  envelope: SoapEnvelope,
  interaction: Interaction,
): Promise<MessageAnswered> {
  const { senderAsid = '', receiverAsid = '' } = envelope;
  const system = await systemOf(exchange, senderAsid);
  exchange.facts.caller = system;
  const parties = { senderAsid, receiverAsid, interaction: colonId(interaction) };
  await judgeParties(lookUps, parties, viewOf(exchange));
  const element = interactionIn(envelope.body);
  if (!element) throw fault('201', { name: 'MESSAGE_NOT_WELL_FORMED[hl7]', location: 'SOAP Body' });
  const outside = { interaction: interaction.action, senderAsid, receiverAsid };
  const message = soundMessage(element, outside, isQuery(interaction));
  const caller = callerOf(system, message);
  exchange.facts.caller = caller;
  const requestId = uuidOf(envelope.messageId) ?? message.id;
  exchange.facts.requestId = requestId;
  const { facts, workspace } = exchange;
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

/** @throws Problem of fault 201 for another media type, or too many bytes */
async function bodyOf(exchange: Exchange): Promise<Buffer> {
  const type = (exchange.headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  if (!/^(?:text|application)\/xml$/i.test(type.trim()))
    throw fault('201', { name: 'CONTENT_TYPE_ERROR', location: 'HTTP Header - Content-Type' });
  return exchange.body.bytes(Math.min(bodyLimit, soapLimits.size));
}

function charsetIn({ headers }: Exchange): { readonly charset?: string } {
  const found = /;\s*charset="?([\w-]{1,40})/i.exec((headers['content-type'] ?? '').slice(0, 500));
  return found?.[1] === undefined ? {} : { charset: found[1] };
}
