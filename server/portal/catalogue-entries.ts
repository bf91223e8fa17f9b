/**
 * The catalogue as its readers see it: each Api with what runs where, how it may be called, which standards it uses, and what
 * documents it. Read once, kept in memory, read again where something changed. Owns that view; searching is search.ts's.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Collection, Store } from '../../core/store.ts';
import { specificationCollection, type Api, type Specification } from '../catalogue/apis.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { environments, type Environment } from '../catalogue/environments.ts';
import {
  isObject,
  listOf,
  objectOf,
  textOf,
  asDocument,
  type OpenApiDocument,
} from '../catalogue/openapi/document.ts';
import {
  revisionCollection,
  revisionId,
  type BackendDefinition,
  type PolicyUse,
  type Proxy,
} from '../catalogue/proxies.ts';
import type { MessageDocumentation } from './api-messages.ts';
import { accessOf, accessPatterns, type Access, type AccessPattern } from './catalogue-access.ts';
import { firstParagraph } from './markdown.ts';
import { standardsOf } from './standards.ts';

/** An Api as the catalogue shows it. */
export interface CatalogueEntry {
  readonly api: Api;
  /** In plain words, from the document or the catalogue; may be empty. */
  readonly summary: string;
  /** The version that the published document states. */
  readonly version?: string;
  readonly places: readonly Place[];
  /** Those it runs in, in their usual order. */
  readonly environments: readonly Environment[];
  /** Of all environments together. */
  readonly access: readonly AccessPattern[];
  /** `platform`: reached through this platform; `listed`: an entry only. */
  readonly hosting: 'platform' | 'listed';
  /** Ids of the register of standards. */
  readonly standards: readonly string[];
  readonly documented: 'openapi' | 'messages' | 'no';
  readonly messages?: MessageDocumentation;
}

/** Where an Api runs: a Proxy that serves. */
export interface Place extends Access {
  readonly proxy: Proxy;
  readonly environment: Environment;
  /** Its path below the address of the environment. */
  readonly base: string;
  /** Where its answers come from. */
  readonly backEnd: BackEnd;
  /** From where it can be reached, as its policies say. */
  readonly network: Network;
}

export type Network = 'internet' | 'hscn' | 'both';

export type BackEnd = 'here' | 'examples' | 'provider' | 'directory';

/** A document of an Api as it was published or deployed. */
export interface Version {
  /** `1.2.0-0a1b2c3d`: what the document says, and the beginning of its id, so it names the same text for ever. */
  readonly name: string;
  /** What the document says. */
  readonly version: string;
  /** The id of the document. */
  readonly id: string;
  readonly created: number;
  /** Whether it is the one that is published now. */
  readonly current: boolean;
}

export interface CatalogueEntries {
  /** All, by title. */
  all(): Promise<readonly CatalogueEntry[]>;
  one(api: string): Promise<CatalogueEntry | undefined>;
  /** A document by its id: as published, without what tells how to deploy it. Undefined where none can be shown. */
  document(id: string): Promise<OpenApiDocument | undefined>;
  /** Newest first. */
  versions(api: Api): Promise<readonly Version[]>;
  /** Calls back for each Api that was read (again), or is there no more. */
  onRead(fn: Reader): void;
}

/** Resolves when it has taken in what was read. */
type Reader = (api: string, read: ReadEntry | undefined) => Promise<void>;

export interface ReadEntry {
  readonly entry: CatalogueEntry;
  readonly document: OpenApiDocument | undefined;
}

export interface EntriesOptions {
  readonly store: Store;
  readonly catalogue: Catalogue;
  messages(api: string): MessageDocumentation | undefined;
}

export function openCatalogueEntries(options: EntriesOptions): CatalogueEntries {
  const { store, catalogue } = options;
  const specifications = store.open(specificationCollection);
  const revisions = store.open(revisionCollection);
  const entries = new Map<string, CatalogueEntry>();
  const versions = new Map<string, readonly Omit<Version, 'current'>[]>();
  const readers: Reader[] = [];
  let sorted: readonly CatalogueEntry[] | undefined;
  let changed: Set<string> | undefined; // undefined: nothing was read yet
  let working: Promise<void> = Promise.resolve();
  catalogue.onChange((what, id) => {
    const api = what === 'api' ? id : what === 'proxy' ? catalogue.proxy(id)?.api : undefined;
    if (api !== undefined) changed?.add(api);
    else if (what === 'proxy') changed = undefined; // it is gone, and with it whose it was
  });

  const documents = createDocuments(async (id) => (await specifications.get(id))?.value);

  const placeOf = async (proxy: Proxy): Promise<readonly Place[]> => {
    const revision = await revisions.get(revisionId(proxy.id, proxy.active));
    if (!revision) return [];
    const { base, policies, backend } = revision.value.definition;
    const { environment } = proxy;
    const ends = { backEnd: backEndOf(backend), network: networkOf(policies) };
    return [{ proxy, environment, base, ...ends, ...accessOf(policies) }];
  };

  const read = async (id: string, proxies: readonly Proxy[]): Promise<ReadEntry | undefined> => {
    const api = catalogue.api(id);
    if (!api) return undefined;
    const places = (await Promise.all(proxies.filter(serves).map(placeOf))).flat();
    const document =
      api.specification === undefined ? undefined : await documents.get(api.specification);
    return { entry: entryOf(api, places, document, options.messages(id)), document };
  };

  const refresh = async (): Promise<void> => {
    const wanted = changed ?? new Set([...catalogue.apis()].map(({ id }) => id));
    const gone = changed ? [] : [...entries.keys()].filter((id) => !wanted.has(id));
    changed = new Set();
    if (wanted.size + gone.length === 0) return;
    const proxies = new Map<string, Proxy[]>();
    for (const one of catalogue.proxies())
      proxies.set(one.api, [...(proxies.get(one.api) ?? []), one]);
    for (const id of [...wanted, ...gone]) {
      const found = await read(id, proxies.get(id) ?? []);
      if (found) entries.set(id, found.entry);
      else entries.delete(id);
      sorted = undefined;
      versions.delete(id);
      for (const fn of readers) await fn(id, found);
      await turn(); // documents are long: others go on meanwhile
    }
  };

  const upToDate = (): Promise<void> => {
    if (changed?.size === 0) return working;
    working = working.then(refresh).catch((error: unknown) => {
      changed = undefined; // all again at the next question
      throw error;
    });
    const now = working;
    working = now.catch(() => undefined);
    return now;
  };

  return {
    async all() {
      await upToDate();
      sorted ??= [...entries.values()].sort((a, b) => a.api.title.localeCompare(b.api.title));
      return sorted;
    },
    async one(api) {
      await upToDate();
      return entries.get(api);
    },
    document: (id) => documents.get(id),
    async versions({ id, specification }) {
      await upToDate();
      let known = versions.get(id);
      if (!known) versions.set(id, (known = await readVersions(specifications, id)));
      return known
        .map((one) => ({ ...one, current: one.id === specification }))
        .sort((a, b) => Number(b.current) - Number(a.current) || b.created - a.created);
    },
    onRead(fn) {
      readers.push(fn);
    },
  };
}

/** At most so many are listed, the others stay where they are. */
const mostVersions = 60;

async function readVersions(
  specifications: Collection<Specification>,
  api: string,
): Promise<readonly Omit<Version, 'current'>[]> {
  const found: Omit<Version, 'current'>[] = [];
  let after: string | undefined;
  do {
    const more = after === undefined ? {} : { after };
    const page = await specifications.find({ index: 'api', equals: [api], limit: 4, ...more });
    for (const { id, value } of page.items) found.push(versionOf(id, value));
    after = page.next;
    await turn();
  } while (after !== undefined && found.length < mostVersions);
  return found;
}

function serves({ state }: Proxy): boolean {
  return state === 'deployed' || state === 'deprecated';
}

function backEndOf({ kind }: BackendDefinition): BackEnd {
  if (kind === 'service') return 'here';
  if (kind === 'mock') return 'examples';
  return kind === 'http' ? 'provider' : 'directory';
}

/** What the policy `network` lets in; a part of the calls may be narrower (`when`), which is not told here. */
function networkOf(policies: readonly PolicyUse[]): Network {
  const found = policies.find(({ policy, when }) => policy === 'network' && when === undefined);
  const exposure = found?.config?.exposure;
  return exposure === 'internet' || exposure === 'hscn' ? exposure : 'both';
}

function entryOf(
  api: Api,
  places: readonly Place[],
  document: OpenApiDocument | undefined,
  messages: MessageDocumentation | undefined,
): CatalogueEntry {
  const found = new Set(places.flatMap(({ patterns }) => patterns));
  const access = accessPatterns.filter((one) => found.has(one));
  const version = textOf(document?.info.version);
  const { technology } = api;
  const text = document ? JSON.stringify(document) : '';
  return {
    api,
    summary: summaryOf(api, document),
    ...(version === undefined ? {} : { version }),
    places,
    environments: environments.filter((one) => places.some((place) => place.environment === one)),
    access,
    hosting: places.length > 0 ? 'platform' : 'listed',
    standards: standardsOf({ technology, access, text, told: messages?.standards ?? [] }),
    documented: document ? 'openapi' : messages ? 'messages' : 'no',
    ...(messages ? { messages } : {}),
  };
}

/** What the producer says of it, shortest first; nothing is made up. */
function summaryOf({ description }: Api, document: OpenApiDocument | undefined): string {
  const told = [textOf(document?.info.summary), description, textOf(document?.info.description)];
  return firstParagraph(told.find((one) => one !== undefined && one.trim() !== '') ?? '');
}

function versionOf(id: string, { created, text }: Specification): Omit<Version, 'current'> {
  const version = textOf(parsed(text)?.info.version) ?? '0';
  const safe = version.replace(/[^A-Za-z0-9._]+/g, '-').slice(0, 40);
  return { name: `${safe}-${id.slice(0, 8)}`, version, id, created };
}

/** Characters of documents that are kept parsed. */
const kept = 8_000_000;
/** Longer ones than are ever taken in: shown by nobody, whoever put them there. */
const longest = 4_000_000;

/** Documents by id, those asked for last kept parsed. They never change. */
function createDocuments(load: (id: string) => Promise<Specification | undefined>) {
  const held = new Map<string, { readonly document: OpenApiDocument; readonly size: number }>();
  let size = 0;
  return {
    async get(id: string): Promise<OpenApiDocument | undefined> {
      const known = held.get(id);
      if (known) {
        held.delete(id);
        held.set(id, known);
        return known.document;
      }
      const text = (await load(id))?.text ?? '';
      const document = text.length > longest ? undefined : parsed(text);
      if (!document || held.has(id)) return document;
      held.set(id, { document, size: text.length });
      size += text.length;
      for (const [oldest, one] of held) {
        if (size <= kept || oldest === id) break;
        held.delete(oldest);
        size -= one.size;
      }
      return document;
    },
  };
}

const deployment = new Set(['x-gatehouse', 'x-nhsd-apim']);

/** The document of a text, without what tells how to deploy it. */
function parsed(text: string): OpenApiDocument | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return undefined;
    const { info, servers } = value;
    return asDocument({
      ...Object.fromEntries(Object.entries(value).filter(([name]) => !deployment.has(name))),
      ...{ info: objectOf(info), servers: listOf(servers) },
    });
  } catch {
    return undefined;
  }
}
