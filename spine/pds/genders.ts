/** Gender between FHIR and the digits of HL7 V3; the ITK services use the same. */
import type { Patient } from 'fhir/r4.js';

type Gender = NonNullable<Patient['gender']>;

const digits: Readonly<Record<Gender, string>> = {
  unknown: '0',
  male: '1',
  female: '2',
  other: '9',
};

export function toGenderCode(gender: Gender): string {
  return digits[gender];
}

/** Undefined for no such code. */
export function fromGenderCode(code: string | undefined): Gender | undefined {
  return (Object.keys(digits) as Gender[]).find((gender) => digits[gender] === code); // a constant table
}
