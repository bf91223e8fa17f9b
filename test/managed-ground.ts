/** The management API over a real store, a real audit and a real socket, with hooks of its own, for tests. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { createLog } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import { createAdministration, type Administration } from '../server/catalogue/administration.ts';
import { managementApi } from '../server/catalogue/api.ts';
import type { PlatformHooks } from '../server/catalogue/deployment-hooks.ts';
import { toEnvironment } from '../server/catalogue/environments.ts';
import { checkKeySet } from '../server/catalogue/key-registration.ts';
import { roles } from '../server/catalogue/roles.ts';
import { createFront } from '../server/front.ts';
import { MountTable } from '../server/mount-table.ts';
import {
  actorOf,
  administrationGround,
  type AdministrationGround,
} from './administration-ground.ts';

export interface Answer {
  readonly status: number;
  readonly etag: string;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; whatever a test expects of it, the test asserts. */
  readonly json: any; // eslint-disable-line @typescript-eslint/no-explicit-any
}

export interface Ask {
  /** A role and, after a blank, an organisation; administrator when absent. */
  readonly as?: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly match?: string;
}

export interface ManagedGround extends AdministrationGround {
  readonly managed: Administration;
  /** Set or delete members of it. */
  readonly hooks: PlatformHooks;
  call(method: string, path: string, ask?: Ask): Promise<Answer>;
}

export async function managedGround(): Promise<ManagedGround> {
  const ground = await administrationGround();
  const { store, journal, clock, secrets } = ground;
  const hooks: PlatformHooks = {
    gatewayFaults: () => [],
    seal: (text) => `sealed:${Buffer.from(text).toString('hex')}`,
    hashKey: (key) => `hash:${key}`,
    publicAddress: (environment) => `https://${environment}.example.org`,
  };
  const managed = createAdministration({
    ...{ store, journal, clock, secrets, hooks },
    checkKeySet: (value) => checkKeySet(value, 'any', () => false),
    fetchKeySet: () => ground.keySet(),
    allowLocal: false,
  });
  const handler = managementApi({
    administration: managed,
    newId: () => clock.newId(),
    authenticate({ headers }) {
      const [name, organisation = '*'] = (headers.authorization ?? '').slice(7).split(' ');
      const role = roles.find((one) => one === name);
      if (role) return Promise.resolve(actorOf(role, organisation));
      return Promise.reject(new Problem('unauthenticated', 'No such token'));
    },
  });
  const quiet = new Writable({
    write(_chunk, _encoding, done) {
      done();
    },
  });
  const mount = { environment: 'sandbox', base: '/management/v1', api: 'management', handler };
  const front = createFront({
    tables: [new MountTable([mount])],
    environment: 'sandbox',
    toEnvironment,
    log: createLog('info', quiet),
    pages: (_request, response) => response.writeHead(404).end(),
  });
  await new Promise<void>((resolve) => front.server.listen(0, '127.0.0.1', resolve));
  // a server that listens on a port has such an address
  const { port } = front.server.address() as AddressInfo;
  const base = `http://127.0.0.1:${port}/management/v1`;
  return {
    ...ground,
    managed,
    hooks,
    call: (method, path, ask) => call(base, method, path, ask),
    async end() {
      await front.drain(100);
      await ground.end();
    },
  };
}

async function call(base: string, method: string, path: string, ask: Ask = {}): Promise<Answer> {
  const { as = 'administrator', body, type = 'application/json', match } = ask;
  const response = await fetch(base + path, {
    method,
    headers: {
      authorization: `Bearer ${as}`,
      ...(body === undefined ? {} : { 'content-type': type }),
      ...(match === undefined ? {} : { 'if-match': match }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const { status, headers } = response;
  const text = await response.text();
  assert.equal(headers.get('cache-control'), 'no-store', `${method} ${path}`);
  assert.ok(status < 500 || status === 503, `${method} ${path}: ${text}`);
  const json: unknown = text === '' ? {} : JSON.parse(text);
  return { status, headers, text, etag: headers.get('etag') ?? '', json };
}
