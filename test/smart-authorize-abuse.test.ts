/** What the authorization endpoint of the SMART face refuses, and how: a page to the person, or an error to the app. */
import assert from 'node:assert/strict';
import {
  atCallback,
  authorizeUrl,
  backAtApp,
  Browser,
  formIn,
  locationOf,
  startSmartGround,
  submit,
  tokensFor,
  verifier,
  workerScopes,
  type SmartGround,
} from './smart-launch-ground.ts';
import { addApp, ask, redirectUri, type Fields } from './token-ground.ts';
import type { Answer } from './start-platform.ts';

describe('Abuse of SMART authorize', function () {
  this.timeout(60_000);
  let ground: SmartGround;
  before(async () => {
    ground = await startSmartGround();
  });
  after(() => ground.end());

  const askFor = (changes: Fields, more = '') => ask(authorizeUrl(ground, changes) + more);

  /** A page that leads nowhere and bears a reference. */
  function assertPage({ status, headers, text }: Answer, wanted = 400, what = ''): void {
    assert.equal(status, wanted, what);
    assert.equal(headers.get('location'), null, what);
    assert.match(headers.get('content-type') ?? '', /^text\/html/);
    assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
    assert.equal(headers.get('cache-control'), 'no-store');
    const id = headers.get('x-message-id') ?? '';
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.ok(text.includes(id));
  }

  async function errorFor(changes: Fields, what = ''): Promise<string | null> {
    const back = backAtApp(await askFor(changes));
    assert.equal(back.get('code'), null, what);
    assert.equal(back.get('iss'), ground.smart, what);
    return back.get('error');
  }

  it('shows a page and redirects nowhere for a redirect URI that is not byte for byte registered (21)', async () => {
    const others = [
      `${redirectUri}/extra`,
      `${redirectUri}?x=1`,
      `${redirectUri}#x`,
      'https://example.org/a/../callback',
      'https://EXAMPLE.org/callback',
      'https://example.org:443/callback',
      'https://example.org:8443/callback',
      'https://example.org@evil.example/callback',
      'https://example.org.evil.example/callback',
      'https://example.org/%63allback',
      'https://example.org/%2e/callback',
      'https://example.org\\@evil.example/callback',
      '//evil.example/callback',
      'http://example.org/callback',
      'javascript:alert(1)',
      'data:text/html,x',
      'https://ex\u0430mple.org/callback',
      `${redirectUri} `,
      undefined,
    ];
    for (const uri of others) assertPage(await askFor({ redirect_uri: uri }), 400, uri);
    const split = authorizeUrl(ground, { redirect_uri: undefined });
    assertPage(await ask(`${split}&redirect_uri=${encodeURIComponent(redirectUri)}%0d%0aX:1`));
  });

  it('shows nothing of a hostile redirect URI or client id on the page', async () => {
    const markup = '"><script>alert(1)</script>';
    for (const changes of [{ redirect_uri: markup }, { client_id: markup }]) {
      const answer = await askFor(changes);
      assertPage(answer);
      assert.ok(!answer.text.includes('<script'));
    }
  });

  it('refuses a parameter that is sent twice (22)', async () => {
    for (const name of ['redirect_uri', 'client_id', 'scope', 'state'])
      assertPage(await askFor({}, `&${name}=x`), 400, name);
  });

  it('refuses a redirect URI that another client has registered (23)', async () => {
    await addApp(ground, 'other-uri', { redirectUris: ['https://other.example/cb'] }, [
      'pds-smart',
    ]);
    assertPage(await askFor({ redirect_uri: 'https://other.example/cb' }));
  });

  it('shows a page for a client that is unknown, revoked or of another environment', async () => {
    for (const id of [
      undefined,
      'nobody',
      '__proto__',
      'demo-revoked-int',
      'demo-smart-public-sandbox',
    ])
      assertPage(await askFor({ client_id: id }), 400, id);
  });

  it('refuses an app without PKCE, with plain, without a method, and with a challenge of another length (24)', async () => {
    const wrong: readonly Fields[] = [
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge: undefined },
      { code_challenge_method: 'plain', code_challenge: verifier },
      { code_challenge_method: undefined },
      { code_challenge_method: 's256' },
      { code_challenge: 'A'.repeat(42) },
      { code_challenge: 'A'.repeat(44) },
      { code_challenge: 'A'.repeat(129) },
      { code_challenge: `${'A'.repeat(42)}=` },
    ];
    for (const changes of wrong)
      assert.equal(await errorFor(changes), 'invalid_request', JSON.stringify(changes));
  });

  it('grants no scope that is unregistered, wide, out of order, or misspelled (37)', async () => {
    const none = [
      'patient/Observation.rs',
      'user/*.d',
      'patient/Patient.sr',
      'patient/Patient.rd.x',
      'patient/Patient.dus',
      'system/Patient.rs',
      'urn:nhsd:apim:app:level3:personal-demographics-service',
      'admin',
    ];
    for (const scope of none)
      assert.equal(await errorFor({ scope }, scope), 'invalid_scope', scope);
    const long = Array.from({ length: 10_000 }, (_, index) => `a${index}`).join(' ');
    for (const scope of [undefined, 'a '.repeat(101), 'a'.repeat(257), 'a"b', 'a\tb'])
      assert.equal(await errorFor({ scope }), 'invalid_scope', scope?.slice(0, 20));
    const tooLong = await ask(`${ground.smart}/authorize`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `scope=${encodeURIComponent(long)}`,
    });
    assert.ok([400, 413].includes(tooLong.status));
  });

  it('narrows a wildcard to what is registered, and does not read letters in the word read (37)', async () => {
    const wide = await tokensFor(ground, {}, { scope: 'patient/*.rs' });
    assert.deepEqual(wide.scope.split(' ').sort(), [
      'patient/Coverage.rs',
      'patient/Patient.rs',
      'patient/RelatedPerson.rs',
    ]);
    const first = await tokensFor(ground, {}, { scope: 'patient/Patient.read' });
    assert.equal(first.scope, 'patient/Patient.read');
  });

  it('refuses an aud that is missing or a foreign server’s (38)', async () => {
    const { fhir } = ground;
    const foreign = [
      undefined,
      'https://evil.example/fhir/R4',
      `${fhir}/Patient`,
      `${fhir}//`,
      `${ground.platform.url}/fhir/R4`,
      fhir.replace('/fhir/', '/FHIR/'),
    ];
    for (const aud of foreign) assert.equal(await errorFor({ aud }), 'invalid_request', aud);
    assert.equal(await errorFor({ resource: 'https://evil.example' }), 'invalid_request');
    assert.equal(
      locationOf(await askFor({ aud: `${fhir}/`, scope: workerScopes })).includes('/realms/'),
      true,
    );
  });

  it('takes the base by its host name as well as by its path (38)', async () => {
    const aud = `${ground.platform.url.replace('://', '://int.')}/fhir/R4`;
    assert.match(locationOf(await askFor({ aud, scope: workerScopes })), /realms/);
  });

  it('refuses a state that is missing or too long, and gives any other back as it came (40)', async () => {
    assert.equal(await errorFor({ state: undefined }), 'invalid_request');
    assert.equal(await errorFor({ state: 'x'.repeat(10_240) }), 'invalid_request');
    const hostile = '"><script>alert(1)</script>\r\nSet-Cookie: a=b\u0000é';
    const back = backAtApp(await askFor({ state: hostile, scope: 'nothing' }));
    assert.equal(back.get('state'), hostile);
  });

  it('refuses response types, response modes and request objects that it does not have', async () => {
    assert.equal(await errorFor({ response_type: 'token' }), 'unsupported_response_type');
    assert.equal(await errorFor({ response_type: undefined }), 'invalid_request');
    assert.equal(await errorFor({ response_mode: 'fragment' }), 'invalid_request');
    assert.equal(await errorFor({ request: 'x.y.z' }), 'invalid_request');
    assert.equal(await errorFor({ request_uri: 'https://evil.example' }), 'invalid_request');
    assert.equal(await errorFor({ prompt: 'everything' }), 'invalid_request');
    assert.equal(await errorFor({ max_age: '-1' }), 'invalid_request');
  });

  it('refuses a person of a kind that the app is not for', async () => {
    const app = await addApp(ground, 'unattended', { kinds: ['unattended'] }, ['pds-smart']);
    assert.equal(await errorFor({ client_id: app, scope: 'openid' }), 'unauthorized_client');
    const facing = await addApp(ground, 'facing', { kinds: ['patient-facing'] }, ['pds-smart']);
    assert.equal(
      await errorFor({ client_id: facing, scope: workerScopes.replace('openid fhirUser ', '') }),
      'invalid_scope',
    );
  });

  it('refuses a callback with a state that is made up, used, or of another browser (41)', async () => {
    const { browser, callback } = await atCallback(ground);
    const stranger = await new Browser().get(callback);
    assertPage(stranger);
    assert.match(stranger.text, /Invalid state parameter\./);
    const forger = new Browser();
    for (const name of browser.cookies.keys()) forger.cookies.set(name, 'A'.repeat(43));
    assertPage(await forger.get(callback));
    assert.equal((await browser.get(callback)).status, 200);
    assertPage(await browser.get(callback));
    const madeUp = new URL(callback);
    madeUp.searchParams.set('state', 'A'.repeat(43));
    assertPage(await browser.get(madeUp.href));
    assertPage(await browser.get(`${ground.smart}/callback`));
  });

  it('refuses a provider’s answer that names another provider (42)', async () => {
    const { browser, callback } = await atCallback(ground);
    const mixed = new URL(callback);
    mixed.searchParams.set('iss', 'https://other.example');
    assertPage(await browser.get(mixed.href));
  });

  it('refuses a callback of the NHS face’s states here, and the other way round', async () => {
    const { browser, callback } = await atCallback(ground);
    const other = await browser.get(callback.replace('/smart/callback', '/oauth2/callback'));
    assert.equal(other.status, 400);
  });

  it('replaces the browser’s cookie after the sign-in (48)', async () => {
    const { browser, callback } = await atCallback(ground);
    const before = new Map(browser.cookies);
    const page = await browser.get(callback);
    const stolen = new Browser();
    for (const [name, value] of before) stolen.cookies.set(name, value);
    assertPage(await submitAs(stolen, page));
    assert.ok(backAtApp(await submitAs(browser, page)).get('code'));
  });

  const submitAs = (browser: Browser, page: Answer) =>
    submit(browser, page, { decision: 'allow' }, 'decision');

  it('refuses consent that is framed, posted from another page, or sent twice (47)', async () => {
    const { browser, callback } = await atCallback(ground);
    const page = await browser.get(callback);
    assert.match(page.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
    assert.equal(page.headers.get('x-frame-options'), 'DENY');
    const { action, fields } = formIn(page, 'decision');
    const form = { ...fields, decision: 'allow' };
    const elsewhere = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of elsewhere) assertPage(await browser.post(action, form, headers), 403);
    assertPage(await browser.post(action, { ...form, step: 'A'.repeat(43) }));
    assertPage(await new Browser().post(action, form));
    const forger = new Browser();
    for (const name of browser.cookies.keys()) forger.cookies.set(name, 'A'.repeat(43));
    assertPage(await forger.post(action, form));
    assert.ok(backAtApp(await browser.post(action, form)).get('code'));
    assertPage(await browser.post(action, form));
  });

  it('gives exactly one code when consent is sent twenty times at once (47)', async () => {
    const { browser, callback } = await atCallback(ground);
    const page = await browser.get(callback);
    const { action, fields } = formIn(page, 'decision');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => browser.post(action, { ...fields, decision: 'allow' })),
    );
    assert.equal(answers.filter(({ status }) => status === 303).length, 1);
  });

  it('refuses a step of one page at another, and one that is too old', async () => {
    const { browser, callback } = await atCallback(ground);
    const page = await browser.get(callback);
    const { fields } = formIn(page, 'decision');
    assertPage(await browser.post(`${ground.smart}/patient`, { ...fields, do: 'find' }));
    ground.clock.time += 600_001;
    assertPage(await submitAs(browser, page));
  });

  it('refuses a choice of sign-in that was not offered', async () => {
    const browser = new Browser();
    const page = await browser.get(authorizeUrl(ground));
    const href =
      /href="([^"]+with=)nhs-login"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    assertPage(await browser.get(`${href}github`));
    assertPage(await browser.get(`${href}nhs-login`));
  });

  it('sends no code to an app that was revoked while the person was signing in', async () => {
    const app = await addApp(ground, 'revoked-midway', { smartAuthentication: 'none' }, [
      'pds-smart',
    ]);
    const { browser, callback } = await atCallback(ground, {}, { client_id: app });
    const page = await browser.get(callback);
    await addApp(ground, 'revoked-midway', { smartAuthentication: 'none', state: 'revoked' });
    assertPage(await submitAs(browser, page));
  });
});
