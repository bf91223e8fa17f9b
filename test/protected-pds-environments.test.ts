/** Tokens where they belong: the sandbox's open lane, integration and production, each of which takes its own alone. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import {
  accessTokenIn,
  appToken,
  askForApp,
  changeRegistration,
  integration,
  keptToken,
  patientToken,
  pds,
  postForm,
  redeem,
  rootOf,
  signInByScript,
  tokensFor,
  workerToken,
  type Ground,
} from './signed-in-ground.ts';
import { appCollection } from '../server/catalogue/apps.ts';
import { subscriptionCollection } from '../server/catalogue/products.ts';
import type { Answer, CallInit } from './start-platform.ts';

const jane = '9000000009';
const own = '9912003071';
const search = '/Patient?family=Smith&gender=female&birthdate=eq2010-10-22';
const stale: CallInit = {
  method: 'PATCH',
  headers: { 'if-match': 'W/"99999"' },
  body: { patches: [{ op: 'replace', path: '/gender', value: 'female' }] },
};
const said = ({ status, json }: Answer): string =>
  status < 400 ? String(status) : `${status} ${json.issue[0].details.coding[0].code}`;
const why = ({ status, json }: Answer): string => `${status} ${json.issue?.[0].diagnostics ?? ''}`;

describe('the open lane of the sandbox', () => {
  let sandbox: Ground;
  let int: Ground;
  before(async function () {
    this.timeout(60_000);
    int = await integration();
    sandbox = { ...int, environment: 'sandbox' };
  });
  const app = () => keptToken('sandbox app', () => appToken(sandbox));

  it('lets a token of an app select its mode, whatever X-Gatehouse-Act-As says', async () => {
    for (const headers of [{}, { 'x-gatehouse-act-as': 'worker' }]) {
      const send = async (path: string, init: CallInit = {}) =>
        said(
          await pds(sandbox, path, await app(), {
            ...init,
            headers: { ...init.headers, ...headers },
          }),
        );
      assert.equal(await send(`/Patient/${jane}`), '200');
      assert.equal(await send(`${search}&_max-results=2`), '403 INVALID_VALUE');
      assert.equal(await send(`/Patient/${jane}`, stale), '403 INVALID_METHOD');
      assert.equal(await send('/Patient', { method: 'POST', body: {} }), '403 INVALID_METHOD');
    }
  });

  it('lets a token of a person select theirs', async () => {
    const worker = await workerToken(sandbox, '999000000103');
    assert.equal(said(await pds(sandbox, `/Patient/${jane}`, worker)), '400 INVALID_VALUE');
    const headers = { 'nhsd-session-urid': '555254241031' };
    assert.equal(said(await pds(sandbox, `/Patient/${jane}`, worker, { headers })), '200');
    const patient = await patientToken(sandbox, own);
    assert.equal(said(await pds(sandbox, `/Patient/${own}`, patient)), '200');
    assert.equal(said(await pds(sandbox, `/Patient/${jane}`, patient)), '403 ACCESS_DENIED');
    const p5 = await patientToken(sandbox, '9912003072');
    assert.equal(said(await pds(sandbox, `/Patient/${jane}`, p5)), '403 ACCESS_DENIED');
  });

  it('refuses a token of ours that has ended or was changed, or is of another environment', async () => {
    const ended = await askForApp(sandbox, undefined, { form: { _access_token_expiry_ms: '1' } });
    const token = await app();
    const refused: readonly (readonly [token: string, text: string])[] = [
      [accessTokenIn(ended), '401 Access Token expired'],
      [await keptToken('app', () => appToken(int)), '401 Invalid Access Token'],
      [token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A'), '401 Invalid Access Token'],
    ];
    for (const [text, expected] of refused) {
      const answer = await pds(sandbox, `/Patient/${jane}`, text);
      assert.equal(why(answer), expected);
      assert.match(answer.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
    }
  });

  it('refuses a token whose app was revoked', async () => {
    const token = await appToken(sandbox, 'demo-two-keys-sandbox');
    const become = (state: 'revoked' | 'approved') =>
      changeRegistration(sandbox, 'demo-two-keys', 'sandbox', (before) => ({ ...before, state }));
    await become('revoked');
    assert.equal(why(await pds(sandbox, `/Patient/${jane}`, token)), '401 Invalid Access Token');
    await become('approved');
    assert.equal((await pds(sandbox, `/Patient/${jane}`, token)).status, 200);
  });

  it('takes what is no token of ours as it did before there were any', async () => {
    for (const [field, status] of [
      [undefined, 200],
      ['Bearer g1112R_ccQ1Ebbb4gtHBP1aaaNM', 200],
      [`Bearer ${'a1'.repeat(21)}b`, 200],
      ['Bearer', 401],
      ['Basic x', 401],
      ['Bearer ???', 401],
    ] as const) {
      const headers = field === undefined ? {} : { authorization: field };
      const answer = await pds(sandbox, `/Patient/${jane}`, undefined, { headers });
      assert.equal(answer.status, status, field);
      if (status === 401)
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer realm=/);
    }
  });
});

describe('one environment’s tokens at another', () => {
  let int: Ground;
  let sandbox: Ground;
  before(async function () {
    this.timeout(60_000);
    int = await integration();
    sandbox = { ...int, environment: 'sandbox' };
  });

  it('are refused by integration, those of the sandbox and of simulated sign-in there too', async () => {
    for (const token of [await appToken(sandbox), await workerToken(sandbox, '656005750108')])
      assert.equal(why(await pds(int, `/Patient/${own}`, token)), '401 Invalid Access Token');
  });

  it('cannot be got with the client of another environment', async () => {
    const url = `${rootOf(int)}/oauth2/token`;
    for (const client of ['demo-app-sandbox', 'demo-smart-confidential-sandbox']) {
      const { status, json } = await askForApp(int, client);
      assert.deepEqual([status, json.error], [401, 'invalid_request']);
    }
    const { status, json } = await postForm(url, {
      grant_type: 'authorization_code',
      client_id: 'demo-app-sandbox',
      client_secret: 'x',
    });
    assert.deepEqual([status, json.error], [401, 'invalid_client']);
  });

  it('nor can a code be redeemed there', async () => {
    const end = await signInByScript(int, { username: '656005750108' });
    assert.ok(end instanceof URL);
    assert.equal((await redeem(sandbox, end)).status, 400);
    assert.equal((await redeem(int, end)).status, 200);
  });
});

describe('production of a laptop', () => {
  let int: Ground;
  let production: Ground;
  before(async function () {
    this.timeout(60_000);
    int = await integration();
    production = { ...int, environment: 'production' };
  });
  const get = (path: string, token?: string) =>
    fetch(rootOf(production) + path, {
      redirect: 'manual',
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });

  it('takes no token of a simulated sign-in', async () => {
    for (const face of ['/oauth2', '/oauth2-mock'] as const) {
      const { json } = await tokensFor(int, { username: '656005750108', face });
      const answer = await get('/oauth2/userinfo', json.access_token);
      assert.equal(answer.status, 401);
      assert.equal(((await answer.json()) as { error: string }).error, 'invalid_token');
    }
  });

  it('has no simulated face and no helper of the simulation', async () => {
    for (const path of ['/authorize', '/token', '/userinfo', '/_ping', ''])
      assert.equal((await get(`/oauth2-mock${path}`)).status, 404, path);
    assert.equal((await get('/mock-jwks/keycloak-client-credentials')).status, 404);
    for (const realm of ['Cis2-mock-prod', 'NHS-Login-mock-prod', 'Cis2-mock-production']) {
      const path = `/realms/${realm}/.well-known/openid-configuration`;
      assert.equal((await get(path)).status, 404, realm);
      assert.equal((await fetch(int.platform.url + path)).status, 404, realm);
    }
  });

  describe('with an app registered there', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const client = 'real-app-prod';

    before(async () => {
      const { store } = int.platform;
      const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
      const demo = (await store.open(appCollection).get('demo'))?.value.registrations.uat;
      assert.ok(demo);
      const registration = {
        ...demo,
        clientId: client,
        keys: { kind: 'value' as const, keys: [{ kty: 'RSA' as const, kid: 'demo-1', n, e }] },
        switches: { shorterLifetimes: false },
      };
      await store.open(appCollection).put(
        'real-app',
        {
          ...{
            id: 'real-app',
            name: 'Real',
            description: '',
            owner: 'Y90001',
            contact: 'a@example.org',
          },
          ...{ created: 0, kinds: ['point-of-care', 'patient-facing', 'unattended'] },
          registrations: { production: registration },
        },
        { expected: 0 },
      );
      for (const productId of ['pds-application-restricted', 'pds-user-restricted'])
        await store.open(subscriptionCollection).put(
          `real-app.production.${productId}`,
          {
            ...{ id: `real-app.production.${productId}`, appId: 'real-app', productId },
            ...{ environment: 'production', state: 'active', requestedBy: 'x', requested: 0 },
          },
          { expected: 0 },
        );
    });

    it('gives it tokens for its own assertion, at the address of production alone', async () => {
      assert.equal((await askForApp(production, client, { key })).status, 200);
      const elsewhere = await askForApp(int, client, { key });
      assert.deepEqual([elsewhere.status, elsewhere.json.error], [401, 'invalid_request']);
    });

    it('knows no app of integration, and shortens no lifetime', async () => {
      assert.equal((await askForApp(production, 'demo-app-int', { key })).status, 401);
      const more = { key, form: { _access_token_expiry_ms: '1000' } };
      assert.equal((await askForApp(production, client, more)).json.expires_in, '599');
    });

    it('takes its token nowhere else', async () => {
      const token = await appToken(production, client, { key });
      for (const ground of [int, { ...int, environment: 'sandbox' }])
        assert.equal(why(await pds(ground, `/Patient/${own}`, token)), '401 Invalid Access Token');
    });

    it('signs nobody in without a real provider', async () => {
      const query = `client_id=${client}&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&response_type=code&state=s`;
      for (const scope of ['nhs-cis2', 'nhs-login']) {
        const answer = await get(`/oauth2/authorize?${query}&scope=${scope}`);
        const location = new URL(answer.headers.get('location') ?? '');
        assert.equal(location.searchParams.get('error'), 'temporarily_unavailable');
        assert.equal(location.origin, 'http://localhost:3000');
      }
    });

    it('takes no id_token of a simulated provider', async () => {
      const idToken = await simulatedIdToken(int);
      const { status, json } = await askForApp(production, client, {
        key,
        form: {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
          subject_token: idToken,
        },
      });
      assert.equal(status, 400);
      assert.match(json.error_description, /^Missing or non-matching 'iss' claim/);
    });
  });
});

/** An id_token straight from the simulated CIS2 of integration, as an app with a sign-in of its own has it. */
async function simulatedIdToken(int: Ground): Promise<string> {
  const helper = await fetch(`${rootOf(int)}/mock-jwks/keycloak-client-credentials`, {
    headers: { apikey: 'demo-app-int' },
  });
  const { cis2 } = (await helper.json()) as { cis2: { client_id: string; client_secret: string } };
  const realm = `${int.platform.url}/realms/Cis2-mock-int/protocol/openid-connect`;
  const redirectUri = 'http://localhost:3000/callback';
  const page = await fetch(
    `${realm}/auth?client_id=${cis2.client_id}&redirect_uri=${encodeURIComponent(redirectUri)}&response_type=code&scope=openid&state=s&nonce=n&login_hint=656005750108`,
    { redirect: 'manual' },
  );
  const code = new URL(page.headers.get('location') ?? '').searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, ...cis2 };
  return (await postForm(`${realm}/token`, form)).json.id_token;
}
