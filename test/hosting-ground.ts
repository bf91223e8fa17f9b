/**
 * A platform whose APIs are set up over its management API, and a back end on this machine for them: what tests of hosting
 * stand on. Owns no assertion.
 */
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { PolicyUse, ProxyDefinition } from '../server/catalogue/proxies.ts';
import type { Role } from '../server/catalogue/roles.ts';
import { parseCredential } from '../server/catalogue/people.ts';
import { readSecretFile, writeSecretFile } from '../server/key-files.ts';
import { openClient, textIn, type ManagementClient } from '../scripts/gatehouse/client.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

export interface HostedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

export interface HostedInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** What the back end was sent last. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What the back end answers. */
export interface TargetReply {
  readonly headers: object;
  readonly body: string | Buffer;
}

/** Moves on its own until a test holds it ahead. */
export interface ShiftedClock {
  /** Milliseconds ahead of the machine's. */
  shift: number;
  now(): number;
  newId(): string;
}

export interface HostingGround {
  readonly platform: TestPlatform;
  readonly clock: ShiftedClock;
  /** As administrator. */
  readonly manage: ManagementClient;
  /** Answers `{ "at": <path> }` unless it is told otherwise. `http://127.0.0.1:<port>` */
  readonly target: string;
  readonly received: () => Received | undefined;
  readonly answer: (reply: TargetReply | undefined) => void;
  /** A client of somebody else. */
  as(role: Role, organisation: string): Promise<ManagementClient>;
  /** A new Api; `sensitive: false` unless the fields say otherwise. */
  api(id: string, fields?: object): Promise<void>;
  /** Of a remote API at `/<id>` whose back end is the target below `/<id>`. */
  definition(id: string, policies?: readonly PolicyUse[], fields?: object): ProxyDefinition;
  /** @throws Refusal */
  deploy(
    id: string,
    environment: string,
    definition: object,
  ): Promise<Readonly<Record<string, unknown>>>;
  /** Puts a Proxy in a state. */
  state(proxy: string, wanted: object): Promise<void>;
  /** A subscription of a new app of an organisation to a product, with its key. */
  key(
    product: string,
    environment: string,
    owner?: string,
  ): Promise<{ key: string; subscription: string }>;
  /** Below the address of the platform, as `/env/dev/orders`. */
  call(path: string, init?: HostedInit): Promise<HostedAnswer>;
  end(): Promise<void>;
}

export async function hostingGround(): Promise<HostingGround> {
  const clock: ShiftedClock = {
    shift: 0,
    now: () => Date.now() + clock.shift,
    newId: randomUUID,
  };
  const platform = await startTestPlatform({ withoutDefaults: true, clock });
  const manage = openClient({ dataDir: platform.dataDir });
  const back = await startTarget();
  return {
    ...{ platform, clock, manage },
    target: back.url,
    received: back.received,
    answer: back.answer,
    as: (role, organisation) => clientAs(platform, manage, role, organisation),
    async api(id, fields = {}) {
      const common = { title: id, owner: 'Y90001', contact: 'team@example.org', sensitive: false };
      await manage.call('POST', '/apis', { body: { ...common, id, ...fields } });
    },
    definition: (id, policies = [{ policy: 'open' }], fields = {}) => ({
      base: `/${id}`,
      backend: { kind: 'http', url: `${back.url}/${id}` },
      policies,
      ...fields,
    }),
    async deploy(id, environment, definition) {
      const path = `/apis/${id}/environments/${environment}/deployments`;
      return (await manage.call('POST', path, { body: { definition } })).body;
    },
    async state(proxy, wanted) {
      await manage.call('PUT', `/proxies/${proxy}/state`, { body: wanted, ifMatch: '*' });
    },
    key: (product, environment, owner = 'Y90001') => keyFor(manage, product, environment, owner),
    call: (path, init) => call(platform.url + path, init),
    async end() {
      await platform.end();
      back.server.close();
      back.server.closeAllConnections();
    },
  };
}

async function startTarget() {
  let last: Received | undefined;
  let reply: TargetReply | undefined;
  const server: Server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url: path = '', headers } = incoming;
      last = { method, path, headers, body: Buffer.concat(chunks) };
      const { headers: fields, body } = reply ?? {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ at: path }),
      };
      for (const [name, value] of Object.entries(fields)) response.setHeader(name, value as string); // or a list of them
      response.end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    server,
    url: `http://127.0.0.1:${port}`,
    received: () => last,
    answer: (wanted: TargetReply | undefined) => {
      reply = wanted;
    },
  };
}

async function clientAs(
  platform: TestPlatform,
  manage: ManagementClient,
  role: Role,
  organisation: string,
): Promise<ManagementClient> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const kid = 'own-1';
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES384', use: 'sig' }];
  const body = { name: `${role} of ${organisation}`, role, organisation, keys };
  const made = await manage.call('POST', '/administrators', { body });
  const mine = parseCredential(readSecretFile(join(platform.dataDir, 'administrator.json')) ?? '');
  const credential = join(platform.dataDir, `${textIn(made.body, 'id')}.json`);
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const own = { ...mine, clientId: textIn(made.body, 'id'), kid, privateKey: pem };
  writeSecretFile(credential, JSON.stringify(own));
  return openClient({ dataDir: platform.dataDir, credential });
}

async function keyFor(
  manage: ManagementClient,
  product: string,
  environment: string,
  owner: string,
): Promise<{ key: string; subscription: string }> {
  const contact = 'team@example.org';
  const app = { name: `App of ${owner}`, owner, kinds: ['unattended'], contact };
  const { body: made } = await manage.call('POST', '/apps', { body: app });
  const id = textIn(made, 'id');
  await manage.call('POST', `/apps/${id}/registrations/${environment}`);
  const wish = { app: id, product, environment };
  const { body } = await manage.call('POST', '/subscriptions', { body: wish });
  const subscription = textIn(body, 'id');
  const path = `/subscriptions/${subscription}/keys/primary`;
  const key = textIn((await manage.call('POST', path, { body: {} })).body, 'key');
  return { key, subscription };
}

function call(
  url: string,
  { method = 'GET', headers = {}, body }: HostedInit = {},
): Promise<HostedAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const outgoing = request(url, { method, headers: { ...length, ...headers } }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', reject);
      incoming.once('end', () => {
        const bytes = Buffer.concat(chunks);
        const { statusCode: status = 0, headers: fields } = incoming;
        resolve({ status, headers: fields, bytes, text: bytes.toString() });
      });
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** So that bytes are compared without printing them. */
export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
