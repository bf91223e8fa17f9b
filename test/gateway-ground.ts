/**
 * Apis on a platform that runs, for tests of the gateway from end to end: put straight into the store, or managed as an
 * administrator would. Also back ends that remember what they were asked. Owns no assertion.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  createServer,
  request as requestOverHttp,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { apiCollection, type Api } from '../server/catalogue/apis.ts';
import { publicName, type Environment } from '../server/catalogue/environments.ts';
import { parseCredential } from '../server/catalogue/people.ts';
import { productCollection, subscriptionCollection } from '../server/catalogue/products.ts';
import {
  proxyCollection,
  proxyId,
  revisionCollection,
  revisionId,
  type BackendDefinition,
  type PolicyUse,
} from '../server/catalogue/proxies.ts';
import type { TestPlatform } from './start-platform.ts';
import { ask, assertionType, jws, type Members } from './token-ground.ts';

export interface WantedApi {
  readonly id: string;
  readonly backend: BackendDefinition;
  readonly technology?: Api['technology'];
  readonly sensitive?: boolean;
  readonly environment?: Environment;
  /** `/<id>` when absent. */
  readonly base?: string;
  /** Open to anyone when absent. */
  readonly policies?: readonly PolicyUse[];
  /** False: does not wait for the gateway, for a revision that it will refuse. */
  readonly wait?: boolean;
}

/**
 * Puts an Api and a Proxy of it into the store, or another revision of it, and waits until the gateway serves that.
 * @returns its address, by path
 */
export async function deployApi(platform: TestPlatform, wanted: WantedApi): Promise<string> {
  const { id, environment = 'sandbox', base = `/${id}`, policies = [{ policy: 'open' }] } = wanted;
  const { store } = platform;
  const by = { created: 0, by: 'test', release: '' };
  const apis = store.open(apiCollection);
  if (!(await apis.get(id))) await apis.put(id, apiOf(wanted), { expected: 0 });
  const proxy = proxyId(environment, id);
  const proxies = store.open(proxyCollection);
  const known = await proxies.get(proxy);
  const number = (known?.value.latest ?? 0) + 1;
  const definition = { base, backend: wanted.backend, policies };
  await store
    .open(revisionCollection)
    .put(revisionId(proxy, number), { proxy, number, definition, ...by }, { expected: 0 });
  const value = { id: proxy, api: id, environment, name: id, state: 'deployed' } as const;
  await proxies.put(
    proxy,
    { ...value, active: number, latest: number },
    { expected: known?.version ?? 0 },
  );
  const address = `${platform.url}/env/${publicName(environment)}${base}`;
  if (wanted.wait !== false) await served(address, number);
  return address;
}

function apiOf({ id, technology = 'rest', sensitive = false }: WantedApi): Api {
  return {
    ...{ id, title: id, description: '', owner: 'DEMO1', contact: 'https://example.org' },
    ...{ technology, sensitive, status: 'live', created: 0 },
  };
}

/** Waits until a Proxy serves a revision. Throws after five seconds. */
export async function served(address: string, revision: number): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    const { status, json } = await ask(`${address}/_ping`);
    if (status === 200 && json?.revision === String(revision)) return;
    await after(20);
  }
  const last = await ask(`${address}/_ping`);
  throw new Error(`${last.status} ${last.text}: ${address} does not serve revision ${revision}`);
}

/** Gives an app a Product of its own for an Api in an environment. */
export async function subscribe(
  { store }: TestPlatform,
  appId: string,
  api: string,
  environment: Environment,
  scopes: readonly string[],
): Promise<void> {
  const product = { id: api, name: api, description: '', apis: [api], scopes };
  const products = store.open(productCollection);
  if (!(await products.get(api)))
    await products.put(api, { ...product, approval: 'automatic' }, { expected: 0 });
  const id = `${appId}.${environment}.${api}`;
  const value = { id, appId, productId: api, environment, state: 'active' } as const;
  await store
    .open(subscriptionCollection)
    .put(id, { ...value, requestedBy: 'test', requested: 0 }, { expected: 0 });
}

/** One call of the management API by the first administrator. */
export type Manage = (
  method: string,
  path: string,
  body?: Members,
) => Promise<Awaited<ReturnType<typeof ask>>>;

/** Signs the first administrator in. @param now milliseconds since the epoch, as the platform has it */
export async function manage({ dataDir }: TestPlatform, now: () => number): Promise<Manage> {
  const file = readFileSync(join(dataDir, 'administrator.json'), 'utf8');
  const { clientId, kid, privateKey, tokenUrl, managementUrl } = parseCredential(file);
  const who = { iss: clientId, sub: clientId, aud: tokenUrl, jti: randomUUID() };
  const assertion = jws(
    { alg: 'RS512', typ: 'JWT', kid },
    { ...who, exp: Math.floor(now() / 1000) + 240 },
    privateKey,
  );
  const signedIn = await ask(tokenUrl, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: assertionType,
      client_assertion: assertion,
    }),
  });
  if (signedIn.status !== 200) throw new Error(signedIn.text);
  const authorization = `Bearer ${String(signedIn.json.access_token)}`;
  return (method, path, body) =>
    ask(managementUrl + path, {
      method,
      headers: {
        authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
}

export interface Recorder {
  /** `http://localhost:<port>` */
  readonly url: string;
  /** All requests that came, in order. */
  readonly seen: IncomingMessage[];
  end(): Promise<void>;
}

/** A back end that remembers each request's head, and answers as told; `{}` as FHIR JSON when nothing is. */
export async function startRecorder(
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    response.setHeader('content-type', 'application/fhir+json').end('{}'),
): Promise<Recorder> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    request.resume();
    answer(request, response);
  }).listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a server on a port has no pipe's name
  return {
    url: `http://localhost:${port}`,
    seen,
    async end() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What came of a call, however it ended. */
export interface Seen {
  /** 0: no answer came. */
  readonly status: number;
  readonly body: string;
  /** Whether the answer came to its end as HTTP counts it. */
  readonly whole: boolean;
  readonly milliseconds: number;
  readonly fields: IncomingMessage['headers'];
  /** The code of the error without an answer: `ECONNREFUSED`. */
  readonly code: string;
}

/** Calls and reads to the end, whichever it is; on a connection of its own unless given an agent. Never rejects. */
export function callOnce(url: string, options: RequestOptions = {}, body?: string): Promise<Seen> {
  const began = performance.now();
  const seen = (response?: IncomingMessage, chunks: readonly Buffer[] = [], code = ''): Seen => ({
    status: response?.statusCode ?? 0,
    body: Buffer.concat(chunks).toString(),
    whole: response?.complete ?? false,
    milliseconds: performance.now() - began,
    fields: response?.headers ?? {},
    code,
  });
  return new Promise((resolve) => {
    const outgoing = requestOverHttp(url, { agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => undefined); // `complete` tells it
      response.once('close', () => {
        resolve(seen(response, chunks));
      });
    });
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      resolve(seen(undefined, [], error.code ?? error.message));
    });
    outgoing.end(body);
  });
}
