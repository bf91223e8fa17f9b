/** Writing ebXML envelopes of messages. Owns the header; acknowledgements and errors are acknowledgement.ts's and message-error.ts's. */
import { xmlAttribute, xmlnsUri, type XmlElement } from '../../core/xml.ts';
import { writeXml } from '../../core/xml-write.ts';
import type { Contract } from '../interactions-contract.ts';
import { soapElement, soapUri } from '../soap/soap-elements.ts';
import {
  actorUrn,
  eb,
  ebAttribute,
  ebUri,
  headerAttributes,
  hl7EbxmlUri,
  partyElement,
  syncReplyActor,
  xlinkUri,
} from './ebxml-elements.ts';
import { writeManifest, type ManifestStyle, type ReferenceParts } from './manifest.ts';

/** A header to write. */
export interface HeaderParts {
  readonly fromParty: string;
  readonly toParty: string;
  readonly cpaId: string;
  readonly conversationId: string;
  readonly service: string;
  readonly action: string;
  readonly messageId: string;
  /** `YYYY-MM-DDThh:mm:ssZ`. */
  readonly timestamp: string;
  readonly refToMessageId?: string;
  readonly timeToLive?: string;
}

export interface MessageParts extends HeaderParts {
  readonly contract: Contract;
  readonly references: readonly ReferenceParts[];
  /** By default as Spine writes. */
  readonly style?: ManifestStyle;
}

/** The envelope of a message, as its contract wants it, as text in UTF-8. */
export function writeEbxml(parts: MessageParts): string {
  const { contract, references, style = 'spine' } = parts;
  const signals = [
    ...(contract.ackRequested === 'required' ? [ackRequested(contract)] : []),
    ...(contract.syncReply === 'required' ? [syncReply()] : []),
  ];
  const header = messageHeader(parts, contract.duplicateElimination === 'required');
  return envelopeOf([header, ...signals], [writeManifest(references, style)]);
}

/** The reference to the HL7 payload of a message. */
export function payloadReference(
  messageId: string,
  interaction: string,
  style: ManifestStyle = 'spine',
): ReferenceParts {
  const description = style === 'spine' ? 'The HL7 payload' : 'HL7 payload';
  return { scheme: 'cid', target: `${messageId}@spine.nhs.uk`, description, interaction };
}

/** The header element of anything. */
export function messageHeader(parts: HeaderParts, duplicateElimination = false): XmlElement {
  const { refToMessageId, timeToLive } = parts;
  const data = eb('MessageData', [
    eb('MessageId', [parts.messageId]),
    eb('Timestamp', [parts.timestamp]),
    refToMessageId === undefined ? undefined : eb('RefToMessageId', [refToMessageId]),
    timeToLive === undefined ? undefined : eb('TimeToLive', [timeToLive]),
  ]);
  const children = [
    partyElement('From', parts.fromParty),
    partyElement('To', parts.toParty),
    eb('CPAId', [parts.cpaId]),
    eb('ConversationId', [parts.conversationId]),
    eb('Service', [parts.service]),
    eb('Action', [parts.action]),
    data,
    duplicateElimination ? eb('DuplicateElimination') : undefined,
  ];
  return eb('MessageHeader', children, headerAttributes());
}

/** A whole envelope of these headers and contents. */
export function envelopeOf(
  headers: readonly XmlElement[],
  contents: readonly XmlElement[],
): string {
  const declared = [
    xmlAttribute('SOAP', soapUri, 'xmlns', xmlnsUri),
    xmlAttribute('eb', ebUri, 'xmlns', xmlnsUri),
    xmlAttribute('hl7ebxml', hl7EbxmlUri, 'xmlns', xmlnsUri),
    xmlAttribute('xlink', xlinkUri, 'xmlns', xmlnsUri),
  ];
  const inside = [soapElement('Header', headers), soapElement('Body', contents)];
  return writeXml(soapElement('Envelope', inside, declared), { declaration: true });
}

function ackRequested({ ackActor = 'toPartyMSH' }: Contract): XmlElement {
  const attributes = [...headerAttributes(actorUrn(ackActor)), ebAttribute('signed', 'false')];
  return eb('AckRequested', [], attributes);
}

function syncReply(): XmlElement {
  return eb('SyncReply', [], headerAttributes(syncReplyActor));
}
