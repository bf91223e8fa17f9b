/**
 * The transmission wrapper of an HL7 V3 message: who sends which message type to whom. Reading is tolerant, the published
 * rules are asked apart, writing is exact. Owns the wrapper's own elements; the control act in it is control-act.ts's.
 */
import { childElements, type XmlElement } from '../../core/xml.ts';
import { failure, type Failure } from '../soap/failure.ts';
import {
  readAcknowledgement,
  writeAcknowledgement,
  type Acknowledgement,
} from './acknowledgement.ts';
import {
  attribute,
  deviceElement,
  hl7,
  hl7At,
  hl7Child,
  hl7Children,
  idElement,
  idWithRoot,
} from './datatypes.ts';
import { hl7Uri, roots } from './ids.ts';

/** A message as read. Texts that are not there are empty. */
export interface Transmission {
  /** The local name of the root element: the message type. */
  readonly interaction: string;
  /** `interactionId/@extension`, which should be the same. */
  readonly statedInteraction: string;
  /** `id/@root`, as sent. */
  readonly id: string;
  /** As sent; `timeOf` reads it. */
  readonly creationTime: string;
  readonly versionCode: string;
  readonly processingCode: string;
  readonly processingModeCode: string;
  /** `NE`, or `AL` where an answer is wanted. */
  readonly acceptAckCode: string;
  readonly acknowledgement: Acknowledgement | undefined;
  readonly receiverAsid: string | undefined;
  readonly senderAsid: string | undefined;
  readonly controlAct: XmlElement | undefined;
  readonly element: XmlElement;
}

/** What a message is written from. */
export interface TransmissionParts {
  readonly interaction: string;
  /** A UUID. */
  readonly id: string;
  /** `YYYYMMDDhhmmss`. */
  readonly creationTime: string;
  /** By default that of 2008-A. */
  readonly versionCode?: string;
  /** By default `NE`. */
  readonly acceptAckCode?: 'NE' | 'AL';
  readonly acknowledgement?: Acknowledgement;
  readonly receiverAsid: string;
  readonly senderAsid: string;
  readonly controlAct: XmlElement;
}

/** The version code of release 2008-A, which a message bears unless it says otherwise. */
const usualVersionCode = '3NPfIT6.3.01';

/** The wrapper of a message type's root element; nothing is refused here. */
export function readTransmission(element: XmlElement): Transmission {
  return {
    interaction: element.name,
    statedInteraction: attribute(hl7Child(element, 'interactionId'), 'extension'),
    id: attribute(hl7Child(element, 'id'), 'root'),
    creationTime: attribute(hl7Child(element, 'creationTime'), 'value'),
    versionCode: attribute(hl7Child(element, 'versionCode'), 'code'),
    processingCode: attribute(hl7Child(element, 'processingCode'), 'code'),
    processingModeCode: attribute(hl7Child(element, 'processingModeCode'), 'code'),
    acceptAckCode: attribute(hl7Child(element, 'acceptAckCode'), 'code'),
    acknowledgement: readAcknowledgement(element),
    receiverAsid: asidOf(element, 'communicationFunctionRcv'),
    senderAsid: asidOf(element, 'communicationFunctionSnd'),
    controlAct: hl7Child(element, 'ControlActEvent'),
    element,
  };
}

/** The published rules that a wrapper breaks: each of four elements once, and not empty; the ids of both systems. */
export function transmissionFailures(message: Transmission): readonly Failure[] {
  const once = (name: string) => hl7Children(message.element, name).length === 1;
  const checks: readonly (readonly [boolean, string, string])[] = [
    [once('id') && message.id !== '', 'INVALID_ID', 'id'],
    [once('creationTime') && message.creationTime !== '', 'INVALID_CREATION_TIME', 'creationTime'],
    [once('versionCode') && message.versionCode !== '', 'INVALID_VERSION_CODE', 'versionCode'],
    [
      message.statedInteraction === message.interaction,
      'INCONSISTENT_HL7_INTERACTION_ID',
      'interactionId',
    ],
    [
      once('ControlActEvent') && !isEmpty(message.controlAct),
      'INVALID_CONTROL_ACT',
      'ControlActEvent',
    ],
  ];
  return checks.filter(([holds]) => !holds).map(([, name, where]) => failure(name, where));
}

/** What a SOAP header or an ebXML header says of the message in it. */
export interface StatedOutside {
  /** The text behind the slash of the action. */
  readonly interaction: string;
  /** Only SOAP headers tell them. */
  readonly senderAsid?: string | undefined;
  readonly receiverAsid?: string | undefined;
}

/** Where envelope and message tell different things. */
export function inconsistencies(message: Transmission, outside: StatedOutside): readonly Failure[] {
  const { interaction, statedInteraction, receiverAsid, senderAsid } = message;
  const found: Failure[] = [];
  if (outside.interaction !== interaction || outside.interaction !== statedInteraction)
    found.push(failure('INCONSISTENT_HL7_INTERACTION_ID', 'interactionId'));
  if (outside.receiverAsid !== undefined && outside.receiverAsid !== receiverAsid)
    found.push(failure('INCONSISTENT_COMM_FUNC_RCV', 'communicationFunctionRcv', 'asid'));
  if (outside.senderAsid !== undefined && outside.senderAsid !== senderAsid)
    found.push(failure('INCONSISTENT_COMM_FUNC_SND', 'communicationFunctionSnd', 'asid'));
  return found;
}

/** The message as an element, in the order of the schema. */
export function writeTransmission(parts: TransmissionParts): XmlElement {
  const { interaction, acceptAckCode = 'NE', versionCode = usualVersionCode } = parts;
  return hl7(interaction, {}, [
    idElement(parts.id.toUpperCase()),
    hl7('creationTime', { value: parts.creationTime }),
    hl7('versionCode', { code: versionCode }),
    idElement(roots.interaction, interaction, 'interactionId'),
    hl7('processingCode', { code: 'P' }),
    hl7('processingModeCode', { code: 'T' }),
    hl7('acceptAckCode', { code: acceptAckCode }),
    parts.acknowledgement && writeAcknowledgement(parts.acknowledgement),
    hl7('communicationFunctionRcv', { typeCode: 'RCV' }, [deviceElement(parts.receiverAsid)]),
    hl7('communicationFunctionSnd', { typeCode: 'SND' }, [deviceElement(parts.senderAsid)]),
    parts.controlAct,
  ]);
}

/**
 * The message within a SOAP body or a response wrapper, at any depth down to the fifth: the element that bears an
 * `interactionId`, or else one that is named as message types are.
 */
export function interactionIn(body: XmlElement): XmlElement | undefined {
  let level: readonly XmlElement[] = [body];
  for (let depth = 0; depth <= 5 && level.length > 0; depth++) {
    const found = level.find(isInteraction);
    if (found) return found;
    level = level.flatMap(childElements);
  }
  return undefined;
}

/** Whether a message is of a release older than 2006-B, which is refused with fault 101. */
export function isOldRelease(element: XmlElement): boolean {
  if (hl7Child(element, 'ControlAct') ?? hl7Child(element, 'ControlActProcess')) return true;
  const device = hl7At(element, 'communicationFunctionRcv', 'device');
  return hl7Children(device, 'id').some((one) => attribute(one, 'root') === roots.oldSystem);
}

const messageType = /^[A-Z]{4}_IN\d{6}[A-Z]{2}\d{2}$/;

function isInteraction(element: XmlElement): boolean {
  const { name, uri } = element;
  if (messageType.test(name)) return true;
  return uri === hl7Uri && hl7Child(element, 'interactionId') !== undefined;
}

function asidOf(element: XmlElement, side: string): string | undefined {
  return idWithRoot(hl7At(element, side, 'device'), roots.asid);
}

function isEmpty(element: XmlElement | undefined): boolean {
  return !element || childElements(element).length === 0;
}
