import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  ask,
  assertionOf,
  assertNotCached,
  assertRefused,
  formOf,
  isAlive,
  jws,
  startTokenGround,
  testKey,
  tokenIn,
  withAssertion,
  type Fields,
  type Members,
  type Refusal,
  type TokenGround,
} from './token-ground.ts';
import { codeFor, issuerOf, kidOf, redeem, refresh } from './sign-in-ground.ts';

const unverifiable: Refusal = [400, 'bad_request', 'Unable to verify JWT'];
const invalid = (description: string): Refusal => [400, 'invalid_request', description];
const event = 'http://schemas.openid.net/event/backchannel-logout';
const notCombined =
  /^The Userinfo endpoint is only supported for Combined Auth integrations\. .*NHS CIS2/;

describe('back-channel logout and userinfo', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  let kid: string;
  before(async () => {
    ground = await startTokenGround();
    kid = await kidOf(ground, 'nhs-cis2');
  });
  after(() => ground.end());

  const tokens = async (person = {}) => {
    const answer = await redeem(ground, await codeFor(ground, person));
    tokenIn(answer);
    return answer.json as { access_token: string; refresh_token: string; sid: string };
  };
  const now = () => Math.floor(ground.clock.time / 1000);
  const logoutClaims = (sid: string, changes: Members = {}): Members => ({
    ...{ iss: issuerOf(ground, 'nhs-cis2'), aud: 'gatehouse-int', sub: 'x', sid, iat: now() },
    ...{ jti: randomUUID(), events: { [event]: {} } },
    ...changes,
  });
  const logoutToken = (claims: unknown, header: Members = {}, key = testKey(4)) =>
    jws({ alg: 'RS256', typ: 'logout+jwt', kid, ...header }, claims, key, 'sha256');
  const send = (fields: Fields | string, type = 'application/x-www-form-urlencoded') =>
    ask(`${ground.face}/backchannel_logout`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: typeof fields === 'string' ? fields : formOf(fields),
    });

  it('kills what a session gave when its button is pressed at the provider, and nothing else', async () => {
    const [ending, other] = [await tokens(), await tokens()];
    const renewed = (await refresh(ground, ending.refresh_token)).json;
    const realm = issuerOf(ground, 'nhs-cis2');
    const page = await ask(`${realm}/sessions`);
    assert.ok(page.text.includes(`value="${ending.sid}"`));
    const pressed = await ask(`${realm}/sessions/logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: formOf({ sid: ending.sid }),
    });
    assert.match(pressed.text, /The application answered the logout token with 200/);
    for (const token of [ending.access_token, renewed.access_token])
      assert.equal(await isAlive(ground, token), false);
    assertRefused(await refresh(ground, renewed.refresh_token), [
      401,
      'invalid_grant',
      'refresh_token is invalid',
    ]);
    assert.ok(await isAlive(ground, other.access_token));
    tokenIn(await refresh(ground, other.refresh_token));
  });

  it('gives nothing for a code whose session has ended before it is redeemed', async () => {
    const sids = async () => {
      const page = await ask(`${issuerOf(ground, 'nhs-cis2')}/sessions`);
      return [...page.text.matchAll(/name="sid" value="([^"]+)"/g)].map(([, sid]) => sid ?? '');
    };
    const before = await sids();
    const code = await codeFor(ground);
    const [sid = ''] = (await sids()).filter((one) => !before.includes(one));
    const answer = await send({ logout_token: logoutToken(logoutClaims(sid)) });
    assertRefused(answer, [501, 'not_implemented', 'SID not found']);
    const refusal: Refusal = [400, 'invalid_grant', 'authorization_code is invalid'];
    assertRefused(await redeem(ground, code), refusal);
  });

  it('refuses a logout token with a fault, in the published order, and leaves the session alone', async () => {
    const { access_token, sid } = await tokens();
    const faults: readonly (readonly [of: string, changes: Members, Refusal])[] = [
      ['iss', { iss: 'https://evil.example' }, invalid('Missing/invalid iss claim in JWT')],
      ['iss', { iss: undefined }, invalid('Missing/invalid iss claim in JWT')],
      ['aud', { aud: 'demo-app-int' }, invalid('Missing/invalid aud claim in JWT')],
      ['aud', { aud: undefined }, invalid('Missing/invalid aud claim in JWT')],
      ['sid', { sid: undefined }, invalid('Missing sid claim in JWT')],
      ['sid', { sid: '' }, invalid('Missing sid claim in JWT')],
      ['sid', { sid: 7 }, invalid('Missing sid claim in JWT')],
      ['events', { events: undefined }, invalid('Missing/invalid events claim in JWT')],
      ['events', { events: { 'http://x': {} } }, invalid('Missing/invalid events claim in JWT')],
      ['events', { events: [event] }, invalid('Missing/invalid events claim in JWT')],
      ['nonce', { nonce: 'n' }, invalid('Prohibited nonce claim in JWT')],
      ['iat', { iat: now() - 121 }, unverifiable],
      ['iat', { iat: now() + 121 }, unverifiable],
      ['iat', { iat: undefined }, unverifiable],
      ['iat', { iat: 'now' }, unverifiable],
      ['jti', { jti: undefined }, unverifiable],
      ['sid', { sid: 'unknown' }, [501, 'not_implemented', 'SID not found']],
    ];
    const make = (changes: Members) => logoutToken(logoutClaims(sid, changes));
    for (const [i, [of, changes, refusal]] of faults.entries()) {
      assertRefused(await send({ logout_token: make(changes) }), refusal, JSON.stringify(changes));
      for (const [second, more] of faults.slice(i + 1))
        if (second !== of)
          assertRefused(
            await send({ logout_token: make({ ...more, ...changes }) }),
            refusal,
            JSON.stringify({ ...more, ...changes }),
          );
    }
    assert.ok(await isAlive(ground, access_token));
  });

  it('refuses a forged logout token, and what is none', async () => {
    const { access_token, sid } = await tokens();
    const claims = logoutClaims(sid);
    const good = logoutToken(claims);
    for (const [name, token] of [
      ['another key', logoutToken(claims, {}, testKey(1))],
      ['the key of the other provider', logoutToken(claims, {}, testKey(5))],
      ['an unknown kid', logoutToken(claims, { kid: 'other' })],
      ['no kid', logoutToken(claims, { kid: undefined })],
      ['alg none', logoutToken(claims, { alg: 'none' })],
      ['alg HS256', logoutToken(claims, { alg: 'HS256' })],
      ['alg RS512 over SHA-256', logoutToken(claims, { alg: 'RS512' })],
      ['typ at+jwt', logoutToken(claims, { typ: 'at+jwt' })],
      ['typ as a number', logoutToken(claims, { typ: 1 })],
      ['a changed end', `${good.slice(0, -2)}AA`],
      ['no signature', good.slice(0, good.lastIndexOf('.') + 1)],
      ['no object', logoutToken('null')],
      ['an access token', access_token],
      ['nothing', undefined],
    ] as const)
      assertRefused(await send({ logout_token: token }), unverifiable, name);
    assertRefused(await send(`logout_token=${good}&logout_token=${good}`), unverifiable);
    assertRefused(
      await send(JSON.stringify({ logout_token: good }), 'application/json'),
      unverifiable,
    );
    assert.ok(await isAlive(ground, access_token));
  });

  it('takes a logout token once, and then the session is gone', async () => {
    const { access_token, sid } = await tokens();
    const token = logoutToken(logoutClaims(sid), { typ: 'JWT' });
    const done = await send({ logout_token: token });
    assert.equal(done.status, 200);
    assertNotCached(done);
    assert.deepEqual(done.json, { success: true });
    assert.equal(await isAlive(ground, access_token), false);
    assertRefused(await send({ logout_token: token }), unverifiable);
    const twenty = logoutToken(logoutClaims((await tokens()).sid));
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send({ logout_token: twenty })),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  });

  /** Exchanges an id_token of this session. */
  const exchange = (sid: string) =>
    withAssertion(ground, assertionOf(ground), {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      subject_token: jws(
        { alg: 'RS256', typ: 'JWT', kid },
        {
          ...{ iss: issuerOf(ground, 'nhs-cis2'), aud: 'demo-app-int', sub: '656005750108', sid },
          ...{ exp: now() + 300, tokenName: 'id_token', auditTrackingId: 'a', jti: randomUUID() },
          authentication_assurance_level: '3',
        },
        testKey(4),
        'sha256',
      ),
    });

  it('ends what was got by exchange in the same session', async () => {
    const sid = randomUUID();
    const token = tokenIn(await exchange(sid));
    assert.equal((await send({ logout_token: logoutToken(logoutClaims(sid)) })).status, 200);
    assert.equal(await isAlive(ground, token), false);
  });

  it('gives nothing for an id_token whose session has ended', async () => {
    const sid = randomUUID();
    await send({ logout_token: logoutToken(logoutClaims(sid)) });
    const words = 'the session of the subject_token has ended';
    assertRefused(await exchange(sid), [400, 'invalid_grant', words]);
    tokenIn(await exchange(randomUUID()));
  });

  describe('userinfo', () => {
    const userinfo = (authorization?: string) =>
      ask(
        `${ground.face}/userinfo`,
        authorization === undefined ? {} : { headers: { authorization } },
      );

    it('tells of the worker what CIS2 tells, also after a refresh', async () => {
      const first = await tokens();
      const renewed = (await refresh(ground, first.refresh_token)).json;
      for (const { access_token } of [first, renewed]) {
        const answer = await userinfo(`Bearer ${String(access_token)}`);
        assert.equal(answer.status, 200);
        assertNotCached(answer);
        for (const name of ['sub', 'uid', 'nhsid_useruid'])
          assert.equal(answer.json[name], '656005750108');
        assert.equal(answer.json.nhsid_nrbac_roles[0].person_roleid, '555254240108');
      }
      assert.equal((await userinfo(`bearer ${first.access_token}`)).status, 200);
    });

    it('is for combined sign-in by CIS2 only', async () => {
      const app = tokenIn(await withAssertion(ground, assertionOf(ground)));
      const patient = await tokens({ provider: 'nhs-login' });
      for (const token of [app, patient.access_token]) {
        const answer = await userinfo(`Bearer ${token}`);
        assert.match(answer.json.error_description, notCombined);
        assertRefused(answer, invalid(answer.json.error_description));
      }
    });

    it('takes live access tokens in the Authorization field and nothing else', async () => {
      const { access_token, refresh_token } = await tokens();
      const elsewhere = (await tokens()).access_token;
      for (const [authorization, description] of [
        [undefined, 'Missing Authorization header'],
        ['', 'Missing Authorization header'],
        ['Bearer', 'Missing access token'],
        [`Basic ${btoa('a:b')}`, "Invalid token type 'Basic', must be 'Bearer'"],
        [`Bearer ${refresh_token}`, 'Invalid Access Token'],
        [`Bearer ${access_token}x`, 'Invalid Access Token'],
        [`Bearer ${assertionOf(ground)}`, 'Invalid Access Token'],
        [`Bearer ${access_token} x`, 'Invalid Authorization header'],
      ] as const) {
        const answer = await userinfo(authorization);
        const told = authorization === '' ? answer.json.error_description : description;
        assertRefused(answer, [401, 'invalid_token', told], authorization);
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer /);
      }
      const inQuery = await ask(`${ground.face}/userinfo?access_token=${access_token}`);
      assert.equal(inQuery.status, 401);
      const other = ground.face.replace('/env/int', '/env/ref');
      const headers = { authorization: `Bearer ${elsewhere}` };
      assert.equal((await ask(`${other}/userinfo`, { headers })).status, 401);
    });
  });
});
