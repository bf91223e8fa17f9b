/**
 * The HL7 message of a request of ours, and an answer's message as the asker takes it. Owns who is named as its author and
 * which answers are believed; envelopes are the callers'.
 */
import type { Caller } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { XmlElement } from '../../core/xml.ts';
import { readControlAct, writeControlAct, type PersonAuthor } from '../hl7v3/control-act.ts';
import { timestampOf } from '../hl7v3/datatypes.ts';
import { readTransmission, writeTransmission } from '../hl7v3/wrapper.ts';
import type { Exchanged } from '../pds/exchanged.ts';

export interface RequestParts {
  readonly action: string;
  /** A UUID in upper case. */
  readonly id: string;
  readonly payload: XmlElement;
  readonly caller: Caller;
  /** Who is named for a worker of whom nobody knows more. */
  readonly unnamed?: PersonAuthor;
  readonly senderAsid: string;
  readonly receiverAsid: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export function requestMessage(parts: RequestParts): XmlElement {
  const { action: interaction, id, payload, caller, senderAsid, receiverAsid, at } = parts;
  const author = authorOf(caller, parts.unnamed);
  const asked = payload.name === 'query' ? { query: payload } : { subjects: [payload] };
  const controlAct = writeControlAct({
    ...(author ? { author } : {}),
    system: senderAsid,
    ...asked,
  });
  return writeTransmission({
    ...{ interaction, id, creationTime: timestampOf(at), receiverAsid, senderAsid, controlAct },
  });
}

/** The person, where both who and in which role are known: half an author is refused. */
function authorOf(
  { mode, userId, role, signIn }: Caller,
  unnamed: PersonAuthor | undefined,
): PersonAuthor | undefined {
  if (mode !== 'worker') return undefined;
  if (userId === undefined || role === undefined) return unnamed;
  const jobRole = signIn?.roles?.find(({ id }) => id === role)?.code;
  return { userId, roleProfileId: role, ...(jobRole === undefined ? {} : { jobRole }) };
}

/** What an answer must be about. */
export interface AnswerTo {
  readonly id: string;
  readonly senderAsid: string;
  readonly receiverAsid: string;
}

/** @throws Problem `upstream` for what answers another message or comes from another system */
export function answerIn(
  element: XmlElement,
  { id, senderAsid, receiverAsid }: AnswerTo,
): Exchanged {
  const message = readTransmission(element);
  const { acknowledgement, controlAct, interaction: action } = message;
  const ref = acknowledgement?.messageRef ?? '';
  if (ref !== '' && ref.toUpperCase() !== id) throw unfit('ANSWER_TO_ANOTHER_MESSAGE');
  if (differs(message.senderAsid, receiverAsid) || differs(message.receiverAsid, senderAsid))
    throw unfit('ANSWER_OF_ANOTHER_SYSTEM');
  const act = controlAct && readControlAct(controlAct);
  const details = (acknowledgement?.details ?? []).map(
    ({ code, codeSystem, displayName, typeCode: qualifier }) => ({
      ...{ code, codeSystem, displayName, qualifier },
    }),
  );
  const issues = act && act.issues.length > 0 ? act.issues : details;
  const typeCode = acknowledgement?.typeCode ?? 'AE';
  return { action, typeCode, issues, subjects: act?.subjects ?? [] };
}

function differs(found: string | undefined, expected: string): boolean {
  return found !== undefined && found !== expected;
}

/** An answer that cannot be taken. */
export function unfit(code: string, cause?: unknown): Problem {
  const message = `What the back end answered cannot be taken: ${code}`;
  return new Problem('upstream', message, { code, ...(cause === undefined ? {} : { cause }) });
}
