/** How soon a change of an app, its settings or its subscriptions counts at protected PDS: at the next call. */
import assert from 'node:assert/strict';
import type { Registration } from '../server/catalogue/apps.ts';
import {
  accessTokenIn,
  appToken,
  askForApp,
  changeRegistration,
  changeSubscription,
  integration,
  keptToken,
  pds,
  rootOf,
  type Ground,
} from './signed-in-ground.ts';
import type { Answer, CallInit } from './start-platform.ts';

const own = '9912003071';
const broken: CallInit = { method: 'POST', body: {} };
const stale: CallInit = {
  method: 'PATCH',
  headers: { 'if-match': 'W/"99999"' },
  body: { patches: [{ op: 'replace', path: '/gender', value: 'female' }] },
};
const card = (nhsNumber: string) => `/Coverage?subscriber%3Aidentifier=${nhsNumber}`;
const said = ({ status, json }: Answer): string =>
  status < 400 ? String(status) : `${status} ${json.issue[0].details.coding[0].code}`;

describe('at protected PDS', () => {
  let ground: Ground;
  before(async function () {
    this.timeout(60_000);
    ground = await integration();
  });
  const changeTwoKeys = (change: (before: Registration) => Registration) =>
    changeRegistration(ground, 'demo-two-keys', 'uat', change);

  describe('what an app has by agreement counts from its next call on:', () => {
    const settings = (attributes: Record<string, string>) =>
      changeRegistration(ground, 'demo', 'uat', (before) => ({ ...before, attributes }));
    afterEach(() => settings({}));

    it('writing without a person, but no role and no card', async () => {
      const token = await keptToken('app', () => appToken(ground));
      assert.equal(said(await pds(ground, `/Patient/${own}`, token, stale)), '403 INVALID_METHOD');
      await settings({ 'pds.app-restricted.update': 'true' });
      const withRole = { ...stale, headers: { ...stale.headers, 'nhsd-session-urid': 'abc' } };
      for (const init of [stale, withRole])
        assert.equal(
          said(await pds(ground, `/Patient/${own}`, token, init)),
          '409 RESOURCE_VERSION_MISMATCH',
        );
      assert.equal((await pds(ground, '/Patient', token, broken)).status, 400);
      assert.equal(said(await pds(ground, card(own), token)), '403 ACCESS_DENIED');
      await settings({});
      assert.equal(said(await pds(ground, `/Patient/${own}`, token, stale)), '403 INVALID_METHOD');
    });

    it('the empty lines of an address', async () => {
      const lines = async () =>
        (await pds(ground, `/Patient/${own}`, await keptToken('app', () => appToken(ground)))).json
          .address[0].line.length;
      const before = await lines();
      await settings({ 'pds.custom-attributes': 'return-empty-address-lines' });
      assert.equal(await lines(), 5);
      assert.ok(before < 5);
    });
  });

  describe('what is taken away ends at the next call:', () => {
    const refused = async (token: string, text: string) => {
      const answer = await pds(ground, `/Patient/${own}`, token);
      assert.equal(answer.status, 401, answer.text);
      assert.equal(answer.json.issue[0].diagnostics, text);
      assert.match(answer.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
    };

    it('the approval of an app', async () => {
      const token = await appToken(ground, 'demo-two-keys-int');
      assert.equal((await pds(ground, `/Patient/${own}`, token)).status, 200);
      await changeTwoKeys((before) => ({ ...before, state: 'revoked' }));
      await refused(token, 'Invalid Access Token');
      await changeTwoKeys((before) => ({ ...before, state: 'approved' }));
      assert.equal((await pds(ground, `/Patient/${own}`, token)).status, 200);
    });

    it('a subscription', async () => {
      const token = await appToken(ground, 'demo-two-keys-int');
      const id = 'demo-two-keys.uat.pds-application-restricted';
      for (const state of ['cancelled', 'suspended', 'expired', 'requested'] as const) {
        await changeSubscription(ground, id, state);
        await refused(token, 'Invalid API call as no apiproduct match found');
        await changeSubscription(ground, id, 'active');
        assert.equal((await pds(ground, `/Patient/${own}`, token)).status, 200);
      }
    });

    it('the ASID of an app', async () => {
      const token = await appToken(ground, 'demo-two-keys-int');
      await changeTwoKeys(({ asid: _, ...rest }) => rest);
      const answer = await pds(ground, `/Patient/${own}`, token);
      await changeTwoKeys((before) => ({ ...before, asid: '200000001122' }));
      assert.equal(said(answer), '400 MISSING_VALUE');
    });
  });

  it('a token that has ended says so', async () => {
    const token = accessTokenIn(
      await askForApp(ground, undefined, { form: { _access_token_expiry_ms: '1' } }),
    );
    const answer = await pds(ground, `/Patient/${own}`, token);
    assert.equal(answer.json.issue[0].diagnostics, 'Access Token expired');
    assert.equal(answer.status, 401);
  });

  it('R155 a token is required, and judged by its end, environment, scope and revocation', async () => {
    const path = `/Patient/${own}`;
    const why = async (token?: string) => {
      const { status, json } = await pds(ground, path, token);
      return status === 401 ? json.issue[0].diagnostics : status;
    };
    const token = await appToken(ground, 'demo-two-keys-int');
    const ended = { form: { _access_token_expiry_ms: '1' } };
    const sandbox = await appToken({ ...ground, environment: 'sandbox' });
    assert.equal(await why(), 'Missing Authorization header');
    assert.equal(await why(token), 200);
    assert.equal(await why(await appToken(ground, undefined, ended)), 'Access Token expired');
    assert.equal(await why(sandbox), 'Invalid Access Token');
    const id = 'demo-two-keys.uat.pds-application-restricted';
    await changeSubscription(ground, id, 'cancelled');
    assert.equal(await why(token), 'Invalid API call as no apiproduct match found');
    await changeSubscription(ground, id, 'active');
    await changeTwoKeys((before) => ({ ...before, state: 'revoked' }));
    assert.equal(await why(token), 'Invalid Access Token');
    await changeTwoKeys((before) => ({ ...before, state: 'approved' }));
    assert.equal(await why(token), 200);
  });

  it('R031 the token endpoint issues tokens that the gateway accepts', async () => {
    const { status, json } = await askForApp(ground);
    assert.equal(status, 200);
    assert.equal(json.token_type, 'Bearer');
    assert.equal((await pds(ground, `/Patient/${own}`, json.access_token)).status, 200);
    const none = await fetch(`${rootOf(ground)}/oauth2/token`, { method: 'POST' });
    assert.equal(none.status, 415);
  });
});
