/**
 * Errors of the envelope (ebXML Message Service 2.0, 4.2): the catalogue, and the text of a MessageError. Answered with
 * status 200. Owns which error a broken rule becomes.
 */
import { xmlAttribute } from '../../core/xml.ts';
import { xmlSafe } from '../../core/xml-write.ts';
import type { Failure } from '../soap/failure.ts';
import { signalHeader, type SignalParts } from './acknowledgement.ts';
import { eb, ebAttribute, headerAttributes, partyType } from './ebxml-elements.ts';
import type { EbxmlEnvelope, EbxmlError } from './envelope.ts';
import { envelopeOf, messageHeader } from './write-envelope.ts';

export type EbxmlErrorCode =
  | 'ValueNotRecognized'
  | 'Inconsistent'
  | 'NotSupported'
  | 'OtherXml'
  | 'DeliveryFailure'
  | 'TimeToLiveExpired'
  | 'SecurityFailure'
  | 'MimeProblem'
  | 'Unknown';

/** The context of error codes. */
const errorContext = 'urn:oasis:names:tc:ebxml-msg:service:errors';

/** An error of severity `Error`. */
function ebxmlError(errorCode: EbxmlErrorCode, description: string, location = ''): EbxmlError {
  return { codeContext: errorContext, errorCode, severity: 'Error', location, description };
}

/** The contract of a message is not in the directory. */
export const unknownCpa = ebxmlError('ValueNotRecognized', '501319:Unknown eb:CPAId', 'eb:CPAId');

/** A party id is of a wrong type, or the message is for another party. */
const wrongParty = ebxmlError(
  'ValueNotRecognized',
  '501314:Invalid To Party Type attribute',
  'eb:To/eb:PartyId',
);

/** There is no contract between these parties for this service and action. */
export const noContract = ebxmlError(
  'ValueNotRecognized',
  '402005:An error occurred while finding the defined contract',
);

/** The message came when its time to live was over. */
export const expired = ebxmlError(
  'TimeToLiveExpired',
  'The time to live of the message is over',
  'eb:MessageData/eb:TimeToLive',
);

/** A forwarded message could not be handed to its receiver. */
export function deliveryFailure(partyKey: string): EbxmlError {
  return ebxmlError('DeliveryFailure', `The message could not be delivered to ${partyKey}`);
}

/** The error of a broken rule: of the parts, of who sends, or of what the contract wants. */
export function errorOf({ name, kind, location }: Failure): EbxmlError {
  if (name.includes('[mime.')) return ebxmlError('MimeProblem', name, location);
  if (kind === 'asid') return ebxmlError('SecurityFailure', name, location);
  if (kind === 'unsupported') return ebxmlError('NotSupported', name, location);
  return ebxmlError('Inconsistent', name, location);
}

/** What is wrong with the parties of a header: the type of either, or a message for somebody else. */
export function partyErrors(
  { fromPartyType, toPartyType, toParty }: EbxmlEnvelope,
  /** The party that receives here, where it is but one. */
  ownParty?: string,
): readonly EbxmlError[] {
  const wrong =
    fromPartyType !== partyType ||
    toPartyType !== partyType ||
    (ownParty !== undefined && ownParty !== toParty);
  return wrong ? [wrongParty] : [];
}

/** The MessageError that answers a message, as text; its media type is exactly `text/xml`. */
export function writeMessageError(
  message: EbxmlEnvelope,
  errors: readonly EbxmlError[],
  parts: SignalParts,
): string {
  const header = messageHeader(signalHeader(message, parts, 'MessageError'));
  const hasError = errors.some(({ severity }) => severity === 'Error');
  const list = eb('ErrorList', errors.map(errorElement), [
    ...headerAttributes(),
    ebAttribute('highestSeverity', hasError ? 'Error' : 'Warning'),
  ]);
  return envelopeOf([header, list], []);
}

function errorElement({ codeContext, errorCode, severity, location, description }: EbxmlError) {
  const language = xmlAttribute('lang', 'en-GB', 'xml', 'http://www.w3.org/XML/1998/namespace');
  const attributes = [
    ebAttribute('codeContext', codeContext || errorContext),
    ebAttribute('errorCode', errorCode),
    ebAttribute('severity', severity),
    ...(location === '' ? [] : [ebAttribute('location', location)]),
  ];
  return eb('Error', [eb('Description', [xmlSafe(description)], [language])], attributes);
}
