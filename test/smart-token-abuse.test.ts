/** What the token endpoint of the SMART face refuses: codes, verifiers, clients and refresh tokens that are not right. */
import assert from 'node:assert/strict';
import {
  assertionFor,
  backAtApp,
  Browser,
  patient,
  throughProvider,
  asserted,
  assertRefused,
  basicOf,
  codeFor,
  isAlive,
  keyApp,
  patientScopes,
  post,
  publicApp,
  redeem,
  refresh,
  secretApp,
  startSmartGround,
  tokensFor,
  challengeOf,
  verifier,
  type SmartGround,
} from './smart-launch-ground.ts';
import { addApp, ask, redirectUri, statuses } from './token-ground.ts';

describe('Abuse of the SMART token endpoint', function () {
  this.timeout(60_000);
  let ground: SmartGround;
  before(async () => {
    ground = await startSmartGround();
  });
  after(() => ground.end());

  it('refuses a verifier that is missing, empty, wrong or the challenge itself, and spends the code (25)', async () => {
    const wrong = [undefined, '', 'x'.repeat(43), challengeOf(verifier), 'short', 'ü'.repeat(43)];
    for (const one of wrong) {
      const code = await codeFor(ground);
      assertRefused(await redeem(ground, code, { code_verifier: one }), 400, 'invalid_grant', one);
      assertRefused(await redeem(ground, code), 400, 'invalid_grant', `${one} then right`);
    }
  });

  it('refuses a code of the other face, and does not spend it (31)', async () => {
    const url = `${ground.face}/token`;
    const code = await codeFor(ground);
    const nhs = await ask(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri },
        ...{ client_id: keyApp, client_secret: ground.secret },
      }).toString(),
    });
    assert.deepEqual([nhs.status, nhs.json.error], [400, 'invalid_grant']);
    assert.equal((await redeem(ground, code)).status, 200, 'the other face did not spend it');

    const browser = new Browser();
    const asked = {
      client_id: keyApp,
      redirect_uri: redirectUri,
      response_type: 'code',
      state: 's',
    };
    const query = new URLSearchParams({ ...asked, scope: 'nhs-login' }).toString();
    const leaving = await browser.get(`${ground.face}/authorize?${query}`);
    const back = await browser.get(await throughProvider(browser, leaving, patient));
    const theirs = backAtApp(back).get('code') ?? '';
    const here = await redeem(ground, theirs, asserted(assertionFor(ground)));
    assertRefused(here, 400, 'invalid_grant');
  });

  it('refuses a confidential client that brings the right verifier and no credentials (27)', async () => {
    for (const client of [secretApp, keyApp]) {
      const code = await codeFor(ground, {}, { client_id: client });
      assertRefused(await redeem(ground, code, { client_id: client }), 401, 'invalid_client');
    }
  });

  it('refuses two ways of authenticating at once (28)', async () => {
    const authorization = basicOf(secretApp, ground.secret);
    const both = { client_id: undefined, client_secret: ground.secret };
    assertRefused(await redeem(ground, 'x', both, { authorization }), 400, 'invalid_request');
    const assertion = asserted(assertionFor(ground));
    assertRefused(await redeem(ground, 'x', assertion, { authorization }), 400, 'invalid_request');
    const secret = { ...assertion, client_secret: ground.secret };
    assertRefused(await redeem(ground, 'x', secret), 400, 'invalid_request');
  });

  it('refuses a secret that is empty, wrong, in the form, or of an app registered for another way (28)', async () => {
    const basics = [
      basicOf(secretApp, ''),
      basicOf(secretApp, `${ground.secret}x`),
      basicOf(keyApp, ground.secret),
      basicOf(publicApp, ground.secret),
      basicOf('nobody', ground.secret),
      basicOf('demo-smart-confidential-sandbox', ground.secret),
      'Basic ????',
      `Basic ${'A'.repeat(5000)}`,
      'Bearer x',
    ];
    for (const authorization of basics) {
      const answer = await redeem(ground, 'x', { client_id: undefined }, { authorization });
      assertRefused(answer, 401, 'invalid_client', authorization.slice(0, 40));
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic /);
    }
    const inForm = { client_id: secretApp, client_secret: ground.secret };
    assertRefused(await redeem(ground, 'x', inForm), 401, 'invalid_client');
  });

  it('refuses a client that authenticates as one and names another', async () => {
    const authorization = basicOf(secretApp, ground.secret);
    const answer = await redeem(ground, 'x', { client_id: publicApp }, { authorization });
    assertRefused(answer, 400, 'invalid_request');
    const named = { ...asserted(assertionFor(ground)), client_id: publicApp };
    assertRefused(await redeem(ground, 'x', named), 400, 'invalid_request');
  });

  it('takes a code once, and ends what it gave when it is used again (29)', async () => {
    const code = await codeFor(ground);
    const first = (await redeem(ground, code)).json;
    assert.ok(await isAlive(ground, first.access_token));
    assertRefused(await redeem(ground, code), 400, 'invalid_grant');
    assert.ok(!(await isAlive(ground, first.access_token)));
    assertRefused(await refresh(ground, first.refresh_token), 400, 'invalid_grant');
  });

  it('takes a code once of twenty at the same time, and ends what it gave (29)', async () => {
    const code = await codeFor(ground);
    const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(ground, code)));
    assert.deepEqual(statuses(answers), { 200: 1, 400: 19 });
    const won = answers.find(({ status }) => status === 200)?.json;
    assert.ok(!(await isAlive(ground, won.access_token)));
    assertRefused(await refresh(ground, won.refresh_token), 400, 'invalid_grant');
  });

  it('refuses another client’s code, which its owner can still use (30)', async () => {
    const other = await addApp(
      ground,
      'thief',
      { smartAuthentication: 'none', redirectUris: ['https://thief.example/cb', redirectUri] },
      ['pds-smart'],
    );
    const code = await codeFor(ground);
    for (const uri of [redirectUri, 'https://thief.example/cb']) {
      const stolen = await redeem(ground, code, { client_id: other, redirect_uri: uri });
      assertRefused(stolen, 400, 'invalid_grant');
    }
    assert.equal((await redeem(ground, code)).status, 200);
  });

  it('refuses a code after 60 seconds, and one with another redirect URI (31)', async () => {
    const code = await codeFor(ground);
    const uri = 'http://localhost:3000/callback';
    assertRefused(await redeem(ground, code, { redirect_uri: uri }), 400, 'invalid_grant');
    ground.clock.time += 60_001;
    assertRefused(await redeem(ground, code), 400, 'invalid_grant');
  });

  it('rotates refresh tokens and ends the family when one is used again (32)', async () => {
    const first = await tokensFor(ground);
    const second = (await refresh(ground, first.refresh_token)).json;
    assert.equal(second.scope, patientScopes);
    assert.equal(second.patient, first.patient);
    assert.notEqual(second.refresh_token, first.refresh_token);
    assertRefused(await refresh(ground, first.refresh_token), 400, 'invalid_grant');
    for (const token of [first.access_token, second.access_token])
      assert.ok(!(await isAlive(ground, token)));
    assertRefused(await refresh(ground, second.refresh_token), 400, 'invalid_grant');
  });

  it('refuses a refresh token of another client and of the other face, and spends nothing (33)', async () => {
    const { refresh_token: token } = await tokensFor(ground);
    const other = await addApp(ground, 'refresher', { smartAuthentication: 'none' }, ['pds-smart']);
    assertRefused(await refresh(ground, token, { client_id: other }), 400, 'invalid_grant');
    const authorization = basicOf(secretApp, ground.secret);
    const fields = { grant_type: 'refresh_token', refresh_token: token };
    const byOther = await post(ground, '/token', fields, { authorization });
    assertRefused(byOther, 400, 'invalid_grant');
    assert.equal((await refresh(ground, token)).status, 200);
  });

  it('refuses more scope at a refresh and spends nothing; less gives less, for once (34)', async () => {
    const { refresh_token: token } = await tokensFor(ground);
    const more = ['patient/Patient.rsu', 'user/Patient.rs', 'patient/*.rs', 'profile', 'a"b'];
    for (const scope of more)
      assertRefused(await refresh(ground, token, { scope }), 400, 'invalid_scope', scope);
    const less = (await refresh(ground, token, { scope: 'patient/Patient.r' })).json;
    assert.equal(less.scope, 'patient/Patient.r');
    const again = (await refresh(ground, less.refresh_token)).json;
    assert.equal(again.scope, patientScopes);
  });

  it('ends refreshing an hour after the first issue, however small the steps (35)', async () => {
    let { refresh_token: token } = await tokensFor(ground);
    const start = ground.clock.time;
    for (const minutes of [20, 40, 59]) {
      ground.clock.time = start + minutes * 60_000;
      token = (await refresh(ground, token)).json.refresh_token;
    }
    ground.clock.time = start + 60 * 60_000;
    assertRefused(await refresh(ground, token), 400, 'invalid_grant');
  });

  it('takes no lifetime from a request (36)', async () => {
    for (const value of ['1', '99999999999', '-1', '0', 'NaN', '1e99']) {
      const code = await codeFor(ground);
      const fields = { expires_in: value, _access_token_expiry_ms: value };
      assert.equal((await redeem(ground, code, fields)).json.expires_in, 600, value);
    }
  });

  it('refuses requests that cannot be read, in every form', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const cases: readonly (readonly [string, Record<string, string>, number, string])[] = [
      ['grant_type=authorization_code&grant_type=x', form, 400, 'invalid_request'],
      ['grant_type[$ne]=x', form, 400, 'invalid_request'],
      ['', form, 400, 'invalid_request'],
      ['grant_type=password&username=a&password=b', form, 400, 'unsupported_grant_type'],
      ['grant_type=__proto__', form, 400, 'unsupported_grant_type'],
      [`a=${'x'.repeat(40_000)}`, form, 413, 'invalid_request'],
      ['{}', { 'content-type': 'application/json' }, 415, 'invalid_request'],
    ];
    for (const [body, headers, status, error] of cases)
      assertRefused(await post(ground, '/token', body, headers), status, error, body.slice(0, 60));
    assertRefused(await ask(`${ground.smart}/token`), 405, 'invalid_request');
    assertRefused(await ask(`${ground.smart}/nothing`), 404, 'invalid_request');
    assertRefused(await redeem(ground, undefined), 400, 'invalid_request');
    const withoutUri = await redeem(ground, 'x', { redirect_uri: undefined });
    assertRefused(withoutUri, 400, 'invalid_request');
  });

  it('reads no parameter from the query', async () => {
    const code = await codeFor(ground);
    const query = new URLSearchParams({ code, redirect_uri: redirectUri, code_verifier: verifier });
    const fields = { grant_type: 'authorization_code', client_id: publicApp };
    assertRefused(await post(ground, `/token?${query.toString()}`, fields), 400, 'invalid_request');
  });

  it('takes no token in the place of another: access, refresh, id_token, assertion (20)', async () => {
    const {
      access_token: access,
      refresh_token: renew,
      id_token: idToken,
    } = await tokensFor(ground);
    assertRefused(await refresh(ground, access), 400, 'invalid_grant');
    assertRefused(await refresh(ground, idToken), 400, 'invalid_grant');
    assertRefused(await redeem(ground, renew), 400, 'invalid_grant');
    for (const text of [access, idToken])
      assertRefused(await redeem(ground, 'x', asserted(text)), 401, 'invalid_client');
    for (const text of [renew, idToken, assertionFor(ground)])
      assert.ok(!(await isAlive(ground, text)));
    assert.ok(await isAlive(ground, access));
  });

  it('gives no scope again that the app has lost', async () => {
    const app = await addApp(ground, 'loser', { smartAuthentication: 'none' }, ['pds-smart']);
    const code = await codeFor(ground, {}, { client_id: app });
    const tokens = (await redeem(ground, code, { client_id: app })).json;
    const subscriptions = ground.platform.store.open(
      (await import('../server/catalogue/products.ts')).subscriptionCollection,
    );
    const id = 'loser.uat.pds-smart';
    const stored = await subscriptions.get(id);
    assert.ok(stored);
    await subscriptions.put(
      id,
      { ...stored.value, state: 'suspended' },
      { expected: stored.version },
    );
    await new Promise(setImmediate);
    const answer = await refresh(ground, tokens.refresh_token, { client_id: app });
    assertRefused(answer, 400, 'invalid_scope');
  });
});

describe('Limits of the SMART token endpoint', function () {
  this.timeout(60_000);
  let ground: SmartGround;
  before(async () => {
    ground = await startSmartGround({
      environment: { TOKEN_REQUESTS_PER_MINUTE: '3', FAILED_ATTEMPTS_PER_MINUTE: '3' },
    });
  });
  after(() => ground.end());

  it('makes a client that keeps failing wait, and one that asks too often', async () => {
    const wrong = { authorization: basicOf(secretApp, 'wrong') };
    const answers = [];
    for (let i = 0; i < 4; i++)
      answers.push(await redeem(ground, 'x', { client_id: undefined }, wrong));
    assert.deepEqual(statuses(answers), { 401: 3, 429: 1 });
    assert.match(answers.at(-1)?.headers.get('retry-after') ?? '', /^[0-9]+$/);
    const often = [];
    for (let i = 0; i < 4; i++)
      often.push(await post(ground, '/revoke', { token: 'x', client_id: publicApp }));
    assert.deepEqual(statuses(often), { 200: 3, 429: 1 });
  });
});
