/** EHR launches: the page where a worker picks a patient and opens an app, and what becomes of its launch values. */
import assert from 'node:assert/strict';
import {
  agree,
  authorizeUrl,
  backAtApp,
  Browser,
  fhir,
  formIn,
  isAlive,
  locationOf,
  otherPatient,
  patient,
  publicApp,
  redeem,
  secretApp,
  startSmartGround,
  submit,
  throughProvider,
  worker,
  type SmartGround,
} from './smart-launch-ground.ts';
import { addApp, type Fields } from './token-ground.ts';
import type { Answer } from './start-platform.ts';

const otherWorker = '656005750107';
const scope = 'launch openid fhirUser user/Patient.rs patient/Patient.rs';

describe('SMART EHR launch', function () {
  this.timeout(60_000);
  let ground: SmartGround;
  before(async () => {
    ground = await startSmartGround();
  });
  after(() => ground.end());

  /** A browser with a worker signed in at the launch page, and the page. */
  async function atLaunchPage(username = worker): Promise<{ browser: Browser; page: Answer }> {
    ground.clock.time = Date.now();
    const browser = new Browser();
    const leaving = await browser.get(`${ground.smart}/launch`);
    const back = await browser.get(await throughProvider(browser, leaving, username));
    return { browser, page: await browser.get(locationOf(back)) };
  }

  /** Picks patient and app; gives where the browser is sent. */
  async function launch(browser: Browser, page: Answer, fields: Fields = {}): Promise<URL> {
    const found = await submit(browser, page, { number: otherPatient, do: 'find' }, 'number');
    const chosen = { patient: otherPatient, app: publicApp, do: 'launch', ...fields };
    return new URL(locationOf(await submit(browser, found, chosen, 'patient')));
  }

  async function launched(username = worker) {
    const { browser, page } = await atLaunchPage(username);
    const url = await launch(browser, page);
    return { browser, value: url.searchParams.get('launch') ?? assert.fail(url.href), url };
  }

  const refusalOf = async (browser: Browser, changes: Fields) => {
    const back = backAtApp(await browser.get(authorizeUrl(ground, { scope, ...changes })));
    assert.equal(back.get('code'), null);
    return back.get('error');
  };

  it('opens the registered app with iss and an opaque launch value', async () => {
    const { url, value } = await launched();
    assert.equal(url.origin + url.pathname, 'http://localhost:3000/launch');
    assert.equal(url.searchParams.get('iss'), ground.fhir);
    assert.match(value, /^[A-Za-z0-9_-]{43}$/);
  });

  it('gives the app the patient, an encounter and the organisation, without another sign-in', async () => {
    const { browser, value } = await launched();
    const page = await browser.get(authorizeUrl(ground, { scope, launch: value }));
    assert.match(page.text, /NHS number 900 000 0009/);
    const back = backAtApp(await agree(browser, page));
    const { status, json } = await redeem(ground, back.get('code') ?? '');
    assert.equal(status, 200);
    assert.equal(json.patient, otherPatient);
    assert.equal(json.need_patient_banner, true);
    assert.match(json.encounter, /^[0-9a-f-]{36}$/);
    assert.equal(json.fhirContext[0].identifier.value, 'Y90001');
    assert.equal(json.scope, scope);
    assert.equal((await fhir(ground, `/Patient/${patient}`, json.access_token)).status, 200);
  });

  it('takes whoever launched by another sign-in too', async () => {
    const { value } = await launched();
    const fresh = new Browser();
    const leaving = await fresh.get(authorizeUrl(ground, { scope, launch: value }));
    const page = await fresh.get(await throughProvider(fresh, leaving, worker));
    assert.ok(backAtApp(await agree(fresh, page)).get('code'));
  });

  it('refuses the launch value of another user, signed in here or by another sign-in (39)', async () => {
    const { value } = await launched();
    const stranger = new Browser();
    const leaving = await stranger.get(authorizeUrl(ground, { scope, launch: value }));
    const answer = await stranger.get(await throughProvider(stranger, leaving, otherWorker));
    assert.equal(backAtApp(answer).get('error'), 'access_denied');

    const second = await launched();
    const { browser } = await atLaunchPage(otherWorker);
    const again = await browser.get(authorizeUrl(ground, { scope, launch: second.value }));
    assert.match(locationOf(again), /prompt=login/);
    const theirs = await browser.get(await throughProvider(browser, again, otherWorker));
    assert.equal(backAtApp(theirs).get('error'), 'access_denied');
  });

  it('refuses a launch value used twice, too old, made up, or of another app (39)', async () => {
    const { browser, value } = await launched();
    assert.equal(
      await refusalOf(browser, { launch: value, client_id: secretApp }),
      'invalid_request',
    );
    assert.equal((await browser.get(authorizeUrl(ground, { scope, launch: value }))).status, 200);
    assert.equal(await refusalOf(browser, { launch: value }), 'invalid_request');
    assert.equal(await refusalOf(browser, { launch: 'A'.repeat(43) }), 'invalid_request');

    const late = await launched();
    ground.clock.time += 300_001;
    assert.equal(await refusalOf(late.browser, { launch: late.value }), 'invalid_request');
  });

  it('lets exactly one of twenty uses of a launch value go on (39)', async () => {
    const { browser, value } = await launched();
    const url = authorizeUrl(ground, { scope, launch: value });
    const answers = await Promise.all(Array.from({ length: 20 }, () => browser.get(url)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(answers.filter(({ status }) => status === 302).length, 19);
  });

  it('refuses a launch value without the scope launch, and the scope without a value opens nothing', async () => {
    const { browser, value } = await launched();
    const error = await refusalOf(browser, { launch: value, scope: 'user/Patient.rs' });
    assert.equal(error, 'invalid_scope');
    assert.equal(await refusalOf(browser, { scope: 'launch' }), 'invalid_scope');
  });

  it('offers only apps of this environment that have a launch URL and the scope', async () => {
    const patientsOnly = await addApp(ground, 'launch-patients', { kinds: ['patient-facing'] }, [
      'pds-smart',
    ]);
    const withoutScope = await addApp(ground, 'launch-unscoped');
    const { browser, page } = await atLaunchPage();
    const found = await submit(browser, page, { number: otherPatient, do: 'find' }, 'number');
    assert.ok(found.text.includes(publicApp));
    for (const app of [patientsOnly, withoutScope, 'demo-revoked-int', 'demo-app-sandbox']) {
      assert.ok(!found.text.includes(app), app);
      const chosen = { patient: otherPatient, app, do: 'launch' };
      const answer = await submit(browser, found, chosen, 'patient');
      assert.match(answer.text, /Choose an application/);
    }
  });

  it('opens no app for a patient who is not there', async () => {
    const { browser, page } = await atLaunchPage();
    const { action, fields } = formIn(page);
    for (const number of ['9000002001', '1234567890', '../x', '']) {
      const answer = await browser.post(action, {
        ...fields,
        ...{ patient: number, app: publicApp, do: 'launch' },
      });
      assert.match(answer.text, /Choose a patient/, number);
    }
  });

  it('refuses a worker below AAL2, and one whose only role opens no record', async () => {
    ground.clock.time = Date.now();
    const browser = new Browser();
    const leaving = await browser.get(`${ground.smart}/launch`);
    const weak = await browser.get(await throughProvider(browser, leaving, '656005750110'));
    assert.equal(weak.status, 403);
    const { browser: other, page } = await atLaunchPage('999000000104');
    const found = await submit(other, page, { number: otherPatient, do: 'find' }, 'number');
    assert.match(found.text, /role="alert"/);
    assert.ok(!found.text.includes('value="9000000009"'));
  });

  it('gives a new session at each sign-in, whatever cookie the browser came with (48)', async () => {
    ground.clock.time = Date.now();
    const browser = new Browser();
    const planted = 'A'.repeat(43);
    browser.cookies.set('gatehouse-smart-session-uat', planted);
    const leaving = await browser.get(`${ground.smart}/launch`);
    await browser.get(await throughProvider(browser, leaving, worker));
    const held = browser.cookies.get('gatehouse-smart-session-uat');
    assert.ok(held !== undefined && held !== planted);
    const attacker = new Browser();
    attacker.cookies.set('gatehouse-smart-session-uat', planted);
    assert.equal((await attacker.get(`${ground.smart}/launch`)).status, 302);
  });

  it('ends a session after eight hours, and at once when signed out', async () => {
    const { browser, page } = await atLaunchPage();
    assert.equal((await browser.get(`${ground.smart}/launch`)).status, 200);
    ground.clock.time += 8 * 3_600_000;
    assert.equal((await browser.get(`${ground.smart}/launch`)).status, 302);
    ground.clock.time = Date.now();
    const cookie = browser.cookies.get('gatehouse-smart-session-uat') ?? '';
    await submit(browser, page, { do: 'sign-out' });
    browser.cookies.set('gatehouse-smart-session-uat', cookie);
    assert.equal((await browser.get(`${ground.smart}/launch`)).status, 302);
  });

  it('refuses a launch form from another page or without the session’s token (47)', async () => {
    const { browser, page } = await atLaunchPage();
    const { action, fields } = formIn(page);
    const form = { ...fields, number: otherPatient, do: 'find' };
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ])
      assert.equal((await browser.post(action, form, headers)).status, 403);
    assert.equal((await browser.post(action, { ...form, token: 'A'.repeat(43) })).status, 403);
    assert.equal((await browser.post(action, { ...form, token: undefined })).status, 403);
    assert.equal(page.headers.get('x-frame-options'), 'DENY');
  });

  it('keeps a session of one environment out of another', async () => {
    const { browser } = await atLaunchPage();
    const held = browser.cookies.get('gatehouse-smart-session-uat') ?? '';
    browser.cookies.set('gatehouse-smart-session-sandbox', held);
    const answer = await browser.get(`${ground.platform.url}/smart/launch`);
    assert.equal(answer.status, 302);
  });

  it('gives a token that dies at once when the app is revoked', async () => {
    const app = await addApp(ground, 'launch-doomed', { smartAuthentication: 'none' }, [
      'pds-smart',
    ]);
    const { browser, page } = await atLaunchPage();
    const url = await launch(browser, page, { app });
    const value = url.searchParams.get('launch') ?? '';
    const asked = { scope, launch: value, client_id: app };
    const consent = await browser.get(authorizeUrl(ground, asked));
    const code = backAtApp(await agree(browser, consent)).get('code') ?? '';
    const { json } = await redeem(ground, code, { client_id: app });
    assert.ok(await isAlive(ground, json.access_token));
    await addApp(ground, 'launch-doomed', { smartAuthentication: 'none', state: 'revoked' });
    assert.ok(!(await isAlive(ground, json.access_token)));
  });
});
