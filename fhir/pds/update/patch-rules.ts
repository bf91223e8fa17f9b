/**
 * The rules about a record after its patches were applied (pds-fhir 2.4, 2.5, 3.4): single values, death data, and what is
 * kept of the values that were replaced. Lists are judged in patch-lists.ts.
 */
import type { Address, ContactPoint, Extension, HumanName, Patient } from 'fhir/r4.js';
import { forbiddenUpdate, invalidUpdate } from '../errors.ts';
import { managingOrganizationOf } from '../fields/field-rules-contacts.ts';
import { birthDateOf, deathDateOf } from '../fields/field-rules-dates.ts';
import { kindOf } from '../fields/field-rules-extensions.ts';
import type { Rules } from '../fields/field-rules-values.ts';
import { genderOf, multipleBirthOf } from '../fields/field-rules.ts';
import { same, type Tree } from './patch-apply.ts';
import { formalDeath, isFormal, statusOf } from './patch-guards.ts';
import type { Judged } from './patch-lists.ts';
import type { Behind, Former, PdsPatient } from '../record.ts';

/** The members of a Patient that hold one value. */
export type Singles = Pick<
  Patient,
  'gender' | 'birthDate' | 'multipleBirthInteger' | 'deceasedDateTime' | 'managingOrganization'
>;

/** The single values after the patches; those that changed are checked and tidied. Absent means that there is none. */
export function judgeSingles(before: PdsPatient, copy: Tree, rules: Rules): Singles {
  if (isFormal({ ...before }) && !same(before.deceasedDateTime, copy.deceasedDateTime))
    throw formalDeath();
  const singles: Singles = {
    ...after('gender', before, copy, (value) => genderOf(value)),
    ...after('birthDate', before, copy, (value) => birthDateOf(value, 'birthDate', rules)),
    ...after('multipleBirthInteger', before, copy, (value) =>
      multipleBirthOf(value, 'multipleBirthInteger'),
    ),
    ...after('deceasedDateTime', before, copy, (value) =>
      deathDateOf(value, 'deceasedDateTime', rules),
    ),
    ...after('managingOrganization', before, copy, (value) =>
      managingOrganizationOf(value, 'managingOrganization', rules),
    ),
  };
  checkLifetime(before, singles);
  return singles;
}

function after<Name extends keyof Singles>(
  name: Name,
  before: PdsPatient,
  copy: Tree,
  check: (value: unknown) => Singles[Name],
): Partial<Singles> {
  if (!Object.hasOwn(copy, name)) return {};
  const held: Singles[Name] = before[name];
  const value = same(held, copy[name]) ? held : check(copy[name]);
  return value === undefined ? {} : { [name]: value };
}

/** Birth before death. Poor records know only a year or a month: as much is compared as both have. */
function checkLifetime(before: PdsPatient, { birthDate, deceasedDateTime }: Singles): void {
  if (birthDate === undefined || deceasedDateTime === undefined) return;
  const known = Math.min(birthDate.length, deceasedDateTime.length, 10);
  if (birthDate.slice(0, known) <= deceasedDateTime.slice(0, known)) return;
  if (deceasedDateTime !== before.deceasedDateTime)
    throw invalidUpdate('deceased date cannot be before the birth date');
  if (birthDate !== before.birthDate)
    throw invalidUpdate('birth date cannot be after the deceased date');
}

/**
 * Date of death and notification come together, formal ones only from sources that this API does not serve, and nothing
 * changes once the notification is formal.
 */
export function checkDeath(
  before: PdsPatient,
  singles: Singles,
  extensions: readonly Judged<Extension>[],
): void {
  const held = extensions.find(({ item }) => kindOf(item.url) === 'death notification');
  if (held?.changed && isFormal({ ...before })) throw formalDeath();
  if (held?.changed && statusOf(held.item) === '2')
    throw forbiddenUpdate('source not permitted to set a formal death notification status');
  const hasDate = singles.deceasedDateTime !== undefined;
  if (hasDate && before.deceasedDateTime === undefined && !held)
    throw invalidUpdate(
      'when adding a deceased date, a death notification status must also be supplied',
    );
  if (held && held.origin === undefined && !hasDate)
    throw invalidUpdate(
      'when adding a death notification status, a deceased date must also be supplied',
    );
}

// ---- what is kept ----

/** The most of each kind that is remembered; a record does not grow without end. */
const mostFormer = 100;

/** Values that were current and are not any more, so that a history search finds them. */
export function withFormer(
  behind: Behind,
  before: PdsPatient,
  gender: string | undefined,
  lists: {
    name: readonly Judged<HumanName>[];
    address: readonly Judged<Address>[];
    telecom: readonly Judged<ContactPoint>[];
  },
): Behind {
  const former: Former = behind.former ?? {};
  const genders = before.gender !== undefined && before.gender !== gender ? [before.gender] : [];
  const grown: Former = {
    ...grow('names', former.names, gone(before.name, lists.name)),
    ...grow('addresses', former.addresses, gone(before.address, lists.address)),
    ...grow('telecoms', former.telecoms, gone(before.telecom, lists.telecom)),
    ...grow('genders', former.genders, genders),
  };
  return Object.keys(grown).length === 0 ? behind : { ...behind, former: { ...former, ...grown } };
}

function grow<Name extends string, Value>(
  name: Name,
  held: readonly Value[] = [],
  more: readonly Value[],
): Partial<Record<Name, Value[]>> {
  if (more.length === 0) return {};
  // A computed key widens to an index signature; the one member is the one named.
  return { [name]: [...held, ...more].slice(-mostFormer) } as Record<Name, Value[]>;
}

/** The items that are no longer there, or now say something else than when they were valid. */
function gone<Item extends object>(
  held: readonly Item[] = [],
  judged: readonly Judged<Item>[],
): Item[] {
  const standing = new Set(
    judged
      .filter(({ item, origin }) => origin && saysTheSame(item, origin))
      .map(({ origin }) => origin),
  );
  return held.filter((item) => !standing.has(item));
}

function saysTheSame(one: object, other: object): boolean {
  return (
    one === other || same({ ...one, period: null, id: null }, { ...other, period: null, id: null })
  );
}

/** The five lines of addresses with blank ones, by object id; those of addresses that are gone go with them. */
export function withLines(behind: Behind, addresses: readonly Judged<Address>[]): Behind {
  const held = behind.addressLines ?? {};
  const lines: Record<string, string[]> = {};
  for (const { item, changed, lines: sent } of addresses) {
    const { id } = item;
    if (id === undefined) continue;
    const five = changed ? sent : Object.hasOwn(held, id) ? held[id] : undefined;
    if (five) lines[id] = [...five];
  }
  const rest = { ...behind };
  delete rest.addressLines;
  return Object.keys(lines).length === 0 ? rest : { ...rest, addressLines: lines };
}
