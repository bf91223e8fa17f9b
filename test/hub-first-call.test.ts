/** From nothing to the first answer, in the hub alone: an account, an app, a key pair, a subscription, an ASID, a token, a call. */
import assert from 'node:assert/strict';
import { createSign, randomUUID } from 'node:crypto';
import { newAccount, textOf, type HubClient } from './hub-ground.ts';
import { call, startTestPlatform, type TestPlatform } from './start-platform.ts';

const pds = '/personal-demographics/FHIR/R4';

describe('a new developer', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  before(async () => {
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  it('gets from a verified account to the first answer without anybody’s approval', async () => {
    const { client } = await newAccount(platform, 'Nia Newcomer');
    const app = await registered(client);
    const place = `${app}/in/sandbox`;

    const handed = await client.fill(`${place}/keys/make`, { bits: '2048' });
    const shown = await client.get(handed.to);
    const privateKey = textOf(/<pre[^>]*>([\s\S]*?)<\/pre>/.exec(shown.html)?.[1] ?? '');
    const [, kid = ''] = /Its kid is (\S+)\./.exec(shown.html) ?? [];
    const [, clientId = ''] = /the client id (\w+) as/.exec(shown.html) ?? [];

    const subscribed = await client.fill('/subscriptions/new', {
      ...{ app: app.slice('/apps/'.length), product: 'pds-application-restricted' },
      environment: 'sandbox',
    });
    assert.match((await client.get(subscribed.to)).html, /nhsuk-tag--green">active/);

    const next = await client.get(place);
    assert.match(next.html, /no ASID for Personal Demographics[^<]* in Sandbox/);
    const [, link = ''] = /<a href="([^"]+)">Request it here/.exec(next.html) ?? [];
    const deployment = await client.fill(textOf(link), {
      ...{
        environment: 'sandbox',
        ods_code: 'Y90003',
        product_name: 'First',
        product_version: '1',
      },
      sends: 'urn:nhs:names:services:pds:PRPA_IN000203UK03',
    });
    assert.match(
      (await client.get(deployment.to)).html,
      /The deployment is approved. Its ASID is \d{12}/,
    );
    assert.match((await client.get(place)).html, /Nothing is missing/);

    const token = await tokenFor(platform, { privateKey, kid, clientId });
    const answer = await call(`${platform.url}${pds}/Patient/9000000009`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.id, '9000000009');
  });
});

async function registered(client: HubClient): Promise<string> {
  const page = await client.get('/apps/new');
  const [, team = ''] = /<option value="(\w+)"/.exec(page.html) ?? [];
  const done = await client.send(page, '/apps/new', {
    ...{ team, name: 'First app', kinds: 'unattended', contact: 'nia@example.org' },
    environments: 'sandbox',
  });
  assert.equal(done.status, 303, done.faults.join());
  return done.to;
}

async function tokenFor(
  { url }: TestPlatform,
  { privateKey, kid, clientId }: Readonly<Record<'privateKey' | 'kid' | 'clientId', string>>,
): Promise<string> {
  const text = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const aud = `${url}/oauth2/token`;
  const exp = Math.floor(Date.now() / 1000) + 240;
  const claims = { iss: clientId, sub: clientId, aud, jti: randomUUID(), exp };
  const signed = `${text({ alg: 'RS512', typ: 'JWT', kid })}.${text(claims)}`;
  const signature = createSign('sha512').update(signed).sign(privateKey).toString('base64url');
  const response = await fetch(aud, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: `${signed}.${signature}`,
    }),
  });
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test names the members it expects
  const answer = (await response.json()) as any;
  assert.equal(response.status, 200, JSON.stringify(answer));
  return String(answer.access_token);
}
