import assert from 'node:assert/strict';
import { managedGround, type ManagedGround } from '../../test/managed-ground.ts';

const api = { id: 'hello', title: 'Hello', owner: 'Y90001', contact: 'team@example.org' };

describe('the administration of proxies', () => {
  let ground: ManagedGround;
  before(async () => {
    ground = await managedGround();
  });
  after(() => ground.end());

  let made = 0;
  /** An Api of its own with so many revisions in an environment, and in development. */
  const proxy = async (environment = 'sandbox', revisions = 2) => {
    const id = `hello-${++made}`;
    await ground.call('POST', '/apis', { body: { ...api, id } });
    const deploy = (place: string, base = `/${id}`) =>
      ground.call('POST', `/apis/${id}/environments/${place}/deployments`, {
        body: { definition: { base, backend: { kind: 'mock' }, policies: [{ policy: 'open' }] } },
      });
    if (environment !== 'sandbox') await deploy('development');
    for (let i = 0; i < revisions; i++) assert.equal((await deploy(environment)).status, 201);
    return { id, path: `/proxies/${environment}.${id}`, deploy };
  };
  const { call } = { call: (...given: Parameters<ManagedGround['call']>) => ground.call(...given) };

  it('goes back to the revision before, and forth again, in one step', async () => {
    const { path } = await proxy();
    const back = await call('POST', `${path}/rollback`, { body: {} });
    assert.equal(back.status, 200);
    assert.deepEqual([back.json.active, back.json.previous, back.json.latest], [1, 2, 2]);
    const forth = await call('POST', `${path}/rollback`, { body: {} });
    assert.deepEqual([forth.json.active, forth.json.previous], [2, 1]);
    const actions = (await ground.entries()).map(({ action }) => action);
    assert.deepEqual(actions.slice(-2), ['proxy.rollback 2>1', 'proxy.rollback 1>2']);
  });

  it('goes back to any revision that there is', async () => {
    const { path } = await proxy('sandbox', 3);
    const { json } = await call('POST', `${path}/rollback`, { body: { to: 1 } });
    assert.deepEqual([json.active, json.previous, json.latest], [1, 3, 3]);
    assert.equal((await call('POST', `${path}/rollback`, { body: { to: 9 } })).status, 404);
    assert.equal((await call('POST', `${path}/rollback`, { body: { to: 0 } })).status, 400);
    assert.equal((await call('GET', path)).json.active, 1);
  });

  it('says so when there is nothing to go back to', async () => {
    const { path } = await proxy('sandbox', 1);
    const refused = await call('POST', `${path}/rollback`, { body: {} });
    assert.deepEqual([refused.status, refused.json.code], [409, 'NO_PREVIOUS']);
  });

  it('does not go back to a base that another proxy has taken since', async () => {
    const { path, id, deploy } = await proxy('sandbox', 1);
    await deploy('sandbox', `/${id}/v2`);
    ground.clock.time += 61_000;
    const other = await proxy('sandbox', 1);
    assert.equal((await other.deploy('sandbox', `/${id}`)).status, 201);
    const refused = await call('POST', `${path}/rollback`, { body: {} });
    assert.equal(refused.status, 409);
    ground.clock.time += 61_000;
    const later = await call('POST', `${path}/rollback`, { body: {} });
    assert.match(later.json.detail, new RegExp(`is the base of the proxy sandbox.${other.id}`));
  });

  it('holds a rollback to a condition only when one is named', async () => {
    const { path } = await proxy();
    const stale = await call('POST', `${path}/rollback`, { body: {}, match: '"1"' });
    assert.equal(stale.status, 412);
    const { etag } = await call('GET', path);
    assert.equal((await call('POST', `${path}/rollback`, { body: {}, match: etag })).status, 200);
  });

  for (const environment of ['sandbox', 'uat', 'production'])
    it(`leaves rolling back and states in ${environment} to those whom the matrix names`, async () => {
      const { path } = await proxy(environment);
      const early = environment === 'sandbox' ? 200 : 403;
      const body = { state: 'deprecated' };
      for (const [as, status] of [
        ['developer Y90001', early],
        ['developer Y90002', 403],
        ['auditor', 403],
        ['product-owner', 403],
        ['operator', 200],
      ] as const) {
        assert.equal((await call('POST', `${path}/rollback`, { body: {}, as })).status, status, as);
        const put = await call('PUT', `${path}/state`, { body, as, match: '*' });
        assert.equal(put.status, status, as);
      }
      const refused = (await ground.entries()).filter(({ status }) => status === 403).at(-1);
      assert.deepEqual([refused?.action, refused?.user], ['proxy.state', 'the-product-owner']);
    });

  it('deprecates, withdraws, retires and puts back', async () => {
    const { path } = await proxy();
    const put = async (body: object) =>
      (await call('PUT', `${path}/state`, { body, match: '*' })).json;
    const since = new Date(ground.clock.time).toISOString();
    const told = { sunset: '2027-01-01', successor: '/hello/v2', link: 'https://example.org/why' };
    const deprecated = await put({ state: 'deprecated', ...told });
    assert.equal(deprecated.state, 'deprecated');
    const deprecation = { ...told, since, sunset: '2027-01-01T00:00:00.000Z' };
    assert.deepEqual(deprecated.deprecation, deprecation);
    const retired = await put({ state: 'retired', successor: 'https://example.org/v3' });
    assert.deepEqual(retired.deprecation, { ...deprecation, successor: 'https://example.org/v3' });
    assert.equal((await put({ state: 'withdrawn' })).state, 'withdrawn');
    const back = await put({ state: 'deployed' });
    assert.deepEqual([back.state, back.deprecation, back.active], ['deployed', undefined, 2]);
    const last = (await ground.entries()).at(-1);
    assert.deepEqual([last?.action, last?.app], ['proxy.state deployed', path.slice(9)]);
  });

  it('says of a deployment that its proxy is out of use', async () => {
    const { path, deploy } = await proxy();
    await call('PUT', `${path}/state`, { body: { state: 'withdrawn' }, match: '*' });
    const { json } = await deploy('sandbox');
    assert.equal(json.state, 'withdrawn');
    assert.match(json.warnings[0], /withdrawn: nothing is served/);
  });

  it('takes no state that callers could be misled by', async () => {
    const { path } = await proxy();
    const odd: readonly object[] = [
      {},
      { state: 'gone' },
      { state: 'deployed', successor: '/a' },
      { state: 'withdrawn', sunset: '2027-01-01' },
      { state: 'retired', successor: 'javascript:alert(1)' },
      { state: 'retired', successor: '/a\r\nset-cookie: x=1' },
      { state: 'retired', successor: '/a>; rel=x' },
      { state: 'retired', link: `https://example.org/${'x'.repeat(600)}` },
      { state: 'deprecated', sunset: 'soon' },
      { state: 'deprecated', sunset: '2027-13-01' },
    ];
    for (const body of odd) {
      const { status } = await call('PUT', `${path}/state`, { body, match: '*' });
      assert.equal(status, 400, JSON.stringify(body).slice(0, 80));
    }
    const body = { state: 'retired' };
    assert.equal((await call('PUT', `${path}/state`, { body })).status, 428);
    assert.equal((await call('PUT', `${path}/state`, { body, match: '"1"' })).status, 412);
  });

  it('shows proxies and revisions to their producer, and lists them by API and environment', async () => {
    const { path, id } = await proxy('uat');
    const as = 'developer Y90001';
    assert.equal((await call('GET', path, { as })).json.environment, 'uat');
    assert.equal((await call('GET', path.replace('uat.', 'int.'), { as })).status, 200);
    assert.equal((await call('GET', path, { as: 'developer Y90002' })).status, 403);
    assert.equal((await call('GET', `${path}/revisions`, { as: 'developer Y90002' })).status, 403);
    assert.equal((await call('GET', `${path}/revisions/2`, { as })).json.number, 2);
    const ids = async (query: string, who = as) =>
      (await call('GET', query, { as: who })).json.items.map((one: { id: string }) => one.id);
    assert.deepEqual(await ids(`/apis/${id}/proxies`), [`development.${id}`, `uat.${id}`]);
    assert.deepEqual(await ids(`/proxies?api=${id}&environment=int`), [`uat.${id}`]);
    assert.ok((await ids('/proxies?environment=uat')).includes(`uat.${id}`));
    assert.ok((await ids('/proxies?limit=200')).length > 5);
    assert.deepEqual(await ids('/proxies', 'developer Y90002'), []);
  });

  it('answers odd ids with a problem', async () => {
    const { path } = await proxy();
    const odd: readonly (readonly [method: string, path: string, status: number])[] = [
      ['GET', '/proxies/none', 404],
      ['GET', '/proxies/moon.hello', 404],
      ['GET', '/proxies/%00', 404],
      ['GET', `${path}/revisions/0`, 404],
      ['GET', `${path}/revisions/1e3`, 404],
      ['GET', `${path}/revisions/99999999999999`, 404],
      ['GET', '/proxies?environment=moon', 400],
      ['GET', '/proxies?api=%00', 200],
      ['DELETE', path, 405],
    ];
    for (const [method, address, status] of odd)
      assert.equal((await call(method, address)).status, status, address);
  });
});
