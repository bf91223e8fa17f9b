/**
 * The SOAP envelope of synchronous messages, in Spine's flavour and in that of the Interoperability Toolkit: reading.
 * Owns header and body; the rules are envelope-rules.ts, writing is write-envelope.ts, and what stands in the body is hl7v3's.
 */
import { childElements, parseXml, usualXmlLimits, XmlFault } from '../../core/xml.ts';
import type { XmlElement, XmlLimits } from '../../core/xml.ts';
import { isUuid } from '../hl7v3/ids.ts';
import { serviceActionOf } from '../interactions.ts';
import { soapFailures } from './envelope-rules.ts';
import { failure, type Failure } from './failure.ts';
import { faultOf, readFault, type SoapFault } from './fault.ts';
import { asidsOf, headerText, named } from './header-fields.ts';
import { soapUri, wsa2004Uri, wsa2005Uri, wsseUri } from './soap-elements.ts';

export type SoapFlavour = 'spine' | 'itk';

/** An envelope as read. Texts are trimmed; one that is not there is undefined. */
export interface SoapEnvelope {
  readonly flavour: SoapFlavour;
  /** As sent: `uuid:…` in Spine's flavour. */
  readonly messageId: string | undefined;
  /** As sent: `urn:nhs:names:services:pdsquery/QUPA_IN000008UK02`, or a toolkit service. */
  readonly action: string | undefined;
  /** The parts of the action: service and interaction; for a toolkit service all of it and its last word. */
  readonly service: string;
  readonly interaction: string;
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly replyTo: string | undefined;
  /** The message that this answers: `RelatesTo`, or where some senders put it. */
  readonly relatesTo: string | undefined;
  readonly senderAsid: string | undefined;
  readonly receiverAsid: string | undefined;
  /** Of WS-Security, in the toolkit's flavour. */
  readonly username: string | undefined;
  /** Absent only where the body is a fault. */
  readonly header: XmlElement | undefined;
  readonly body: XmlElement;
  /** The one child of the body; undefined when there are none or several. */
  readonly content: XmlElement | undefined;
  readonly fault: SoapFault | undefined;
}

export interface ReadSoapOptions {
  /** Which headers count; by default that of the addressing namespace that occurs. */
  readonly flavour?: SoapFlavour;
  /** Of the media type. */
  readonly charset?: string;
  readonly limits?: XmlLimits;
}

/**
 * A request, with every rule of its flavour.
 * @throws Problem of `fault`: 201 for XML, shape and addressing, 300 for a missing ASID; `code` is the rule's name
 */
export function readSoap(source: Buffer | string, options: ReadSoapOptions = {}): SoapEnvelope {
  const envelope = readSoapLoosely(source, options);
  const [first] = soapFailures(envelope);
  if (first) throw faultOf(first);
  return envelope;
}

/** What reads XML of any size without holding up the process (large-xml.ts). */
export interface XmlReader {
  read(
    bytes: Buffer,
    options?: { readonly charset?: string; readonly limits?: XmlLimits },
  ): Promise<XmlElement>;
}

/** As readSoap, for what comes in from outside: it may be large. */
export async function receiveSoap(
  reader: XmlReader,
  bytes: Buffer,
  options: ReadSoapOptions = {},
): Promise<SoapEnvelope> {
  const envelope = await receiveSoapLoosely(reader, bytes, options);
  const [first] = soapFailures(envelope);
  if (first) throw faultOf(first);
  return envelope;
}

/** As readSoapLoosely, for answers that come in from outside. */
export async function receiveSoapLoosely(
  reader: XmlReader,
  bytes: Buffer,
  { charset, limits = soapLimits, flavour }: ReadSoapOptions = {},
): Promise<SoapEnvelope> {
  try {
    const options = { limits, ...(charset === undefined ? {} : { charset }) };
    return soapOf(await reader.read(bytes, options), flavour);
  } catch (error) {
    throw error instanceof XmlFault ? faultOf(xmlFailure(error)) : error;
  }
}

/**
 * An answer, or anything else of which only the structure must be right.
 * @throws Problem as readSoap, for what is no SOAP 1.1 envelope
 */
export function readSoapLoosely(
  source: Buffer | string,
  { charset, limits = soapLimits, flavour }: ReadSoapOptions = {},
): SoapEnvelope {
  return soapOf(
    xmlOrFault(() => parseXml(source, limits, { charset })),
    flavour,
  );
}

/** What a reader of XML gives. @throws Problem of fault 201 in place of XmlFault */
export function xmlOrFault<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof XmlFault ? faultOf(xmlFailure(error)) : error;
  }
}

/** The failure of a document that is refused: `MESSAGE_NOT_WELL_FORMED[xml.doctype]`. */
export function xmlFailure({ kind, line }: XmlFault): Failure {
  return failure(`MESSAGE_NOT_WELL_FORMED[xml.${kind}]`, line === 0 ? 'XML' : `XML, line ${line}`);
}

/**
 * The envelope that a document is.
 * @throws Problem of fault 201 when it is none, or has not exactly one body, and one header or a fault
 */
function soapOf(root: XmlElement, wanted?: SoapFlavour): SoapEnvelope {
  if (root.name !== 'Envelope' || root.uri !== soapUri) throw malformed('soapEnvelope', 'Envelope');
  const headers = named(root, 'Header', soapUri);
  const bodies = named(root, 'Body', soapUri);
  const [body] = bodies;
  if (!body || bodies.length > 1) throw malformed('soapBodyCount', 'SOAP Body');
  const fault = readFault(body);
  const [header] = headers;
  if (headers.length > 1 || (!header && !fault)) throw malformed('soapHeaderCount', 'SOAP Header');
  const flavour = wanted ?? flavourOf(header);
  const wsa = flavour === 'itk' ? wsa2005Uri : wsa2004Uri;
  const action = headerText(header, 'Action', wsa);
  const contents = childElements(body);
  return {
    ...{ flavour, header, body, fault, action },
    ...partsOfAction(action, flavour),
    messageId: headerText(header, 'MessageID', wsa),
    to: headerText(header, 'To', wsa),
    from: address(header, 'From', wsa),
    replyTo: address(header, 'ReplyTo', wsa),
    relatesTo: relationOf(header, wsa),
    senderAsid: asidsOf(header, 'Snd')[0],
    receiverAsid: asidsOf(header, 'Rcv')[0],
    username: usernameOf(header),
    content: contents.length === 1 ? contents[0] : undefined,
  };
}

/** The UUID of a message id, upper case, without `uuid:` or `urn:uuid:`; undefined when it is none. */
export function uuidOf(messageId: string | undefined): string | undefined {
  const bare = messageId?.replace(/^(?:urn:)?uuid:/i, '');
  return bare !== undefined && isUuid(bare) ? bare.toUpperCase() : undefined;
}

/** Messages in SOAP are usually small; whole records of some patients are not. */
export const soapLimits: XmlLimits = {
  ...usualXmlLimits,
  size: 5_000_000,
  nodes: 50_000,
};

function malformed(reason: string, location: string) {
  return faultOf(failure(`MESSAGE_NOT_WELL_FORMED[${reason}]`, location));
}

function flavourOf(header: XmlElement | undefined): SoapFlavour {
  const found = header && childElements(header).some(({ uri }) => uri === wsa2005Uri);
  return found === true ? 'itk' : 'spine';
}

function partsOfAction(action: string | undefined, flavour: SoapFlavour) {
  if (action === undefined) return { service: '', interaction: '' };
  const parts = serviceActionOf(action);
  if (flavour === 'itk') return { service: action, interaction: parts?.action ?? action };
  return { service: parts?.service ?? '', interaction: parts?.action ?? '' };
}

function address(header: XmlElement | undefined, name: string, uri: string): string | undefined {
  const [found] = named(header, name, uri);
  const inner = found && headerText(found, 'Address', uri);
  return inner === '' ? undefined : inner;
}

/** Some simulators answer with the id of the request where the address of replies belongs. */
function relationOf(header: XmlElement | undefined, wsa: string): string | undefined {
  const relation = headerText(header, 'RelatesTo', wsa);
  if (relation !== undefined && relation !== '') return relation;
  const instead = address(header, 'ReplyTo', wsa);
  return instead?.toLowerCase().startsWith('uuid:') === true ? instead : undefined;
}

function usernameOf(header: XmlElement | undefined): string | undefined {
  const [security] = named(header, 'Security', wsseUri);
  const [token] = named(security, 'UsernameToken', wsseUri);
  return headerText(token, 'Username', wsseUri);
}
