import assert from 'node:assert/strict';
import { managedGround, type ManagedGround } from '../../test/managed-ground.ts';
import { apiFromNothing } from './first-document.ts';
import { environments } from './environments.ts';

const body = { id: 'hello', title: 'Hello', owner: 'Y90001', contact: 'team@example.org' };
const developer = 'developer Y90001';

describe('the administration of APIs', () => {
  let ground: ManagedGround;
  before(async () => {
    ground = await managedGround();
  });
  after(() => ground.end());
  const call = (...given: Parameters<ManagedGround['call']>) => ground.call(...given);
  let count = 0;
  const make = async (more: object = {}) => {
    const { json, etag } = await call('POST', '/apis', {
      body: { ...body, id: `api-${++count}`, ...more },
    });
    return { id: json.id as string, path: `/apis/${json.id as string}`, etag };
  };

  it('makes an API for its producer, audited and as sensitive unless somebody says otherwise', async () => {
    const made = await call('POST', '/apis', { body, as: developer });
    assert.equal(made.status, 201);
    assert.equal(made.headers.get('location'), '/management/v1/apis/hello');
    const { created, ...api } = made.json;
    assert.equal(created, new Date(ground.clock.time).toISOString());
    const standard = { description: '', technology: 'rest', sensitive: true, status: 'alpha' };
    assert.deepEqual(api, { ...body, ...standard });
    const last = (await ground.entries()).at(-1);
    assert.deepEqual(
      [last?.action, last?.app, last?.user],
      ['api.create', 'hello', 'the-developer'],
    );
    assert.equal((await call('POST', '/apis', { body })).status, 409);
    for (const as of ['developer Y90002', 'product-owner', 'auditor'])
      assert.equal(
        (await call('POST', '/apis', { body: { ...body, id: 'x' }, as })).status,
        403,
        as,
      );
  });

  it('shows the APIs to all who are signed in', async () => {
    const { path, id } = await make({ owner: 'Y90009' });
    assert.equal((await call('GET', path, { as: 'developer Y90002' })).json.id, id);
    const { items } = (await call('GET', '/apis?owner=Y90009', { as: 'auditor' })).json;
    assert.deepEqual(
      items.map((one: { id: string }) => one.id),
      [id],
    );
    assert.ok((await call('GET', '/apis')).json.items.length >= 1);
    assert.equal((await call('GET', '/apis/none')).status, 404);
  });

  it('changes it for its producer, who cannot give it to another organisation', async () => {
    const { path, etag } = await make();
    const change = (fields: object, as = developer, match = '*') =>
      call('PATCH', path, { body: fields, as, match });
    assert.equal((await change({ title: 'New' }, developer, etag)).json.title, 'New');
    assert.equal((await change({ title: 'Old' }, developer, etag)).status, 412);
    assert.equal((await change({ status: 'live' })).json.status, 'live');
    assert.equal((await change({ owner: 'Y90002' })).status, 403);
    assert.equal((await change({ title: 'x' }, 'developer Y90002')).status, 403);
    assert.equal((await change({ owner: 'Y90002' }, 'operator')).json.owner, 'Y90002');
  });

  it('never lets a sensitive API cease to be one', async () => {
    const { path } = await make({ sensitive: false });
    const put = (sensitive: boolean) => call('PATCH', path, { body: { sensitive }, match: '*' });
    assert.equal((await put(true)).json.sensitive, true);
    const refused = await put(false);
    assert.deepEqual([refused.status, refused.json.code], [422, 'SENSITIVE']);
    assert.equal((await call('GET', path)).json.sensitive, true);
  });

  it('refuses fields that are none', async () => {
    const odd: readonly object[] = [
      { id: 'A' },
      { id: '' },
      { id: 'a.b' },
      { id: 'x'.repeat(65) },
      { title: '' },
      { owner: 'y9' },
      { contact: 'nobody' },
      { contact: 'javascript:alert(1)' },
      { technology: 'ftp' },
      { status: 'gone' },
      { sensitive: 'maybe' },
      { more: 1 },
    ];
    for (const fields of odd) {
      const { status } = await call('POST', '/apis', { body: { ...body, id: 'fresh', ...fields } });
      assert.equal(status, 400, JSON.stringify(fields).slice(0, 60));
    }
  });

  const yaml = 'openapi: 3.0.3\ninfo: {title: Hello, version: 1.0.0}\npaths: {/a: {get: {}}}\n';

  it('R113 publishes a document by its producer alone, leniently, or strictly from a score of 90 on', async () => {
    const { path } = await make();
    assert.equal((await call('GET', `${path}/specification`)).status, 404);
    const put = (text: unknown, as = developer, query = '', type = 'application/yaml') =>
      call('PUT', `${path}/specification${query}`, { body: text, as, type });
    const imported = await put(yaml);
    assert.equal(imported.status, 200, imported.text);
    assert.match(imported.json.specification, /^[0-9a-f]{64}$/);
    assert.equal(imported.json.fit, false);
    const shown = await call('GET', `${path}/specification`, { as: 'auditor' });
    assert.deepEqual(shown.json.info, { title: 'Hello', version: '1.0.0' });
    const strict = await put(yaml, developer, '?publish=true');
    assert.deepEqual([strict.status, strict.json.code], [422, 'FAULTS']);
    assert.match(strict.json.detail, /scores \d+ where 90 are needed/);
    assert.ok(strict.json.errors.length > 0);
    const whole = JSON.stringify(apiFromNothing({ ...body, description: 'Greets.' }));
    const good = await put(whole, developer, '?publish=true', 'application/json');
    assert.equal(good.status, 200, good.text);
    assert.equal(good.json.fit, true);
    for (const as of ['developer Y90002', 'operator', 'product-owner', 'auditor'])
      assert.equal((await put(yaml, as)).status, 403, as);
    const refused = (await ground.entries()).at(-1);
    assert.deepEqual([refused?.action, refused?.status], ['api.specification', 403]);
  });

  it('refuses a document that cannot be read, and keeps the one there was', async () => {
    const { path } = await make();
    const put = (text: string, type = 'application/yaml') =>
      call('PUT', `${path}/specification`, { body: text, type });
    const { specification } = (await put(yaml)).json;
    const odd: readonly (readonly [string, number, string?])[] = [
      ['a: [', 400],
      ['swagger: "1.2"', 400],
      ['{"openapi":"3.0.0","paths":', 400, 'application/json'],
      [yaml, 415, 'text/html'],
      [`${yaml}# ${'x'.repeat(2 * 1024 * 1024)}`, 413],
    ];
    for (const [text, status, type] of odd)
      assert.equal((await put(text, type)).status, status, text.slice(0, 30));
    assert.equal((await call('GET', path)).json.specification, specification);
  });

  describe('as to secrets', () => {
    const secretIn = (id: string, environment: string) =>
      `/apis/${id}/environments/${environment}/secrets`;

    for (const environment of environments)
      it(`leaves those of ${environment} to those whom the matrix names`, async () => {
        const { id } = await make();
        const path = secretIn(id, environment);
        const early = ['sandbox', 'development', 'sit'].includes(environment);
        const put = async (as: string) =>
          (await call('PUT', `${path}/key`, { body: { value: 'x' }, as })).status;
        assert.equal(await put(developer), early ? 200 : 403);
        assert.equal(await put('operator'), 200);
        for (const as of ['developer Y90002', 'product-owner', 'auditor']) {
          assert.equal(await put(as), 403, as);
          assert.equal((await call('GET', path, { as })).status, 403, as);
          assert.equal((await call('DELETE', `${path}/key`, { as })).status, 403, as);
        }
      });

    it('keeps them sealed, shows names, and says nothing of them anywhere', async () => {
      const { id } = await make();
      const path = secretIn(id, 'sandbox');
      const value = 'very-hidden-value';
      const put = await call('PUT', `${path}/back-end`, { body: { value } });
      const created = new Date(ground.clock.time).toISOString();
      const shown = { name: 'back-end', created, by: 'the-administrator' };
      assert.deepEqual(put.json, shown);
      const listed = await call('GET', path);
      assert.deepEqual(listed.json, { items: [{ ...shown, etag: '"1"' }] });
      assert.equal((await call('PUT', `${path}/back-end`, { body: { value: 'b' } })).etag, '"2"');
      const audit = JSON.stringify(await ground.entries());
      for (const text of [audit, put.text, listed.text]) assert.ok(!text.includes(value));
      assert.deepEqual((await call('GET', secretIn(id, 'development'))).json, { items: [] });
    });

    it('keeps one that a deployed definition names', async () => {
      const { id } = await make();
      const path = secretIn(id, 'sandbox');
      await call('PUT', `${path}/back-end`, { body: { value: 'a' } });
      const deploy = (security: object) =>
        call('POST', `/apis/${id}/environments/sandbox/deployments`, {
          body: {
            definition: {
              base: `/${id}`,
              backend: { kind: 'http', url: 'http://127.0.0.1:9', security },
              policies: [{ policy: 'open' }],
            },
          },
        });
      const key = { kind: 'key', header: 'x-key', secret: 'back-end' };
      assert.equal((await deploy(key)).status, 201);
      const refused = await call('DELETE', `${path}/back-end`);
      assert.deepEqual([refused.status, refused.json.code], [409, 'IN_USE']);
      assert.equal((await deploy({ kind: 'none' })).status, 201);
      assert.equal((await call('DELETE', `${path}/back-end`)).status, 204);
      assert.deepEqual((await call('GET', path)).json, { items: [] });
      assert.equal((await call('DELETE', `${path}/back-end`)).status, 404);
      const { action, app } =
        (await ground.entries()).filter((one) => one.status === 200).at(-1) ?? {};
      assert.deepEqual([action, app], ['api.secret.remove', `sandbox.${id}.back-end`]);
    });

    it('refuses what is none, and all while nothing can be sealed', async () => {
      const { id } = await make();
      const path = secretIn(id, 'sandbox');
      for (const [name, given] of [
        ['A', { value: 'x' }],
        ['x'.repeat(65), { value: 'x' }],
        ['a', { value: '' }],
        ['a', {}],
        ['a', { value: 'x', more: 1 }],
      ] as const)
        assert.equal((await call('PUT', `${path}/${name}`, { body: given })).status, 400, name);
      assert.equal(
        (await call('PUT', `${secretIn('none', 'sandbox')}/a`, { body: { value: 'x' } })).status,
        404,
      );
      const { seal } = ground.hooks;
      delete ground.hooks.seal;
      assert.equal((await call('PUT', `${path}/a`, { body: { value: 'x' } })).status, 503);
      if (seal) ground.hooks.seal = seal;
    });
  });

  describe('as to products', () => {
    const product = (more: object) =>
      call('POST', '/products', { body: { id: `p-${++count}`, name: 'P', ...more } });

    it('takes limits and operations, and only APIs that are there', async () => {
      const { id } = await make();
      const limits = { quota: { limit: 5, interval: 1, unit: 'minute' }, concurrency: 2 };
      const operations = { [id]: ['GET /Patient/{id}'] };
      const made = await product({ apis: [id], limits, operations });
      assert.deepEqual([made.json.limits, made.json.operations], [limits, operations]);
      const path = `/products/${made.json.id as string}`;
      const changed = await call('PATCH', path, { body: { limits: {} }, match: '*' });
      assert.deepEqual([changed.json.limits, changed.json.operations], [undefined, operations]);
      const unknown = await product({ apis: ['nobody-knows'] });
      assert.deepEqual([unknown.status, unknown.json.code], [422, 'UNKNOWN_API']);
      const added = await call('PATCH', path, { body: { apis: [id, 'nobody-knows'] }, match: '*' });
      assert.equal(added.json.code, 'UNKNOWN_API');
      for (const more of [
        { apis: [id], operations: { other: [] } },
        { apis: [id], operations: { [id]: ['nonsense'] } },
        { apis: [id], limits: { quota: { limit: 0, interval: 1, unit: 'minute' } } },
        { apis: [id], limits: { quota: { limit: 1, interval: 1, unit: 'year' } } },
        { apis: [id], limits: { more: 1 } },
      ])
        assert.equal((await product(more)).status, 400, JSON.stringify(more));
    });

    it('says of an empty product that it opens nothing', async () => {
      assert.match((await product({})).json.warnings[0], /covers no API/);
    });
  });

  describe('as to the set-up in one action', () => {
    it('makes all from a document, and keeps what is there when it is run again', async () => {
      const id = `api-${++count}`;
      const openapi = apiFromNothing({ ...body, id, description: '' });
      const made = await call('POST', '/apis', { body: { ...body, id, openapi }, as: developer });
      assert.equal(made.status, 201, made.text);
      const outcomes = (answer: typeof made) =>
        answer.json.steps.map(({ step, outcome }: Record<string, string>) => `${step} ${outcome}`);
      const steps = outcomes(made);
      const four = ['api made', 'specification made', 'sandbox made', 'development made'];
      assert.deepEqual(steps.slice(0, 4), four);
      const { sandbox, development } = made.json.addresses;
      assert.deepEqual(
        [sandbox, development],
        [`https://sandbox.example.org/${id}`, `https://development.example.org/${id}`],
      );
      const again = await call('POST', `/apis/${id}/setup`, { body: {}, as: developer });
      assert.equal(again.status, 200, again.text);
      assert.deepEqual(
        outcomes(again),
        steps.map((step: string) => step.replace('made', 'kept')),
      );
      const mock = await call('GET', `/proxies/sandbox.${id}/revisions/1`);
      assert.deepEqual(mock.json.definition.backend, { kind: 'mock' });
    });

    it('makes an API of nothing but its name', async () => {
      const { path, id } = await make();
      const done = await call('POST', `${path}/setup`, { body: {} });
      assert.equal(done.status, 200, done.text);
      assert.equal((await call('GET', `${path}/specification`)).json.info.title, 'Hello');
      assert.equal((await call('GET', `/proxies/development.${id}`)).json.state, 'deployed');
    });

    it('says where it stopped, and goes on from there', async () => {
      const id = `api-${++count}`;
      const openapi = apiFromNothing({ ...body, id, description: '' });
      const { gatewayFaults } = ground.hooks;
      ground.hooks.gatewayFaults = (_api, environment) =>
        environment === 'development' ? [{ at: '/backend', message: 'not reached' }] : [];
      const ask = { body: { ...body, id, openapi }, as: developer };
      const stopped = await call('POST', '/apis', ask);
      if (gatewayFaults) ground.hooks.gatewayFaults = gatewayFaults;
      assert.deepEqual([stopped.status, stopped.json.code], [422, 'STOPPED']);
      assert.match(
        stopped.json.detail,
        /stopped at development: .*not reached.* Done before: api \(made\)/,
      );
      assert.deepEqual(stopped.json.errors, [{ at: '/backend', message: 'not reached' }]);
      const on = await call('POST', '/apis', ask);
      assert.equal(on.status, 201, on.text);
      assert.deepEqual(on.json.steps[3], { step: 'development', outcome: 'made' });
    });

    it('makes nothing for another organisation, nor over its API', async () => {
      const id = `api-${++count}`;
      const openapi = apiFromNothing({ ...body, id, description: '' });
      const other = 'developer Y90002';
      const ask = { body: { ...body, id, openapi }, as: other };
      assert.equal((await call('POST', '/apis', ask)).status, 403);
      assert.equal((await call('GET', `/apis/${id}`)).status, 404);
      const { path } = await make();
      assert.equal((await call('POST', `${path}/setup`, { body: {}, as: other })).status, 403);
      const taken = { body: { ...body, id: path.slice(6), owner: 'Y90002', openapi }, as: other };
      assert.equal((await call('POST', '/apis', taken)).status, 409);
    });

    it('opens no other API by a product that a producer sets up', async () => {
      const id = `api-${++count}`;
      const openapi = {
        ...apiFromNothing({ ...body, id, description: '' }),
        'x-gatehouse': {
          access: [
            { mode: 'app', scopes: ['urn:nhsd:apim:app:level3:personal-demographics-service'] },
          ],
        },
      };
      const stopped = await call('POST', '/apis', {
        body: { ...body, id, openapi },
        as: developer,
      });
      assert.deepEqual([stopped.status, stopped.json.code], [422, 'STOPPED']);
      assert.match(stopped.json.detail, /covers that alone, with national scopes that end in/);
    });

    for (const id of ['personal-demographics-service', 'privileged-anything', 'wards'])
      it(`gives no scope of another by an API that bears the name ${id}`, async () => {
        await call('POST', '/products', {
          body: { id: 'all-wards', name: 'All', scopes: ['urn:nhsd:apim:app:level3:wards'] },
        });
        const document = apiFromNothing({ ...body, id, description: '' });
        const openapi = { ...document, 'x-gatehouse': { access: [{ mode: 'app' }] } };
        const ask = { body: { ...body, id, openapi }, as: developer };
        const stopped = await call('POST', '/apis', ask);
        assert.deepEqual([stopped.status, stopped.json.code], [422, 'STOPPED']);
        assert.match(stopped.json.detail, /and are of no other API/);
      });
  });
});
