import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { paths } from './options.ts';
import {
  assertionOf,
  codeFor,
  errorOf,
  get,
  post,
  redeem,
  secret,
  startRig,
  tokensFor,
  withAssertion,
  type Rig,
  type Tokens,
} from './rig.test.ts';

const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'; // of RFC 7636, appendix B
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';

for (const [kind, username] of [
  ['nhs-cis2', '656005750107'],
  ['nhs-login', '9912003071'],
] as const)
  describe(`the token endpoint of the simulated ${kind}`, () => {
    let rig: Rig;
    before(async () => (rig = await startRig(kind)));
    after(() => rig.stop());
    const code = (changes: Record<string, string> = {}) => codeFor(rig, changes, { username });
    const unauthorised = kind === 'nhs-login' ? 400 : 401;
    const infoStatus = async ({ access_token }: Tokens) =>
      (await get(rig.issuer + paths.userinfo, { authorization: `Bearer ${access_token}` })).status;

    it('gives tokens that are never cached, with a lifetime in seconds as a number', async () => {
      const response = await redeem(rig, await code());
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('cache-control'), 'no-store');
      const tokens = (await response.json()) as Record<string, unknown>;
      assert.equal(tokens.token_type, 'Bearer');
      assert.equal(typeof tokens.expires_in, 'number');
      assert.equal('refresh_token' in tokens, kind === 'nhs-login');
    });

    it('lets one of twenty have the tokens, which a second use then kills', async () => {
      const one = await code();
      const all = await Promise.all(Array.from({ length: 20 }, () => redeem(rig, one)));
      const good = all.filter(({ status }) => status === 200);
      assert.equal(good.length, 1);
      for (const response of all.filter(({ status }) => status !== 200))
        assert.deepEqual(await errorOf(response), [400, 'invalid_grant']);
      const [first] = good;
      assert.equal(await infoStatus((await first?.json()) as Tokens), 401);
    });

    it('kills the tokens when a code comes again later', async () => {
      const one = await code();
      const tokens = (await (await redeem(rig, one)).json()) as Tokens;
      assert.equal(await infoStatus(tokens), 200);
      assert.deepEqual(await errorOf(await redeem(rig, one)), [400, 'invalid_grant']);
      assert.equal(await infoStatus(tokens), 401);
    });

    it('refuses the code of another client or address, which keeps it', async () => {
      const one = await code();
      for (const changes of [
        { client_id: 'app-2' },
        { client_id: 'app-2', redirect_uri: 'https://other.example/callback' },
        { redirect_uri: 'https://app.example/callback' },
        { code: `${one}x` },
      ])
        assert.deepEqual(await errorOf(await redeem(rig, one, changes)), [400, 'invalid_grant']);
      assert.equal((await redeem(rig, one)).status, 200);
    });

    it('challenges only where one may sign in by Basic, so that stock clients see the error', async () => {
      const { headers } = await redeem(rig, 'x', { client_secret: 'wrong' });
      const told = headers.get('www-authenticate');
      assert.equal(told, kind === 'nhs-login' ? null : 'Basic realm="simulated"');
    });

    it('refuses a code after its time', async () => {
      const one = await code();
      rig.clock.time += kind === 'nhs-login' ? 600_000 : 300_000;
      assert.deepEqual(await errorOf(await redeem(rig, one)), [400, 'invalid_grant']);
    });

    it('wants the verifier that goes with the challenge, else the code is gone', async () => {
      const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };
      const good = await redeem(rig, await code(pkce), { code_verifier: verifier });
      assert.equal(good.status, 200);
      for (const wrong of [
        undefined,
        '',
        challenge,
        verifier.slice(1),
        `${verifier}x`,
        'é'.repeat(43),
      ]) {
        const one = await code(pkce);
        const refused = await redeem(rig, one, { code_verifier: wrong });
        assert.deepEqual(await errorOf(refused), [400, 'invalid_grant']);
        const again = await redeem(rig, one, { code_verifier: verifier });
        assert.deepEqual(await errorOf(again), [400, 'invalid_grant']);
      }
      const unasked = await redeem(rig, await code(), { code_verifier: verifier });
      assert.deepEqual(await errorOf(unasked), [400, 'invalid_grant']);
    });

    it('refuses a client that does not prove itself, in exactly one way', async () => {
      const one = await code();
      const basic = (user: string, password: string) => ({
        authorization: `Basic ${Buffer.from(`${encodeURIComponent(user)}:${encodeURIComponent(password)}`).toString('base64')}`,
      });
      const ask = async (changes: Record<string, string | undefined>, headers = {}) =>
        errorOf(
          await post(
            rig.issuer + paths.token,
            { grant_type: 'authorization_code', code: one, redirect_uri: 'x', ...changes },
            headers,
          ),
        );
      const refused = [unauthorised, 'invalid_client'];
      const bad = [400, 'invalid_request'];
      assert.deepEqual(await ask({}), refused);
      assert.deepEqual(await ask({ client_id: 'app-1' }), refused);
      assert.deepEqual(await ask({ client_id: 'app-1', client_secret: '' }), refused);
      assert.deepEqual(await ask({ client_id: 'app-1', client_secret: 'wrong' }), refused);
      assert.deepEqual(await ask({ client_id: 'nobody', client_secret: secret }), refused);
      assert.deepEqual(await ask({}, basic('app-1', 'wrong')), refused);
      assert.deepEqual(await ask({}, { authorization: 'Bearer x' }), refused);
      assert.deepEqual(await ask({ client_secret: secret }, basic('app-1', secret)), bad);
      assert.deepEqual(await ask({ client_id: 'app-2' }, basic('app-1', secret)), bad);
      const both = { ...withAssertion(await assertionOf(rig)), client_secret: secret };
      assert.deepEqual(await ask(both), bad);
    });

    it('takes an assertion once, also when twenty come at the same moment', async () => {
      const fields = withAssertion(await assertionOf(rig));
      const codes = await Promise.all(Array.from({ length: 20 }, () => code()));
      const all = await Promise.all(codes.map((one) => redeem(rig, one, fields)));
      assert.equal(all.filter(({ status }) => status === 200).length, 1);
      const jti = 'the same again';
      const first = await redeem(rig, await code(), withAssertion(await assertionOf(rig, { jti })));
      assert.equal(first.status, 200);
      const second = await redeem(
        rig,
        await code(),
        withAssertion(await assertionOf(rig, { jti })),
      );
      assert.deepEqual(await errorOf(second), [unauthorised, 'invalid_client']);
    });

    it('refuses a forged or unfit assertion, which burns no id', async () => {
      const now = Math.floor(rig.clock.time / 1000);
      const good = await assertionOf(rig, { jti: 'mine' });
      const [head = '', body = ''] = good.split('.');
      const hmac = (alg: string) => {
        const header = Buffer.from(JSON.stringify({ alg, kid: 'client-1' })).toString('base64url');
        const pem = rig.clientKey.export({ type: 'pkcs8', format: 'pem' });
        return `${header}.${body}.${createHmac('sha512', pem).update(`${header}.${body}`).digest('base64url')}`;
      };
      const none = Buffer.from('{"alg":"none","kid":"client-1"}').toString('base64url');
      for (const assertion of [
        'x',
        `${head}.${body}.${'A'.repeat(342)}`,
        `${head}.${body}.`,
        `${none}.${body}.`,
        hmac('HS512'),
        await assertionOf(rig, {}, { kid: 'other' }),
        await assertionOf(rig, {}, { alg: 'RS384' }),
        await assertionOf(rig, {}, { alg: 'PS512' }),
        await assertionOf(rig, { aud: 'https://elsewhere.example' }),
        await assertionOf(rig, { aud: `${rig.issuer}${paths.token}/` }),
        await assertionOf(rig, { aud: [rig.issuer + paths.token, 'https://elsewhere.example'] }),
        await assertionOf(rig, { iss: 'app-2' }),
        await assertionOf(rig, { sub: 'nobody', iss: 'nobody' }),
        await assertionOf(rig, { exp: now - 11 }),
        await assertionOf(rig, { exp: now + 3700 }),
        await assertionOf(rig, { exp: String(now + 60) }),
        await assertionOf(rig, { nbf: now + 60 }),
        await assertionOf(rig, { jti: undefined }),
        await assertionOf(rig, { jti: 7 }),
      ]) {
        const response = await redeem(rig, await code(), withAssertion(assertion));
        assert.deepEqual(await errorOf(response), [unauthorised, 'invalid_client']);
      }
      assert.equal((await redeem(rig, await code(), withAssertion(good))).status, 200);
    });

    it('says what is wrong with a form, and shows nothing of it', async () => {
      const bad = [400, 'invalid_request'];
      const sent = (body: string, type = 'application/x-www-form-urlencoded') =>
        fetch(rig.issuer + paths.token, {
          method: 'POST',
          headers: { 'content-type': type },
          body,
        });
      assert.deepEqual(await errorOf(await sent('{}', 'application/json')), bad);
      assert.deepEqual(await errorOf(await sent('')), bad);
      assert.deepEqual(await errorOf(await sent('grant_type=a&grant_type=b')), bad);
      assert.deepEqual(await errorOf(await sent('grant_type[]=a')), bad);
      assert.deepEqual(await errorOf(await sent('grant_type=%ff')), bad);
      assert.deepEqual(await errorOf(await redeem(rig, 'x', { code: undefined })), bad);
      assert.deepEqual(await errorOf(await redeem(rig, 'x', { redirect_uri: undefined })), bad);
      const grant = await redeem(rig, 'x', { grant_type: 'password' });
      assert.deepEqual(await errorOf(grant), [400, 'unsupported_grant_type']);
      const large = await sent(`grant_type=${'x'.repeat(40_000)}`);
      assert.equal(large.status, kind === 'nhs-login' ? 400 : 413);
    });
  });

describe('the algorithms of assertions', () => {
  it('are RS512 alone at NHS login, where the audience is the token address alone', async () => {
    const rig = await startRig('nhs-login');
    for (const assertion of [
      await assertionOf(rig, {}, { alg: 'RS256' }),
      await assertionOf(rig, { aud: rig.issuer }),
    ]) {
      const code = await codeFor(rig, {}, { username: '9912003071' });
      const response = await redeem(rig, code, withAssertion(assertion));
      assert.deepEqual(await errorOf(response), [400, 'invalid_client']);
    }
    await rig.stop();
  });
});

describe('refreshing at the simulated NHS login', () => {
  let rig: Rig;
  before(async () => (rig = await startRig('nhs-login')));
  after(() => rig.stop());
  const refresh = (refresh_token = '', changes: Record<string, string> = {}) =>
    post(rig.issuer + paths.token, {
      grant_type: 'refresh_token',
      refresh_token,
      client_id: 'app-1',
      client_secret: secret,
      ...changes,
    });
  const signedIn = () => tokensFor(rig, {}, { username: '9912003071' });
  const refreshed = async (token?: string) => (await (await refresh(token)).json()) as Tokens;

  it('gives new tokens for each old one, once', async () => {
    const first = await signedIn();
    const second = await refreshed(first.refresh_token);
    assert.notEqual(second.refresh_token, first.refresh_token);
    assert.deepEqual(await errorOf(await refresh(first.refresh_token)), [400, 'invalid_grant']);
    // The one used twice may be stolen, so its successor is dead as well.
    assert.deepEqual(await errorOf(await refresh(second.refresh_token)), [400, 'invalid_grant']);
  });

  it('lets one of twenty have them', async () => {
    const { refresh_token } = await signedIn();
    const all = await Promise.all(Array.from({ length: 20 }, () => refresh(refresh_token)));
    assert.equal(all.filter(({ status }) => status === 200).length, 1);
  });

  it('refuses another client and more scope, which cost nothing', async () => {
    const { refresh_token } = await signedIn();
    const other = await refresh(refresh_token, { client_id: 'app-2' });
    assert.deepEqual(await errorOf(other), [400, 'invalid_grant']);
    const more = await refresh(refresh_token, { scope: 'openid profile email' });
    assert.deepEqual(await errorOf(more), [400, 'invalid_scope']);
    const less = await refresh(refresh_token, { scope: 'openid' });
    assert.equal(((await less.json()) as Tokens).scope, 'openid');
  });

  it('ends thirty days after the sign-in, in however small steps', async () => {
    let { refresh_token } = await signedIn();
    for (let day = 10; day < 30; day += 10) {
      rig.clock.time += 10 * 24 * 3_600_000;
      ({ refresh_token } = await refreshed(refresh_token));
    }
    rig.clock.time += 10 * 24 * 3_600_000;
    assert.deepEqual(await errorOf(await refresh(refresh_token)), [400, 'invalid_grant']);
  });

  it('is not done with an access token, a code or nothing', async () => {
    const { access_token } = await signedIn();
    for (const token of [access_token, 'nothing'])
      assert.deepEqual(await errorOf(await refresh(token)), [400, 'invalid_grant']);
    assert.deepEqual(await errorOf(await refresh()), [400, 'invalid_request']);
  });
});
