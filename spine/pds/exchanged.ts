/**
 * The port to whoever carries messages to a demographics service and brings the answers. Owns what an exchange is and how one
 * that changes something is known again.
 */
import type { XmlElement } from '../../core/xml.ts';
import type { Asking } from '../../fhir/pds/patients.ts';
import type { Issue } from '../hl7v3/control-act.ts';

/** An answer, as far as its wrappers have been read. */
export interface Exchanged {
  readonly action: string;
  /** `AA`; anything else refuses. */
  readonly typeCode: string;
  readonly issues: readonly Issue[];
  readonly subjects: readonly XmlElement[];
}

/** A write as it is known again. */
export interface Once {
  readonly key: string;
  /** What `begun` told. */
  readonly seen: number;
}

/** What is known of an exchange under a key. */
export interface Begun {
  /** How often one was begun anew; two who saw the same begin but one. */
  readonly seen: number;
  /** The answer to it; absent where none was begun, or the last one came to nothing. */
  readonly answer?: Exchanged;
}

/**
 * Sends a payload (a `query`, or what stands under `subject`) and waits for the answer, on behalf of whoever asks. With
 * `once` what another has begun meanwhile under that key is waited for instead.
 * @throws Problem when there is no answer: 408, 5xx
 */
export type ExchangePayload = (
  action: string,
  payload: XmlElement,
  asking: Asking,
  once?: Once,
) => Promise<Exchanged>;

/** Waits for an exchange that was begun under a key, in whatever process. @throws as ExchangePayload */
export type BegunBefore = (key: string, asking: Asking) => Promise<Begun>;
