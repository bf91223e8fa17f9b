/** What pages of the hub lead on to: the next step of somebody who has not been here before. */
import assert from 'node:assert/strict';
import { registered } from './hub-first-app.ts';
import { newAccount, signedIn, textOf, type HubClient } from './hub-ground.ts';
import { optionsOf, tryIt } from './hub-try-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('the next step in the hub', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let client: HubClient;
  let app: string;
  const pds = 'pds-application-restricted';
  before(async () => {
    platform = await startTestPlatform();
    ({ client } = await newAccount(platform, 'Nia Newcomer'));
    app = await registered(client);
  });
  after(() => platform.end());

  const subscribe = (environment: string) =>
    client.fill('/subscriptions/new', {
      ...{ app: app.slice('/apps/'.length), product: pds, environment },
    });

  it('is, after a sign-in, what one is asked for: an app, decisions, the platform', async () => {
    const welcome = async (who: HubClient) => textOf((await who.get('/welcome')).html);
    const own = await welcome(client);
    assert.match(own, /Register an app/);
    assert.doesNotMatch(own, /Decide|Look after/);
    assert.match((await client.get('/welcome')).html, /href="\/apps\/new"/);
    const owner = await welcome(await signedIn(platform, 'product-owner'));
    assert.match(owner, /2 requests wait for you/);
    assert.match(await welcome(await signedIn(platform, 'operator')), /Look after the platform/);
  });

  it('is, of a subscription, its APIs and what the app needs', async () => {
    const { to } = await subscribe('sandbox');
    const { html } = await client.get(to);
    assert.match(html, /<a href="\/catalogue\/personal-demographics">/);
    assert.match(html, new RegExp(`<a href="${app}/in/sandbox">What`));
    assert.match(html, /<title>PDS, application-restricted for First app – Sandbox – Gatehouse/);
  });

  it('is another environment, where an API of a subscription does not run', async () => {
    await client.fill(`${app}/environments`, { environments: 'sit' });
    await subscribe('sit');
    const place = textOf((await client.get(`${app}/in/sit`)).html);
    assert.match(place, /does not run in SIT \(system integration\); it runs in Sandbox, UAT/);
    assert.doesNotMatch(place, /Nothing is missing/);
    const sandbox = textOf((await client.get(`${app}/in/sandbox`)).html);
    assert.doesNotMatch(sandbox, /does not run/);
  });

  it('is to read what is wrong: the summary has the focus, without script', async () => {
    const page = await (await newAccount(platform, 'No Name')).client.fill('/apps/new', {});
    assert.equal(page.status, 422);
    assert.match(page.html, /<div class="nhsuk-error-summary" tabindex="-1" autofocus>/);
    assert.match(page.html, /<title>Error: Register an app – Apps – Gatehouse developer hub</);
  });

  it('is the product that gives a sign-in, where no subscription does', async () => {
    const path = '/try/personal-demographics/getPatient';
    const signIn = await tryIt(client, path, { access: 'nhs-cis2', choose: 'yes' });
    const told = textOf(signIn.html);
    assert.match(told, /no subscription in Sandbox that gives this: User-restricted.*CIS2/);
    assert.match(signIn.html, /href="\/subscriptions\/new\?app=[^"]*product=pds-user-restricted/);
    const own = await tryIt(client, path, { access: 'app', choose: 'yes' });
    assert.doesNotMatch(textOf(own.html), /no subscription in/);
    assert.deepEqual(optionsOf(own, 'environment').length, 2);
  });
});
