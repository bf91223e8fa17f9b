/** Introspection (RFC 7662) and revocation (RFC 7009) on the SMART face. */
import assert from 'node:assert/strict';
import {
  asserted,
  assertionFor,
  askAlone,
  assertRefused,
  basicOf,
  fhir,
  isAlive,
  keyApp,
  patient,
  patientScopes,
  post,
  publicApp,
  refresh,
  secretApp,
  startSmartGround,
  tokensFor,
  type SmartGround,
} from './smart-launch-ground.ts';
import { addApp, tokenIn, withAssertion, assertionOf } from './token-ground.ts';

describe('SMART introspection and revocation', function () {
  this.timeout(60_000);
  let ground: SmartGround;
  before(async () => {
    ground = await startSmartGround();
  });
  after(() => ground.end());

  const basic = () => ({ authorization: basicOf(secretApp, ground.secret) });
  const introspect = (token: string, headers = basic()) =>
    post(ground, '/introspect', { token }, headers);
  const inactive = { active: false };

  it('tells a resource server of the same organisation what a live token is', async () => {
    const tokens = await tokensFor(ground);
    const { status, json, headers } = await introspect(tokens.access_token);
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-store');
    const { iat, exp, sub, fhirUser, ...rest } = json;
    assert.deepEqual(rest, {
      ...{ active: true, scope: patientScopes, client_id: publicApp, token_type: 'Bearer' },
      ...{ patient, need_patient_banner: true, iss: ground.smart },
    });
    assert.ok(Number.isInteger(exp) && Number.isInteger(iat));
    assert.equal(exp - iat, 600);
    assert.equal(typeof sub, 'string');
    assert.equal(fhirUser, `${ground.fhir}/Patient/${patient}`);
  });

  it('takes an assertion too, and tells of a backend service’s token without a person', async () => {
    const { json } = await askAlone(ground, assertionFor(ground));
    const fields = { token: json.access_token, ...asserted(assertionFor(ground)) };
    const answer = await post(ground, '/introspect', fields);
    assert.equal(answer.json.active, true);
    assert.deepEqual([answer.json.client_id, answer.json.sub], [keyApp, undefined]);
  });

  it('tells of a refresh token while it is current', async () => {
    const tokens = await tokensFor(ground);
    const { json } = await introspect(tokens.refresh_token);
    assert.deepEqual([json.active, json.token_type, json.patient], [true, undefined, patient]);
    await refresh(ground, tokens.refresh_token);
    assert.deepEqual((await introspect(tokens.refresh_token)).json, inactive);
  });

  it('says active false and nothing else of what is unknown, ended, revoked, or of the NHS face', async () => {
    const tokens = await tokensFor(ground);
    const nhs = tokenIn(await withAssertion(ground, assertionOf(ground)));
    const changed = `${tokens.access_token.slice(0, -1)}${tokens.access_token.endsWith('A') ? 'B' : 'A'}`;
    for (const token of ['x', 'A'.repeat(43), changed, tokens.id_token, nhs])
      assert.deepEqual((await introspect(token)).json, inactive);
    await post(ground, '/revoke', { token: tokens.access_token, client_id: publicApp });
    assert.deepEqual((await introspect(tokens.access_token)).json, inactive);
    const late = await tokensFor(ground);
    ground.clock.time += 600_000;
    assert.deepEqual((await introspect(late.access_token)).json, inactive);
  });

  it('hides tokens from another organisation’s apps, unless it was agreed', async () => {
    const tokens = await tokensFor(ground);
    const { appCollection } = await import('../server/catalogue/apps.ts');
    const stranger = await addApp(ground, 'stranger', {}, ['pds-smart']);
    const apps = ground.platform.store.open(appCollection);
    const change = async (attributes: Record<string, string>) => {
      const stored = await apps.get('stranger');
      assert.ok(stored?.value.registrations.uat);
      const uat = { ...stored.value.registrations.uat, attributes };
      const value = { ...stored.value, owner: 'OTHER', registrations: { uat } };
      await apps.put('stranger', value, { expected: stored.version });
      await new Promise(setImmediate);
    };
    const byStranger = () => {
      const claims = { iss: stranger, sub: stranger };
      const fields = { token: tokens.access_token, ...asserted(assertionFor(ground, claims)) };
      return post(ground, '/introspect', fields);
    };
    await change({});
    assert.deepEqual((await byStranger()).json, inactive);
    await change({ 'smart.introspect': 'all' });
    assert.equal((await byStranger()).json.active, true);
  });

  it('refuses introspection without credentials, by a public client, and without a token', async () => {
    assertRefused(await post(ground, '/introspect', { token: 'x' }), 401, 'invalid_client');
    const open = await post(ground, '/introspect', { token: 'x', client_id: publicApp });
    assertRefused(open, 401, 'invalid_client');
    const wrong = { authorization: basicOf(secretApp, 'wrong') };
    const refused = await post(ground, '/introspect', { token: 'x' }, wrong);
    assertRefused(refused, 401, 'invalid_client');
    assertRefused(await post(ground, '/introspect', {}, basic()), 400, 'invalid_request');
  });

  it('ends one access token, or with the refresh token all that the grant gave', async () => {
    const tokens = await tokensFor(ground);
    const more = (await refresh(ground, tokens.refresh_token)).json;
    const revoke = (token: string) => post(ground, '/revoke', { token, client_id: publicApp });
    const one = await revoke(tokens.access_token);
    assert.deepEqual([one.status, one.text], [200, '']);
    assert.ok(!(await isAlive(ground, tokens.access_token)));
    assert.ok(await isAlive(ground, more.access_token));
    await revoke(more.refresh_token);
    assert.ok(!(await isAlive(ground, more.access_token)));
    assertRefused(await refresh(ground, more.refresh_token), 400, 'invalid_grant');
  });

  it('answers alike for unknown tokens and for others’, which live on', async () => {
    const tokens = await tokensFor(ground);
    for (const token of ['x', 'A'.repeat(43), tokens.access_token, tokens.refresh_token]) {
      const answer = await post(ground, '/revoke', { token }, basic());
      assert.deepEqual([answer.status, answer.text], [200, '']);
    }
    assert.ok(await isAlive(ground, tokens.access_token));
    assert.equal((await refresh(ground, tokens.refresh_token)).status, 200);
  });

  it('refuses revocation without client authentication', async () => {
    assertRefused(await post(ground, '/revoke', { token: 'x' }), 401, 'invalid_client');
    const without = { token: 'x', client_id: secretApp };
    assertRefused(await post(ground, '/revoke', without), 401, 'invalid_client');
  });

  it('tells at userinfo who is behind a token that holds openid', async () => {
    const tokens = await tokensFor(ground);
    const userinfo = (token?: string) =>
      fhir({ ...ground, fhir: ground.smart }, '/userinfo', token);
    const { status, json } = await userinfo(tokens.access_token);
    assert.equal(status, 200);
    assert.equal(json.fhirUser, `${ground.fhir}/Patient/${patient}`);
    assertRefused(await userinfo(), 401, 'invalid_token');
    assertRefused(await userinfo('x'), 401, 'invalid_token');
    const plain = await tokensFor(ground, {}, { scope: 'patient/Patient.rs' });
    assertRefused(await userinfo(plain.access_token), 403, 'insufficient_scope');
  });
});
