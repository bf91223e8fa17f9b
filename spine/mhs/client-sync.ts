/**
 * Asks in SOAP and reads the answer of the same exchange. Owns what each kind of answer means to the asker: a message, a
 * fault, something else, none in time.
 */
import { Problem } from '../../core/problem.ts';
import type { XmlElement } from '../../core/xml.ts';
import { interactionIn } from '../hl7v3/wrapper.ts';
import { slashId, type ServiceAction } from '../interactions.ts';
import { receiveSoapLoosely, uuidOf, type SoapEnvelope, type XmlReader } from '../soap/envelope.ts';
import { writeSoap } from '../soap/write-envelope.ts';
import { unfit } from './client-message.ts';
import type { Way } from './client-parties.ts';
import type { ShownCertificate } from './kept-message.ts';
import type { Post, Posted } from './sending.ts';

export interface SoapCall {
  readonly id: string;
  readonly interaction: ServiceAction;
  readonly way: Way;
  readonly message: XmlElement;
  readonly environment: string;
  readonly shown?: ShownCertificate;
  /** Milliseconds. */
  readonly timeout: number;
}

/** @returns the interaction's element @throws Problem `timeout`, or `upstream` with why there is none */
export async function askInSoap(post: Post, xml: XmlReader, call: SoapCall): Promise<XmlElement> {
  const { id, interaction, way, message, environment, shown, timeout } = call;
  const { sender, receiver, handler, url } = way;
  const action = slashId(interaction);
  const text = writeSoap({
    ...{ messageId: id, action, to: url, body: message },
    ...{ senderAsid: sender.asid, receiverAsid: receiver.asid },
  });
  const bytes = Buffer.from(text);
  const signal = AbortSignal.timeout(timeout);
  const posted = await post({
    ...{ url, fqdn: handler.fqdn, environment, size: bytes.length, body: bytes, signal },
    headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: `"${action}"` },
    ...(shown ? { shown } : {}),
  }).catch((error: unknown) => {
    throw signal.aborted ? tooLate(error) : error;
  });
  const envelope = await envelopeOf(posted, xml);
  if (envelope.fault) {
    const code = envelope.fault.errors.map(({ errorCode }) => errorCode).find(isCode) ?? '';
    throw refusedWith('fault', code);
  }
  const related = uuidOf(envelope.relatesTo);
  if (related !== undefined && related !== id) throw unfit('ANSWER_TO_ANOTHER_MESSAGE');
  const found = interactionIn(envelope.body);
  if (!found) throw unfit('ANSWER_WITHOUT_MESSAGE');
  return found;
}

/** @param what `fault`, `error`: of SOAP or of ebXML. @param code the other side's */
export function refusedWith(what: 'fault' | 'error', code: string): Problem {
  const told = code === '' ? what : `${what} ${code}`;
  return new Problem('upstream', `The back end refused the message with ${told}`, {
    code: `SPINE_${what.toUpperCase()}${code === '' ? '' : `_${code}`}`,
  });
}

/** Codes are digits or words; what is neither might be anything. */
export function isCode(text: string): boolean {
  return /^[A-Za-z0-9]{1,40}$/.test(text);
}

export function tooLate(cause?: unknown): Problem {
  return new Problem('timeout', 'The back end did not answer in time', { cause });
}

/** A message is believed with status 200, and a fault with 500; an HTML page of a proxy is neither. */
async function envelopeOf(posted: Posted, xml: XmlReader): Promise<SoapEnvelope> {
  const { status, contentType, body } = posted;
  const isXml = /^(?:text|application)\/(?:[\w.-]+\+)?xml\b/i.test(contentType.trim());
  if (isXml && (status === 200 || status === 500)) {
    const charset = /;\s*charset="?([\w-]{1,40})/i.exec(contentType.slice(0, 500))?.[1];
    try {
      const envelope = await receiveSoapLoosely(
        xml,
        body,
        charset === undefined ? {} : { charset },
      );
      if (status === 200 || envelope.fault) return envelope;
    } catch (error) {
      throw unfit('ANSWER_NOT_WELL_FORMED', error);
    }
  }
  throw new Problem('upstream', `The back end answered with ${status}`, {
    code: `SPINE_STATUS_${status}`,
  });
}
