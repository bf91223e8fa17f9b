/**
 * The rules about the content of a Patient's fields, for every way of writing one (pds-fhir 3.4): which function judges
 * which list. Each takes what was sent and gives it back checked and tidied, or throws the documented row.
 * What may change, and who may change it, is in patch-rules.ts.
 */
import type { ContactPoint, Patient } from 'fhir/r4.js';
import { telecomOf } from './field-rules-contacts.ts';
import { addressOf, type CheckedAddress } from './field-rules-addresses.ts';
import { listOf, unsupported, wrong, type Rules } from './field-rules-values.ts';

/** The genders that can be set; `other` can only be read. */
export const settableGenders = ['male', 'female', 'unknown'] as const;

/** A gender on update. `other` is a known value that is not taken (UNSUPPORTED_VALUE, as of 2020). */
export function genderOf(value: unknown): (typeof settableGenders)[number] {
  if (value === 'other') throw unsupported(value, 'gender');
  const found = settableGenders.find((gender) => gender === value);
  if (found === undefined) throw wrong(value, 'gender');
  return found;
}

/** Order of birth: 1 to 7, 8 not applicable, 9 not known. */
export function multipleBirthOf(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 9)
    throw wrong(value, path);
  return value;
}

/** A list of addresses, each checked; `path` is `address`. */
export function addressesOf(value: unknown, path: string, rules: Rules): CheckedAddress[] {
  return listOf(value, path, 50).map((address, i) => addressOf(address, `${path}/${i}`, rules));
}

/** A list of telecoms, each checked; `path` is `telecom`. */
export function telecomsOf(value: unknown, path: string, rules: Rules): ContactPoint[] {
  return listOf(value, path, 50).map((one, i) => telecomOf(one, `${path}/${i}`, rules));
}

/** The lists whose items carry an object id. */
type Identified = Pick<Patient, 'name' | 'address' | 'telecom' | 'contact' | 'generalPractitioner'>;

/**
 * An id for a new item: what the source gives, tried again while the record has one like it.
 * `taken` gains the new id. The source gives eight upper-case hex digits (pds-fhir 4.1).
 */
export function freshId(taken: Set<string>, newObjectId: () => string): string {
  for (let i = 0; i < 100; i++) {
    const id = newObjectId();
    if (taken.has(id)) continue;
    taken.add(id);
    return id;
  }
  throw new Error('The source of object ids repeats itself');
}

/** The object ids a Patient uses. */
export function idsIn(patient: Identified): Set<string> {
  const items = [
    ...(patient.name ?? []),
    ...(patient.address ?? []),
    ...(patient.telecom ?? []),
    ...(patient.contact ?? []),
    ...(patient.generalPractitioner ?? []),
  ];
  return new Set(items.flatMap(({ id }) => (id === undefined ? [] : [id])));
}
