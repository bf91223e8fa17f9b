import assert from 'node:assert/strict';
import type { Policy } from '../../../core/exchange.ts';
import { accessGround, tried, type AccessGround } from '../../../test/access-ground.ts';
import { exchangeFor } from '../../../test/exchange-for.ts';
import { newKey } from '../../catalogue/key-pairs-text.ts';
import { keyUsesOf } from '../../catalogue/key-pairs-used.ts';
import { entitlementOf } from '../policy.ts';
import { apiKey } from './api-key.ts';

describe('the policy of subscription keys', () => {
  let ground: AccessGround;
  let subscription: string;
  let key: string;
  let policy: Policy;
  const call = (value: string | undefined, fields: Parameters<typeof exchangeFor>[0] = {}) =>
    exchangeFor({
      ...{ headers: value === undefined ? {} : { apikey: value }, path: '/things/1' },
      ...fields,
    });
  const send = (value: string | undefined, fields?: Parameters<typeof exchangeFor>[0]) =>
    tried(policy, call(value, fields));

  before(async () => {
    ground = await accessGround();
    policy = ground.policy(apiKey);
    await ground.app('ward', { asid: '200000000001' });
    await ground.app('ward', {}, 'uat');
    await ground.product('gold', {
      scopes: ['urn:nhsd:apim:app:level0:hello', 'urn:nhsd:apim:app:level3:hello'],
    });
    await ground.product('other', { apis: ['another'] });
    subscription = await ground.subscribe('ward', 'gold');
    key = await ground.key(subscription);
  });
  after(() => ground.end());

  it('R019 refuses no key and an unknown key with 401, a key of another product with 403, and takes the right one', async () => {
    assert.equal((await send(undefined)).status, 401);
    assert.equal((await send('')).status, 401);
    assert.equal((await send(newKey('sandbox'))).status, 401);
    const foreign = await ground.key(await ground.subscribe('ward', 'other'));
    const refused = await send(foreign);
    assert.equal(refused.status, 403);
    assert.match(refused.problem?.message ?? '', /product other, which does not cover this API/);
    assert.equal((await send(key)).status, 200);
  });

  it('takes the key in either header, and the other key of the pair', async () => {
    const secondary = await ground.key(subscription, 'secondary');
    for (const name of ['ocp-apim-subscription-key', 'apikey'])
      for (const one of [key, secondary]) {
        const headers = { [name]: one };
        assert.equal((await send(undefined, { headers })).status, 200);
      }
    const two = { apikey: key, 'ocp-apim-subscription-key': secondary };
    assert.equal((await send(undefined, { headers: two })).status, 401);
  });

  it('makes a caller that is an app on its own, with no scope that a token must give', async () => {
    const { through } = await send(key);
    assert.deepEqual(through?.caller, {
      ...{ appId: 'ward', appName: 'App ward', mode: 'app', asid: '200000000001' },
      ...{ scopes: ['urn:nhsd:apim:app:level0:hello'], grants: new Set() },
    });
    assert.equal(through.facts.caller, through.caller);
    assert.equal((await send(key)).through?.caller, through.caller);
    assert.deepEqual(
      [through.facts.subscription, through.facts.product, entitlementOf(through)],
      [subscription, 'gold', { subscriptionId: subscription, productId: 'gold', appId: 'ward' }],
    );
  });

  for (const query of [
    'subscription-key=x',
    'a=1&apikey=x',
    'Subscription-Key=',
    'api%6Bey=x',
    'Ocp-Apim-Subscription-Key=x',
  ])
    it(`refuses a key in the query with 401 and says why, also beside a good one: ${query}`, async () => {
      const refused = await send(key, { headers: { apikey: key }, rawQuery: query });
      assert.equal(refused.status, 401);
      assert.match(refused.problem?.message ?? '', /addresses end up in logs/);
      assert.equal(refused.problem?.message.includes('x&'), false);
    });

  it('tells nothing of a key from a query that merely looks like one', async () => {
    assert.equal(
      (await send(key, { headers: { apikey: key }, rawQuery: 'q=keys%20' })).status,
      200,
    );
  });

  it('refuses a mistyped key without a hash or a look-up', async () => {
    const before = ground.hashed.count;
    for (const wrong of [`${key}x`, key.slice(0, -1), 'x', `${key}, ${key}`, key.toUpperCase()]) {
      const refused = await send(wrong);
      assert.equal(refused.status, 401);
      assert.equal(refused.problem?.headers?.['www-authenticate'], 'ApiKey realm="hello"');
    }
    assert.equal(ground.hashed.count, before);
  });

  it('hashes a key once, however often it is used', async () => {
    await send(key);
    const before = ground.hashed.count;
    for (let i = 0; i < 5; i++) assert.equal((await send(key)).status, 200);
    assert.equal(ground.hashed.count, before);
  });

  it('names the environment of a key to whoever has it, and to nobody else', async () => {
    const there = await ground.subscribe('ward', 'gold', 'active', 'uat');
    const refused = await send(await ground.key(there));
    assert.deepEqual([refused.status, refused.problem?.code], [401, 'KEY_ENVIRONMENT']);
    assert.match(refused.problem?.message ?? '', /belongs to the environment uat/);
    assert.equal((await send(newKey('uat'))).problem?.message.includes('uat'), false);
  });

  it('takes a replaced key until its overlap has ended, then says that it was replaced', async () => {
    const app = 'renewing';
    await ground.app(app);
    const id = await ground.subscribe(app, 'gold');
    const first = await ground.key(id);
    const second = await ground.key(id);
    assert.equal((await send(first)).status, 200);
    const { time } = ground.clock;
    ground.clock.time += 3_600_000;
    const refused = await send(first);
    assert.deepEqual([refused.status, refused.problem?.code], [401, 'KEY_REPLACED']);
    assert.match(refused.problem?.message ?? '', /new primary key/);
    assert.equal((await send(second)).status, 200);
    ground.clock.time = time;
  });

  for (const state of ['suspended', 'cancelled'] as const)
    it(`refuses the key of a subscription that is ${state} with 403, from the next call on`, async () => {
      await ground.app(state);
      const id = await ground.subscribe(state, 'gold');
      const own = await ground.key(id);
      assert.equal((await send(own)).status, 200);
      await ground.subscribe(state, 'gold', state);
      const refused = await send(own);
      assert.deepEqual([refused.status, refused.problem?.code], [403, 'KEY_SUBSCRIPTION']);
      assert.match(refused.problem?.message ?? '', new RegExp(state));
    });

  for (const state of ['pending', 'revoked'] as const)
    it(`refuses an app that is ${state} with 403, and lets the audit name it`, async () => {
      await ground.app(`app-${state}`, { state });
      const own = await ground.key(await ground.subscribe(`app-${state}`, 'gold'));
      const exchange = call(own);
      const refused = await tried(policy, exchange);
      assert.deepEqual([refused.status, refused.problem?.code], [403, 'KEY_APP']);
      assert.equal(exchange.facts.caller?.appId, `app-${state}`);
    });

  it('covers the operations that the product names, and no others', async () => {
    await ground.app('reader');
    await ground.product('reads', { operations: { hello: ['GET /things/{id}', 'GET /'] } });
    const own = await ground.key(await ground.subscribe('reader', 'reads'));
    const ask = async (method: string, path: string) =>
      (await send(own, { headers: { apikey: own }, method, path })).status;
    for (const [method, path] of [
      ['GET', '/things/1'],
      ['HEAD', '/things/1'],
      ['GET', ''],
      ['GET', '/'],
    ] as const)
      assert.equal(await ask(method, path), 200, `${method} ${path}`);
    for (const [method, path] of [
      ['POST', '/things/1'],
      ['GET', '/things'],
      ['GET', '/things/1/more'],
      ['GET', '/things/..'],
      ['GET', '/things/%2e%2e'],
      ['GET', '/other'],
      ['DELETE', '/'],
      ['GET', '/things/1%2Fmore'],
      ['GET', '/things/1%5cmore'],
      ['GET', '/things/'],
      ['GET', '//things/1'],
      ['GET', '/Things/1'],
    ] as const)
      assert.equal(await ask(method, path), 403, `${method} ${path}`);
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override'])
      for (const [asked, status] of [
        ['delete', 403],
        ['GET', 200],
      ] as const) {
        const headers = { apikey: own, [name]: asked };
        const answer = await send(own, { headers, path: '/things/1' });
        assert.equal(answer.status, status, `${name}: ${asked}`);
      }
  });

  it('opens nothing with a product that covers nothing', async () => {
    await ground.app('empty');
    await ground.product('nothing', { apis: [] });
    const own = await ground.key(await ground.subscribe('empty', 'nothing'));
    assert.equal((await send(own)).status, 403);
  });

  it('notes when a key was used and from where', async () => {
    await send(key, { headers: { apikey: key }, peer: { address: '192.0.2.7', secure: false } });
    const { hashKey } = ground.services;
    assert.deepEqual(keyUsesOf(ground.catalogue).of(hashKey(key)), {
      ...{ at: ground.clock.time, address: '192.0.2.7' },
    });
  });

  describe('that takes client ids as well', () => {
    const sendId = (id: string, environment: 'sandbox' | 'uat' = 'sandbox', path = '/things/1') =>
      tried(
        ground.policy(apiKey, { clientId: true }, ground.site(environment)),
        call(id, { headers: { apikey: id }, path }),
      );

    it('takes the one of this environment in apikey', async () => {
      const passed = await sendId('ward-sandbox');
      assert.equal(passed.through?.caller?.appId, 'ward');
      assert.equal(passed.through.facts.product, 'gold');
      assert.equal((await sendId(key)).status, 200);
    });

    it('refuses unknown ones, those of elsewhere, of revoked apps and of apps without a subscription', async () => {
      assert.equal((await sendId('nobody')).status, 401);
      assert.equal((await sendId('ward-sandbox', 'uat')).problem?.code, 'KEY_ENVIRONMENT');
      assert.equal((await sendId('app-revoked-sandbox')).problem?.code, 'KEY_APP');
      await ground.app('lonely');
      assert.deepEqual((await sendId('lonely-sandbox')).problem?.code, 'KEY_PRODUCT');
      assert.match(
        (await sendId('reader-sandbox', 'sandbox', '/x')).problem?.message ?? '',
        /operation/,
      );
    });

    it('takes none where that is not said', async () => {
      assert.equal((await send('ward-sandbox')).status, 401);
    });
  });
});
