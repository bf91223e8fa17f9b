import assert from 'node:assert/strict';
import type { AuditEntry } from '../../core/audit.ts';
import type { Reply } from '../../core/exchange.ts';
import { accessGround, helloApi, type AccessGround } from '../../test/access-ground.ts';
import { backEndSite } from '../../test/back-end-ground.ts';
import { exchangeFor } from '../../test/exchange-for.ts';
import { apiCollection } from '../catalogue/apis.ts';
import {
  proxyCollection,
  revisionCollection,
  revisionId,
  type Proxy,
  type ProxyDefinition,
} from '../catalogue/proxies.ts';
import { openGateway, type Gateway, type ProxyMount } from './gateway.ts';
import { registry } from './policies/registry.ts';

const definition: ProxyDefinition = {
  base: '/hello',
  backend: { kind: 'http', url: 'http://127.0.0.1:1' },
  policies: [{ policy: 'open' }],
};
const broken: ProxyDefinition = { ...definition, policies: [{ policy: 'gone' }] };

describe('the gateway', () => {
  let ground: AccessGround;
  let gateway: Gateway;
  let entries: AuditEntry[];
  let table: Map<string, ProxyMount>;

  beforeEach(async () => {
    ground = await accessGround();
    entries = [];
    table = new Map();
    await ground.store
      .open(apiCollection)
      .put('hello', { ...helloApi, sensitive: true }, { expected: 0 });
  });
  afterEach(async () => {
    await gateway.close();
    await ground.end();
  });

  const put = async (number: number, made: ProxyDefinition, state: Proxy['state'] = 'deployed') => {
    const { store } = ground;
    const id = 'sandbox.hello';
    const revision = { proxy: id, number, definition: made, created: 0, by: 'test', release: '' };
    await store.open(revisionCollection).put(revisionId(id, number), revision, { expected: 0 });
    const proxies = store.open(proxyCollection);
    const known = await proxies.get(id);
    const proxy = { id, api: 'hello', environment: 'sandbox', name: 'hello', state } as const;
    const value = { ...proxy, active: number, latest: number };
    await proxies.put(id, value, { expected: known?.version ?? 0 });
    await ground.settled();
  };
  const open = async () => {
    await ground.settled();
    const { services } = ground;
    gateway = await openGateway({
      ...{ store: ground.store, catalogue: ground.catalogue, services, edges: {}, version: '1' },
      kinds: registry({}),
      backends: backEndSite({ kind: 'http', url: 'http://127.0.0.1:1' }).services,
      table: {
        set: (mount) => table.set(mount.base, mount),
        remove: (mount) => table.delete(mount.base),
      },
      journal: {
        append(entry) {
          entries.push(entry);
          return Promise.resolve();
        },
      },
      log: { log: () => undefined, child: () => exchangeFor().log },
      isStatusKey: () => false,
    });
  };
  const call = async (path: string): Promise<Reply> => {
    const mount = table.get('/hello');
    assert.ok(mount);
    return mount.handler(exchangeFor({ path }));
  };

  it('goes on with the revision before, where the new one cannot be made, and says why', async () => {
    await put(1, definition);
    await open();
    const before = table.get('/hello');
    await put(2, broken);
    await gateway.settled();
    assert.equal(table.get('/hello'), before);
    const { revision, fault } = gateway.proxy('sandbox.hello') ?? {};
    assert.deepEqual([revision, fault], [1, 'There is no policy gone']);
    await put(3, { ...definition, base: '/hello' });
    await gateway.settled();
    assert.equal(gateway.proxy('sandbox.hello')?.revision, 3);
  });

  it('holds the base closed of a revision that cannot be made, so that no shorter base is sent its calls', async () => {
    await put(1, broken);
    await open();
    const { status, headers } = await call('/x');
    assert.deepEqual([status, headers?.['retry-after']], [503, '60']);
    assert.equal(gateway.proxy('sandbox.hello')?.revision, 0);
    await put(2, definition);
    await gateway.settled();
    assert.equal((await call('/_ping')).status, 200);
  });

  for (const path of ['/%zz', '/%00', '/a%5cb', '/a/%2e%2e/b'])
    it(`enters the refusal of ${path} in the audit of a sensitive API`, async () => {
      await put(1, definition);
      await open();
      assert.equal((await call(path)).status, 400);
      assert.deepEqual(
        entries.map(({ api, status }) => [api, status]),
        [['hello', 400]],
      );
    });

  it('enters calls of a sensitive API that has been retired, and needs nothing of what it was', async () => {
    await put(1, { ...broken, specification: 'f'.repeat(64) }, 'retired');
    await open();
    assert.equal((await call('/x')).status, 410);
    assert.deepEqual(
      entries.map(({ status }) => status),
      [410],
    );
  });
});
