/** Standalone launches of SMART apps: by patients, by those who act for one, and by healthcare workers. */
import assert from 'node:assert/strict';
import { createLocalJWKSet, jwtVerify } from 'jose';
import {
  agree,
  askedWith,
  asserted,
  assertionFor,
  atCallback,
  backAtApp,
  basicOf,
  Browser,
  codeFor,
  fhir,
  keyApp,
  launchAlone,
  locationOf,
  otherPatient,
  patient,
  patientScopes,
  publicApp,
  redeem,
  secretApp,
  startSmartGround,
  submit,
  throughProvider,
  tokensFor,
  worker,
  workerScopes,
  type SmartGround,
} from './smart-launch-ground.ts';
import { ask, formOf, redirectUri } from './token-ground.ts';

describe('SMART standalone launch', function () {
  this.timeout(60_000);
  let ground: SmartGround;
  before(async () => {
    ground = await startSmartGround();
  });
  after(() => ground.end());

  const claimsOf = async (idToken: string, audience = publicApp) => {
    const { json } = await ask(`${ground.smart}/jwks`);
    const { payload, protectedHeader } = await jwtVerify(idToken, createLocalJWKSet(json), {
      ...{ issuer: ground.smart, audience, currentDate: new Date(ground.clock.time) },
    });
    return { payload, protectedHeader };
  };

  it('gives a patient’s app a token for the own record, with the patient, an id_token and a refresh token', async () => {
    const tokens = await tokensFor(ground);
    assert.equal(tokens.token_type, 'Bearer');
    assert.equal(tokens.expires_in, 600);
    assert.equal(tokens.scope, patientScopes);
    assert.equal(tokens.patient, patient);
    assert.equal(tokens.need_patient_banner, true);
    assert.match(tokens.access_token, /^[A-Za-z0-9_-]{43}$/);
    assert.match(tokens.refresh_token, /^[A-Za-z0-9_-]{43}$/);
    const own = await fhir(ground, `/Patient/${patient}`, tokens.access_token);
    assert.deepEqual([own.status, own.json.id], [200, patient]);
    const other = await fhir(ground, `/Patient/${otherPatient}`, tokens.access_token);
    assert.equal(other.status, 403);
  });

  it('signs the id_token RS256 with a published key and the claims of the sign-in', async () => {
    const { id_token: idToken } = await tokensFor(ground);
    const { payload, protectedHeader } = await claimsOf(idToken);
    assert.equal(protectedHeader.alg, 'RS256');
    assert.equal(payload.nonce, 'n-1');
    assert.equal(payload.fhirUser, `${ground.fhir}/Patient/${patient}`);
    assert.ok(typeof payload.auth_time === 'number');
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 600);
  });

  it('R082 signs a person in with a challenge (PKCE) and gives a token with the claims of who that is', async () => {
    const query = formOf(askedWith(ground, { code_challenge: undefined }));
    const without = await ask(`${ground.smart}/authorize?${query}`);
    assert.match(without.headers.get('location') ?? '', /[?&]error=invalid_request/);
    const wrong = await redeem(ground, await codeFor(ground), { code_verifier: 'w'.repeat(43) });
    assert.deepEqual([wrong.status, wrong.json.error], [400, 'invalid_grant']);
    const tokens = await tokensFor(ground);
    const { payload } = await claimsOf(tokens.id_token);
    assert.equal(payload.fhirUser, `${ground.fhir}/Patient/${patient}`);
    assert.equal(tokens.patient, patient);
    const own = await fhir(ground, `/Patient/${patient}`, tokens.access_token);
    assert.equal(own.status, 200, 'the user is authorised for the own record');
    const other = await fhir(ground, `/Patient/${otherPatient}`, tokens.access_token);
    assert.equal(other.status, 403, 'and for no other');
  });

  it('answers authorize with state and iss (RFC 9207)', async () => {
    const back = backAtApp(await launchAlone(ground));
    assert.equal(back.get('state'), 's-1');
    assert.equal(back.get('iss'), ground.smart);
    assert.deepEqual([...back.keys()].sort(), ['code', 'iss', 'state']);
  });

  it('takes the request as a form too', async () => {
    ground.clock.time = Date.now();
    const browser = new Browser();
    const fields = { ...askedWith(ground), scope: workerScopes };
    const leaving = await browser.post(`${ground.smart}/authorize`, fields);
    assert.equal(leaving.status, 303);
    const callback = await throughProvider(browser, leaving, worker);
    const back = backAtApp(await agree(browser, await browser.get(callback)));
    assert.equal((await redeem(ground, back.get('code') ?? '')).status, 200);
  });

  it('lets a worker choose a patient by number, and reaches that record alone', async () => {
    const scope = 'launch/patient openid fhirUser patient/Patient.rs';
    const tokens = await tokensFor(ground, { kind: 'nhs-cis2' }, { scope });
    assert.equal(tokens.patient, otherPatient);
    const { payload } = await claimsOf(tokens.id_token);
    assert.equal(payload.fhirUser, `${ground.fhir}/Practitioner/${worker}`);
    assert.equal((await fhir(ground, `/Patient/${otherPatient}`, tokens.access_token)).status, 200);
    assert.equal((await fhir(ground, `/Patient/${patient}`, tokens.access_token)).status, 403);
  });

  it('lets a worker look for a patient by family name and date of birth', async () => {
    const { browser, callback } = await atCallback(ground, { kind: 'nhs-cis2' });
    const page = await browser.get(callback);
    const asked = { family: 'Smith', birthdate: '2010-10-22', do: 'find' };
    const found = await submit(browser, page, asked, 'family');
    assert.match(found.text, /value="9000000009"/);
    const none = await submit(browser, found, { ...asked, family: 'Nobody' }, 'family');
    assert.match(none.text, /Nobody was found/);
    const empty = await submit(browser, none, { do: 'find' }, 'family');
    assert.match(empty.text, /Give an NHS number, or a family name/);
    const cancelled = await submit(browser, empty, { do: 'cancel' }, 'family');
    assert.equal(backAtApp(cancelled).get('error'), 'access_denied');
  });

  it('needs no patient for a worker’s user-level scopes', async () => {
    const tokens = await tokensFor(ground, { kind: 'nhs-cis2' }, { scope: workerScopes });
    assert.equal(tokens.patient, undefined);
    assert.equal(tokens.refresh_token, undefined);
    for (const number of [patient, otherPatient])
      assert.equal((await fhir(ground, `/Patient/${number}`, tokens.access_token)).status, 200);
  });

  it('puts a patient in context for patient-level scopes without launch/patient', async () => {
    const tokens = await tokensFor(ground, {}, { scope: 'patient/Patient.r' });
    assert.deepEqual([tokens.patient, tokens.scope], [patient, 'patient/Patient.r']);
  });

  it('answers what was asked in the first version’s spelling in that spelling', async () => {
    const tokens = await tokensFor(ground, {}, { scope: 'launch/patient patient/Patient.read' });
    assert.equal(tokens.scope, 'launch/patient patient/Patient.read');
    assert.equal((await fhir(ground, `/Patient/${patient}`, tokens.access_token)).status, 200);
  });

  it('gives somebody who acts for a child the child’s record, as RelatedPerson', async () => {
    const tokens = await tokensFor(ground, { username: '9990000352' });
    assert.equal(tokens.patient, '9990000387');
    const { payload } = await claimsOf(tokens.id_token);
    assert.match(String(payload.fhirUser), /\/RelatedPerson\/[A-Za-z0-9.-]{1,64}$/);
    const other = await fhir(ground, '/Patient/9990000352', tokens.access_token);
    assert.equal(other.status, 403);
  });

  it('gives a person below P9 who they are and no record', async () => {
    for (const username of ['9912003072', '9736363120']) {
      const tokens = await tokensFor(ground, { username });
      assert.equal(tokens.scope, 'openid fhirUser');
      assert.equal(tokens.patient, undefined);
      assert.equal(tokens.refresh_token, undefined);
      const { payload } = await claimsOf(tokens.id_token);
      assert.match(String(payload.fhirUser), /\/Person\//);
      assert.equal((await fhir(ground, `/Patient/${username}`, tokens.access_token)).status, 403);
    }
  });

  it('refuses a sign-in that is weaker than the scopes need (43)', async () => {
    const scope = 'patient/Patient.rs';
    const below = [
      [{ username: '9912003073' }, { scope }],
      [{ fields: { level: 'P9.Cp' } }, { scope }],
      [{ kind: 'nhs-cis2', username: '656005750110' }, { scope: workerScopes }],
    ] as const;
    for (const [person, asked] of below) {
      const back = backAtApp(await launchAlone(ground, person, asked));
      assert.equal(back.get('error'), 'access_denied', JSON.stringify(person));
      assert.equal(back.get('code'), null);
    }
  });

  it('lets a worker with several roles pick one, which the token is bound to', async () => {
    const { browser, callback } = await atCallback(
      ground,
      { kind: 'nhs-cis2', username: '999000000103' },
      { scope: workerScopes },
    );
    const page = await browser.get(callback);
    assert.match(page.text, /In which role do you act\?/);
    const back = backAtApp(
      await submit(browser, page, { decision: 'allow', role: '555254241032' }, 'decision'),
    );
    const { json } = await redeem(ground, back.get('code') ?? '');
    const good = await fhir(ground, `/Patient/${patient}`, json.access_token);
    assert.equal(good.status, 200);
    const wrong = await fhir(ground, `/Patient/${patient}`, json.access_token, {
      'nhsd-session-urid': '555254241031',
    });
    assert.equal(wrong.status, 400);
  });

  it('refuses a role that is not the person’s, and none where one must be picked', async () => {
    for (const role of [undefined, '555254240108']) {
      const person = { kind: 'nhs-cis2', username: '999000000103' } as const;
      const { browser, callback } = await atCallback(ground, person, { scope: workerScopes });
      const page = await browser.get(callback);
      const back = backAtApp(await agree(browser, page, '', { decision: 'allow', role }));
      assert.equal(back.get('error'), 'access_denied');
    }
  });

  it('sends a person who denies access back with access_denied', async () => {
    const { browser, callback } = await atCallback(ground);
    const page = await browser.get(callback);
    const back = backAtApp(await agree(browser, page, '', { decision: 'deny' }));
    assert.deepEqual([back.get('error'), back.get('state')], ['access_denied', 's-1']);
  });

  it('tells the app what the provider said when nobody signed in', async () => {
    const { browser, callback } = await atCallback(ground, { fields: { cancel: 'yes' } });
    assert.equal(backAtApp(await browser.get(callback)).get('error'), 'access_denied');
  });

  it('shows the scopes in words on the page of consent', async () => {
    const { browser, callback } = await atCallback(ground);
    const page = await browser.get(callback);
    assert.match(page.text, /read, find demographic details of the patient/);
    assert.match(page.text, /keep its access for a while/);
    assert.match(page.text, /Demo: demo-smart-public asks for access/);
  });

  it('asks an app with a secret for it by HTTP Basic', async () => {
    const code = await codeFor(ground, {}, { client_id: secretApp });
    const authorization = basicOf(secretApp, ground.secret);
    const answer = await redeem(ground, code, { client_id: undefined }, { authorization });
    assert.equal(answer.status, 200, answer.text);
    await claimsOf(answer.json.id_token, secretApp);
  });

  it('takes the assertion of an app with a key, for the token address and for the issuer', async () => {
    for (const aud of [`${ground.smart}/token`, ground.smart]) {
      const code = await codeFor(ground, {}, { client_id: keyApp });
      const answer = await redeem(ground, code, asserted(assertionFor(ground, { aud })));
      assert.equal(answer.status, 200, answer.text);
    }
  });

  it('answers prompt=none with login_required', async () => {
    const url = `${ground.smart}/authorize?${new URLSearchParams(askedWith(ground, { prompt: 'none' }) as Record<string, string>).toString()}`;
    assert.equal(backAtApp(await new Browser().get(url)).get('error'), 'login_required');
  });

  it('keeps the query that a redirect URI has', async () => {
    const uri = 'https://example.org/cb?tenant=1';
    const back = await launchAlone(ground, {}, { redirect_uri: uri });
    const location = new URL(locationOf(back));
    assert.equal(location.searchParams.get('tenant'), '1');
    const answer = await redeem(ground, backAtApp(back, uri).get('code') ?? '', {
      redirect_uri: uri,
    });
    assert.equal(answer.status, 200);
    assert.notEqual(uri, redirectUri);
  });
});
