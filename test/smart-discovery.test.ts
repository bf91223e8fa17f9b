/** How stock clients find their way: discovery documents, CORS, openid-client and fhir-kit-client as they come. */
import assert from 'node:assert/strict';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { Client } from 'fhir-kit-client';
import * as oidc from 'openid-client';
import {
  agree,
  atCallback,
  Browser,
  fhir,
  locationOf,
  patient,
  publicApp,
  startSmartGround,
  throughProvider,
  tokensFor,
  type SmartGround,
} from './smart-launch-ground.ts';
import { addApp, ask, redirectUri } from './token-ground.ts';

// eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to stand out; this server is on this machine
const overHttp = oidc.allowInsecureRequests;

describe('SMART discovery', function () {
  this.timeout(60_000);
  let ground: SmartGround;
  before(async () => {
    ground = await startSmartGround();
  });
  after(() => ground.end());

  it('publishes smart-configuration as JSON whatever Accept says, with what is served and no more', async () => {
    for (const accept of ['application/json', 'text/html', 'application/fhir+xml', '']) {
      const url = `${ground.fhir}/.well-known/smart-configuration`;
      const { status, headers, json } = await ask(url, { headers: { accept } });
      assert.equal(status, 200);
      assert.match(headers.get('content-type') ?? '', /^application\/json/);
      assert.equal(headers.get('access-control-allow-origin'), '*');
      assert.equal(json.issuer, ground.smart);
      for (const name of ['authorization', 'token', 'introspection', 'revocation'])
        assert.ok(json[`${name}_endpoint`].startsWith(`${ground.smart}/`), name);
      assert.deepEqual(json.code_challenge_methods_supported, ['S256']);
      assert.deepEqual(json.grant_types_supported, ['authorization_code', 'client_credentials']);
      assert.ok(json.scopes_supported.includes('patient/Patient.rs'));
      assert.ok(!json.scopes_supported.some((scope: string) => scope.startsWith('urn:')));
      assert.deepEqual(json.capabilities, [
        'launch-standalone',
        'authorize-post',
        'launch-ehr',
        'client-public',
        'client-confidential-symmetric',
        'client-confidential-asymmetric',
        'sso-openid-connect',
        'context-standalone-patient',
        'context-ehr-patient',
        'context-ehr-encounter',
        'context-banner',
        'permission-offline',
        'permission-patient',
        'permission-user',
        'permission-v1',
        'permission-v2',
      ]);
    }
  });

  it('leads to addresses in the form in which it was asked, by path or by host', async () => {
    const url = `${ground.platform.url}/fhir/R4/.well-known/smart-configuration`;
    assert.equal((await ask(url)).json.issuer, `${ground.platform.url}/smart`);
    const asHost = await new Promise<{ issuer: string }>((resolve, reject) => {
      void import('node:http').then(({ get }) => {
        const host = `int.localhost:${ground.platform.port}`;
        const path = '/fhir/R4/.well-known/smart-configuration';
        get({ port: ground.platform.port, path, headers: { host } }, (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => {
            resolve(JSON.parse(text) as { issuer: string });
          });
        }).on('error', reject);
      });
    });
    assert.equal(asHost.issuer, `http://int.localhost:${ground.platform.port}/smart`);
  });

  it('publishes the server metadata where OpenID and where RFC 8414 look for it', async () => {
    const openid = await ask(`${ground.smart}/.well-known/openid-configuration`);
    const { url } = ground.platform;
    const rfc = await ask(`${url}/.well-known/oauth-authorization-server/env/int/smart`);
    assert.deepEqual(rfc.json, openid.json);
    assert.equal(rfc.headers.get('access-control-allow-origin'), '*');
    assert.deepEqual(openid.json.id_token_signing_alg_values_supported, ['RS256']);
    assert.ok(!JSON.stringify(openid.json).includes('"plain"'));
    const sandbox = await ask(`${url}/.well-known/oauth-authorization-server/smart`);
    assert.equal(sandbox.json.issuer, `${url}/smart`);
    for (const path of ['', '/x', '/env/prod/smart', '/env/nowhere/smart', '/env/int/smart/x'])
      assert.equal(
        (await ask(`${url}/.well-known/oauth-authorization-server${path}`)).status,
        404,
        path,
      );
    const posted = await ask(`${url}/.well-known/oauth-authorization-server/smart`, {
      method: 'POST',
    });
    assert.equal(posted.status, 405);
  });

  it('publishes keys without private members', async () => {
    await tokensFor(ground);
    const { json } = await ask(`${ground.smart}/jwks`);
    assert.deepEqual(json.keys.map(({ alg }: { alg: string }) => alg).sort(), ['ES256', 'RS256']);
    for (const key of json.keys)
      for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth']) assert.ok(!(name in key));
  });

  it('is found by fhir-kit-client', async () => {
    const client = new Client({ baseUrl: ground.fhir });
    const found = await client.smartAuthMetadata();
    assert.equal(found.authorizeUrl?.toString(), `${ground.smart}/authorize`);
    assert.equal(found.tokenUrl?.toString(), `${ground.smart}/token`);
    client.bearerToken = (await tokensFor(ground)).access_token;
    const read = await client.read({ resourceType: 'Patient', id: patient });
    assert.equal(read.id, patient);
  });

  it('serves openid-client as it comes: discovery, PKCE, id_token, refresh, userinfo, revocation', async () => {
    ground.clock.time = Date.now();
    const options = { execute: [overHttp, oidc.enableNonRepudiationChecks] };
    const issuer = new URL(ground.smart);
    const config = await oidc.discovery(issuer, publicApp, undefined, oidc.None(), options);
    const verifier = oidc.randomPKCECodeVerifier();
    const state = oidc.randomState();
    const nonce = oidc.randomNonce();
    const url = oidc.buildAuthorizationUrl(config, {
      ...{ redirect_uri: redirectUri, state, nonce, aud: ground.fhir },
      scope: 'openid fhirUser offline_access user/Patient.rs',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const browser = new Browser();
    const callback = await throughProvider(browser, await browser.get(url.href), '656005750108');
    const back = locationOf(await agree(browser, await browser.get(callback)));
    const tokens = await oidc.authorizationCodeGrant(config, new URL(back), {
      ...{ pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce },
      idTokenExpected: true,
    });
    const claims = tokens.claims() ?? assert.fail('no id_token');
    assert.equal(claims.fhirUser, `${ground.fhir}/Practitioner/656005750108`);
    assert.equal(tokens.expires_in, 600);
    const again = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '');
    const info = await oidc.fetchUserInfo(config, again.access_token, claims.sub);
    assert.equal(info.sub, claims.sub);
    await oidc.tokenRevocation(config, again.refresh_token ?? '');
    assert.equal((await fhir(ground, `/Patient/${patient}`, again.access_token)).status, 401);
  });

  it('serves the RFC 8414 discovery of openid-client, and its key-signed backend service', async () => {
    ground.clock.time = Date.now();
    const { createPrivateKey, webcrypto } = await import('node:crypto');
    const { testKey } = await import('./token-ground.ts');
    const der = createPrivateKey(testKey(0)).export({ format: 'der', type: 'pkcs8' });
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' };
    const key = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
    const config = await oidc.discovery(
      new URL(ground.smart),
      'demo-app-int',
      undefined,
      // The library leaves out `typ`, which SMART asks for and nobody needs.
      oidc.PrivateKeyJwt({ key, kid: 'demo-1' }),
      { algorithm: 'oauth2', execute: [overHttp] },
    );
    const tokens = await oidc.clientCredentialsGrant(config, { scope: 'system/Patient.rs' });
    assert.equal(tokens.scope, 'system/Patient.rs');
    const told = await oidc.tokenIntrospection(config, tokens.access_token);
    assert.equal(told.active, true);
  });

  it('signs what jose verifies against the key set at its address', async () => {
    const { id_token: idToken } = await tokensFor(ground);
    const keys = createRemoteJWKSet(new URL(`${ground.smart}/jwks`));
    const { payload } = await jwtVerify(idToken, keys, {
      issuer: ground.smart,
      audience: publicApp,
    });
    assert.equal(payload.nonce, 'n-1');
  });
});

describe('SMART and web pages of other origins', function () {
  this.timeout(60_000);
  let ground: SmartGround;
  before(async () => {
    ground = await startSmartGround();
    await addApp(ground, 'web', { origins: ['https://web.example'] }, ['pds-smart']);
    await addApp(ground, 'native', { redirectUris: ['com.example.app:/cb'] }, ['pds-smart']);
  });
  after(() => ground.end());

  const preflight = (url: string, origin: string) =>
    ask(url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });

  it('lets pages of registered apps use token, revoke, userinfo and the FHIR base, and no other page', async () => {
    const places = ['/token', '/revoke', '/userinfo'].map((path) => ground.smart + path);
    for (const url of [...places, `${ground.fhir}/Patient/${patient}`]) {
      for (const origin of [
        'https://example.org',
        'http://localhost:3000',
        'https://web.example',
      ]) {
        const { status, headers } = await preflight(url, origin);
        assert.equal(status, 204);
        assert.equal(headers.get('access-control-allow-origin'), origin, url);
        assert.match(headers.get('access-control-allow-headers') ?? '', /authorization/);
        assert.equal(headers.get('access-control-allow-credentials'), null);
        assert.match(headers.get('vary') ?? '', /origin/i);
      }
      for (const origin of ['https://evil.example', 'null', 'http://example.org']) {
        const { headers } = await preflight(url, origin);
        assert.equal(headers.get('access-control-allow-origin'), null, `${url} ${origin}`);
        assert.equal(headers.get('access-control-allow-headers'), null);
      }
    }
  });

  it('lets them read refusals too', async () => {
    const { status, headers } = await ask(`${ground.smart}/token`, {
      method: 'POST',
      headers: { origin: 'https://web.example' },
    });
    assert.equal(status, 415);
    assert.equal(headers.get('access-control-allow-origin'), 'https://web.example');
    assert.match(headers.get('access-control-expose-headers') ?? '', /www-authenticate/);
  });

  it('opens documents and keys to any page', async () => {
    const open = [
      `${ground.fhir}/metadata`,
      `${ground.fhir}/.well-known/smart-configuration`,
      `${ground.smart}/.well-known/openid-configuration`,
      `${ground.smart}/jwks`,
    ];
    for (const url of open) {
      const { status, headers } = await ask(url, { headers: { origin: 'https://any.example' } });
      assert.deepEqual([status, headers.get('access-control-allow-origin')], [200, '*'], url);
    }
  });

  it('opens pages, consent and introspection to none', async () => {
    const { browser, callback } = await atCallback(ground);
    const page = await browser.get(callback, { origin: 'https://web.example' });
    assert.equal(page.headers.get('access-control-allow-origin'), null);
    for (const path of ['/authorize', '/consent', '/launch', '/introspect']) {
      const { headers } = await preflight(ground.smart + path, 'https://web.example');
      assert.equal(headers.get('access-control-allow-origin'), null, path);
    }
  });
});
