/** Backend services on the SMART face: applications on their own, with signed assertions (SMART App Launch 2.2). */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import {
  askAlone,
  assertionFor,
  assertRefused,
  basicOf,
  fhir,
  patient,
  post,
  publicApp,
  secretApp,
  startSmartGround,
  type SmartGround,
} from './smart-launch-ground.ts';
import { addApp, macced, part, publicPem, statuses, testKey } from './token-ground.ts';

function newEc(namedCurve: string) {
  return generateKeyPairSync('ec', {
    namedCurve,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

describe('SMART backend services', function () {
  this.timeout(60_000);
  let ground: SmartGround;
  let ecApp: string;
  const ec = newEc('P-384');
  before(async () => {
    ground = await startSmartGround();
    const { createPublicKey } = await import('node:crypto');
    const { crv, x, y } = createPublicKey(ec.publicKey).export({ format: 'jwk' }) as Record<
      string,
      string
    >;
    const jwk = { kty: 'EC', kid: 'ec-1', crv, x, y } as const;
    const keys = { kind: 'value', keys: [jwk] } as never; // as registered
    ecApp = await addApp(ground, 'ec-app', { keys }, ['pds-smart']);
  });
  after(() => ground.end());

  it('gives an application a token of 300 seconds without a refresh token for an RS384 assertion', async () => {
    const { status, json, headers } = await askAlone(ground, assertionFor(ground));
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json).sort(), [
      'access_token',
      'expires_in',
      'scope',
      'token_type',
    ]);
    assert.deepEqual(
      [json.expires_in, json.scope, json.token_type],
      [300, 'system/Patient.rs', 'Bearer'],
    );
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal((await fhir(ground, `/Patient/${patient}`, json.access_token)).status, 200);
  });

  it('takes ES384 of an app with such a key', async () => {
    const claims = { iss: ecApp, sub: ecApp };
    const assertion = assertionFor(ground, claims, { alg: 'ES384', kid: 'ec-1' }, ec.privateKey);
    assert.equal((await askAlone(ground, assertion)).status, 200);
  });

  it('takes the issuer as audience, and each of the endpoint’s addresses', async () => {
    const host = ground.smart.replace('://', '://int.').replace('/env/int', '');
    for (const aud of [
      ground.smart,
      host,
      `${host}/token`,
      [`${ground.smart}/token`, ground.smart],
    ])
      assert.equal(
        (await askAlone(ground, assertionFor(ground, { aud }))).status,
        200,
        String(aud),
      );
  });

  it('refuses every assertion that is not right with invalid_client (1-16)', async () => {
    const now = Math.floor(ground.clock.time / 1000);
    const good = () => assertionFor(ground);
    const [, payload = ''] = good().split('.');
    const none = (alg: string) => `${part({ alg, typ: 'JWT', kid: 'demo-1' })}.${payload}.`;
    const hs = macced({ alg: 'HS384', typ: 'JWT', kid: 'demo-1' }, payload, publicPem(testKey(0)));
    const wrong: Readonly<Record<string, string>> = {
      none: none('none'),
      nOnE: none('nOnE'),
      'HS384 keyed with the public key': hs,
      RS512: assertionFor(ground, {}, { alg: 'RS512' }),
      'ES384 over an RSA key': assertionFor(ground, {}, { alg: 'ES384' }),
      'without kid': assertionFor(ground, {}, { kid: undefined }),
      'unknown kid': assertionFor(ground, {}, { kid: '../../dev/null' }),
      'another typ': assertionFor(ground, {}, { typ: 'at+jwt' }),
      crit: assertionFor(ground, {}, { crit: ['x'], x: 1 }),
      jwk: assertionFor(ground, {}, { jwk: {} }, testKey(1)),
      'another key': assertionFor(ground, {}, {}, testKey(1)),
      'jku though none is registered': assertionFor(ground, {}, { jku: 'http://127.0.0.1:1/jwks' }),
      'iss is not sub': assertionFor(ground, { sub: 'x' }),
      'unknown client': assertionFor(ground, { iss: 'x', sub: 'x' }),
      'public client': assertionFor(ground, { iss: publicApp, sub: publicApp }),
      'client of another environment': assertionFor(ground, {
        ...{ iss: 'demo-app-sandbox', sub: 'demo-app-sandbox' },
      }),
      'revoked app': assertionFor(ground, { iss: 'demo-revoked-int', sub: 'demo-revoked-int' }),
      'app without keys': assertionFor(ground, { iss: 'demo-no-key-int', sub: 'demo-no-key-int' }),
      'aud of the NHS face': assertionFor(ground, { aud: `${ground.face}/token` }),
      'aud of another environment': assertionFor(ground, { aud: `${ground.platform.url}/smart` }),
      'aud with a stranger': assertionFor(ground, { aud: [ground.smart, 'https://evil.example'] }),
      'no aud': assertionFor(ground, { aud: undefined }),
      'exp passed': assertionFor(ground, { exp: now - 60 }),
      'exp too far': assertionFor(ground, { exp: now + 400 }),
      'exp as text': assertionFor(ground, { exp: String(now + 60) }),
      'no jti': assertionFor(ground, { jti: undefined }),
      'changed signature': `${good().slice(0, -3)}AAA`,
      'two parts': 'a.b',
      'an access token': 'A'.repeat(43),
    };
    for (const [what, assertion] of Object.entries(wrong))
      assertRefused(await askAlone(ground, assertion), 401, 'invalid_client', what);
  });

  it('takes an assertion once of twenty at the same time, and a forged one spends nothing (11, 12)', async () => {
    const jti = 'the-next-one';
    const forged = assertionFor(ground, { jti }, {}, testKey(1));
    assertRefused(await askAlone(ground, forged), 401, 'invalid_client');
    const assertion = assertionFor(ground, { jti });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => askAlone(ground, assertion)),
    );
    assert.deepEqual(statuses(answers), { 200: 1, 401: 19 });
  });

  it('takes an assertion of which the endpoint is another once in all', async () => {
    const assertion = assertionFor(ground);
    assert.equal((await askAlone(ground, assertion)).status, 200);
    const fields = {
      token: 'x',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    };
    assertRefused(await post(ground, '/introspect', fields), 401, 'invalid_client');
  });

  it('refuses an assertion without its type, and one of 300 KB (19)', async () => {
    const without = await askAlone(ground, assertionFor(ground), {
      client_assertion_type: undefined,
    });
    assertRefused(without, 400, 'invalid_request');
    const long = await askAlone(ground, `${assertionFor(ground)}${'A'.repeat(300_000)}`);
    assertRefused(long, 413, 'invalid_request');
  });

  it('grants the overlap with what is registered, at system level only', async () => {
    const scope = 'system/Patient.cruds system/Observation.rs user/Patient.rs openid';
    const some = await askAlone(ground, assertionFor(ground), { scope });
    assert.equal(some.json.scope, 'system/Patient.rs');
    const first = await askAlone(ground, assertionFor(ground), { scope: 'system/Patient.read' });
    assert.equal(first.json.scope, 'system/Patient.read');
    for (const none of [undefined, 'user/Patient.rs', 'system/Patient.sr', 'system/Device.rs'])
      assertRefused(
        await askAlone(ground, assertionFor(ground), { scope: none }),
        400,
        'invalid_scope',
      );
  });

  it('refuses clients that sign nothing', async () => {
    const fields = { grant_type: 'client_credentials', scope: 'system/Patient.rs' };
    const basic = { authorization: basicOf(secretApp, ground.secret) };
    assertRefused(await post(ground, '/token', fields, basic), 400, 'unauthorized_client');
    const open = await post(ground, '/token', { ...fields, client_id: publicApp });
    assertRefused(open, 400, 'unauthorized_client');
  });

  it('lets an application find one person at most, and a privileged one see what is restricted', async () => {
    const { json } = await askAlone(ground, assertionFor(ground));
    const found = await fhir(
      ground,
      '/Patient?family=Smith&birthdate=eq2010-10-22',
      json.access_token,
    );
    assert.ok([200, 422].includes(found.status), found.text);
    const many = await fhir(
      ground,
      '/Patient?family=Smith&birthdate=eq2010-10-22&_max-results=5',
      json.access_token,
    );
    assert.equal(many.status, 403);
    const app = await addApp(ground, 'privileged', {}, ['pds-smart', 'pds-privileged']);
    const claims = { iss: app, sub: app };
    const own = (await askAlone(ground, assertionFor(ground, claims))).json;
    const url = '/Patient/9000000025';
    const hidden = await fhir(ground, url, json.access_token);
    const whole = await fhir(ground, url, own.access_token);
    assert.equal(hidden.json.address, undefined);
    assert.equal(whole.json.address?.length, 1);
  });

  it('refuses a call of an application without an ASID, and says why', async () => {
    const app = await addApp(ground, 'no-asid', { asid: undefined as never }, ['pds-smart']);
    const { json } = await askAlone(ground, assertionFor(ground, { iss: app, sub: app }));
    const answer = await fhir(ground, `/Patient/${patient}`, json.access_token);
    assert.equal(answer.status, 403);
    assert.match(answer.json.issue[0].diagnostics, /no ASID/);
  });
});
