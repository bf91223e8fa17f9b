/**
 * `npm run bench`: what the server does beside bare node:http sending the same bytes, in the same run.
 * Prints a table of ratios and processor time a request; asserts nothing. Data sets are made once under var/bench.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createContext, person } from '../fhir/synthetic/person.ts';
import { loadSources } from '../fhir/synthetic/sources.ts';
import { catalogueOf } from './catalogue.ts';
import { overload, passingOn } from './gateway.ts';
import { cycles, fullInbox, longBody } from './mesh.ts';
import { attachments, conversations, throughBackEnd, translation } from './messaging.ts';
import { directorySearches } from './ldap.ts';
import { compare, type Contender, type Load, type Result } from './rounds.ts';
import {
  cpuSeconds,
  gatehouse,
  memory,
  record,
  startBare,
  startGatehouse,
  type Running,
} from './servers.ts';
import { issuing, lookingUp, reading } from './tokens.ts';
import { updateBody, updateFor } from './writers.ts';

const usage = `Usage: npm run bench -- [--only read,search,fuzzy,workspace,patch,token,protected,lookup,gateway,overload,ldap,mutual-tls,certificates,translation,through,attachments,conversations,mesh,catalogue,size] [--small N] [--large N] [--entries N,N] [--seconds S] [--rounds R]

  --only      the parts to measure (default: all)
  --small     people in the small data set (default 100000)
  --large     people in the large data set (default 900000)
  --entries   entries in the directories of ldap (default 10000,1000000)
  --seconds   length of a round (default 5)
  --rounds    rounds, of which the best counts (default 5)
  --mesh-sandbox URL  another server of MESH to send the same to, in turn, by the part mesh (default none)
`;

const parts = [
  'read',
  'search',
  'fuzzy',
  'workspace',
  'patch',
  'token',
  'protected',
  'lookup',
  'gateway',
  'overload',
  'ldap',
  'mutual-tls',
  'certificates',
  'translation',
  'through',
  'attachments',
  'conversations',
  'mesh',
  'catalogue',
  'size',
] as const;
/** What needs no data set of people. */
const ownData: ReadonlySet<string> = new Set([
  ...['gateway', 'overload', 'ldap', 'mutual-tls', 'certificates'],
  ...['translation', 'through', 'attachments', 'conversations', 'mesh', 'catalogue'],
]);
const base = '/personal-demographics/FHIR/R4';
const folder = join(import.meta.dirname, '..', 'var', 'bench');
const headers = { 'x-request-id': '60e0b220-8136-4ca5-ae46-1d97ef59d068' };
const seed = 7;
const context = createContext(loadSources(join(import.meta.dirname, '..', 'fixtures')));

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: parts.join(',') },
    small: { type: 'string', default: '100000' },
    large: { type: 'string', default: '900000' },
    entries: { type: 'string', default: '10000,1000000' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '5' },
    'mesh-sandbox': { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(usage);
else await main();

async function main() {
  const wanted = new Set(values.only.split(','));
  const load: Load = {
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    connections: 32,
  };
  const [small, large] = [Number(values.small), Number(values.large)];
  const entries = values.entries.split(',').map(Number);
  mkdirSync(folder, { recursive: true });
  const twoSizes = ['search', 'fuzzy', 'size'].some((part) => wanted.has(part));
  const withoutPeople = [...wanted].every((part) => ownData.has(part));
  if (!withoutPeople) await dataSet(small);
  if (twoSizes) await dataSet(large);

  if (wanted.has('read')) print('GET /Patient/{id}', await reads(small, load));
  if (wanted.has('search'))
    print('Search by family and birth date', await sizes(small, large, exact, load));
  if (wanted.has('fuzzy')) print('Fuzzy search', await sizes(small, large, fuzzy, load));
  if (wanted.has('workspace'))
    print('Search in a workspace with 1,000 changes', await workspaces(small, load));
  if (wanted.has('patch')) {
    print('PATCH, 32 writers', await patches(small, load, '0'));
    print(
      'PATCH, 32 writers, each sync of the store delayed to 5 ms',
      await patches(small, load, '5'),
    );
  }
  if (wanted.has('token'))
    print('POST /oauth2/token, RS512 with a key of 2048 bits', await issuing(dataDir(small), load));
  if (wanted.has('protected'))
    print('GET /Patient/{id} with and without a token', await withPaths(small, load, reading));
  if (wanted.has('lookup'))
    print('GET /Patient/{id} with many tokens', await withPaths(small, load, lookingUp));
  if (wanted.has('gateway'))
    print('A call passed on, 4 KB answered', await passingOn(folder, load));
  if (wanted.has('overload'))
    process.stdout.write(`\nOverload, three times the most: ${await overload(folder, load)}\n`);
  if (wanted.has('ldap'))
    print(
      'Equality search of the directory over LDAP',
      await directorySearches(folder, entries, load),
    );
  if (wanted.has('mutual-tls'))
    await script('mutual-tls.ts', ['--seconds', values.seconds, '--rounds', values.rounds]);
  if (wanted.has('certificates')) await script('certificates.ts');
  if (wanted.has('translation')) tell('A record between HL7 V3 and FHIR', await translation());
  if (wanted.has('through'))
    print('FHIR reads through a back end that speaks HL7 V3', await throughBackEnd(load));
  if (wanted.has('attachments'))
    tell('Attachments', [await attachments(4.9, 1), await attachments(4.9, 10)]);
  if (wanted.has('mesh'))
    tell('MESH', [
      ...(await cycles(load.seconds, load.rounds, values['mesh-sandbox'])),
      ...(await longBody(100)),
      ...(await fullInbox([1_000, 1_000_000])),
    ]);
  if (wanted.has('catalogue')) tell('The catalogue of the hub', await catalogueOf(500));
  if (wanted.has('conversations'))
    print('Queries taken by the asynchronous face', await conversations(100_000, load));
  if (wanted.has('size')) await printSize(large);
}

/** A part in a process of its own, which prints what it finds: it loads itself as it measures. */
async function script(name: string, args: readonly string[] = []): Promise<void> {
  const file = join(import.meta.dirname, name);
  const child = spawn(process.execPath, ['--import=tsx', file, ...args], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null]; // as the event is documented
  if (code !== 0) throw new Error(`bench/${name} ended with ${String(code)}`);
}

function tell(title: string, lines: readonly string[]): void {
  process.stdout.write(`\n${title}\n${lines.join('\n')}\n`);
}

function withPaths(count: number, load: Load, measure: typeof reading): Promise<Result[]> {
  const paths = sample(count, 2_000).map((n) => `${base}/Patient/${numberOf(n)}`);
  return measure(dataDir(count), paths, headers, load);
}

// ---- the measurements ----

async function reads(count: number, load: Load): Promise<Result[]> {
  const paths = sample(count, 2_000).map((n) => `${base}/Patient/${numberOf(n)}`);
  return withServers(count, paths, async (ours, bare) =>
    compare(
      [
        { name: 'bare node:http', server: bare, requests: gets(paths) },
        { name: 'gatehouse', server: ours, requests: gets(paths) },
      ],
      load,
    ),
  );
}

async function sizes(
  small: number,
  large: number,
  query: (n: number) => string,
  load: Load,
): Promise<Result[]> {
  const contenders: Contender[] = [];
  const running: Running[] = [];
  for (const count of [small, large]) {
    const server = await startGatehouse(dataDir(count));
    running.push(server);
    const paths = sample(count, 2_000).map((n) => `${base}/Patient?${query(n)}`);
    contenders.push({ name: `${count} patients`, server, requests: gets(paths) });
  }
  const results = await compare(contenders, load);
  for (const server of running) await server.stop();
  return results;
}

async function workspaces(count: number, load: Load): Promise<Result[]> {
  const server = await startGatehouse(dataDir(count));
  const made = await fetch(`${server.url}/_sandbox/workspaces`, { method: 'POST' });
  const { id } = (await made.json()) as { id: string };
  const inIt = { ...headers, 'x-gatehouse-workspace': id };
  for (const n of sample(count, 1_000)) await change(server.url, numberOf(n), inIt);
  const paths = sample(count, 2_000).map((n) => `${base}/Patient?${exact(n)}`);
  const results = await compare(
    [
      { name: 'base', server, requests: gets(paths) },
      { name: 'workspace', server, requests: gets(paths, inIt) },
    ],
    load,
  );
  await fetch(`${server.url}/_sandbox/workspaces/${id}`, { method: 'DELETE' });
  await server.stop();
  return results;
}

/** Each writer changes a record of its own, again and again, with the version it was answered before. */
async function patches(count: number, load: Load, syncDelay: string): Promise<Result[]> {
  const server = await startGatehouse(dataDir(count), { STORE_SYNC_DELAY_MS: syncDelay });
  const people = sample(count, 4_000).map(numberOf);
  const results: Result[] = [];
  for (let round = 0; round < load.rounds; round++) {
    const writers = Array.from({ length: load.connections }, (_, i) => ({
      url: server.url,
      path: `${base}/Patient/${people[(round * load.connections + i) % people.length] ?? ''}`,
    }));
    const cpu = cpuSeconds(server.pid);
    const { times, failed, seconds } = await updateFor(load.seconds, writers);
    times.sort((a, b) => a - b);
    process.stderr.write(
      `  round ${round + 1}/${load.rounds}: ${Math.round(times.length / seconds)}/s\n`,
    );
    results.push({
      name: 'gatehouse',
      perSecond: times.length / seconds,
      p50: times[Math.floor(times.length * 0.5)] ?? 0,
      p99: times[Math.floor(times.length * 0.99)] ?? 0,
      cpu: ((cpuSeconds(server.pid) - cpu) / times.length) * 1e6,
      failed,
    });
  }
  await server.stop();
  results.sort((a, b) => b.perSecond - a.perSecond);
  return results.slice(0, 1);
}

async function printSize(count: number) {
  const server = await startGatehouse(dataDir(count));
  const paths = sample(count, 500);
  for (const n of paths) {
    await (await fetch(`${server.url}${base}/Patient/${numberOf(n)}`, { headers })).arrayBuffer();
    await (await fetch(`${server.url}${base}/Patient?${exact(n)}`, { headers })).arrayBuffer();
  }
  const { resident, anonymous } = memory(server.pid);
  await server.stop();
  process.stdout.write(
    `\n${count} patients: start ${(server.startedIn / 1000).toFixed(1)} s, disk ${mib(bytesBelow(dataDir(count)))} MiB, resident ${Math.round(resident)} MiB, of it anonymous ${Math.round(anonymous)} MiB\n`,
  );
}

// ---- data and requests ----

async function dataSet(count: number) {
  const dir = dataDir(count);
  if (existsSync(join(dir, 'loaded'))) return;
  await rm(dir, { recursive: true, force: true });
  const file = join(folder, `${count}.ndjson`);
  const times = [performance.now()];
  await gatehouse('patients', '--count', String(count), '--seed', String(seed), '--out', file);
  times.push(performance.now());
  await gatehouse('load', file, '--data-dir', dir);
  times.push(performance.now());
  const [began = 0, made = 0, loaded = 0] = times;
  process.stdout.write(
    `\n${count} patients: made in ${((made - began) / 1000).toFixed(1)} s, loaded in ${((loaded - made) / 1000).toFixed(1)} s\n`,
  );
  await rm(file);
  mkdirSync(join(dir, 'loaded'));
}

function dataDir(count: number): string {
  return join(folder, String(count));
}

/** Numbers of people spread over the whole data set, the same in each run. */
function sample(count: number, size: number): number[] {
  const step = Math.max(1, Math.floor(count / size));
  return Array.from({ length: Math.min(size, count) }, (_, i) => i * step).filter((n) => {
    const { patient, behind } = person(n, seed, context);
    return patient.meta.security[0].code === 'U' && behind.supersededBy === undefined;
  });
}

function numberOf(n: number): string {
  return person(n, seed, context).patient.id;
}

function exact(n: number): string {
  const { patient } = person(n, seed, context);
  const family = patient.name?.find(({ use }) => use === 'usual')?.family ?? 'Smith';
  return new URLSearchParams({ family, birthdate: fullDate(patient.birthDate) }).toString();
}

function fuzzy(n: number): string {
  const { patient } = person(n, seed, context);
  const name = patient.name?.find(({ use }) => use === 'usual');
  return new URLSearchParams({
    '_fuzzy-match': 'true',
    family: name?.family ?? 'Smith',
    given: name?.given?.[0] ?? 'John',
    birthdate: fullDate(patient.birthDate),
  }).toString();
}

function fullDate(date = '1970-01-01'): string {
  return date.length === 10 ? date : `${date}-01-01`.slice(0, 10);
}

function gets(paths: readonly string[], fields: Record<string, string> = headers) {
  return paths.map((path) => ({ method: 'GET' as const, path, headers: fields }));
}

function versionIn(response: Response): string {
  return response.headers.get('etag') ?? '';
}

async function change(url: string, nhsNumber: string, fields: Record<string, string>) {
  const read = await fetch(`${url}${base}/Patient/${nhsNumber}`, { headers: fields });
  await read.arrayBuffer();
  const version = versionIn(read);
  const answer = await fetch(`${url}${base}/Patient/${nhsNumber}`, {
    method: 'PATCH',
    headers: { ...fields, 'if-match': version, 'content-type': 'application/json-patch+json' },
    body: updateBody(version),
  });
  await answer.arrayBuffer();
}

async function withServers(
  count: number,
  paths: readonly string[],
  measure: (ours: Running, bare: Running) => Promise<Result[]>,
): Promise<Result[]> {
  const ours = await startGatehouse(dataDir(count));
  const recorded = join(folder, 'recorded.json');
  await record(ours.url, paths, { headers }, recorded);
  const bare = await startBare(recorded);
  const results = await measure(ours, bare);
  await ours.stop();
  await bare.stop();
  return results;
}

// ---- the report ----

/** Ratios are against the first row. */
function print(title: string, results: readonly Result[]) {
  const [first] = results;
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const lines = results.map((result) =>
    row([
      result.name,
      Math.round(result.perSecond).toString(),
      (result.perSecond / (first?.perSecond ?? 1)).toFixed(2),
      result.p50.toFixed(2),
      result.p99.toFixed(2),
      (result.p99 / (first?.p99 ?? 1)).toFixed(2),
      result.cpu.toFixed(1),
      result.failed.toString(),
    ]),
  );
  process.stdout.write(
    [
      `\n${title}`,
      row(['', 'a second', 'ratio', 'p50 ms', 'p99 ms', 'p99 ratio', 'CPU µs', 'failed']),
      row(['---', '---', '---', '---', '---', '---', '---', '---']),
      ...lines,
      '',
    ].join('\n'),
  );
}

function bytesBelow(dir: string): number {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
