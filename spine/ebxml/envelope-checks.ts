/**
 * The published rules of an ebXML header: what must be there, once, and where references lead. A message that breaks one
 * is refused with a SOAP fault. Owns no contract (contract-checks.ts).
 */
import type { XmlElement } from '../../core/xml.ts';
import { timeOf } from '../hl7v3/datatypes.ts';
import { signalService } from '../interactions.ts';
import { failure, type Failure } from '../soap/failure.ts';
import { ebAt, ebChildren, ebText } from './ebxml-elements.ts';
import type { EbxmlEnvelope } from './envelope.ts';

/** Longer ids and names are no ids: they would become keys of what is stored. */
const longestValue = 300;

/** What each header must have once, not empty, by its path below MessageHeader. */
const mandatory: readonly (readonly string[])[] = [
  ['From', 'PartyId'],
  ['To', 'PartyId'],
  ['CPAId'],
  ['ConversationId'],
  ['Service'],
  ['Action'],
  ['MessageData'],
  ['MessageData', 'MessageId'],
  ['MessageData', 'Timestamp'],
];

/** The rules that a header breaks, in its order. An envelope with a SOAP fault has none. */
export function ebxmlFailures(envelope: EbxmlEnvelope): readonly Failure[] {
  if (envelope.fault) return [];
  const headers = ebChildren(envelope.header, 'MessageHeader');
  const [header] = headers;
  if (!header || headers.length > 1) return [schemaFailure('MessageHeader')];
  const missing = mandatory.filter((path) => !isOnce(header, path));
  return [
    ...missing.map((path) => schemaFailure(path.join('/'))),
    ...(envelope.version === '2.0'
      ? []
      : [failure('INVALID_MESSAGE_HEADER_VERSION', 'eb:MessageHeader')]),
    ...(isAcknowledgmentWhole(envelope) ? [] : [failure('EBXML_ACK_INVALID', 'eb:Acknowledgment')]),
  ];
}

/** Whether a message is too old to be taken: its time to live is over. One that is no time is none. */
export function isExpired({ timeToLive }: EbxmlEnvelope, now: number): boolean {
  const until = timeToLive === undefined ? undefined : timeOf(timeToLive);
  return until !== undefined && until < now;
}

function schemaFailure(name: string): Failure {
  return failure(
    `MESSAGE_NOT_WELL_FORMED[ebXMLSchema.${name}]`,
    `eb:${name.replaceAll('/', '/eb:')}`,
  );
}

function isOnce(header: XmlElement, path: readonly string[]): boolean {
  const name = path.at(-1) ?? '';
  const parent = ebAt(header, ...path.slice(0, -1));
  if (ebChildren(parent, name).length !== 1) return false;
  if (name === 'MessageData') return true;
  const text = ebText(parent, name);
  return text !== undefined && text.length <= longestValue;
}

/** An acknowledgement names what it acknowledges, twice the same, and who does it. */
function isAcknowledgmentWhole({ acknowledgment, service, action, refToMessageId }: EbxmlEnvelope) {
  if (!acknowledgment) return !(service === signalService && action === 'Acknowledgment');
  const { refToMessageId: ref, timestamp } = acknowledgment;
  if (ref === '' || timestamp === '') return false;
  return refToMessageId === undefined || refToMessageId.toUpperCase() === ref.toUpperCase();
}
