/** Writing SOAP envelopes of both flavours: requests, and answers with sender and receiver swapped. Owns no rules. */
import { xmlAttribute, xmlElement, xmlnsUri, type XmlElement } from '../../core/xml.ts';
import { writeXml } from '../../core/xml-write.ts';
import { deviceElement, idElement } from '../hl7v3/datatypes.ts';
import { hl7Uri, roots } from '../hl7v3/ids.ts';
import type { SoapEnvelope, SoapFlavour } from './envelope.ts';
import { soapElement, soapUri, wsa2004Uri, wsa2005Uri, wsseUri, wsuUri } from './soap-elements.ts';

/** What an envelope is made of. */
export interface SoapParts {
  /** By default Spine's. */
  readonly flavour?: SoapFlavour;
  /** A bare UUID; Spine's flavour bears it as `uuid:…`. */
  readonly messageId: string;
  readonly action: string;
  readonly to: string;
  readonly from?: string;
  readonly replyTo?: string;
  /** As the request bore it. It makes the envelope an answer. */
  readonly relatesTo?: string;
  /** In Spine's flavour. */
  readonly senderAsid?: string;
  readonly receiverAsid?: string;
  /** Of a toolkit request: the name, and the times in ISO 8601 between which it holds. */
  readonly security?: {
    readonly username: string;
    readonly created: string;
    readonly expires: string;
  };
  /** The one child of the body. */
  readonly body: XmlElement;
}

/** The envelope as text, with its declaration, in UTF-8. */
export function writeSoap(parts: SoapParts): string {
  const flavour = parts.flavour ?? 'spine';
  const wsa = flavour === 'itk' ? wsa2005Uri : wsa2004Uri;
  const inHeader = [...addressing(parts, wsa), ...(flavour === 'itk' ? security(parts) : [])];
  const header = soapElement('Header', inHeader);
  const declared = [
    xmlAttribute('SOAP', soapUri, 'xmlns', xmlnsUri),
    xmlAttribute('wsa', wsa, 'xmlns', xmlnsUri),
    ...(flavour === 'spine' ? [xmlAttribute('hl7', hl7Uri, 'xmlns', xmlnsUri)] : []),
  ];
  const envelope = soapElement('Envelope', [header, soapElement('Body', [parts.body])], declared);
  return writeXml(envelope, { declaration: true });
}

/** What an answer is about, besides what it takes from its request. */
export interface SoapAnswer {
  /** A bare UUID. */
  readonly messageId: string;
  /** The message type that answers; for a toolkit request the service that does. */
  readonly interaction: string;
  readonly body: XmlElement;
}

/** The parts of an answer: addresses turned round, related to its request. */
export function answerTo(request: SoapEnvelope, answer: SoapAnswer): SoapParts {
  const { flavour, service, to, from, replyTo, messageId, senderAsid, receiverAsid } = request;
  const action = flavour === 'itk' ? answer.interaction : `${service}/${answer.interaction}`;
  return {
    ...{ flavour, action, messageId: answer.messageId, body: answer.body },
    to: replyTo ?? from ?? '',
    ...(to === undefined ? {} : { from: to }),
    ...(messageId === undefined ? {} : { relatesTo: messageId }),
    ...(senderAsid === undefined ? {} : { receiverAsid: senderAsid }),
    ...(receiverAsid === undefined ? {} : { senderAsid: receiverAsid }),
  };
}

function addressing(parts: SoapParts, uri: string): XmlElement[] {
  const { action, to, from, relatesTo } = parts;
  const wsa = (name: string, children: readonly (XmlElement | string)[]) =>
    xmlElement(name, children, { prefix: 'wsa', uri });
  const text = (name: string, value: string) => wsa(name, value === '' ? [] : [value]);
  const itk = parts.flavour === 'itk';
  const id = itk ? parts.messageId.toUpperCase() : `uuid:${parts.messageId.toUpperCase()}`;
  const replyTo = parts.replyTo ?? (relatesTo === undefined ? '' : undefined);
  return [
    text('MessageID', id),
    text('Action', action),
    text('To', to),
    ...(from === undefined ? [] : [wsa('From', [text('Address', from)])]),
    ...(itk ? [] : communication(parts)),
    ...(replyTo === undefined ? [] : [wsa('ReplyTo', [text('Address', replyTo)])]),
    ...(relatesTo === undefined ? [] : [text('RelatesTo', relatesTo)]),
  ];
}

/** Receiver before sender. Answers bear the type codes, requests do not. */
function communication({ receiverAsid, senderAsid, relatesTo }: SoapParts): XmlElement[] {
  const answering = relatesTo !== undefined;
  const one = (which: 'Rcv' | 'Snd', asid: string | undefined) => {
    if (asid === undefined) return [];
    const device = answering
      ? deviceElement(asid)
      : xmlElement('device', [idElement(roots.asid, asid)], { uri: hl7Uri });
    const attributes = answering ? [xmlAttribute('typeCode', which.toUpperCase())] : [];
    const found = xmlElement(`communicationFunction${which}`, [device], {
      uri: hl7Uri,
      attributes,
    });
    return [prefixed(found)];
  };
  return [...one('Rcv', receiverAsid), ...one('Snd', senderAsid)];
}

/** The same tree with the prefix that the envelope declares. */
function prefixed(element: XmlElement): XmlElement {
  const children = element.children.map((one) => (typeof one === 'string' ? one : prefixed(one)));
  return { ...element, prefix: 'hl7', children };
}

function security({ security: given }: SoapParts): XmlElement[] {
  if (!given) return [];
  const wsse = { prefix: 'wsse', uri: wsseUri };
  const wsu = { prefix: 'wsu', uri: wsuUri };
  const times = [
    xmlElement('Created', [given.created], wsu),
    xmlElement('Expires', [given.expires], wsu),
  ];
  const token = xmlElement('UsernameToken', [xmlElement('Username', [given.username], wsse)], wsse);
  return [xmlElement('Security', [xmlElement('Timestamp', times, wsu), token], wsse)];
}
