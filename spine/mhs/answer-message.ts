/**
 * The port to whoever answers messages in HL7 V3, and the checks of the wrapper before they are asked. Owns who the caller
 * of a message is; what an operation does is its service's (spine/pds).
 */
import type { Caller, Facts } from '../../core/exchange.ts';
import type { XmlElement } from '../../core/xml.ts';
import { controlActFailures, readControlAct, type PersonAuthor } from '../hl7v3/control-act.ts';
import {
  inconsistencies,
  isOldRelease,
  readTransmission,
  transmissionFailures,
  type StatedOutside,
  type Transmission,
} from '../hl7v3/wrapper.ts';
import type { Interaction } from '../interactions.ts';
import type { Failure } from '../soap/failure.ts';
import { fault, faultOf } from '../soap/fault.ts';

/** A message that has passed all checks of envelopes, wrapper and directory. */
export interface MessageAsked {
  readonly interaction: Interaction;
  readonly message: Transmission;
  readonly caller: Caller;
  /** The view of the data. */
  readonly workspace: string;
  /** The message's own id, for the audit and to know a repeat by. */
  readonly requestId: string;
  /** People whose records are touched are added to `people`. */
  readonly facts: Facts;
}

/** The answer: the interaction element as it stands in a body or a payload. */
export interface MessageAnswered {
  readonly interaction: string;
  readonly element: XmlElement;
}

/** Answers in HL7, refusals for reasons of business included. @throws Problem for what is no answer in HL7 */
export type AnswerMessage = (asked: MessageAsked) => Promise<MessageAnswered>;

/** The wrapper's and the control act's broken rules, in their order; empty for a sound message. */
export function messageFailures(
  message: Transmission,
  outside: StatedOutside,
  isQuery: boolean,
): readonly Failure[] {
  const { controlAct, senderAsid } = message;
  const act = controlAct && readControlAct(controlAct);
  const by = senderAsid === undefined ? {} : { senderAsid };
  return [
    ...inconsistencies(message, outside),
    ...transmissionFailures(message),
    ...(act ? controlActFailures(act, { isQuery, ...by }) : []),
  ];
}

/**
 * The message in an element, by all rules.
 * @throws Problem of fault 101 for releases that nobody speaks, 201 or 300 for the first broken rule
 */
export function soundMessage(
  element: XmlElement,
  outside: StatedOutside,
  isQuery: boolean,
): Transmission {
  if (isOldRelease(element)) throw fault('101', { location: 'interactionId' });
  const message = readTransmission(element);
  const [first] = messageFailures(message, outside, isQuery);
  if (first) throw faultOf(first);
  return message;
}

/**
 * Who acts: the application that was proved or believed, in the name of the user whom the message names; without one the
 * system itself, which its accreditation for the interaction lets.
 */
export function callerOf(system: Caller, message: Transmission): Caller {
  const author = message.controlAct && readControlAct(message.controlAct).author;
  return author
    ? { ...system, mode: 'worker', ...named(author) }
    : { ...system, mode: 'privileged' };
}

function named({ userId, roleProfileId }: PersonAuthor): Partial<Caller> {
  return {
    ...(userId === undefined ? {} : { userId }),
    ...(roleProfileId === undefined ? {} : { role: roleProfileId }),
  };
}
