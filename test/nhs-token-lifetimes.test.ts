import assert from 'node:assert/strict';
import { subscriptionCollection } from '../server/catalogue/products.ts';
import {
  addApp,
  assertionOf,
  assertRefused,
  isAlive,
  startTokenGround,
  tokenIn,
  withAssertion,
  type Refusal,
  type TokenGround,
} from './token-ground.ts';
import { codeFor, redeem, refresh } from './sign-in-ground.ts';

const ended: Refusal = [401, 'invalid_grant', 'refresh token refresh period has expired'];
const minute = 60_000;
/** What is not a shorter time. */
const noShorter = [
  '600001',
  '999999999999',
  '-1',
  '0x10',
  'NaN',
  'Infinity',
  '1e99',
  '1e3',
  '5.5',
  ' 5',
  '',
  'x',
];

describe('how long tokens last', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  beforeEach(() => {
    ground.clock.time = Date.now(); // the clock of the library that signs people in stands elsewhere
  });
  before(async () => {
    ground = await startTokenGround();
  });
  after(() => ground.end());

  const tokens = async (provider: 'nhs-cis2' | 'nhs-login', fields = {}) =>
    (await redeem(ground, await codeFor(ground, { provider }), fields)).json;

  it('is 600 s for an access token, and then it is expired', async () => {
    const token = tokenIn(await withAssertion(ground, assertionOf(ground)));
    ground.clock.time += 599_999;
    assert.ok(await isAlive(ground, token));
    ground.clock.time += 1;
    assert.equal(await isAlive(ground, token), false);
    const url = `${ground.platform.url}/env/int/personal-demographics/FHIR/R4/Patient/9000000009`;
    const headers = { authorization: `Bearer ${token}`, 'x-request-id': crypto.randomUUID() };
    const answer = await fetch(url, { headers });
    assert.match(await answer.text(), /Access Token expired/);
    const atUserinfo = await fetch(`${ground.face}/userinfo`, { headers });
    assert.equal(atUserinfo.status, 401);
    assert.match(await atUserinfo.text(), /Access Token expired/);
  });

  for (const [provider, hours] of [
    ['nhs-cis2', 12],
    ['nhs-login', 1],
  ] as const)
    it(`is ${hours} h for a refresh token of ${provider}, however often it is used`, async () => {
      const first = await tokens(provider);
      const begun = ground.clock.time;
      const end = begun + hours * 3_600_000;
      let token: string = first.refresh_token;
      let count = 0;
      const steps = 24;
      for (let i = 1; i < steps; i++) {
        ground.clock.time = begun + (i * (end - begun)) / steps;
        const { json } = await refresh(ground, token);
        assert.equal(json.refresh_count, String(++count));
        assert.equal(json.expires_in, '599');
        assert.equal(json.refresh_token_expires_in, String((end - ground.clock.time) / 1000 - 1));
        token = json.refresh_token;
      }
      ground.clock.time = end - 1;
      const last = await refresh(ground, token);
      assert.ok(await isAlive(ground, tokenIn(last)));
      ground.clock.time = end;
      assertRefused(await refresh(ground, last.json.refresh_token), ended);
      // the access token that was given last ends at its own time
      assert.ok(await isAlive(ground, last.json.access_token));
    });

  it('can be shortened and not be lengthened by the request', async () => {
    for (const value of noShorter) {
      const lifetime = { _access_token_expiry_ms: value };
      const { json } = await withAssertion(ground, assertionOf(ground), lifetime);
      assert.equal(json.expires_in, '599', value);
    }
    for (const [value, told] of [
      ['600000', '599'],
      ['5000', '4'],
      ['1', '0'],
      ['0', '0'],
    ] as const) {
      const lifetime = { _access_token_expiry_ms: value };
      const { json } = await withAssertion(ground, assertionOf(ground), lifetime);
      assert.equal(json.expires_in, told, value);
      ground.clock.time += Number(value) + 1;
      assert.equal(await isAlive(ground, json.access_token), false);
    }
  });

  it('is no longer for refresh tokens either', async () => {
    for (const name of ['_refresh_token_expiry_ms', '_refresh_tokens_validity_ms']) {
      for (const value of ['43200001', '-1', 'NaN', '1e99', '999999999999']) {
        const { refresh_token_expires_in } = await tokens('nhs-cis2', { [name]: value });
        assert.equal(refresh_token_expires_in, '43199', `${name}=${value}`);
      }
      const { refresh_token, refresh_token_expires_in } = await tokens('nhs-cis2', {
        [name]: '60000',
      });
      assert.equal(refresh_token_expires_in, '59');
      ground.clock.time += minute;
      assertRefused(await refresh(ground, refresh_token), ended);
    }
  });

  it('never grows at a refresh', async () => {
    const short = await tokens('nhs-cis2', { _refresh_tokens_validity_ms: '300000' });
    ground.clock.time += minute;
    const longer = {
      _refresh_tokens_validity_ms: '43200000',
      _refresh_token_expiry_ms: '43200000',
    };
    const next = await refresh(ground, short.refresh_token, longer);
    assert.equal(next.json.refresh_token_expires_in, '239');
    const shorter = { _refresh_token_expiry_ms: '1000', _access_token_expiry_ms: '2000' };
    const last = await refresh(ground, next.json.refresh_token, shorter);
    assert.equal(last.json.refresh_token_expires_in, '0');
    assert.equal(last.json.expires_in, '1');
    ground.clock.time += 1000;
    assertRefused(await refresh(ground, last.json.refresh_token), ended);
  });

  it('does not let a token go on whose scope the app has lost', async () => {
    const id = await addApp(ground, 'losing', {}, ['pds-user-restricted']);
    const by = { client_id: id };
    const first = await redeem(ground, await codeFor(ground, { asked: by }), by);
    assert.ok(await isAlive(ground, tokenIn(first)));
    const subscriptions = ground.platform.store.open(subscriptionCollection);
    const held = await subscriptions.get(`${id.replace('-int', '')}.uat.pds-user-restricted`);
    assert.ok(held);
    await subscriptions.put(
      held.id,
      { ...held.value, state: 'suspended' },
      { expected: held.version },
    );
    assert.equal(await isAlive(ground, tokenIn(first)), false);
    const noScope: Refusal = [
      401,
      'unauthorized_client',
      'you have tried to request authorization but your application is not configured to use this authorization grant type',
    ];
    assertRefused(await refresh(ground, first.json.refresh_token, by), noScope);
    const now = { ...held.value, state: 'active' } as const;
    await subscriptions.put(held.id, now, { expected: held.version + 1 });
    tokenIn(await refresh(ground, first.json.refresh_token, by)); // it was not spent
  });
});
