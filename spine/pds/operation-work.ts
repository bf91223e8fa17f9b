/** What an operation of the demographics service over HL7 V3 is given, and what it comes to. */
import type { Patient } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import type { Asking, Patients, Shown } from '../../fhir/pds/patients.ts';
import type { Issue } from '../hl7v3/control-act.ts';
import type { Interaction } from '../interactions.ts';
import type { PdsOperation } from '../interactions-pds.ts';
import type { Layout, Release } from './part-wrappers.ts';

export interface PdsService {
  readonly patients: Patients;
  /** Who asks; its `requestId` is the HL7 id of the message, by which a repeat of an update is known. */
  readonly asking: Asking;
}

/** An interaction of the demographics service, in a release that is spoken. */
export type Served = Interaction & { operation: PdsOperation; release: Release };

export interface Work {
  readonly payload: XmlElement;
  readonly service: PdsService;
  readonly interaction: Served;
}

/** Payloads, warnings, and the message type where it is not the first that answers. */
export interface Outcome {
  readonly subjects: readonly XmlElement[];
  readonly issues?: readonly Issue[];
  readonly action?: string;
}

/** How the release writes. */
export const layoutOf = ({ interaction }: Work, extras = false): Layout => ({
  release: interaction.release,
  extras,
});

/** The Patient that the port showed. */
export function patientOf({ text }: Shown): Patient {
  return JSON.parse(text) as Patient; // the port's own text of a Patient
}
