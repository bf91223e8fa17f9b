/** A search as the query of another PDS: the same criteria, written as pds-fhir 1.8 has them. */
import type { Criteria, DateRange } from './trace/trace-terms.ts';

/** What is the default over there stays unsaid: an application that says it is refused (1.8). */
const mostResults = 50;

/** The query, without its question mark. */
export function searchQueryOf(criteria: Criteria): string {
  const query = new URLSearchParams();
  const put = (name: string, value: string | undefined) => {
    if (value !== undefined) query.append(name, value);
  };
  const flag = (name: string, on: boolean) => {
    put(name, on ? 'true' : undefined);
  };
  put('family', criteria.family);
  for (const given of criteria.given) put('given', given);
  put('gender', criteria.gender);
  for (const date of datesOf(criteria.birthDate)) put('birthdate', date);
  for (const date of datesOf(criteria.deathDate ?? {})) put('death-date', date);
  put('address-postalcode', criteria.postcode);
  put('general-practitioner', criteria.practice);
  put('managing-organization', criteria.managingOrganization);
  put('email', criteria.email);
  put('phone', criteria.phone);
  flag('_fuzzy-match', criteria.fuzzy);
  flag('_exact-match', criteria.exact);
  flag('_history', criteria.history);
  const { maxResults } = criteria;
  put('_max-results', maxResults === mostResults ? undefined : String(maxResults));
  return query.toString();
}

function datesOf({ from, to }: DateRange): string[] {
  if (from !== undefined && from === to) return [`eq${from}`];
  return [...(from === undefined ? [] : [`ge${from}`]), ...(to === undefined ? [] : [`le${to}`])];
}
