import assert from 'node:assert/strict';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import * as client from 'openid-client';
import { paths } from './options.ts';
import { actionOf, get, plainRedirectUri, post, secret, startRig, type Rig } from './rig.test.ts';

/** A whole sign-in as the stock client does it. */
async function wholeFlow(
  rig: Rig,
  authentication: client.ClientAuth,
  metadata: Partial<client.ClientMetadata>,
  asked: Record<string, string>,
  username: string,
) {
  const config = await client.discovery(new URL(rig.issuer), 'app-1', metadata, authentication, {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- on this machine only, without TLS
    execute: [client.allowInsecureRequests],
  });
  const verifier = client.randomPKCECodeVerifier();
  const nonce = client.randomNonce();
  const state = client.randomState();
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: plainRedirectUri,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    nonce,
    state,
    ...asked,
  });
  const page = await get(address.href);
  const back = await post(actionOf(await page.text()), { username });
  const tokens = await client.authorizationCodeGrant(
    config,
    new URL(back.headers.get('location') ?? ''),
    { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state },
  );
  const claims = tokens.claims() ?? assert.fail('there is no id_token');
  const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  return { config, tokens, claims, info };
}

const toTokenUrl = {
  [client.modifyAssertion]: (_header: unknown, payload: Record<string, unknown>) => {
    payload.aud = `${String(Array.isArray(payload.aud) ? payload.aud[0] : payload.aud)}${paths.token}`;
  },
};

async function cryptoKeyOf(rig: Rig, hash: string) {
  const der = rig.clientKey.export({ type: 'pkcs8', format: 'der' });
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash };
  return crypto.subtle.importKey('pkcs8', new Uint8Array(der), algorithm, false, ['sign']);
}

describe('the simulated CIS2', () => {
  let rig: Rig;
  before(async () => (rig = await startRig('nhs-cis2')));
  after(() => rig.stop());

  it('is a provider that a stock client uses as it is, secret in the form', async () => {
    const { claims, info } = await wholeFlow(
      rig,
      client.ClientSecretPost(secret),
      {},
      { scope: 'openid nationalrbacaccess', acr_values: 'AAL3_ANY' },
      '656005750108',
    );
    assert.equal(claims.sub, '656005750108');
    assert.equal(claims.acr, 'AAL3_ANY');
    assert.equal(claims.authentication_assurance_level, '3');
    const roles = info.nhsid_nrbac_roles as { role_code: string }[];
    assert.deepEqual(
      roles.map(({ role_code }) => role_code),
      ['S0010:G0020:R0260'],
    );
  });

  it('takes the secret in Basic, and an assertion signed with RS256 for its issuer', async () => {
    for (const authentication of [
      client.ClientSecretBasic(secret),
      client.PrivateKeyJwt({ key: await cryptoKeyOf(rig, 'SHA-256'), kid: 'client-1' }),
    ]) {
      const scope = { scope: 'openid profile' };
      const { info } = await wholeFlow(rig, authentication, {}, scope, '656005750107');
      assert.equal(info.name, 'Ms Ada Fenwick');
    }
  });

  it('signs with RS256, a type and a key id of its set', async () => {
    const { tokens } = await wholeFlow(
      rig,
      client.ClientSecretPost(secret),
      {},
      { scope: 'openid' },
      '656005750107',
    );
    const idToken = tokens.id_token ?? '';
    assert.deepEqual(Object.keys(decodeProtectedHeader(idToken)).sort(), ['alg', 'kid', 'typ']);
    const set = createRemoteJWKSet(new URL(rig.issuer + paths.keys));
    const { protectedHeader } = await jwtVerify(idToken, set, {
      algorithms: ['RS256'],
      typ: 'JWT',
    });
    assert.equal(protectedHeader.typ, 'JWT');
  });
});

describe('the simulated NHS login', () => {
  let rig: Rig;
  before(async () => (rig = await startRig('nhs-login')));
  after(() => rig.stop());
  const metadata = { id_token_signed_response_alg: 'RS512' };

  it('is a provider that a stock client uses as it is, refreshing included', async () => {
    const key = { key: await cryptoKeyOf(rig, 'SHA-512'), kid: 'client-1' };
    const { config, tokens, claims, info } = await wholeFlow(
      rig,
      client.PrivateKeyJwt(key, toTokenUrl),
      metadata,
      { scope: 'openid profile email phone', vtr: '["P9.Cp.Cd","P9.Cm"]' },
      '9912003071',
    );
    assert.equal(claims.vot, 'P9.Cp.Cd');
    assert.equal(claims.identity_proofing_level, 'P9');
    assert.equal(info.nhs_number, '9912003071');
    assert.equal(info.email, 'user.test@example.com');
    assert.equal(tokens.expires_in, 300);
    const again = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
    assert.notEqual(again.access_token, tokens.access_token);
    assert.equal(again.claims()?.sub, claims.sub);
  });

  it('takes a secret as well, for the national mock hands those out', async () => {
    const authentication = client.ClientSecretPost(secret);
    const scope = { scope: 'openid profile' };
    const { tokens } = await wholeFlow(rig, authentication, metadata, scope, '9912003071');
    assert.equal(decodeProtectedHeader(tokens.id_token ?? '').alg, 'RS512');
  });
});

describe('a simulated provider', () => {
  let rig: Rig;
  before(async () => (rig = await startRig('nhs-cis2')));
  after(() => rig.stop());

  it('publishes two keys, without anything private', async () => {
    const { keys } = (await (await get(rig.issuer + paths.keys)).json()) as {
      keys: Record<string, string>[];
    };
    assert.equal(keys.length, 2);
    assert.notEqual(keys[0]?.kid, keys[1]?.kid);
    for (const key of keys)
      assert.deepEqual(Object.keys(key).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  it('says at other paths and for other methods, on a page, what is wrong', async () => {
    const lost = await get(`${rig.issuer}/elsewhere/<script>`);
    assert.equal(lost.status, 404);
    assert.match(await lost.text(), /nobody is authenticated here/);
    const wrong = await get(rig.issuer + paths.token);
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.get('allow'), 'POST');
  });
});
