/**
 * Application acknowledgements: the element in every answer, and the message that is nothing else (MCCI_IN010000UK13).
 * Owns no codes of any domain.
 */
import type { XmlElement } from '../../core/xml.ts';
import type { Failure } from '../soap/failure.ts';
import {
  attribute,
  codeElement,
  hl7,
  hl7At,
  hl7Child,
  hl7Children,
  idElement,
} from './datatypes.ts';
import { codeSystems } from './ids.ts';

/** `AA` accepted, `AE` an error of the application, `AR` rejected before it. */
export type AcknowledgementCode = 'AA' | 'AE' | 'AR';

export interface Acknowledgement {
  /** As sent; one of the three in what is written here. */
  readonly typeCode: string;
  /** The HL7 id of the message that is answered; empty where nothing told. */
  readonly messageRef: string;
  readonly details: readonly AcknowledgementDetail[];
}

export interface AcknowledgementDetail {
  /** `ER`, `WG`, `IF`; may be empty. */
  readonly typeCode: string;
  readonly code: string;
  readonly codeSystem: string;
  readonly displayName: string;
}

/** The message type of a bare acknowledgement. */
export const acknowledgementInteraction = 'MCCI_IN010000UK13';

/** The acknowledgement of an answer; undefined in a request. */
export function readAcknowledgement(message: XmlElement): Acknowledgement | undefined {
  const found = hl7Child(message, 'acknowledgement');
  return (
    found && {
      typeCode: attribute(found, 'typeCode'),
      messageRef: attribute(hl7At(found, 'messageRef', 'id'), 'root'),
      details: hl7Children(found, 'acknowledgementDetail').map(readDetail),
    }
  );
}

export function writeAcknowledgement(ack: Acknowledgement): XmlElement {
  return hl7('acknowledgement', { typeCode: ack.typeCode }, [
    ...ack.details.map(writeDetail),
    hl7('messageRef', {}, [idElement(ack.messageRef)]),
  ]);
}

/** An acknowledgement without details. */
export function acknowledged(typeCode: AcknowledgementCode, messageRef: string): Acknowledgement {
  return { typeCode, messageRef, details: [] };
}

/** The rejection of a message whose HL7 id was taken before, under another id of the envelope. */
export function duplicateRejected(messageRef: string): Acknowledgement {
  return rejected(messageRef, '202', 'Duplicate HL7 ID Error');
}

/** The rejection of a message that breaks rules of its wrapper. */
export function failuresRejected(
  messageRef: string,
  failures: readonly Failure[],
): Acknowledgement {
  const details = failures.map(({ name }) => detail('201', name));
  return { typeCode: 'AR', messageRef, details };
}

/** A rejection by the messaging service itself, with its own code. */
function rejected(messageRef: string, code: string, displayName: string): Acknowledgement {
  return { typeCode: 'AR', messageRef, details: [detail(code, displayName)] };
}

function detail(code: string, displayName: string): AcknowledgementDetail {
  return { typeCode: 'ER', code, codeSystem: codeSystems.tmsDetail, displayName };
}

function readDetail(element: XmlElement): AcknowledgementDetail {
  const code = hl7Child(element, 'code');
  return {
    typeCode: attribute(element, 'typeCode'),
    code: attribute(code, 'code'),
    codeSystem: attribute(code, 'codeSystem'),
    displayName: attribute(code, 'displayName'),
  };
}

function writeDetail({ typeCode, code, codeSystem, displayName }: AcknowledgementDetail) {
  const some = (text: string) => (text === '' ? undefined : text);
  return hl7('acknowledgementDetail', { typeCode: some(typeCode) }, [
    codeElement('code', code, some(codeSystem), some(displayName)),
  ]);
}
