/**
 * POST /Patient (pds-fhir 4.7): from a body to a record in its first version, and who counts as the same person.
 * Owns the order of the checks and the matching rule; looking for matches and giving the number is the caller's work.
 */
import {
  checkAddressPeriods,
  createRules,
  neededOfPerson,
  newcomerOf,
  toDraft,
  type CreateContext,
} from './create-person.ts';
import { newExtensionsOf, type Known } from './create-extensions.ts';
import { extensionUrls } from '../fields/extensions.ts';
import { codeOf, objectOf } from '../fields/field-rules-values.ts';
import { bodyOf, optional, present } from '../fields/members.ts';
import { confidentialityOf, nhsNumberIdentifier, type PdsRecord } from '../record.ts';
import type { Criteria } from '../trace/trace.ts';

const members = ['resourceType', ...neededOfPerson, 'telecom', 'extension'];

/** Birth place and death notification are taken on creation and, like the rest of the list, not kept. */
const known: Known = {
  needed: [extensionUrls.registeringAuthority],
  kept: [extensionUrls.communication, extensionUrls.contactPreference],
  taken: [
    extensionUrls.birthPlace,
    extensionUrls.birthSex,
    extensionUrls.cadavericDonor,
    extensionUrls.deathNotification,
    extensionUrls.ethnicCategory,
    extensionUrls.residentialStatus,
    extensionUrls.interpreterRequired,
    extensionUrls.numberUnavailableReason,
  ],
};

/**
 * The body of POST /Patient as a record that has no number yet (its id is empty). What is missing is told first, then
 * unknown members, then each part in the order gender, birth date, name, address, telecom, extensions.
 * Throws the rows of 2.2: MISSING_VALUE, ADDITIONAL_PROPERTIES, INVALID_VALUE, INVALID_CREATE, TOO_FEW and TOO_MANY_VALUES_SUBMITTED.
 */
export function readCreate(body: unknown, context: CreateContext): PdsRecord {
  const fields = bodyOf(body);
  for (const name of neededOfPerson) present(fields, name, '');
  if (Array.isArray(fields.address)) checkAddressPeriods(fields, '');
  const sent = present(fields, 'extension', '');
  objectOf(fields, '', members);
  const resourceType = optional(fields, 'resourceType');
  if (resourceType !== undefined) codeOf(resourceType, 'resourceType', ['Patient']);
  const rules = createRules(context);
  const person = newcomerOf(fields, '', rules);
  const extension = newExtensionsOf(sent, 'extension', known, rules);
  return toDraft(person, { extension }, context.newObjectId);
}

/** The draft as the record of this number. */
export function toNewRecord({ patient, behind }: PdsRecord, nhsNumber: string): PdsRecord {
  const identifier = [nhsNumberIdentifier(nhsNumber)];
  const first = { resourceType: patient.resourceType, id: nhsNumber, identifier };
  return { patient: { ...first, ...patient, id: nhsNumber }, behind };
}

/**
 * The search for people who may be the one in the draft: family name, given names, birth date and gender exactly, on
 * current data. It asks for no postcode, since a search with one leaves out restricted people; `isSamePerson` looks at it.
 */
export function createCriteria({ patient }: PdsRecord): Criteria {
  const [name] = patient.name ?? [];
  const { birthDate = '' } = patient;
  return {
    ...(name?.family === undefined ? {} : { family: name.family }),
    given: name?.given ?? [],
    ...(patient.gender === undefined ? {} : { gender: patient.gender }),
    birthDate: { from: birthDate, to: birthDate },
    fuzzy: false,
    exact: true,
    history: false,
    maxResults: 50,
  };
}

/**
 * Whether a record found by `createCriteria` is the person in the draft, so that no second number is given.
 *
 * - The usual names are the same: family and all given names, in any case and spacing. Twins with one first name in
 *   common are two people.
 * - They do not differ in the order of a multiple birth (1 to 7).
 * - On POST /Patient one home postcode is the same, or is not known. Not asked of a newborn, whose mother may have moved,
 *   nor of a protected person, of whom a refusal would else tell the postcode.
 */
export function isSamePerson(draft: PdsRecord, found: PdsRecord): boolean {
  if (usualName(draft) !== usualName(found) || areSiblings(draft, found)) return false;
  if (motherOf(draft) !== undefined || confidentialityOf(found) !== 'U') return true;
  const [sent, held] = [postcodes(draft), postcodes(found)];
  if (sent.size === 0 || held.size === 0) return true;
  return [...sent].some((postcode) => held.has(postcode));
}

/** Whether both name the same mother: such a match counts even when potential matches are to be ignored (4.9). */
export function haveSameMother(draft: PdsRecord, found: PdsRecord): boolean {
  const mother = motherOf(draft);
  return mother !== undefined && mother === motherOf(found);
}

function usualName({ patient }: PdsRecord): string {
  const name = patient.name?.find(({ use }) => use === 'usual');
  return [name?.family ?? '', ...(name?.given ?? [])].map(folded).join('|');
}

function folded(text: string): string {
  return text.normalize('NFC').toLowerCase().trim().replaceAll(/\s+/g, ' ');
}

function areSiblings({ patient: one }: PdsRecord, { patient: other }: PdsRecord): boolean {
  const [first, second] = [one.multipleBirthInteger ?? 9, other.multipleBirthInteger ?? 9];
  return first <= 7 && second <= 7 && first !== second;
}

function motherOf({ behind }: PdsRecord): string | undefined {
  const mother = behind.relatedPersons?.find(({ relationship }) =>
    relationship?.some(({ coding }) => coding?.some(({ code }) => code === 'MTH')),
  );
  return mother?.patient.identifier?.value;
}

/** Postcodes of the home addresses without spaces; addresses without one give none. */
function postcodes({ patient }: PdsRecord): Set<string> {
  const homes = (patient.address ?? []).filter(({ use }) => use === 'home');
  return new Set(
    homes.flatMap(({ postalCode }) =>
      postalCode === undefined ? [] : [postalCode.replaceAll(' ', '').toUpperCase()],
    ),
  );
}
