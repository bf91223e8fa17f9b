/**
 * The developer hub in Chromium: every page under axe-core, nothing from elsewhere, no breach of the policy, at 320 px, without
 * script, by keyboard alone.
 */
import assert from 'node:assert/strict';
import type { BrowserContext, Page } from 'playwright-core';
import { readContent } from '../server/portal/content.ts';
import { signedIn, tryOutPassword } from './hub-ground.ts';
import { busyMailbox, makeMailbox } from './hub-mailboxes-ground.ts';
import { hubFaults, hubInChromium, signInto } from './hub-window.ts';
import { root, type TestPlatform } from './start-platform.ts';

describe('the developer hub in Chromium', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let context: BrowserContext;
  let page: Page;
  let elsewhere: readonly string[];
  let complaints: readonly string[];

  const open = hubInChromium((window) => {
    ({ platform, context, page, elsewhere, complaints } = window);
  });

  const signIn = (who: string) => signInto({ platform, page }, who);
  const faults = () => hubFaults({ page, elsewhere, complaints });

  for (const path of [
    '/',
    '/sign-up',
    '/sign-up/sent',
    '/sign-in',
    '/forgotten',
    '/forgotten/sent',
    '/help',
    '/accessibility',
    '/cookies',
    '/outbox',
    '/teams/none/none/none',
  ])
    it(`shows ${path} to a stranger without a fault`, async () => {
      await page.goto(platform.url + path);
      assert.deepEqual(await faults(), []);
    });

  it('N14 shows every page that explains or documents without a fault, the same without script, and nothing inline', async function () {
    this.timeout(900_000);
    const pds = '/catalogue/personal-demographics';
    const paths = [
      ...readContent(root).pages.map(({ path }) => path),
      '/guides',
      '/reference',
      '/case-studies',
      '/catalogue',
      '/catalogue?q=patient&technology=fhir&access=open',
      '/catalogue?q=xyzzy+demografics',
      '/standards',
      '/catalogue-check',
      pds,
      `${pds}/versions`,
      `${pds}/operations/getPatient`,
      `${pds}/operations/updatePatient?environment=int&access=app&language=java`,
      '/catalogue/ods-fhir/operations/searchOrganization',
      '/catalogue/hello-world/operations/hello-user?language=powershell',
      '/catalogue/spine-async',
      '/catalogue/spine-sync/interactions/QUPA_IN000008UK02',
      '/catalogue/mesh/interactions/send',
      '/catalogue/spine-directory/interactions/nhsAs',
      '/catalogue/nothing',
    ];
    const texts = new Map<string, string>();
    /** What a reader reads, but for the id of this very answer. */
    const read = async () =>
      (await page.innerText('main')).replace(/[0-9a-f]{8}-[0-9a-f-]{27}$/m, '');
    for (const path of paths) {
      const answer = await page.goto(platform.url + path);
      const policy = answer?.headers()['content-security-policy'] ?? '';
      assert.match(policy, /^default-src 'none'; style-src 'self';/, path);
      assert.doesNotMatch(policy, /unsafe|nonce|script-src/, path);
      const source = (await answer?.text()) ?? '';
      assert.doesNotMatch(source, /<script(?![^>]* src=)|<style|<[^>]+ (style|on[a-z]+)=/, path);
      texts.set(path, await read());
      await page.evaluate(
        'document.querySelectorAll("details").forEach((one) => (one.open = true))',
      );
      assert.deepEqual(await faults(), [], path);
    }
    await context.close();
    await open({ javaScriptEnabled: false });
    for (const [path, text] of texts) {
      await page.goto(platform.url + path);
      assert.equal(await read(), text, path);
    }
  });

  it('lets one find an operation and its code without script, by keyboard alone', async () => {
    await context.close();
    await open({ javaScriptEnabled: false });
    await page.goto(`${platform.url}/catalogue`);
    await page.locator('#q').focus();
    await page.keyboard.type('birthdate');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=birthdate/);
    await page.locator('a[href$="/operations/searchPatients"]').focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/searchPatients$/);
    await page.locator('a[href*="language=python"]').focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/language=python/);
    assert.match(await page.locator('.hub-sample').first().innerText(), /import requests/);
    assert.deepEqual([elsewhere, complaints], [[], []]);
  });

  it('shows status, incidents, help and feedback without a fault, to operators too', async () => {
    const open = ['/status', '/status/apis/hello-world', '/status/incidents', '/help/ask'];
    for (const path of [...open, '/feedback?page=/start&useful=yes', '/feedback/answers']) {
      await page.goto(platform.url + path);
      assert.deepEqual(await faults(), [], path);
    }
    await signIn('operator');
    await page.goto(`${platform.url}/status/incidents/new`);
    assert.deepEqual(await faults(), [], 'a new incident');
    await page.click('main button');
    await page.waitForSelector('.nhsuk-error-summary');
    assert.deepEqual(await faults(), [], 'an incident that is to be put right');
    await page.fill('#title', 'Slow answers');
    await page.fill('#text', 'They take seconds.');
    for (const field of ['impact', 'environment', 'state']) await page.check(`[name=${field}]`);
    await page.click('main button');
    await page.waitForURL(/incidents\/INC-/);
    assert.deepEqual(await faults(), [], 'the incident');
    for (const path of ['/status', '/operations', '/operations/tickets', '/operations/feedback']) {
      await page.goto(platform.url + path);
      assert.deepEqual(await faults(), [], path);
    }
  });

  it('shows the backlog without a fault, to strangers, accounts and those who decide', async () => {
    for (const path of ['/backlog', '/backlog?kind=api', '/backlog/BL-1', '/backlog/none']) {
      await page.goto(platform.url + path);
      assert.deepEqual(await faults(), [], path);
    }
    await signIn('developer');
    for (const path of ['/backlog/BL-1/comment', '/backlog/suggest']) {
      await page.goto(platform.url + path);
      assert.deepEqual(await faults(), [], path);
      await page.click('main form button');
      await page.waitForSelector('.nhsuk-error-summary');
      assert.deepEqual(await faults(), [], `${path} with messages`);
    }
    await page.fill('#title', 'Softer buttons');
    await page.fill('#text', 'For tired hands.');
    await page.check('input[value="platform"]');
    await page.click('main form button');
    await page.waitForURL(/backlog\/BL-\d+$/);
    const suggested = page.url().slice(platform.url.length);
    for (const path of [suggested, '/backlog', '/backlog/BL-1']) {
      await page.goto(platform.url + path);
      assert.deepEqual(await faults(), [], path);
    }
    await page.goto(`${platform.url}/backlog/BL-1/comment`);
    await page.fill('#text', 'Yes, please.');
    await page.click('main form button');
    await page.waitForURL(/backlog\/BL-1$/);
    await context.close();
    await open();
    await signIn('operator');
    for (const path of ['/operations/backlog', `/operations${suggested}`]) {
      await page.goto(platform.url + path);
      assert.deepEqual(await faults(), [], path);
    }
  });

  it('shows forms with messages without a fault', async () => {
    for (const path of ['/sign-up', '/sign-in', '/forgotten']) {
      await page.goto(platform.url + path);
      await page.click('main button');
      await page.waitForSelector('.nhsuk-error-summary');
      assert.deepEqual(await faults(), [], path);
      assert.match(await page.title(), /^Error: /);
    }
  });

  it('shows the pages of an account and of teams without a fault', async () => {
    await signIn('developer');
    const member =
      (await page.goto(`${platform.url}/teams/DEMO1`),
      await page.getAttribute('a[href*="/members/"]', 'href'));
    for (const path of [
      '/',
      '/welcome',
      '/account',
      '/account/name',
      '/account/email',
      '/account/password',
      '/account/sessions',
      '/account/second-factor',
      '/apps/demo/delete',
      '/account/data',
      '/account/delete',
      '/teams',
      '/teams/new',
      '/teams/DEMO1',
      '/teams/DEMO1/change',
      '/teams/DEMO1/invite',
      member ?? '',
    ]) {
      await page.goto(platform.url + path);
      assert.deepEqual(await faults(), [], path);
    }
  });

  it('shows apps, credentials and deployments without a fault', async () => {
    const client = await signedIn(platform, 'developer');
    const place = '/apps/demo/in/sandbox';
    const deployment = await client.fill('/deployments/new?app=demo', {
      ...{ environment: 'sandbox', ods_code: 'Y90003', product_name: 'P', product_version: '1' },
      sends: 'urn:nhs:names:services:pds:PRPA_IN000203UK03',
    });
    await signIn('developer');
    for (const path of [
      ...['/apps', '/apps/new', '/apps/demo', '/apps/demo/change', '/apps/demo/owner'],
      ...['/apps/demo/environments', place, `${place}/addresses`, `${place}/state`],
      ...['new', 'make', 'address', 'check', 'remove/demo-1'].map((one) => `${place}/keys/${one}`),
      ...[`${place}/secrets/new`, '/deployments/new?app=demo', deployment.to],
      `${deployment.to}/certificate`,
    ]) {
      await page.goto(platform.url + path);
      assert.deepEqual(await faults(), [], path);
    }
    await page.goto(`${platform.url}${place}/keys/make`);
    await page.click('main button');
    await page.waitForURL(/\/handed\//);
    assert.deepEqual(await faults(), []);
    for (const path of ['/apps/new', `${place}/keys/new`, '/deployments/new?app=demo']) {
      await page.goto(platform.url + path);
      if (path.startsWith('/dep')) await page.fill('#ods_code', '!');
      await page.click('main form button');
      await page.waitForSelector('.nhsuk-error-summary');
      assert.deepEqual(await faults(), [], path);
    }
  });

  it('shows command line and publishing of a team without a fault, and who decides on it', async () => {
    const client = await signedIn(platform, 'developer');
    const base = '/teams/DEMO1/publishing';
    await client.fill(`${base}/make`, { name: 'Pipeline' });
    const list = (await client.get(base)).html;
    const credential = new RegExp(`${base}/\\w{32}`).exec(list)?.[0] ?? '';
    const { to: team } = await client.fill('/teams/new', { name: 'Not yet' });
    await signIn('developer');
    for (const path of [base, `${base}/make`, `${base}/key`, credential, `${team}/publishing`]) {
      await page.goto(platform.url + path);
      assert.deepEqual(await faults(), [], path);
    }
    for (const path of [`${base}/make`, `${base}/key`, `${team}/publishing`]) {
      await page.goto(platform.url + path);
      await page.click('main form button');
      await page.waitForSelector('.nhsuk-error-summary');
      assert.deepEqual(await faults(), [], `${path} with messages`);
    }
    await page.goto(`${platform.url}${base}/make`);
    await page.fill('#name', 'Laptop');
    await page.click('main form button');
    await page.waitForURL(/\/handed\//);
    assert.deepEqual(await faults(), [], 'the credential');
    await client.fill(`${team}/publishing`, { reason: 'Orders' });
    await open();
    await signIn('operator');
    await page.goto(`${platform.url}/operations/publishing`);
    assert.deepEqual(await faults(), [], 'the desk');
  });

  it('shows mailboxes, their messages and their pushes without a fault', async function () {
    this.timeout(240_000);
    const client = await signedIn(platform, 'developer');
    const box = await makeMailbox(platform, { admin: client, app: '/apps/demo' });
    const { path, push, pending, message } = await busyMailbox(platform, client, box);
    await signIn('developer');
    for (const one of [
      ...['/apps/demo', '/apps/demo/mailboxes', '/apps/demo/mailboxes/new'],
      ...['', '/change', '/password', '/messages', '/messages?id=nothing'].map((end) => path + end),
      ...[`${path}/messages/${message}`, `${path}/pushes/new`, pending],
      ...['', '/secret', '/end', '/letters', `/letters/${message}`].map((end) => push + end),
    ]) {
      await page.goto(platform.url + one);
      await page.evaluate(
        'document.querySelectorAll("details").forEach((one) => (one.open = true))',
      );
      assert.deepEqual(await faults(), [], one);
    }
    for (const one of ['/apps/demo/mailboxes/new', `${path}/pushes/new`]) {
      await page.goto(platform.url + one);
      await page.click('main form button');
      await page.waitForSelector('.nhsuk-error-summary');
      assert.deepEqual(await faults(), [], one);
    }
    await open();
    await signIn('operator');
    await page.goto(`${platform.url}/operations/mailboxes`);
    assert.deepEqual(await faults(), []);
  });

  it('has its navigation in rows where there is room, and behind a button where there is not, by keyboard', async () => {
    await open({ javaScriptEnabled: false });
    await signIn('operator');
    const links = page.locator('nav[aria-label="Main"] a, nav[aria-label="Your work"] a');
    const menu = page.locator('header summary');
    assert.deepEqual([await links.count(), await menu.isVisible()], [11, false]);
    const tops = new Set<number>();
    for (const one of await links.all()) tops.add((await one.boundingBox())?.y ?? -1);
    assert.equal(tops.size, 2);
    await page.keyboard.press('Tab');
    for (let n = 0; n < 6; n++) await page.keyboard.press('Tab');
    assert.equal(await page.locator(':focus').first().innerText(), 'API catalogue');

    await page.setViewportSize({ width: 320, height: 700 });
    await page.goto(`${platform.url}/apps`);
    assert.deepEqual([await links.first().isVisible(), await menu.isVisible()], [false, true]);
    await menu.focus();
    await page.keyboard.press('Enter');
    for (const one of await links.all()) {
      const { height = 0 } = (await one.boundingBox()) ?? {};
      assert.ok(height >= 44, `${await one.innerText()}: ${height}`);
    }
    assert.equal(await page.locator('header [aria-current=page]').innerText(), 'Apps');
    for (let n = 0; n < 2; n++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/catalogue$/);
    assert.deepEqual([elsewhere, complaints], [[], []]);
  });

  it('has no fault in its navigation while that is open', async () => {
    await page.setViewportSize({ width: 320, height: 700 });
    await page.goto(platform.url);
    await page.click('header summary');
    assert.deepEqual(await faults(), []);
  });

  it('lets one ask and another approve, in two browsers, without script and by keyboard', async () => {
    const client = await signedIn(platform, 'developer');
    const { to: app } = await client.fill('/apps/new', {
      ...{ team: 'DEMO1', name: 'Asks for more', kinds: 'patient-facing' },
      ...{ contact: 'a@example.org', environments: 'sandbox' },
    });
    await context.close();
    await open({ javaScriptEnabled: false });
    await signIn('developer');
    const asker = { context, page };
    await page.goto(`${platform.url}/products/pds-patient-access`);
    await page.locator('main a.nhsuk-button').focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/subscriptions\/new/);
    await page.selectOption('#app', app.slice('/apps/'.length));
    await page.locator('#purpose').focus();
    await page.keyboard.type('Patients see their record');
    await page.keyboard.press('Tab');
    await page.keyboard.type('200');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\.sandbox\.pds-patient-access$/);
    assert.match(await page.innerText('main'), /Somebody has to decide/);

    await open();
    await signIn('product-owner');
    await page.goto(`${platform.url}/requests`);
    assert.deepEqual(await faults(), [], 'requests');
    await page.click('text=PDS, patient access for Asks for more');
    await page.waitForURL(/\/decision$/);
    assert.deepEqual(await faults(), [], 'decision');
    await page.click('main form button');
    await page.waitForSelector('.nhsuk-error-summary');
    assert.deepEqual(await faults(), [], 'decision with messages');
    await page.check('input[value="active"]');
    await page.click('main form button');
    await page.waitForURL(/\/requests$/);
    await context.close();

    ({ context, page } = asker);
    await page.reload();
    assert.match(await page.innerText('main'), /ghks_/);
  });

  it('shows products and subscriptions without a fault', async () => {
    const subscription = '/subscriptions/demo.sandbox.hello-world';
    const client = await signedIn(platform, 'developer');
    for (const slot of ['primary', 'secondary'])
      await client.fill(`${subscription}/keys/${slot}`, { overlap: 'now' });
    await client.fill(subscription, { message: 'Hello' });
    await signIn('developer');
    for (const path of [
      ...['/products', '/products/hello-world', '/subscriptions', '/subscriptions/new'],
      ...[subscription, `${subscription}/cancel`, `${subscription}/keys/primary`],
    ]) {
      await page.goto(platform.url + path);
      assert.deepEqual(await faults(), [], path);
    }
    await page.goto(`${platform.url}${subscription}/keys/primary`);
    await page.click('text=Show the key');
    await page.waitForURL(/\/shown$/);
    assert.deepEqual(await faults(), []);
    await context.close();
    await open();
    await signIn('administrator');
    for (const path of [
      ...['/products/hello-world', '/products/hello-world/change', '/requests'],
      ...['/catalogue/hello-world/service', `${subscription}/decision`],
    ]) {
      await page.goto(platform.url + path);
      assert.deepEqual(await faults(), [], path);
    }
  });

  it('shows the second factor and its codes without a fault', async () => {
    await signIn('auditor');
    await page.goto(`${platform.url}/account/second-factor`);
    await page.fill('#current_password', tryOutPassword(platform));
    await page.click('main button');
    await page.waitForURL(/second-factor\/app$/);
    assert.deepEqual(await faults(), []);
    await page.fill('#code', '000000');
    await page.click('main button');
    await page.waitForSelector('.nhsuk-error-summary');
    assert.deepEqual(await faults(), []);
  });

  it('lets one sign up without script, by keyboard alone', async () => {
    await context.close();
    await open({ javaScriptEnabled: false });
    const type = async (texts: readonly string[]) => {
      for (const text of texts) {
        await page.keyboard.press('Tab');
        await page.keyboard.type(text);
      }
    };
    const focused = () => page.locator(':focus').first();
    await page.goto(`${platform.url}/sign-up`);
    await page.keyboard.press('Tab');
    assert.equal(await focused().innerText(), 'Skip to main content');
    await page.keyboard.press('Enter');
    await type(['Kay Board', 'kay@example.org', 'a quiet typing hand', ' ']);
    await page.keyboard.press('Tab');
    assert.equal(await focused().innerText(), 'Create an account');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/sign-up\/sent/);
    await page.goto(`${platform.url}/outbox`);
    await page.click('a[href*="/sign-up/confirm/"]');
    await page.waitForURL(/confirm/);
    await page.locator('main button').focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/welcome/);
    assert.equal(await page.innerText('h1'), 'Hello, Kay Board');
    assert.deepEqual([elsewhere, complaints], [[], []]);
  });

  it('leads from the summary of what is wrong to the field', async () => {
    await page.goto(`${platform.url}/sign-in`);
    await page.click('main button');
    await page.click('.nhsuk-error-summary a[href="#password"]');
    assert.equal(await page.locator(':focus').getAttribute('name'), 'password');
  });
});
