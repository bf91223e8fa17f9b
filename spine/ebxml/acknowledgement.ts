/** Acknowledgements of the envelope itself (ebXML Message Service 2.0, 6.3.2): which message they are for, and their text. */
import { signalService } from '../interactions.ts';
import { actorUrn, eb, ebAttribute, headerAttributes, partyType } from './ebxml-elements.ts';
import type { EbxmlEnvelope } from './envelope.ts';
import { envelopeOf, messageHeader, type HeaderParts } from './write-envelope.ts';

/** What an answer of the envelope bears besides what it takes from the message. */
export interface SignalParts {
  /** The id of the answer itself. */
  readonly messageId: string;
  /** `YYYY-MM-DDThh:mm:ssZ`. */
  readonly timestamp: string;
  /** Who answers; by default the party that the message was sent to. */
  readonly fromParty?: string;
  /** By default that of the message. */
  readonly cpaId?: string;
}

/** The message type and the SOAPAction of acknowledgements and of errors, when they are sent on their own. */
export const acknowledgmentAction = `${signalService}/Acknowledgment`;
export const messageErrorAction = `${signalService}/MessageError`;

/** The acknowledgement of a message, as text; its media type is `text/xml`. */
export function writeAcknowledgment(message: EbxmlEnvelope, parts: SignalParts): string {
  const header = signalHeader(message, parts, 'Acknowledgment');
  const actor = message.ackRequested?.actor ?? '';
  const acknowledgment = eb(
    'Acknowledgment',
    [
      eb('Timestamp', [parts.timestamp]),
      eb('RefToMessageId', [message.messageId]),
      eb('From', [eb('PartyId', [header.fromParty], [ebAttribute('type', partyType)])]),
    ],
    headerAttributes(actor === '' ? actorUrn('toPartyMSH') : actor),
  );
  return envelopeOf([messageHeader(header), acknowledgment], []);
}

/** The header of an acknowledgement or error: parties swapped, the conversation kept, the message referred to. */
export function signalHeader(
  message: EbxmlEnvelope,
  { messageId, timestamp, fromParty, cpaId }: SignalParts,
  action: 'Acknowledgment' | 'MessageError',
): HeaderParts {
  return {
    fromParty: fromParty ?? message.toParty,
    toParty: message.fromParty,
    cpaId: cpaId ?? message.cpaId,
    conversationId: message.conversationId,
    service: signalService,
    ...{ action, messageId, timestamp },
    refToMessageId: message.messageId,
  };
}
