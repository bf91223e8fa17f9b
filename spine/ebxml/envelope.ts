/**
 * The ebXML 2.0 envelope as read: header, manifest, acknowledgement, errors. Reading needs XML and a SOAP envelope and
 * nothing else; envelope-checks.ts asks the published rules, contract-checks.ts those of the contract.
 */
import { childElements, type XmlElement, type XmlLimits } from '../../core/xml.ts';
import { parseXml, usualXmlLimits } from '../../core/xml.ts';
import { xmlOrFault } from '../soap/envelope.ts';
import { failure } from '../soap/failure.ts';
import { faultOf, readFault, type SoapFault } from '../soap/fault.ts';
import { soapUri } from '../soap/soap-elements.ts';
import { signalService } from '../interactions.ts';
import { ebAt, ebChildren, ebText, ebValue, soapValue } from './ebxml-elements.ts';
import { readManifest, type Reference } from './manifest.ts';

/** What an ebXML header tells. Texts are trimmed; those that are not there are empty, or undefined where they may be. */
export interface EbxmlHeader {
  readonly fromParty: string;
  readonly toParty: string;
  readonly cpaId: string;
  readonly conversationId: string;
  readonly service: string;
  readonly action: string;
  /** As sent; senders differ in case, so that comparing is the same in both. */
  readonly messageId: string;
  /** As sent; `timeOf` reads it. */
  readonly timestamp: string;
  readonly refToMessageId: string | undefined;
  readonly timeToLive: string | undefined;
}

/** An envelope as read. */
export interface EbxmlEnvelope extends EbxmlHeader {
  readonly version: string;
  readonly fromPartyType: string;
  readonly toPartyType: string;
  readonly duplicateElimination: boolean;
  readonly ackRequested: AckRequested | undefined;
  readonly syncReply: SyncReply | undefined;
  readonly manifestVersion: string | undefined;
  readonly references: readonly Reference[];
  readonly acknowledgment: Acknowledgment | undefined;
  readonly errors: ErrorList | undefined;
  /** A fault in the place of it all: then nothing else is there. */
  readonly fault: SoapFault | undefined;
  readonly header: XmlElement | undefined;
}

export interface AckRequested {
  readonly version: string;
  readonly signed: string;
  readonly actor: string;
}

export interface SyncReply {
  readonly version: string;
  readonly actor: string;
}

export interface Acknowledgment {
  readonly timestamp: string;
  readonly refToMessageId: string;
  readonly fromParty: string;
  readonly actor: string;
}

export interface ErrorList {
  readonly highestSeverity: string;
  readonly errors: readonly EbxmlError[];
}

/** One error of a list. */
export interface EbxmlError {
  readonly codeContext: string;
  /** `ValueNotRecognized`, `DeliveryFailure`, … */
  readonly errorCode: string;
  readonly severity: string;
  readonly location: string;
  /** `501319:Unknown eb:CPAId`. */
  readonly description: string;
}

export interface ReadEbxmlOptions {
  readonly charset?: string;
  readonly limits?: XmlLimits;
}

/** The limits of an envelope: a hundred references, each with a description. */
const ebxmlLimits: XmlLimits = { ...usualXmlLimits, size: 128 * 1024, depth: 30, nodes: 5_000 };

/**
 * An envelope, for `ebxmlFailures` to judge.
 * @throws Problem of fault 201 for XML that is refused, and for what is no SOAP 1.1 envelope with a header and a body
 */
export function readEbxml(
  source: Buffer | string,
  { charset, limits = ebxmlLimits }: ReadEbxmlOptions = {},
): EbxmlEnvelope {
  const root = xmlOrFault(() => parseXml(source, limits, { charset }));
  if (root.name !== 'Envelope' || root.uri !== soapUri) throw malformed('soapEnvelope', 'Envelope');
  const [body, secondBody] = soapChildren(root, 'Body');
  if (!body || secondBody) throw malformed('soapBodyCount', 'SOAP Body');
  const fault = readFault(body);
  const [header, secondHeader] = soapChildren(root, 'Header');
  if (secondHeader || (!header && !fault)) throw malformed('soapHeaderCount', 'SOAP Header');
  const manifest = ebAt(body, 'Manifest');
  return {
    ...readHeader(ebAt(header, 'MessageHeader')),
    ...readSignals(header),
    ...{ fault, header },
    manifestVersion: manifest && ebValue(manifest, 'version'),
    references: readManifest(manifest),
  };
}

/** What kind of message an envelope is: acknowledgement and error of the envelope itself, or one of an application. */
export function kindOf(envelope: EbxmlEnvelope): 'fault' | 'error' | 'acknowledgment' | 'message' {
  const { fault, errors, acknowledgment, action, service } = envelope;
  if (fault) return 'fault';
  if (errors) return 'error';
  const signal = service === signalService;
  if (acknowledgment && (signal || action === 'Acknowledgment')) return 'acknowledgment';
  return signal && action === 'MessageError' ? 'error' : 'message';
}

/** Whether two message ids are the same: case does not count. */
export function sameMessageId(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && a.toUpperCase() === b?.toUpperCase();
}

function malformed(reason: string, location: string) {
  return faultOf(failure(`MESSAGE_NOT_WELL_FORMED[${reason}]`, location));
}

function soapChildren(parent: XmlElement, name: string): XmlElement[] {
  return childElements(parent).filter((one) => one.name === name && one.uri === soapUri);
}

function readHeader(header: XmlElement | undefined) {
  const data = ebAt(header, 'MessageData');
  return {
    version: ebValue(header, 'version'),
    fromParty: ebText(header, 'From', 'PartyId') ?? '',
    fromPartyType: ebValue(ebAt(header, 'From', 'PartyId'), 'type'),
    toParty: ebText(header, 'To', 'PartyId') ?? '',
    toPartyType: ebValue(ebAt(header, 'To', 'PartyId'), 'type'),
    cpaId: ebText(header, 'CPAId') ?? '',
    conversationId: ebText(header, 'ConversationId') ?? '',
    service: ebText(header, 'Service') ?? '',
    action: ebText(header, 'Action') ?? '',
    messageId: ebText(data, 'MessageId') ?? '',
    timestamp: ebText(data, 'Timestamp') ?? '',
    refToMessageId: ebText(data, 'RefToMessageId'),
    timeToLive: ebText(data, 'TimeToLive'),
    duplicateElimination: ebAt(header, 'DuplicateElimination') !== undefined,
  };
}

function readSignals(header: XmlElement | undefined) {
  const ack = ebAt(header, 'AckRequested');
  const sync = ebAt(header, 'SyncReply');
  return {
    ackRequested: ack && {
      version: ebValue(ack, 'version'),
      signed: ebValue(ack, 'signed'),
      actor: soapValue(ack, 'actor'),
    },
    syncReply: sync && { version: ebValue(sync, 'version'), actor: soapValue(sync, 'actor') },
    acknowledgment: readAcknowledgment(ebAt(header, 'Acknowledgment')),
    errors: readErrors(ebAt(header, 'ErrorList')),
  };
}

function readAcknowledgment(element: XmlElement | undefined): Acknowledgment | undefined {
  return (
    element && {
      timestamp: ebText(element, 'Timestamp') ?? '',
      refToMessageId: ebText(element, 'RefToMessageId') ?? '',
      fromParty: ebText(element, 'From', 'PartyId') ?? '',
      actor: soapValue(element, 'actor'),
    }
  );
}

function readErrors(list: XmlElement | undefined): ErrorList | undefined {
  return (
    list && {
      highestSeverity: ebValue(list, 'highestSeverity'),
      errors: ebChildren(list, 'Error').map((one) => ({
        codeContext: ebValue(one, 'codeContext'),
        errorCode: ebValue(one, 'errorCode'),
        severity: ebValue(one, 'severity'),
        location: ebValue(one, 'location'),
        description: ebText(one, 'Description') ?? '',
      })),
    }
  );
}
