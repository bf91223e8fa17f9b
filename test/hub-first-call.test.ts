/** From nothing to the first answer, in the hub alone: an account, an app, a key pair, a subscription, an ASID, a token, a call. */
import assert from 'node:assert/strict';
import { keyFor, registered, tokenFor } from './hub-first-app.ts';
import { newAccount, textOf } from './hub-ground.ts';
import { call, startTestPlatform, type TestPlatform } from './start-platform.ts';

const pds = '/personal-demographics/FHIR/R4';

describe('a new developer', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  before(async () => {
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  it('R093 R110 is let into sandbox and integration by nobody, and has an answer of both within five minutes', async () => {
    const began = Date.now();
    const { client } = await newAccount(platform, 'Ina Integration');
    const page = await client.get('/apps/new');
    const [, team = ''] = /<option value="(\w+)"/.exec(page.html) ?? [];
    const fields = { team, name: 'Everywhere', kinds: 'unattended', contact: 'ina@example.org' };
    const { to: app } = await client.send(page, '/apps/new', {
      ...fields,
      environments: 'sandbox',
    });
    await client.fill(`${app}/environments`, { environments: 'uat' });
    for (const [environment, base] of [
      ['sandbox', ''],
      ['uat', '/env/int'],
    ] as const) {
      const { to, faults } = await client.fill('/subscriptions/new', {
        ...{ app: app.slice('/apps/'.length), product: 'hello-world', environment },
      });
      const subscription = await client.get(to);
      assert.match(subscription.html, /nhsuk-tag--green">active/, faults.join());
      const revealed = await client.fill(`${to}/keys/primary`, { overlap: 'now' });
      const shown = await client.get(revealed.to);
      const [key = ''] = /gh[a-z]{2}_[0-9A-Za-z]{20,}/.exec(shown.html) ?? [];
      const answer = await call(`${platform.url}${base}/hello-world/hello/application`, {
        headers: { 'ocp-apim-subscription-key': key },
      });
      assert.equal(answer.status, 200, `${environment}: ${answer.text}`);
    }
    assert.ok(Date.now() - began < 5 * 60_000);
  });

  it('gets from a verified account to the first answer without anybody’s approval', async () => {
    const { client } = await newAccount(platform, 'Nia Newcomer');
    const app = await registered(client);
    const place = `${app}/in/sandbox`;
    const key = await keyFor(client, place);

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

    const token = await tokenFor(platform, key);
    const answer = await call(`${platform.url}${pds}/Patient/9000000009`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.id, '9000000009');
  });
});
