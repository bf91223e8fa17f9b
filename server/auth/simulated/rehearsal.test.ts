import assert from 'node:assert/strict';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { paths } from './options.ts';
import {
  answerPage,
  backWith,
  claimsFor,
  codeFor,
  errorOf,
  redeem,
  startRig,
  tokensFor,
  type Rig,
} from './rig.test.ts';

for (const [kind, username] of [
  ['nhs-cis2', '656005750107'],
  ['nhs-login', '9912003071'],
] as const)
  describe(`a rehearsed fault at the simulated ${kind}`, () => {
    let rig: Rig;
    before(async () => (rig = await startRig(kind)));
    after(() => rig.stop());
    const idTokenWith = async (fault: string) =>
      (await tokensFor(rig, {}, { username, fault })).id_token;

    it('sends the person back with the error', async () => {
      for (const [fault, error, description] of [
        ['cancelled', 'access_denied', 'The sign-in was cancelled'],
        ['locked', 'access_denied', 'The account is locked'],
        ['server-error', 'server_error', undefined],
        ['temporarily-unavailable', 'temporarily_unavailable', undefined],
        ...(kind === 'nhs-login'
          ? [['consent-refused', 'access_denied', 'ConsentNotGiven'] as const]
          : []),
      ] as const) {
        const back = backWith(await answerPage(rig, {}, { username, fault }));
        assert.equal(back.get('error'), error);
        assert.equal(back.get('state'), 'a state & more');
        if (description !== undefined) assert.equal(back.get('error_description'), description);
        assert.equal(back.has('code'), false);
      }
    });

    it('makes the token endpoint fail as the protocol has it', async () => {
      const response = await redeem(
        rig,
        await codeFor(rig, {}, { username, fault: 'token-error' }),
      );
      assert.deepEqual(await errorOf(response), [kind === 'nhs-login' ? 400 : 500, 'server_error']);
    });

    it('makes the token endpoint answer late, and rightly', async () => {
      const before = rig.slept.length;
      const tokens = await tokensFor(rig, {}, { username, fault: 'slow' });
      assert.ok(tokens.access_token);
      assert.deepEqual(rig.slept.slice(before), [15_000]);
    });

    it('gives an id_token that has expired', async () => {
      const { exp = 0, iat = 0 } = decodeJwt(await idTokenWith('expired-token'));
      assert.ok(exp < rig.clock.time / 1000 && iat < exp);
    });

    it('gives an id_token with another nonce', async () => {
      const { nonce } = decodeJwt(await idTokenWith('wrong-nonce'));
      assert.ok(typeof nonce === 'string' && nonce !== 'n-1');
    });

    it('gives an id_token that no published key has signed', async () => {
      const set = createRemoteJWKSet(new URL(rig.issuer + paths.keys));
      const idToken = await idTokenWith('unknown-key');
      const algorithms = ['RS256', 'RS512'];
      await assert.rejects(jwtVerify(idToken, set, { algorithms }), {
        code: 'ERR_JWKS_NO_MATCHING_KEY',
      });
    });

    it('gives an id_token of a sign-in two hours ago', async () => {
      const claims = await claimsFor(rig, { max_age: '300' }, { username, fault: 'old-session' });
      assert.equal(claims.auth_time, Math.floor(rig.clock.time / 1000) - 7200);
    });

    it('lasts for one sign-in only', async () => {
      await answerPage(rig, {}, { username, fault: 'cancelled' });
      assert.ok(backWith(await answerPage(rig, {}, { username })).has('code'));
    });
  });

describe('a locked person', () => {
  let rig: Rig;
  before(async () => (rig = await startRig('nhs-cis2')));
  after(() => rig.stop());

  it('is not signed in', async () => {
    const back = backWith(await answerPage(rig, {}, { username: '999000000105' }));
    assert.equal(back.get('error'), 'access_denied');
  });
});
