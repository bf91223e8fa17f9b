/**
 * The people to contact about a patient, as a Bundle (pds-fhir 4.6). Owns their order and what is hidden of them;
 * they are kept behind the record and cannot be written through this API.
 */
import type { Bundle, RelatedPerson } from 'fhir/r4.js';
import type { Caller } from '../../core/exchange.ts';
import { withEmptyLines } from './fields/address-lines.ts';
import { extensionUrls } from './fields/extensions.ts';
import { grants } from './projection.ts';
import { confidentialityOf, type PdsRecord } from './record.ts';
import { searchset } from './searchset.ts';

/** The NHS numbers of related people whose own record decides what is shown of them; none for a protected patient. */
export function relatedNumbers(record: PdsRecord): string[] {
  const numbers = shownPeople(record).map(numberOf);
  return [...new Set(numbers.filter((number) => number !== undefined))];
}

/**
 * The searchset for a record. `base` is the absolute address of the API; `related` gives the record under a number
 * named by `relatedNumbers`, if there is one; `now` in milliseconds.
 */
export function relatedPersonsBundle(
  record: PdsRecord,
  base: string,
  related: (nhsNumber: string) => PdsRecord | undefined,
  now: number,
  caller?: Caller,
): Bundle {
  const people = shownPeople(record)
    .toSorted((one, other) => rankOf(one) - rankOf(other))
    .map((person) => protect(person, related))
    .map((person) =>
      caller?.grants.has(grants.emptyAddressLines) ? withAllLines(person) : person,
    );
  const entries = people.map((resource) => ({
    fullUrl: `${base}/Patient/${record.patient.id}/RelatedPerson/${resource.id ?? ''}`,
    resource,
  }));
  return searchset(entries, now);
}

/** Nobody is named for a restricted patient: whom they know tells where they are. */
function shownPeople(record: PdsRecord): readonly RelatedPerson[] {
  return confidentialityOf(record) === 'U' ? (record.behind.relatedPersons ?? []) : [];
}

/** 1 comes first; without a rank, last. */
function rankOf({ extension }: RelatedPerson): number {
  const rank = extension?.find(({ url }) => url === extensionUrls.contactRank)?.valuePositiveInt;
  return rank ?? Number.MAX_SAFE_INTEGER;
}

function numberOf({ patient }: RelatedPerson): string | undefined {
  return patient.identifier?.value;
}

/** A related person who is protected in their own record is protected here; of a merged record the label is not known. */
function protect(
  person: RelatedPerson,
  related: (nhsNumber: string) => PdsRecord | undefined,
): RelatedPerson {
  const number = numberOf(person);
  const own = number === undefined ? undefined : related(number);
  if (!own) return person;
  const label = confidentialityOf(own);
  if (label === 'U' && own.behind.supersededBy === undefined) return person;
  const hidden = new Set(['address', 'telecom']);
  if (label === 'V' || label === 'REDACTED') hidden.add('name').add('birthDate');
  const shown = Object.entries(person).filter(([name]) => !hidden.has(name));
  return Object.fromEntries(shown) as unknown as RelatedPerson; // only optional members are left out
}

function withAllLines(person: RelatedPerson): RelatedPerson {
  if (!person.address) return person;
  return { ...person, address: person.address.map((address) => withEmptyLines(address)) };
}
