/** What the gateway costs: passing calls on beside bare node:http with undici and nginx, alone, guarded and with 1,000 proxies. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openFamilies } from '../server/auth/families.ts';
import { apiCollection, type Api } from '../server/catalogue/apis.ts';
import type { Environment } from '../server/catalogue/environments.ts';
import { productCollection, subscriptionCollection } from '../server/catalogue/products.ts';
import {
  proxyCollection,
  proxyId,
  revisionCollection,
  revisionId,
  type PolicyUse,
} from '../server/catalogue/proxies.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../server/store/embedded.ts';
import { compare, type Contender, type Load, type Result } from './rounds.ts';
import {
  startBareProxy,
  startGatehouse,
  startNginx,
  startOrigin,
  type Running,
} from './servers.ts';

const environment: Environment = 'uat';
const open: readonly PolicyUse[] = [{ policy: 'open' }];
const guarded: readonly PolicyUse[] = [
  { policy: 'request-ids' },
  { policy: 'token', config: { realm: 'bench' } },
  { policy: 'subscription' },
  { policy: 'quota', config: { limit: 100_000_000, interval: 1, unit: 'minute', by: 'app' } },
  { policy: 'spike-arrest', config: { rate: 10_000_000, per: 'minute', by: 'proxy' } },
];
const headers = { 'x-request-id': '60e0b220-8136-4ca5-ae46-1d97ef59d068' };

/** Calls passed on: bare, nginx, ours with no checks, ours with token, subscription, limits and audit, ours among 1,000 proxies. */
export async function passingOn(folder: string, load: Load): Promise<Result[]> {
  const origin = await startOrigin();
  const [few, many] = [join(folder, 'gateway'), join(folder, 'gateway-1000')];
  const token = await catalogueFor(few, origin.url, 0);
  await catalogueFor(many, origin.url, 1_000);
  const bare = await startBareProxy(origin.url);
  const nginx = await startNginx(origin.url, few);
  const ours = await startGatehouse(few);
  const among = await startGatehouse(many);
  const withToken = { ...headers, authorization: `Bearer ${token}` };
  const contenders: Contender[] = [
    { name: 'bare node:http and undici', server: bare, requests: gets('/item', headers) },
    ...(nginx ? [{ name: 'nginx', server: nginx, requests: gets('/item', headers) }] : []),
    { name: 'gatehouse, no checks', server: ours, requests: gets('/env/uat/bench/item', headers) },
    {
      name: 'gatehouse, token to audit',
      server: ours,
      requests: gets('/env/uat/bench-guarded/item', withToken),
    },
    {
      name: 'gatehouse, one of 1,000',
      server: among,
      requests: gets('/env/uat/bench/item', headers),
    },
  ];
  const results = await compare(contenders, load);
  for (const server of [ours, among, bare, nginx, origin]) await server?.stop();
  return results;
}

/** Three times the calls that can be answered: how long those taken and those turned away wait. */
export async function overload(folder: string, load: Load): Promise<string> {
  const origin = await startOrigin();
  const dir = join(folder, 'gateway');
  await catalogueFor(dir, origin.url, 0);
  const ours = await startGatehouse(dir);
  const request = gets('/env/uat/bench/item', headers);
  const [most] = await compare([{ name: 'most', server: ours, requests: request }], load);
  const rate = Math.round((most?.perSecond ?? 1_000) * 3);
  const told = await flood(ours, rate, load.seconds * 2);
  await ours.stop();
  await origin.stop();
  return told;
}

/** What the flood saw. */
interface Flooded {
  readonly sent: number;
  /** Calls that found every connection waiting for an answer. */
  readonly held: number;
  /** Refusals without Retry-After. */
  readonly untold: number;
  readonly broken: number;
  readonly seconds: number;
  readonly taken: number[];
  readonly refused: number[];
}

async function flood(server: Running, rate: number, seconds: number): Promise<string> {
  const fields = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      ...['--import', 'tsx', join(import.meta.dirname, 'flood.ts'), server.url],
      ...['/env/uat/bench/item', String(rate), String(seconds), '1000', fields],
    ],
    { maxBuffer: 256 * 1024 * 1024 },
  );
  const told = JSON.parse(stdout) as Flooded; // flood.ts writes it
  const at = (times: number[], q: number) =>
    times.sort((a, b) => a - b)[Math.floor(times.length * q)]?.toFixed(0) ?? '-';
  const each = (count: number) => Math.round(count / told.seconds);
  return `asked ${each(told.sent + told.held)}/s, ${each(told.held)}/s of them found no free connection; taken ${each(told.taken.length)}/s, p50 ${at(told.taken, 0.5)}, p99 ${at(told.taken, 0.99)} ms; turned away ${each(told.refused.length)}/s, p50 ${at(told.refused, 0.5)}, p99 ${at(told.refused, 0.99)} ms; without Retry-After ${told.untold}, broken ${told.broken}`;
}

function gets(path: string, fields: Record<string, string>) {
  return [{ method: 'GET' as const, path, headers: fields }];
}

/** A data folder whose catalogue has both Apis, and so many others; gives a token for the guarded one. */
async function catalogueFor(dir: string, origin: string, others: number): Promise<string> {
  await rm(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  await (await startGatehouse(dir)).stop(); // makes the demo app and the keys
  const store = await openEmbeddedStore({ dir });
  await deploy(store, 'bench', false, origin, open);
  await deploy(store, 'bench-guarded', true, origin, guarded);
  for (let i = 0; i < others; i++) await deploy(store, `other-${i}`, false, origin, guarded);
  await subscribe(store);
  const { accessToken } = await openFamilies(store, () => Date.now()).create(
    {
      face: 'nhs',
      environment,
      appId: 'demo',
      clientId: 'demo-app-int',
      grant: 'client_credentials',
      scopes: ['urn:nhsd:apim:app:level3:bench-guarded'],
    },
    { access: 24 * 3_600_000 },
  );
  await store.close();
  return accessToken;
}

async function deploy(
  store: EmbeddedStore,
  id: string,
  sensitive: boolean,
  origin: string,
  policies: readonly PolicyUse[],
): Promise<void> {
  const api: Api = {
    ...{ id, title: id, description: id, owner: 'DEMO1', contact: 'https://example.org' },
    ...{ technology: 'rest', sensitive, status: 'live', created: 0 },
  };
  const proxy = proxyId(environment, id);
  await store.open(apiCollection).put(id, api, { expected: 0 });
  await store.open(revisionCollection).put(
    revisionId(proxy, 1),
    {
      ...{ proxy, number: 1, created: 0, by: 'bench', release: '' },
      definition: { base: `/${id}`, backend: { kind: 'http', url: origin }, policies },
    },
    { expected: 0 },
  );
  await store
    .open(proxyCollection)
    .put(
      proxy,
      { ...{ id: proxy, api: id, environment, name: id }, active: 1, latest: 1, state: 'deployed' },
      { expected: 0 },
    );
}

async function subscribe(store: EmbeddedStore): Promise<void> {
  await store.open(productCollection).put(
    'bench',
    {
      ...{ id: 'bench', name: 'bench', description: '', approval: 'automatic' },
      apis: ['bench-guarded'],
      scopes: ['urn:nhsd:apim:app:level3:bench-guarded'],
    },
    { expected: 0 },
  );
  const id = 'demo.uat.bench';
  await store.open(subscriptionCollection).put(
    id,
    {
      ...{ id, appId: 'demo', productId: 'bench', environment },
      ...{ state: 'active', requestedBy: 'bench', requested: 0 },
    },
    { expected: 0 },
  );
}
