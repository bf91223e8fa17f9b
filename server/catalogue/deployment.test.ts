import assert from 'node:assert/strict';
import { managedGround, type ManagedGround } from '../../test/managed-ground.ts';
import { specificationCollection } from './apis.ts';
import { environments } from './environments.ts';
import { proxyCollection, revisionCollection, type Revision } from './proxies.ts';

const newApi = {
  id: 'hello-world',
  title: 'Hello World',
  owner: 'Y90001',
  contact: 'team@example.org',
  sensitive: false,
};

const definition = {
  base: '/hello-world',
  backend: { kind: 'service', service: 'hello' },
  policies: [{ policy: 'open' }],
};

const openapi = {
  openapi: '3.0.3',
  info: { title: 'Hello', version: '1.0.0' },
  paths: { '/hello': { get: { responses: { 200: { description: 'Hello' } } } } },
};

const developer = 'developer Y90001';

type Deploy = [environment: string, more?: object, as?: string, query?: string];

function deployTo(ground: ManagedGround, ...[environment, more, as, query = '']: Deploy) {
  return ground.call('POST', `/apis/hello-world/environments/${environment}/deployments${query}`, {
    ...(as === undefined ? {} : { as }),
    body: { definition, ...more },
  });
}

describe('deployments', () => {
  let ground: ManagedGround;
  beforeEach(async () => {
    ground = await managedGround();
    await ground.call('POST', '/apis', { body: newApi });
  });
  afterEach(() => ground.end());

  const deploy = (...given: Deploy) => deployTo(ground, ...given);
  const entries = async () =>
    (await ground.entries()).map(({ action, app, user, status }) => [action, app, user, status]);

  it('put a revision in service and tell where it is', async () => {
    const made = await deploy('sandbox', { release: 'abc123' });
    assert.equal(made.status, 201);
    assert.equal(made.headers.get('location'), '/management/v1/proxies/sandbox.hello-world');
    const { revision, address, warnings, ...proxy } = made.json;
    assert.deepEqual(proxy, {
      id: 'sandbox.hello-world',
      api: 'hello-world',
      environment: 'sandbox',
      name: 'hello-world',
      active: 1,
      latest: 1,
      state: 'deployed',
    });
    assert.equal(address, 'https://sandbox.example.org/hello-world');
    assert.deepEqual([revision.number, revision.release, warnings], [1, 'abc123', []]);
    assert.deepEqual(revision.definition, definition);
    assert.deepEqual((await ground.call('GET', '/proxies/sandbox.hello-world')).json, proxy);
  });

  it('are entered in the audit with who, what and from which revision to which', async () => {
    await deploy('sandbox', { specification: openapi });
    await deploy('sandbox');
    const done = (await entries()).slice(1);
    assert.deepEqual(
      done.map(([action, app]) => [action, String(app).replace(/^[0-9a-f]{64}$/, 'document')]),
      [
        ['specification.create', 'document'],
        ['revision.create', 'sandbox.hello-world.1'],
        ['proxy.deploy 0>1', 'sandbox.hello-world'],
        ['revision.create', 'sandbox.hello-world.2'],
        ['proxy.deploy 1>2', 'sandbox.hello-world'],
      ],
    );
  });

  it('keep the document under its hash, and the next use what the API has published', async () => {
    const yaml =
      'openapi: 3.0.3\ninfo: {title: Hello, version: 1.0.0}\npaths:\n  /hello: {get: {}}\n';
    const first = await deploy('sandbox', { specification: yaml });
    const id = first.json.revision.definition.specification;
    assert.match(id, /^[0-9a-f]{64}$/);
    const other = await deploy('sandbox');
    assert.equal(other.json.revision.definition.specification, undefined);
    const published = await ground.call('PUT', '/apis/hello-world/specification', {
      body: openapi,
    });
    const next = await deploy('sandbox');
    assert.equal(next.json.revision.definition.specification, published.json.specification);
    assert.notEqual(next.json.revision.definition.specification, id);
  });

  for (const environment of environments)
    it(`belong in ${environment} to those whom the matrix names`, async () => {
      await deploy('development');
      const early = ['sandbox', 'development', 'sit'].includes(environment);
      assert.equal((await deploy(environment, {}, developer)).status, early ? 201 : 403);
      assert.equal((await deploy(environment, {}, 'operator')).status, 201);
      for (const nobody of ['developer Y90002', 'product-owner', 'auditor']) {
        const refused = await deploy(environment, {}, nobody);
        assert.equal(refused.status, 403, nobody);
        assert.match(
          refused.json.detail,
          new RegExp(`proxy\\.deploy in ${environment} is not for`),
        );
      }
      const last = (await ground.entries()).at(-1);
      assert.deepEqual(
        [last?.action, last?.user, last?.status, last?.environment],
        ['proxy.deploy', 'the-auditor', 403, environment],
      );
    });

  it('keep the same document of another API beside it, as its own', async () => {
    await ground.call('POST', '/apis', { body: { ...newApi, id: 'hello-again' } });
    await deploy('sandbox', { specification: openapi });
    const again = { definition: { ...definition, base: '/hello-again' }, specification: openapi };
    const path = '/apis/hello-again/environments/sandbox/deployments';
    for (let times = 0; times < 2; times++)
      assert.equal((await ground.call('POST', path, { body: again })).status, 201);
    const kept = ground.store.open(specificationCollection);
    for (const api of ['hello-world', 'hello-again']) {
      const { items } = await kept.find({ index: 'api', equals: [api], limit: 5 });
      assert.equal(items.length, 1, api);
      const { items: revisions } = await ground.store
        .open(revisionCollection)
        .find({ index: 'proxy', equals: [`sandbox.${api}`], limit: 5 });
      for (const { value } of revisions)
        assert.equal(value.definition.specification, items[0]?.id, api);
    }
  });

  it('begin in development', async () => {
    await deploy('sandbox');
    for (const environment of ['sit', 'int', 'prod']) {
      const refused = await deploy(environment);
      assert.equal(refused.status, 409);
      assert.equal(refused.json.code, 'DEVELOPMENT_FIRST');
    }
    await deploy('development');
    assert.equal((await deploy('int')).json.id, 'uat.hello-world');
  });

  it('are refused with all reasons at once, those of the gateway among them', async () => {
    ground.hooks.gatewayFaults = (api, environment, given) => [
      { at: '/policies/0', message: `no policy ${given.policies[0]?.policy ?? ''}` },
      { at: '/base', message: `${api.id} ${environment}` },
    ];
    const more = {
      definition: { ...definition, base: '/a b', backend: { kind: 'http', url: 'x' } },
    };
    const refused = await deploy('sandbox', more);
    assert.deepEqual(
      refused.json.errors.map((one: { at: string }) => one.at),
      ['/base', '/backend/url', '/policies/0'],
    );
    assert.equal(await ground.store.open(proxyCollection).count(), 0);
  });

  it('are refused while no gateway can be asked', async () => {
    delete ground.hooks.gatewayFaults;
    assert.equal((await deploy('sandbox')).status, 503);
  });

  it('hand the parsed document to the gateway', async () => {
    let seen: unknown;
    ground.hooks.gatewayFaults = (_api, _environment, _definition, document) => {
      seen = document;
      return [];
    };
    await deploy('sandbox', { specification: openapi });
    assert.deepEqual(seen, openapi);
    const id = (await ground.call('GET', '/proxies/sandbox.hello-world/revisions/1')).json
      .definition.specification;
    seen = undefined;
    await deploy('sandbox', { definition: { ...definition, specification: id } });
    assert.deepEqual(seen, openapi);
  });

  it('refuse a document that is none, with its line', async () => {
    const refused = await deploy('sandbox', { specification: 'openapi: 3.0.0\npaths: [' });
    assert.equal(refused.status, 400);
    assert.match(refused.json.detail, /line \d/);
  });

  it('are tried without writing anything', async () => {
    const good = await deploy('sandbox', {}, 'administrator', '?check=true');
    assert.deepEqual([good.status, good.json], [200, { good: true, faults: [], warnings: [] }]);
    const bad = await deploy('sandbox', { definition: {} }, 'administrator', '?check=true');
    assert.equal(bad.status, 200);
    assert.equal(bad.json.good, false);
    assert.ok(bad.json.faults.length >= 3);
    const early = await deploy('prod', {}, developer, '?check=true');
    assert.deepEqual([early.status, early.json.good], [200, false]);
    assert.match(early.json.faults[0].message, /begins in development/);
    assert.equal((await deploy('sandbox', {}, 'auditor', '?check=true')).status, 403);
    assert.equal(await ground.store.open(revisionCollection).count(), 0);
    assert.equal(await ground.store.open(proxyCollection).count(), 0);
  });

  it('keep each base for one proxy of an environment', async () => {
    await deploy('sandbox');
    await ground.call('POST', '/apis', { body: { ...newApi, id: 'other' } });
    const path = '/apis/other/environments/sandbox/deployments';
    const taken = await ground.call('POST', path, { body: { definition } });
    assert.equal(taken.status, 422);
    assert.match(taken.json.detail, /\/hello-world is the base of the proxy sandbox.hello-world/);
    const second = await deploy('sandbox', { name: 'hello-world-2' });
    assert.equal(second.status, 422);
    const elsewhere = { ...definition, base: '/hello-world/v2' };
    assert.equal(
      (await ground.call('POST', path, { body: { definition: elsewhere } })).status,
      201,
    );
    assert.equal((await deploy('development')).status, 201);
  });

  for (const base of ['/hello-world/v2', '/hello-world/v2/x/y', '/hello-world'])
    it(`take no calls of another organisation's API by the base ${base}`, async () => {
      const first = { ...definition, base: '/hello-world/v2/x' };
      await deploy('sandbox', { definition: first });
      const other = { ...newApi, id: 'other', owner: 'Y90002' };
      await ground.call('POST', '/apis', { body: other });
      const path = '/apis/other/environments/sandbox/deployments';
      const refused = await ground.call('POST', path, {
        as: 'developer Y90002',
        body: { definition: { ...definition, base } },
      });
      assert.equal(refused.status, 422);
      assert.match(refused.json.detail, /proxy sandbox.hello-world in sandbox, or lies over one/);
      const beside = { ...definition, base: '/hello-world/v22' };
      const fine = await ground.call('POST', path, { body: { definition: beside } });
      assert.equal(fine.status, 201);
    });

  it('leave a base to the one of two proxies that came first, however they meet', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    for (const id of ids) await ground.call('POST', '/apis', { body: { ...newApi, id } });
    const answers = await Promise.all(
      ids.map((id) =>
        ground.call('POST', `/apis/${id}/environments/sandbox/deployments`, {
          body: { definition },
        }),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    for (const { status } of answers) assert.ok([201, 409, 422].includes(status), String(status));
  });

  it('give a base back that a crash left claimed', async () => {
    await ground.call('POST', '/apis', { body: { ...newApi, id: 'other' } });
    const claims = ground.store.open<{ proxy: string; at: number }>({
      name: 'catalogue.base-claims',
    });
    const claim = { proxy: 'sandbox.other', at: ground.clock.time };
    await claims.put('sandbox /hello-world', claim, { expected: 0 });
    assert.equal((await deploy('sandbox')).json.code, 'BASE');
    ground.clock.time += 61_000;
    assert.equal((await deploy('sandbox')).status, 201);
  });

  it('get a revision each when two are made at once, and one of them serves', async () => {
    await deploy('sandbox');
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((release) => deploy('sandbox', { release })),
    );
    const numbers = answers.map(({ status, json }) => (status === 201 ? json.revision.number : 0));
    assert.deepEqual([...numbers].sort(), [2, 3, 4, 5]);
    const { json } = await ground.call('GET', '/proxies/sandbox.hello-world');
    assert.equal(json.latest, 5);
    assert.ok(numbers.includes(json.active));
    const listed = await ground.call('GET', '/proxies/sandbox.hello-world/revisions');
    assert.deepEqual(
      listed.json.items.map(({ number }: { number: number }) => number),
      [1, 2, 3, 4, 5],
    );
  });

  it('are made at once for a proxy that is new, too', async () => {
    const answers = await Promise.all(['a', 'b'].map((release) => deploy('sandbox', { release })));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 201],
    );
    assert.equal((await ground.call('GET', '/proxies/sandbox.hello-world')).json.latest, 2);
  });

  it('pass over a revision that a crash left without a switch', async () => {
    await deploy('sandbox');
    const left: Revision = {
      ...{ proxy: 'sandbox.hello-world', number: 2, created: 0, by: 'x', release: '' },
      definition: { base: '/hello-world', backend: { kind: 'mock' }, policies: [] },
    };
    await ground.store.open(revisionCollection).put('sandbox.hello-world.2', left, { expected: 0 });
    assert.equal((await ground.call('GET', '/proxies/sandbox.hello-world')).json.active, 1);
    const { json } = await deploy('sandbox');
    assert.deepEqual([json.active, json.previous, json.latest], [3, 1, 3]);
  });

  for (const written of [0, 1, 2])
    it(`leave a valid state when they are cut after ${written} of their writes`, async () => {
      await deploy('sandbox');
      const append = ground.journal.append.bind(ground.journal);
      let left = written;
      // Each write is entered after it has landed: what is refused here has been written, and nothing after it.
      ground.journal.append = (entry) =>
        left-- > 0 ? append(entry) : Promise.reject(new Error('disk full'));
      assert.equal((await deploy('sandbox', { specification: openapi })).status, 503);
      ground.journal.append = append;
      const { json } = await ground.call('GET', '/proxies/sandbox.hello-world');
      assert.equal(json.active, written === 2 ? 2 : 1);
      const path = `/proxies/sandbox.hello-world/revisions/${json.active}`;
      assert.equal((await ground.call('GET', path)).status, 200);
      assert.equal(
        (await deploy('sandbox', { specification: openapi })).json.previous,
        json.active,
      );
    });

  it('run an API more than once under names of its own', async () => {
    await ground.call('POST', '/apis', { body: { ...newApi, id: 'other' } });
    const more = { name: 'hello-world-2', definition: { ...definition, base: '/hello-2' } };
    assert.equal((await deploy('sandbox', more)).json.id, 'sandbox.hello-world-2');
    assert.equal((await deploy('sandbox', { ...more, name: 'other' })).status, 409);
    for (const name of ['a.b', 'A', '', 'x'.repeat(65), '-a'])
      assert.equal((await deploy('sandbox', { ...more, name })).status, 400, name);
  });

  it('answer what is no deployment with its reason', async () => {
    const path = '/apis/hello-world/environments';
    const ask = { body: { definition } };
    assert.equal((await ground.call('POST', `${path}/moon/deployments`, ask)).status, 404);
    assert.equal(
      (await ground.call('POST', '/apis/none/environments/sandbox/deployments', ask)).status,
      404,
    );
    const odd: readonly (readonly [unknown, number, string?])[] = [
      ['{', 400],
      [{}, 400],
      [{ definition: [] }, 400],
      [{ definition, specification: 7 }, 400],
      [{ definition, more: 1 }, 400],
      [{ definition, release: 'x'.repeat(201) }, 400],
      ['['.repeat(5000), 400],
      [{ definition: { ...definition, base: 'x'.repeat(3_200_000) } }, 413],
      ['a: b', 415, 'application/yaml'],
    ];
    for (const [body, status, type = 'application/json'] of odd) {
      const answer = await ground.call('POST', `${path}/sandbox/deployments`, { body, type });
      assert.equal(answer.status, status, answer.text.slice(0, 200));
    }
  });
});

describe('the check of a definition', () => {
  let ground: ManagedGround;
  before(async () => {
    ground = await managedGround();
    await ground.call('POST', '/apis', { body: newApi });
    await deployTo(ground, 'sandbox');
  });
  after(() => ground.end());

  const http = (backend: object) => ({
    definition: { ...definition, backend: { kind: 'http', ...backend } },
  });
  const long = 'x'.repeat(300);
  const wrong: readonly (readonly [name: string, more: object, at: string, reason: RegExp])[] = [
    ['no policies', { definition: { base: '/a', backend: { kind: 'mock' } } }, '', /policies/],
    ['an unknown member', { definition: { ...definition, x: 1 } }, '', /additional.*: x/],
    [
      'an unknown back end',
      { definition: { ...definition, backend: { kind: 'ftp' } } },
      '/backend',
      /kind/,
    ],
    [
      'a policy without name',
      { definition: { ...definition, policies: [{}] } },
      '/policies/0',
      /policy/,
    ],
    ['a number as base', { definition: { ...definition, base: 7 } }, '/base', /string/],
    ['a long base', { definition: { ...definition, base: `/${long}` } }, '/base', /200/],
    [
      'a base without slash',
      { definition: { ...definition, base: 'hello' } },
      '/base',
      /\/segments/,
    ],
    [
      'a base with a slash at its end',
      { definition: { ...definition, base: '/a/' } },
      '/base',
      /\/segments/,
    ],
    ['a base with dots', { definition: { ...definition, base: '/a/../b' } }, '/base', /\/segments/],
    [
      'a base with a probe',
      { definition: { ...definition, base: '/a/_status' } },
      '/base',
      /\/segments/,
    ],
    [
      'a base of environments',
      { definition: { ...definition, base: '/env/int' } },
      '/base',
      /environments/,
    ],
    ['a far sandbox target', http({ url: 'https://10.0.0.1/a' }), '/backend/url', /sandbox/],
    [
      'a named sandbox target',
      http({ url: 'https://localhost.example.org' }),
      '/backend/url',
      /sandbox/,
    ],
    ['a password in the address', http({ url: 'http://a:b@localhost' }), '/backend/url', /secret/],
    ['no address', http({ url: 'nowhere' }), '/backend/url', /https:/],
    ['a file', http({ url: 'file:///etc/passwd' }), '/backend/url', /https:/],
    ['a query in the address', http({ url: 'http://localhost/?a' }), '/backend/url', /query/],
    [
      'a secret that is not there',
      http({ url: 'http://localhost', security: { kind: 'key', header: 'x-key', secret: 'none' } }),
      '/backend/security/secret',
      /no secret none of hello-world in sandbox/,
    ],
    [
      'authorities that are not there',
      http({ url: 'http://localhost', security: { kind: 'mtls', secret: 'none', ca: 'ca' } }),
      '/backend/security/ca',
      /no secret ca/,
    ],
    [
      'a far token address in a sandbox',
      http({
        url: 'http://localhost',
        security: {
          kind: 'oauth',
          tokenUrl: 'https://example.org',
          clientId: 'a',
          kid: 'b',
          secret: 'none',
        },
      }),
      '/backend/security/tokenUrl',
      /sandbox/,
    ],
    [
      'a document that is not there',
      { definition: { ...definition, specification: 'a'.repeat(64) } },
      '/specification',
      /no document/,
    ],
  ];
  for (const [name, more, at, reason] of wrong)
    it(`refuses whole ${name}`, async () => {
      const refused = await deployTo(ground, 'sandbox', more);
      assert.equal(refused.status, 422, refused.text);
      assert.equal(refused.json.code, 'FAULTS');
      const found = refused.json.errors.find((one: { at: string }) => one.at === at);
      assert.match(found?.message ?? refused.text, reason);
      assert.match(refused.json.detail, /^The definition is refused: /);
      const { json } = await ground.call('GET', '/proxies/sandbox.hello-world');
      assert.deepEqual([json.active, json.latest], [1, 1]);
      assert.equal(await ground.store.open(revisionCollection).count(), 1);
    });
});
