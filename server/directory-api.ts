/**
 * The Spine Directory in the management API: find, import, export. Owns who may, the limits, and that each entry written
 * is in the audit before the caller is told; the directory's own rules are spine/sds's.
 */
import { Readable } from 'node:stream';
import type { Exchange, Reply } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import type { Store } from '../core/store.ts';
import type { Directory, Entry, Scope } from '../spine/sds/directory.ts';
import { root } from '../spine/sds/directory-tree.ts';
import { readEntryLines, writeEntryLine } from '../spine/sds/entry-lines.ts';
import { parseFilter } from '../spine/sds/filter.ts';
import { planImport, runImport, type Lacking } from '../spine/sds/import-entries.ts';
import { readLdif } from '../spine/sds/ldif-read.ts';
import { ldifHead, writeLdif } from '../spine/sds/ldif-write.ts';
import { hintsFor } from '../spine/sds/search-hints.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import type { Addresses } from './addresses.ts';
import { environmentOf, json, type Act } from './catalogue/api-call.ts';
import type { Environment } from './catalogue/environments.ts';
import type { RouteFacts } from './catalogue/platform-routes-facts.ts';
import type { Ground } from './catalogue/records.ts';
import { must, type Actor } from './catalogue/roles.ts';
import { entered, refusalsEntered } from './catalogue/systems/deeds.ts';
import type { Config } from './config.ts';
import { directoryView } from './directory-views.ts';
import { ldapEnvironment } from './ldap-listeners-parts.ts';
import { odsFhirBase } from './ods-proxies.ts';
import { sdsBase } from './sds-proxies.ts';

export interface DirectoryApiOptions extends Ground {
  readonly store: Store;
  readonly addresses: Addresses;
  /** The environment that is meant where none is named. */
  readonly standard: Environment;
  /** The address of the LDAP face, where it serves this environment: `ldap://localhost:1389`. */
  readonly ldap: (environment: Environment) => string | undefined;
}

export interface DirectoryApi {
  readonly acts: Readonly<Record<string, Act>>;
  readonly facts: Readonly<Record<string, RouteFacts>>;
}

export function openDirectoryApi(options: DirectoryApiOptions): DirectoryApi {
  const directory = openDirectory(options.store);
  return {
    acts: {
      'GET /directory/entries': (actor, x) => find(options, directory, actor, x),
      'POST /directory/import': (actor, x) => importEntries(options, directory, actor, x),
      'GET /directory/export': (actor, x) => exportEntries(options, directory, actor, x),
    },
    facts,
  };
}

/** Where the directory is asked over LDAP, for an environment that it serves. */
export function ldapAddressOf(config: Config, addresses: Addresses): DirectoryApiOptions['ldap'] {
  return (environment) =>
    ldapEnvironment(config) === environment && config.ldapPort !== 0
      ? `ldap://${new URL(addresses.root).hostname}:${config.ldapPort}`
      : undefined;
}

const text = { type: 'string' };
const flag = { enum: ['true', 'false'] };
const mediaTypes = { ldif: 'text/x-ldif', json: 'application/x-ndjson' } as const;

const facts: Readonly<Record<string, RouteFacts>> = {
  'GET /directory/entries': {
    summary: 'Finds entries of the Spine Directory by an LDAP filter, each with how to find it',
    rights: ['api.read'],
    query: {
      ...{ filter: text, base: text, scope: { enum: ['base', 'one', 'sub'] }, environment: text },
      limit: { type: 'integer', minimum: 1, maximum: 200 },
    },
  },
  'POST /directory/import': {
    summary: 'Puts entries into the Spine Directory; all or, when a line is wrong, none',
    rights: ['app.agree'],
    media: Object.values(mediaTypes),
    query: { environment: text, replace: flag, check: flag, lenient: flag },
  },
  'GET /directory/export': {
    summary: 'Gives the Spine Directory as LDIF or as JSON lines',
    rights: ['api.read'],
    query: { environment: text, format: { enum: ['ldif', 'json'] } },
  },
};

/** Milliseconds that a search may take. */
const longestSearch = 5_000;
const bodyLimit = 64 * 1024 * 1024;

async function find(
  options: DirectoryApiOptions,
  directory: Directory,
  actor: Actor,
  x: Exchange,
): Promise<Reply> {
  must(actor, 'api.read');
  const environment = environmentIn(x) ?? options.standard;
  const limit = limitIn(x);
  const end = options.clock.now() + longestSearch;
  const items: object[] = [];
  const found = directory.in(directoryView(environment)).search({
    base: x.query.get('base') ?? root,
    scope: scopeIn(x),
    filter: parseFilter(x.query.get('filter') ?? '(objectClass=*)'),
    goOn: () => {
      if (options.clock.now() > end || x.signal.aborted)
        throw new Problem('timeout', 'The search takes too long: name an ODS code or an id');
    },
  });
  for await (const entry of found) {
    if (items.length === limit) return json(200, { items, more: true });
    items.push({ ...entry, find: told(options, environment, entry) });
  }
  return json(200, { items, more: false });
}

/** The calls that find an entry, ready to be pasted. */
function told(
  { addresses, ldap }: DirectoryApiOptions,
  environment: Environment,
  entry: Entry,
): object {
  const { base, filter, fhir, odsCode, sspTo } = hintsFor(entry);
  const url = ldap(environment);
  return {
    filter,
    ...(url === undefined ? {} : { ldap: `ldapsearch -x -H ${url} -b "${base}" "${filter}"` }),
    ...(fhir === undefined ? {} : { fhir: addresses.of(environment, sdsBase + fhir) }),
    ...(odsCode === undefined
      ? {}
      : { ods: addresses.of(environment, `${odsFhirBase}/Organization/${odsCode}`) }),
    ...(sspTo === undefined ? {} : { sspTo }),
  };
}

async function importEntries(
  options: DirectoryApiOptions,
  directory: Directory,
  actor: Actor,
  x: Exchange,
): Promise<Reply> {
  const environment = environmentIn(x);
  const deed = { actor, action: 'directory.import', ...(environment ? { environment } : {}) };
  // Entries give ASIDs, party keys and addresses: what is given by agreement and never taken.
  await refusalsEntered(options, deed, '', () => {
    must(actor, 'app.agree');
  });
  const view = directory.in(environment === undefined ? '' : directoryView(environment));
  const read = formatOf(x) === 'ldif' ? readLdif : readEntryLines;
  const wants = (name: string) => x.query.get(name) === 'true';
  const terms = { replace: wants('replace'), lenient: wants('lenient') };
  const plan = await planImport(view, read(limited(x.body.stream())), terms);
  const counts = {
    ...{ added: plan.add.length, replaced: plan.replace.length, same: plan.same },
    ...(terms.lenient ? { lacking: lackingIn(plan.lacking) } : {}),
  };
  if (wants('check')) return json(200, { ...counts, checked: true });
  await runImport(plan, (how, entry) =>
    entered(options, { ...deed, action: `directory.${how}` }, entry.dn.slice(0, 200), () =>
      view[how](entry, actor.id, terms),
    ),
  );
  return json(200, counts);
}

/** So many entries that lack something are named; all are counted. */
const mostLacking = 100;

/** How many entries are not whole, how many lack which attribute, and the first of them. */
function lackingIn(lacking: readonly Lacking[]): object {
  const attributes: Record<string, number> = {};
  for (const one of lacking)
    for (const name of one.attributes) attributes[name] = (attributes[name] ?? 0) + 1;
  return { entries: lacking.length, attributes, first: lacking.slice(0, mostLacking) };
}

/** @throws Problem `unsupported` */
function formatOf({ headers }: Exchange): 'ldif' | 'json' {
  const type = ((headers['content-type'] ?? '').split(';', 1)[0] ?? '').trim().toLowerCase();
  if (type === mediaTypes.ldif) return 'ldif';
  if (type === mediaTypes.json) return 'json';
  throw new Problem(
    'unsupported',
    `The entries must be sent as ${mediaTypes.ldif} or ${mediaTypes.json}`,
  );
}

async function* limited(stream: Readable): AsyncIterable<Uint8Array> {
  let bytes = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    bytes += piece.length; // a body's stream gives bytes
    if (bytes > bodyLimit)
      throw new Problem('too-large', `An import is at most ${bodyLimit / 1024 / 1024} MiB`);
    yield piece;
  }
}

function exportEntries(
  { standard }: DirectoryApiOptions,
  directory: Directory,
  actor: Actor,
  x: Exchange,
): Promise<Reply> {
  must(actor, 'api.read');
  const format = x.query.get('format') ?? 'ldif';
  if (format !== 'ldif' && format !== 'json')
    throw new Problem('invalid', 'The format is ldif or json');
  const view = directory.in(directoryView(environmentIn(x) ?? standard));
  return Promise.resolve({
    status: 200,
    headers: {
      'content-type': `${mediaTypes[format]}; charset=utf-8`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    body: Readable.from(written(view, format), { objectMode: false }),
  });
}

/** Texts of some size, so that few pieces are sent. */
async function* written(directory: Directory, format: 'ldif' | 'json'): AsyncIterable<string> {
  const write = format === 'ldif' ? writeLdif : writeEntryLine;
  let piece = format === 'ldif' ? ldifHead : '';
  const filter = parseFilter('(objectClass=*)');
  for await (const entry of directory.search({ base: root, scope: 'sub', filter })) {
    piece += write(entry);
    if (piece.length < 64 * 1024) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

function environmentIn({ query }: Exchange): Environment | undefined {
  const name = query.get('environment');
  return name === null ? undefined : environmentOf(name, 'invalid');
}

function scopeIn({ query }: Exchange): Scope {
  const scope = query.get('scope') ?? 'sub';
  if (scope === 'base' || scope === 'one' || scope === 'sub') return scope;
  throw new Problem('invalid', 'The scope is base, one or sub');
}

function limitIn({ query }: Exchange): number {
  const limit = Number(query.get('limit') ?? 20);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 200) return limit;
  throw new Problem('invalid', 'The limit is 1 to 200');
}
