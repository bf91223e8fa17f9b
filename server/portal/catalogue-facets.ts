/**
 * The facets of the catalogue: what one may choose by, as the query of an address says it. Pure. Owns reading a query, choosing
 * entries and counting; how it looks is catalogue-pages.ts's.
 */
import { apiStatuses, technologies } from '../catalogue/api-administration.ts';
import { environments } from '../catalogue/environments.ts';
import { accessPatterns, accessWords } from './catalogue-access.ts';
import type { CatalogueEntry } from './catalogue-entries.ts';
import { environmentName } from './app-words.ts';
import { hostingWords, statusWords, technologyWords } from './catalogue-words.ts';
import { registerOfStandards } from './standards.ts';

export interface Facet {
  /** Its name in the query. */
  readonly name: string;
  readonly title: string;
  /** Undefined: any value is one. */
  readonly values: readonly { readonly value: string; readonly text: string }[] | undefined;
  readonly of: (entry: CatalogueEntry) => readonly string[];
}

/** In the order in which they are shown. */
export const facets: readonly Facet[] = [
  facet(
    'status',
    'Status',
    apiStatuses,
    (one) => statusWords[one].split(':')[0] ?? one,
    (entry) => [entry.api.status],
  ),
  facet(
    'technology',
    'Technology',
    technologies,
    (one) => technologyWords[one],
    (entry) => [entry.api.technology],
  ),
  facet(
    'access',
    'Access',
    accessPatterns,
    (one) => accessWords[one].title,
    (entry) => entry.access,
  ),
  facet('environment', 'Environment', environments, environmentName, (entry) => entry.environments),
  facet(
    'hosting',
    'Hosting',
    ['platform', 'listed'] as const,
    (one) => hostingWords[one],
    (entry) => [entry.hosting],
  ),
  {
    name: 'standard',
    title: 'Standard',
    values: registerOfStandards().map(({ id, name }) => ({ value: id, text: name })),
    of: ({ standards }) => standards,
  },
  { name: 'owner', title: 'Owner', values: undefined, of: ({ api }) => [api.owner] },
];

function facet<T extends string>(
  name: string,
  title: string,
  values: readonly T[],
  text: (value: T) => string,
  of: Facet['of'],
): Facet {
  return { name, title, values: values.map((value) => ({ value, text: text(value) })), of };
}

/** What is chosen, by facet. Values that no facet has are left out. */
export type Choice = ReadonlyMap<string, ReadonlySet<string>>;

const mostValues = 20;

export function choiceOf(query: URLSearchParams): Choice {
  return new Map(
    facets.map(({ name, values }) => {
      const given = query
        .getAll(name)
        .filter((one) => one !== '' && one.length <= 100)
        .slice(0, mostValues);
      const known = values
        ? given.filter((one) => values.some(({ value }) => value === one))
        : given;
      return [name, new Set(known)];
    }),
  );
}

/** Within a facet any of the values fits, and every facet must. */
export function chosen(
  entries: readonly CatalogueEntry[],
  choice: Choice,
): readonly CatalogueEntry[] {
  const active = facets.filter(({ name }) => (choice.get(name)?.size ?? 0) > 0);
  return entries.filter((entry) =>
    active.every(({ name, of }) => of(entry).some((value) => choice.get(name)?.has(value))),
  );
}

/** How many entries each value would leave, given what is chosen in the other facets. */
export function countsOf(
  entries: readonly CatalogueEntry[],
  choice: Choice,
  { name, of }: Facet,
): ReadonlyMap<string, number> {
  const others = new Map([...choice].filter(([other]) => other !== name));
  const counts = new Map<string, number>();
  for (const entry of chosen(entries, others))
    for (const value of new Set(of(entry))) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
