/**
 * The demographics service as messaging asks it: a sound message in, the whole answering message out. Owns the wrapper of
 * answers; what an operation does is spine/pds's.
 */
import type { Patients } from '../../fhir/pds/patients.ts';
import { fault } from '../soap/fault.ts';
import { writeControlAct } from '../hl7v3/control-act.ts';
import { timestampOf } from '../hl7v3/datatypes.ts';
import { writeTransmission, type Transmission } from '../hl7v3/wrapper.ts';
import { handlePdsInteraction, type PdsAnswer } from '../pds/handle.ts';
import type { AnswerMessage, MessageAnswered } from './answer-message.ts';

export interface DemographicsOptions {
  readonly patients: Patients;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A new UUID. */
  readonly newId: () => string;
}

/** Answers over the same records as the FHIR face. */
export function demographics({ patients, now, newId }: DemographicsOptions): AnswerMessage {
  return async ({ interaction, message, caller, workspace, requestId, facts }) => {
    if (!message.controlAct) throw fault('201', { location: 'ControlActEvent' });
    const asking = { caller, workspace, requestId, facts };
    const service = { patients, asking };
    const answer = await handlePdsInteraction(interaction.action, message.controlAct, service);
    return answering(message, answer, { id: newId(), creationTime: timestampOf(now()) });
  };
}

/** The whole message of an answer: systems turned round, the request referred to. */
function answering(
  { id: messageRef, receiverAsid = '', senderAsid = '' }: Transmission,
  { action, typeCode, issues, subjects, queryResponse, subjectContext }: PdsAnswer,
  own: { readonly id: string; readonly creationTime: string },
): MessageAnswered {
  const controlAct = writeControlAct({
    ...{ system: receiverAsid, issues, subjects },
    ...(queryResponse === undefined ? {} : { queryResponse }),
    ...(subjectContext === undefined ? {} : { subjectContext }),
  });
  const acknowledgement = { typeCode, messageRef, details: [] };
  const systems = { receiverAsid: senderAsid, senderAsid: receiverAsid };
  const parts = { interaction: action, ...own, acknowledgement, ...systems, controlAct };
  return { interaction: action, element: writeTransmission(parts) };
}
