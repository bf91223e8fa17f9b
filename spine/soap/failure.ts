/**
 * A rule of the national validators that a message breaks, by their name for it. Owns the three kinds; fault.ts makes a
 * SOAP fault of one, ebxml/message-error.ts an ebXML error, hl7v3/acknowledgement.ts a refusal in HL7.
 */

/** `structure`: shape or addressing; `asid`: who may send; `unsupported`: nobody here takes it. */
export type FailureKind = 'structure' | 'asid' | 'unsupported';

export interface Failure {
  /** `SOAP_ACTION_ERROR`, `MESSAGE_NOT_WELL_FORMED[ebXMLSchema.CPAId]`. */
  readonly name: string;
  readonly kind: FailureKind;
  /** Where in the message, in words: `wsa:Action`. Never what was sent. */
  readonly location: string;
}

export function failure(name: string, location: string, kind: FailureKind = 'structure'): Failure {
  return { name, kind, location };
}
