import assert from 'node:assert/strict';
import { statSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { readSecretFile, writeSecretFile } from '../../key-files.ts';
import { createSimulatedKeys } from './keys.ts';
import { paths } from './options.ts';
import { claimsFor, get, post, startRig, tokensFor, type Rig } from './rig.test.ts';
import { sweep } from '../sweeping.ts';
import { openState, simulatedCollections } from './state.ts';

describe('the page of the sign-ins', () => {
  let rig: Rig;
  beforeEach(async () => (rig = await startRig('nhs-cis2')));
  afterEach(() => rig.stop());
  const page = async () => (await get(rig.issuer + paths.sessions)).text();
  const signIn = () => claimsFor(rig, {}, { username: '656005750107' });

  it('lists who is signed in where, newest first, and escapes names', async () => {
    assert.match(await page(), /Nobody is signed in/);
    const first = await signIn();
    rig.clock.time += 1000;
    const second = await signIn();
    const text = await page();
    assert.match(text, /Ms Ada Fenwick/);
    assert.match(text, /The &lt;b&gt;app&lt;\/b&gt; app-1/);
    assert.ok(text.indexOf(String(second.sid)) < text.indexOf(String(first.sid)));
  });

  it('sends a real logout token, after which the tokens are dead', async () => {
    const tokens = await tokensFor(rig, {}, { username: '656005750107' });
    const { sid = '' } = /<code>(?<sid>[\w-]{36})<\/code>/.exec(await page())?.groups ?? {};
    const done = await post(rig.issuer + paths.logout, { sid });
    assert.match(await done.text(), /answered the logout token with 200/);
    const [sent] = rig.posts;
    assert.equal(sent?.url, 'https://app.example/logout');
    const logoutToken = sent.form.get('logout_token') ?? '';
    const set = createRemoteJWKSet(new URL(rig.issuer + paths.keys));
    const { payload } = await jwtVerify(logoutToken, set, {
      algorithms: ['RS256'],
      typ: 'logout+jwt',
      issuer: rig.issuer,
      audience: 'app-1',
    });
    assert.equal(payload.sid, sid);
    assert.equal(payload.sub, '656005750107');
    assert.equal(payload.iat, Math.floor(rig.clock.time / 1000));
    assert.equal(typeof payload.jti, 'string');
    assert.deepEqual(payload.events, {
      'http://schemas.openid.net/event/backchannel-logout': {},
    });
    assert.equal('nonce' in payload, false);
    const authorization = `Bearer ${tokens.access_token}`;
    assert.equal((await get(rig.issuer + paths.userinfo, { authorization })).status, 401);
    assert.match(await page(), /Nobody is signed in/);
  });

  it('tells what the application answered, or that nobody was there', async () => {
    rig.application.status = 501;
    const refused = await post(rig.issuer + paths.logout, { sid: String((await signIn()).sid) });
    assert.match(await refused.text(), /answered the logout token with 501/);
    rig.application.status = 0;
    const silent = await post(rig.issuer + paths.logout, { sid: String((await signIn()).sid) });
    assert.match(await silent.text(), /could not be reached/);
    const unknown = await post(rig.issuer + paths.logout, { sid: '<nobody>' });
    assert.equal(unknown.status, 404);
  });

  it('refuses what another site sends', async () => {
    const { sid } = await signIn();
    for (const headers of [
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'null', 'sec-fetch-site': 'same-site' },
    ] as Record<string, string>[])
      for (const path of [paths.logout, paths.rotate])
        assert.equal((await post(rig.issuer + path, { sid: String(sid) }, headers)).status, 403);
    assert.equal(rig.posts.length, 0);
  });

  it('makes a new key, beside which the one before still verifies', async () => {
    const kids = async () => {
      const { keys } = (await (await get(rig.issuer + paths.keys)).json()) as {
        keys: { kid: string }[];
      };
      return keys.map(({ kid }) => kid);
    };
    const before = await kids();
    const old = (await tokensFor(rig, {}, { username: '656005750107' })).id_token;
    assert.equal((await post(rig.issuer + paths.rotate, {})).status, 200);
    const after = await kids();
    const fresh = (await tokensFor(rig, {}, { username: '656005750107' })).id_token;
    assert.deepEqual(after[0], before[1]);
    assert.equal(decodeProtectedHeader(old).kid, after[0]);
    assert.equal(decodeProtectedHeader(fresh).kid, after[1]);
    await Promise.all([post(rig.issuer + paths.rotate, {}), post(rig.issuer + paths.rotate, {})]);
    assert.equal((await kids()).length, 2);
    assert.equal(new Set([...before, ...after, ...(await kids())]).size, 5);
  });

  it('keeps its keys in files of this user alone, and finds them again', async () => {
    const published = async () => {
      const { keys } = (await (await get(rig.issuer + paths.keys)).json()) as { keys: unknown[] };
      return keys;
    };
    const known = await published();
    for (const name of readdirSync(rig.keyDir))
      assert.equal(statSync(join(rig.keyDir, name)).mode & 0o077, 0);
    const again = createSimulatedKeys(rig.keyDir, 'nhs-cis2', {
      readSecretFile,
      writeSecretFile,
      newRsaKey: () => assert.fail('there are keys already'),
    });
    assert.deepEqual(await again.published(), known);
  });
});

describe('what a simulated provider remembers', () => {
  let rig: Rig;
  before(async () => (rig = await startRig('nhs-login')));
  after(() => rig.stop());

  it('holds no secret, and is swept away when it has ended', async () => {
    const tokens = await tokensFor(rig, {}, { username: '9912003071' });
    const state = openState(rig.store);
    const counts = async () =>
      Promise.all([
        state.signIns.count(),
        state.codes.count(),
        state.sessions.count(),
        state.tokens.count(),
        state.browsers.count(),
      ]);
    assert.deepEqual(await counts(), [0, 1, 1, 2, 1]);
    for (const secret of [tokens.access_token, tokens.refresh_token ?? '?'])
      assert.equal(await state.tokens.get(secret), undefined);
    await get(`${rig.issuer}${paths.authorize}?client_id=nobody`);
    assert.equal(await sweep(rig.store, simulatedCollections, rig.clock.time), 0);
    assert.equal(await sweep(rig.store, simulatedCollections, rig.clock.time + 1_300_000), 2);
    assert.deepEqual(await counts(), [0, 0, 1, 1, 1]);
    assert.equal(
      await sweep(rig.store, simulatedCollections, rig.clock.time + 31 * 24 * 3_600_000),
      3,
    );
    assert.deepEqual(await counts(), [0, 0, 0, 0, 0]);
  });
});
