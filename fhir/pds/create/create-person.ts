/**
 * The parts of a new Patient that POST /Patient and the birth details have in common (pds-fhir 4.7): name, address,
 * gender, birth date, telecom. Owns their checks on creation and how they are laid down; the rules of the single
 * fields are in field-rules*.ts.
 */
import type { Address, ContactPoint, Extension, HumanName } from 'fhir/r4.js';
import { withoutBlanks } from '../fields/address-lines.ts';
import * as errors from '../errors.ts';
import { addressesOf, freshId, settableGenders, telecomsOf } from '../fields/field-rules.ts';
import type { CheckedAddress } from '../fields/field-rules-addresses.ts';
import { birthDateOf } from '../fields/field-rules-dates.ts';
import { nameOf } from '../fields/field-rules-names.ts';
import { codeOf, isFields, wrong, type Fields, type Rules } from '../fields/field-rules-values.ts';
import { at, itemsOf, onlyOf, optional, present } from '../fields/members.ts';
import { security, type Behind, type PdsRecord } from '../record.ts';

/** What creating needs of its surroundings. */
export interface CreateContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Eight upper-case hex digits. */
  readonly newObjectId: () => string;
  readonly isPractice: (odsCode: string) => boolean;
}

export function createRules({ now, isPractice }: CreateContext): Rules {
  return { now, isPractice, refuse: errors.invalidCreate };
}

/** The members every new Patient must have, in the order in which a missing one is told. */
export const neededOfPerson = ['name', 'address', 'gender', 'birthDate'];

/** A person as checked; nothing has an id yet. */
export interface Newcomer {
  readonly name: HumanName;
  readonly gender: (typeof settableGenders)[number];
  readonly birthDate: string;
  readonly addresses: readonly CheckedAddress[];
  readonly telecoms: readonly ContactPoint[];
}

/** Every address must say from when on it holds. This is told before any other detail, a published test has it so. */
export function checkAddressPeriods(fields: Fields, path: string): void {
  const addresses = itemsOf(present(fields, 'address', path), at(path, 'address'), 1, 50);
  addresses.forEach((address, i) => {
    if (isFields(address)) present(address, 'period', at(path, `address/${i}`));
  });
}

/** The person in a body whose members are known. `path` is empty, or `entry/0/resource`. */
export function newcomerOf(fields: Fields, path: string, rules: Rules): Newcomer {
  // Told before what is wrong inside name and address: a period of those may hold the same wrong date, and a published
  // test wants the birth date named. The national service names these two without the path of the entry.
  const gender = codeOf(fields.gender, 'gender', settableGenders);
  const birthDate = birthDateOf(fields.birthDate, 'birthDate', rules);
  const name = usualNameOf(fields.name, path, rules);
  const addresses = newAddressesOf(fields.address, at(path, 'address'), rules);
  const telecoms = telecomsOf(optional(fields, 'telecom'), at(path, 'telecom'), rules);
  checkOneEach(telecoms.map(({ system, use }) => `${system ?? ''} ${use ?? ''}`));
  return { name, gender, birthDate, addresses, telecoms };
}

function usualNameOf(value: unknown, path: string, rules: Rules): HumanName {
  const sent = onlyOf(value, at(path, 'name'));
  const where = at(path, 'name/0');
  const name = nameOf(sent, where, rules);
  if (name.family === undefined) throw errors.missingValue(at(where, 'family'));
  if (name.use !== 'usual') throw wrong(name.use, at(where, 'use'));
  if (name.period?.end !== undefined)
    throw rules.refuse('An end date can not be provided on usual name');
  return name;
}

function newAddressesOf(value: unknown, path: string, rules: Rules): CheckedAddress[] {
  const addresses = addressesOf(value, path, rules);
  addresses.forEach((checked, i) => {
    if (!hasNeededLines(itemsOf(value, path, 1, 50)[i], checked.address))
      throw rules.refuse('address lines 1 and 4 or 2 and 4 must be completed as a minimum');
  });
  checkOneEach(addresses.map(({ address }) => address.use ?? ''));
  return addresses;
}

/**
 * On creation the lines are taken by their place: 4, and 1 or 2, must be filled. Not so where the postcode stands
 * for no place, or where the address was recognised by its key and its lines filled in.
 */
function hasNeededLines(sent: unknown, checked: Address): boolean {
  const lines = isFields(sent) ? optional(sent, 'line') : undefined;
  const places: readonly unknown[] = Array.isArray(lines) ? lines : [];
  const filled = (i: number) => typeof places[i] === 'string' && places[i].trim() !== '';
  if (filled(3) && (filled(0) || filled(1))) return true;
  if (checked.postalCode?.startsWith('ZZ99 ')) return true;
  const texts = places.filter((line) => typeof line === 'string');
  return withoutBlanks(texts).length === 0 && (checked.line ?? []).length > 0;
}

function checkOneEach(kinds: readonly string[]): void {
  if (new Set(kinds).size < kinds.length)
    throw errors.invalidValueWith('Cannot add a data item that already exists');
}

/** More of a new record than every newcomer has. */
export interface More {
  readonly multipleBirthInteger?: number;
  readonly deceasedDateTime?: string;
  readonly extension?: readonly Extension[];
  readonly behind?: Behind;
}

/** The record without a number, in its first version, unrestricted, with an id on every item. */
export function toDraft(person: Newcomer, more: More, newObjectId: () => string): PdsRecord {
  const taken = new Set<string>();
  // Ids are the server's to give; one that was sent is not kept.
  const named = <T extends object>(item: T) => ({ ...item, id: freshId(taken, newObjectId) });
  const name = [named(person.name)];
  const address = person.addresses.map((checked) => named(checked.address));
  const telecom = person.telecoms.map(named);
  const { multipleBirthInteger, deceasedDateTime, extension = [], behind = {} } = more;
  return {
    patient: {
      resourceType: 'Patient',
      id: '',
      meta: { versionId: '1', security: [security('U')] },
      name,
      gender: person.gender,
      birthDate: person.birthDate,
      ...(multipleBirthInteger === undefined ? {} : { multipleBirthInteger }),
      ...(deceasedDateTime === undefined ? {} : { deceasedDateTime }),
      address,
      ...(telecom.length > 0 ? { telecom } : {}),
      ...(extension.length > 0 ? { extension: [...extension] } : {}),
    },
    behind: { ...behind, ...keptLines(person.addresses, address) },
  };
}

function keptLines(checked: readonly CheckedAddress[], addresses: readonly Address[]): Behind {
  const kept = checked.flatMap(({ lines }, i) => {
    const id = addresses[i]?.id;
    return lines && id !== undefined ? [[id, [...lines]] satisfies [string, string[]]] : [];
  });
  return kept.length > 0 ? { addressLines: Object.fromEntries(kept) } : {};
}
