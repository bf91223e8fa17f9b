import assert from 'node:assert/strict';
import { Schemas } from '../../core/schema.ts';
import { newApp } from '../../test/administration-ground.ts';
import { managedGround, type ManagedGround } from '../../test/managed-ground.ts';
import { documentRoute, managementActs } from './api.ts';
import { mayCallEnvironment } from './deployment-environments.ts';
import { environments } from './environments.ts';
import { judgeForPublishing } from './openapi/judge.ts';
import { readOpenApi } from './openapi/read.ts';

const api = { id: 'hello', title: 'Hello', owner: 'Y90001', contact: 'team@example.org' };

describe('the routes of the platform', () => {
  let ground: ManagedGround;
  let app: string;
  before(async () => {
    ground = await managedGround();
    await ground.call('POST', '/apis', { body: api });
    app = (await ground.call('POST', '/apps', { body: { ...newApp, owner: 'Y90003' } })).json.id;
  });
  after(() => ground.end());
  const get = (path: string, as = 'administrator') => ground.call('GET', path, { as });

  it('are all in the published document, and nothing else is', async () => {
    const { json } = await get('/openapi.json', 'nobody');
    const told = Object.entries(json.paths as Record<string, object>).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const there = [...Object.keys(managementActs(ground.managed)), documentRoute].map((route) =>
      route.replace(/:(\w+)/g, '{$1}'),
    );
    assert.deepEqual(told.sort(), there.sort());
  });

  it('are told in a document that can be read, each once, with schemas that compile', async () => {
    const { text, json } = await get('/openapi.json');
    const { document } = readOpenApi(text, { strict: true });
    const { reasons } = judgeForPublishing(document);
    assert.deepEqual(
      reasons.filter(({ message }) => message.includes('operationId')),
      [],
    );
    const items = Object.values(json.paths as Record<string, Record<string, any>>); // eslint-disable-line @typescript-eslint/no-explicit-any
    const operations = items.flatMap((item) => Object.values(item));
    const ids = operations.map(({ operationId }) => String(operationId));
    assert.equal(new Set(ids).size, ids.length);
    for (const { requestBody } of operations)
      for (const { schema } of Object.values<{ schema: object }>(requestBody?.content ?? {}))
        assert.doesNotThrow(() => new Schemas([]).faults(schema));
    assert.equal(json.openapi, '3.1.0');
  });

  it('tell the environments with who deploys and who calls', async () => {
    const { json } = await get('/environments', 'auditor');
    const told = json.items.map(({ environment, deploy, call }: Record<string, string>) => [
      environment,
      deploy,
      call,
    ]);
    const platform = ['administrator', 'operator'];
    assert.deepEqual(told, [
      ['sandbox', [...platform, 'developer'], 'anyone'],
      ['development', [...platform, 'developer'], 'owner'],
      ['sit', [...platform, 'developer'], 'subscription'],
      ['uat', platform, 'subscription'],
      ['production', platform, 'subscription'],
    ]);
    assert.deepEqual(json.items[3].names, ['uat', 'int']);
  });

  it('let the apps of the producer alone into development', () => {
    for (const environment of environments) {
      const may = (appOwner: string | undefined) =>
        mayCallEnvironment(environment, { apiOwner: 'Y90001', appOwner });
      assert.equal(may('Y90001'), true);
      assert.equal(may('Y90002'), environment !== 'development', environment);
      assert.equal(may(undefined), environment !== 'development', environment);
    }
  });

  it('answer 503 for what this process does not serve', async () => {
    const where = `app=${app}&api=hello&environment=sandbox`;
    for (const path of ['/policies', `/limits?${where}`, '/status', '/usage']) {
      const answer = await get(path);
      assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '60'], path);
    }
  });

  it('hand on what is asked of limits, status and usage, to those who may ask', async () => {
    const asked: unknown[] = [];
    const answer = (query: object) => {
      asked.push(query);
      return Promise.resolve({ told: true });
    };
    Object.assign(ground.hooks, { limits: answer, status: answer, usage: answer });
    ground.hooks.policies = () => [
      { name: 'open', phase: 'authenticate', summary: '', schema: {} },
    ];
    const where = `app=${app}&api=hello&environment=int`;
    for (const as of ['developer Y90001', 'developer Y90003', 'operator', 'auditor'])
      assert.equal((await get(`/limits?${where}`, as)).status, 200, as);
    assert.deepEqual(asked[0], { app, api: 'hello', environment: 'uat' });
    assert.equal((await get('/usage?from=2026-01-01&to=2026-01-31T12:00Z')).status, 200);
    assert.deepEqual(asked.at(-1), { from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 0, 31, 12) });
    assert.equal((await get('/status?environment=prod', 'developer Y90002')).status, 200);
    assert.deepEqual(asked.at(-1), { environment: 'production' });
    assert.equal((await get('/policies', 'developer Y90002')).json.items[0].name, 'open');
    const refused: readonly (readonly [string, string, number])[] = [
      [`/limits?${where}`, 'developer Y90002', 403],
      ['/usage', 'developer Y90001', 403],
      ['/usage?api=hello', 'developer Y90003', 403],
      ['/usage?api=hello', 'developer Y90001', 200],
      [`/usage?app=${app}`, 'developer Y90003', 200],
      ['/usage?api=none', 'operator', 404],
      ['/limits?api=hello', 'operator', 400],
      ['/usage?from=yesterday', 'operator', 400],
      ['/usage?operation=nonsense', 'operator', 400],
      ['/status?environment=moon', 'operator', 400],
      ['/usage?api=%00', 'operator', 404],
    ];
    for (const [path, as, status] of refused)
      assert.equal((await get(path, as)).status, status, path);
  });

  it('make the keys of a subscription', async () => {
    await ground.call('POST', `/apps/${app}/registrations/sandbox`);
    await ground.call('POST', '/products', { body: { id: 'p', name: 'P', apis: ['hello'] } });
    const wish = { app, product: 'p', environment: 'sandbox' };
    const { json } = await ground.call('POST', '/subscriptions', { body: wish });
    const path = `/subscriptions/${json.id as string}/keys`;
    assert.equal((await ground.call('POST', `${path}/primary`, { body: {} })).status, 201);
    assert.equal((await get(path)).json.items.length, 1);
    delete ground.hooks.hashKey;
    assert.equal((await ground.call('POST', `${path}/primary`, { body: {} })).status, 503);
  });
});
