/**
 * The search of the catalogue (the one door to minisearch): Apis, operations with their parameters, resources and profiles,
 * interactions of messages, guides. Forgives one or two wrong letters and knows both spellings of English. Owns the index and
 * its weights; what is found is shown by the catalogue's pages.
 */
import MiniSearch, { type Query, type SearchResult } from 'minisearch';
import {
  objectOf,
  operationsOf,
  textOf,
  type OpenApiDocument,
} from '../catalogue/openapi/document.ts';
import type { CatalogueEntry, ReadEntry } from './catalogue-entries.ts';
import { accessWords } from './catalogue-access.ts';
import { operationSummaries } from './operations.ts';
import { registerOfStandards } from './standards.ts';

/** A page of the hub that explains something. */
export interface Guide {
  /** Its path. */
  readonly path: string;
  readonly title: string;
  /** Its words. */
  readonly text: string;
}

export interface Hit {
  readonly kind: 'api' | 'operation' | 'interaction' | 'guide';
  /** The Api it belongs to; empty for a guide. */
  readonly api: string;
  /** The address of its page. */
  readonly href: string;
  readonly title: string;
  /** `GET /Patient/{id}`; may be empty. */
  readonly name: string;
}

export interface Search {
  /** Best first. An empty list for what says nothing. */
  find(text: string): readonly Hit[];
  /** Words that would have found something. */
  suggest(text: string): string | undefined;
  /** Puts an Api in, in place of what it was; undefined takes it out. */
  put(api: string, read: ReadEntry | undefined): Promise<void>;
  putGuides(guides: readonly Guide[]): Promise<void>;
}

interface Entry extends Hit {
  readonly id: string;
  /** Names of the Api, for what belongs to one. */
  readonly about: string;
  readonly parameters: string;
  readonly resources: string;
  readonly words: string;
}

const longestQuery = 200;
const mostTerms = 12;
const mostHits = 500;

export function createSearch(): Search {
  const index = new MiniSearch<Entry>({
    fields: ['title', 'name', 'about', 'parameters', 'resources', 'words'],
    storeFields: ['kind', 'api', 'href', 'title', 'name'],
    tokenize: terms,
    processTerm: spelled,
    autoVacuum: { minDirtCount: 500, minDirtFactor: 0.2, batchSize: 200, batchWait: 10 },
    searchOptions: {
      boost: { title: 6, name: 4, resources: 3, parameters: 2, about: 1, words: 1 },
      prefix: (term) => term.length > 2,
      fuzzy: (term) => (term.length > 3 ? 0.25 : false),
      maxFuzzy: 2,
      weights: { fuzzy: 0.3, prefix: 0.5 },
      boostDocument: (_id, _term, stored) => (stored?.kind === 'api' ? 1.5 : 1),
    },
  });
  const byApi = new Map<string, readonly string[]>();
  const replace = async (
    owner: string,
    entries: readonly Entry[],
    chunkSize = 100,
  ): Promise<void> => {
    index.discardAll(byApi.get(owner) ?? []);
    byApi.set(
      owner,
      entries.map(({ id }) => id),
    );
    await index.addAllAsync(entries, { chunkSize });
  };
  return {
    find(text) {
      const query = queryOf(text);
      if (!query) return [];
      return index.search(query).slice(0, mostHits).map(hitOf);
    },
    suggest(text) {
      const [first] = index.autoSuggest(text.slice(0, longestQuery), {
        fuzzy: 0.45,
        combineWith: 'OR',
      });
      return first?.suggestion;
    },
    put: (api, read) => replace(api, read ? entriesOf(read) : []),
    putGuides: (guides) =>
      replace(
        ' guides',
        guides.map(({ path, title, text }) => ({
          ...{ ...nothing, id: path, kind: 'guide', api: '', href: path, title, words: text },
        })),
        1, // each is long
      ),
  };
}

const nothing = { name: '', about: '', parameters: '', resources: '', words: '' } as const;

function hitOf(found: SearchResult): Hit {
  const { kind, api, href, title, name } = found as SearchResult & Hit; // storeFields above
  return { kind, api, href, title, name };
}

/** Words that mean the same here. */
const synonyms: readonly (readonly string[])[] = [
  ['pds', 'demographics'],
  ['patient', 'person'],
  ['429', 'throttled'],
  ['jwks', 'key'],
  ['sds', 'directory'],
  ['ods', 'organization'],
  ['gp', 'practice'],
  ['mtls', 'certificate'],
];

function queryOf(text: string): Query | undefined {
  const words = [
    ...new Set(terms(text.slice(0, longestQuery)).flatMap((one) => spelled(one) ?? [])),
  ];
  if (words.length === 0) return undefined;
  const queries = words.slice(0, mostTerms).map((word) => {
    const same = synonyms.find((group) => group.includes(word)) ?? [word];
    return { combineWith: 'OR' as const, queries: [...same] };
  });
  return { combineWith: 'AND', queries };
}

/** Words, and the words within names: `searchPatients`, `address-postalcode`, `urn:nhs:names`. */
function terms(text: string): string[] {
  return text
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .split(/[^\p{L}\p{N}_]+/u)
    .filter((one) => one !== '' && one.length < 60);
}

const common = new Set([
  'a',
  'an',
  'and',
  'the',
  'of',
  'to',
  'for',
  'in',
  'or',
  'is',
  'by',
  'with',
]);

/** In lower case, and spelled the one way that we keep. */
function spelled(word: string): string | null {
  const lower = word.toLowerCase();
  if (common.has(lower)) return null;
  return lower
    .replace(/is(e|es|ed|er|ing|ation|ations)$/, 'iz$1')
    .replace(/our$/, 'or')
    .replace(/^centre/, 'center')
    .replace(/^licence/, 'license')
    .replace(/^programme/, 'program');
}

function entriesOf({ entry, document }: ReadEntry): readonly Entry[] {
  return [
    apiEntry(entry, document),
    ...(document ? operationEntries(entry, document) : []),
    ...interactionEntries(entry),
  ];
}

function apiEntry(entry: CatalogueEntry, document: OpenApiDocument | undefined): Entry {
  const { api, summary, access, standards, messages } = entry;
  const text = document ? JSON.stringify(document) : '';
  const names = new Map(registerOfStandards().map(({ id, name }) => [id, name]));
  return {
    ...nothing,
    id: api.id,
    kind: 'api',
    api: api.id,
    href: `/catalogue/${api.id}`,
    title: api.title,
    name: api.id,
    resources: [...resourcesIn(text), ...profilesIn(text)].join(' '),
    words: [
      ...[summary, api.description, api.owner, api.technology, messages?.introduction ?? ''],
      ...access.map((one) => accessWords[one].title),
      ...standards.map((id) => names.get(id) ?? id),
      ...tagsOf(document),
    ].join(' '),
  };
}

function tagsOf(document: OpenApiDocument | undefined): readonly string[] {
  const tags = document?.tags;
  if (!Array.isArray(tags)) return [];
  return tags.map((one: unknown) => textOf(objectOf(one).name) ?? '');
}

function operationEntries({ api }: CatalogueEntry, document: OpenApiDocument): readonly Entry[] {
  const summaries = operationSummaries(document);
  return operationsOf(document).flatMap(({ parameters }, at) => {
    const found = summaries[at];
    if (!found) return [];
    const { id, method, path, summary, tags } = found;
    return [
      {
        ...nothing,
        id: `${api.id} ${id}`,
        kind: 'operation',
        api: api.id,
        href: `/catalogue/${api.id}/operations/${id}`,
        title: summary === '' ? id : summary,
        name: `${method} ${path}`,
        about: api.title,
        parameters: parameters.map(({ name }) => String(name)).join(' '),
        resources: (path.match(/\/[A-Z][A-Za-z]{2,40}/g) ?? []).join(' '),
        words: `${id} ${tags.join(' ')}`,
      },
    ];
  });
}

function interactionEntries({ api, messages }: CatalogueEntry): readonly Entry[] {
  return (messages?.interactions ?? []).map((one) => ({
    ...nothing,
    id: `${api.id} interaction ${one.id}`,
    kind: 'interaction',
    api: api.id,
    href: `/catalogue/${api.id}/interactions/${one.id}`,
    title: one.title === '' ? one.name : one.title,
    name: one.name,
    about: api.title,
    parameters: one.fields.map(({ name }) => name).join(' '),
    words: `${one.group} ${one.pattern} ${one.facts.map(({ value }) => value).join(' ')}`,
  }));
}

/** Names of FHIR resources that a document speaks of. */
function resourcesIn(text: string): readonly string[] {
  const found = text.matchAll(
    /"resourceType":(?:\{[^{}]{0,300}"(?:enum|const|example)":\[?)?"([A-Z][A-Za-z]{2,40})"/g,
  );
  return [...new Set([...found].map(([, name = '']) => name))];
}

/** The last words of profiles, extensions and terminologies. */
function profilesIn(text: string): readonly string[] {
  const found = text.matchAll(
    /\/(?:StructureDefinition|CodeSystem|ValueSet)\/([A-Za-z0-9-]{2,100})/g,
  );
  return [...new Set([...found].map(([, name = '']) => name))].slice(0, 200);
}
