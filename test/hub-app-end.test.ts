/** The end of an app and of its deployments: what goes with it at once, what has to go before, who may; in the hub. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { searchAudit } from '../server/audit/search.ts';
import { mailboxCollection, mailboxKey } from '../spine/mesh/mailboxes.ts';
import { keyFor, registered, tokenFor } from './hub-first-app.ts';
import { linkTo, newAccount, textOf, type HubClient } from './hub-ground.ts';
import { call, startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('the end of an app', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  before(async () => {
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  const end = (client: HubClient, app: string, name = 'First app') =>
    client.fill(`${app}/delete`, { name });
  const subscribe = (client: HubClient, app: string, product: string) =>
    client.fill('/subscriptions/new', {
      ...{ app: app.slice('/apps/'.length), product, environment: 'sandbox' },
    });
  const patient = (token: string) =>
    call(`${platform.url}/personal-demographics/FHIR/R4/Patient/9000000009`, {
      headers: { authorization: `Bearer ${token}` },
    });

  it('takes its credentials, tokens, subscriptions and keys at the next call, and leaves its name and the audit', async () => {
    const { client } = await newAccount(platform);
    const app = await registered(client);
    const key = await keyFor(client, `${app}/in/sandbox`);
    const subscription = (await subscribe(client, app, 'pds-application-restricted')).to;
    const before = await tokenFor(platform, key);
    assert.notEqual((await patient(before)).status, 401);
    const page = await client.get(`${app}/delete`);
    assert.match(textOf(page.html), new RegExp(`Sandbox: client id ${key.clientId}`));
    assert.match(page.html, new RegExp(`href="${subscription}"`));
    const wrong = await client.send(page, `${app}/delete`, { name: 'Another' });
    assert.equal(wrong.status, 422);
    assert.match(wrong.faults.join(), /not the name of the app/);

    assert.equal((await client.send(page, `${app}/delete`, { name: 'First app' })).to, '/apps');
    assert.equal((await patient(before)).status, 401);
    await assert.rejects(tokenFor(platform, key), /invalid_/);
    for (const path of [app, `${app}/in/sandbox`, `${app}/delete`, `${app}/change`])
      assert.equal((await client.get(path)).status, 404, path);
    assert.doesNotMatch((await client.get('/apps')).html, /First app/);
    assert.doesNotMatch((await client.get('/subscriptions/new')).html, /First app/);
    const deeds: string[] = [];
    for await (const one of searchAudit(join(platform.dataDir, 'audit'), {}))
      if (subscription.includes(one.app) || app.includes(one.app)) deeds.push(one.action);
    assert.ok(deeds.includes('app.end') && deeds.includes('subscription.cancelled'), deeds.join());
  });

  it('waits for deployments to end, which takes their certificates and entries along', async () => {
    const { client } = await newAccount(platform);
    const app = await registered(client);
    const deployment = (
      await client.fill(`/deployments/new?app=${app.slice('/apps/'.length)}`, {
        ...{ environment: 'sandbox', ods_code: 'Y90003', product_name: 'One' },
        ...{ product_version: '1', sends: 'urn:nhs:names:services:pds:PRPA_IN000203UK03' },
      })
    ).to;
    assert.match(deployment, /^\/deployments\//);
    const held = await client.get(`${app}/delete`);
    assert.match(textOf(held.html), /the deployment at Y90003 in Sandbox: end it on its page/);
    const form = await client.get('/account/name');
    const forced = await client.send(form, `${app}/delete`, { name: 'First app', version: '2' });
    assert.equal(forced.status, 409);

    const bare = await client.fill(deployment, { end: 'yes', end_reason: '' });
    assert.match(bare.faults.join(), /Enter a reason/);
    const ended = await client.fill(deployment, { end: 'yes', end_reason: 'not needed' });
    assert.equal(ended.to, deployment);
    const shown = await client.get(deployment);
    assert.match(shown.html, /The deployment has ended/);
    assert.match(textOf(shown.html), /It has ended\. Where it is needed again/);
    const own = await client.get('/account/name');
    assert.equal((await client.send(own, deployment, { live: 'yes' })).status, 409);
    assert.equal((await end(client, app)).to, '/apps');
  });

  it('waits for mailboxes that are open', async () => {
    const { client } = await newAccount(platform);
    const app = await registered(client);
    const mailboxes = platform.store.open(mailboxCollection);
    const [environment, id] = ['sandbox', 'X26HELD'];
    const mailbox = {
      ...{ environment, id, name: 'Held', odsCode: 'X26', orgCode: 'X26', orgName: 'One' },
      ...{ active: true, sealed: '', app: app.slice('/apps/'.length) },
    };
    const { version } = await mailboxes.put(mailboxKey(environment, id), mailbox, { expected: 0 });
    assert.match(textOf((await client.get(`${app}/delete`)).html), /mailbox X26HELD in sandbox/);
    await mailboxes.put(
      ...([
        mailboxKey(environment, id),
        { ...mailbox, active: false },
        { expected: version },
      ] as const),
    );
    assert.equal((await end(client, app)).to, '/apps');
  });

  it('is for owners and admins of the team; others see nothing of it, and a changed app is looked at again', async () => {
    const { client } = await newAccount(platform);
    const { client: viewer, email } = await newAccount(platform);
    const { client: outsider } = await newAccount(platform);
    const app = await registered(client);
    const team = /href="(\/teams\/T\w+)"/.exec((await client.get(app)).html)?.[1] ?? '';
    await client.fill(`${team}/invite`, { email, role: 'viewer' });
    await viewer.fill(await linkTo(viewer, email, '/invitations/'), {});
    assert.doesNotMatch((await viewer.get(app)).html, /\/delete"/);
    const sent = { name: 'First app', version: '2' };
    for (const [who, status] of [
      [viewer, 403],
      [outsider, 404],
    ] as const) {
      const page = await who.send(await who.get('/account/name'), `${app}/delete`, sent);
      assert.equal(page.status, status);
    }
    const page = await client.get(`${app}/delete`);
    await client.fill(`${app}/change`, {
      ...{ name: 'First app', description: 'changed', kinds: 'unattended' },
      contact: 'nia@example.org',
    });
    assert.equal((await client.send(page, `${app}/delete`, { name: 'First app' })).status, 409);
    assert.equal((await end(client, app)).to, '/apps');
  });
});
