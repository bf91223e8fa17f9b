/** Try it and the pages that explain in Chromium: with script and without, under axe-core, at 320 px, nothing from elsewhere. */
import assert from 'node:assert/strict';
import type { BrowserContext, Page } from 'playwright-core';
import { signInAs } from './browser.ts';
import { tryOutPassword } from './hub-ground.ts';
import { hubFaults, hubInChromium, signInto } from './hub-window.ts';
import type { TestPlatform } from './start-platform.ts';

const patient = '/try/personal-demographics/getPatient';
const hello = (name: string) => `/try/hello-world/hello-${name}`;

describe('Try it in Chromium', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let context: BrowserContext;
  let page: Page;
  let elsewhere: readonly string[];
  let complaints: readonly string[];

  const open = hubInChromium((window) => {
    ({ platform, context, page, elsewhere, complaints } = window);
  });

  const go = (path: string) => page.goto(platform.url + path);
  const signIn = () => signInto({ platform, page }, 'developer');
  const answered = () => page.waitForSelector('#answer-heading');
  const faults = () => hubFaults({ page, elsewhere, complaints });

  it('shows its pages to a stranger without a fault', async () => {
    for (const path of [
      '/try',
      patient,
      hello('application'),
      '/try/personal-demographics/createPatient',
      '/explain',
      '/explain/token',
      '/explain/call',
      '/explain/call?id=unknown',
    ]) {
      await go(path);
      assert.deepEqual(await faults(), [], path);
    }
  });

  it('shows what is for accounts without a fault', async () => {
    await signIn();
    for (const path of [
      hello('user'),
      '/explain/limits?app=demo&api=personal-demographics',
      '/explain/handshakes?fqdn=nobody.example',
      '/workspaces',
      '/workspaces/new',
      '/workspaces/app-demo',
    ]) {
      await go(path);
      assert.deepEqual(await faults(), [], path);
    }
  });

  it('R027 changes the request and tells what is wrong while one types', async () => {
    await go(patient);
    await page.fill('#value-1', '9000000017');
    await page.waitForSelector('#try-request:has-text("Patient/9000000017")');
    await page.fill('#value-4', 'seven');
    await page.waitForSelector('#value-4-error');
    assert.equal(await page.locator(':focus').getAttribute('id'), 'value-4');
    await page.fill('#value-4', '7');
    await page.waitForSelector('#value-4-error', { state: 'detached' });
    assert.deepEqual(await faults(), []);
  });

  it('sends with one click, tells it to who cannot see, and moves to the answer', async () => {
    await go(patient);
    await page.click('button:text-is("Send")');
    await answered();
    assert.match(await page.innerText('#answer-heading'), /^Response: 200 OK/);
    assert.equal(await page.locator(':focus').getAttribute('id'), 'answer-heading');
    assert.match((await page.textContent('#try-live')) ?? '', /Response: 200 OK received/);
    assert.equal(new URL(page.url()).pathname, patient);
    assert.deepEqual(await faults(), []);
  });

  it('R036 makes one call of one click, and of a double click too', async () => {
    await go(hello('world'));
    for (const click of ['click', 'dblclick'] as const) {
      const id = crypto.randomUUID();
      await page.fill('#value-1', id);
      await page.waitForSelector(`#try-request:has-text("${id}")`);
      await page[click]('button:text-is("Send")');
      await page.waitForSelector(`#try-answer:has-text("${id}")`);
      const lines = platform.logged().split('\n');
      const calls = lines.filter((one) => one.includes(id) && one.includes('"api":"hello-world"'));
      assert.equal(calls.length, 1, click);
    }
  });

  it('copies the request and the command', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: platform.url });
    await go(patient);
    await page.click('button:text-is("Copy the request as a command")');
    await page.waitForSelector('#try-live:has-text("Copied")', { state: 'attached' });
    const copied = await page.evaluate('navigator.clipboard.readText()');
    assert.match(String(copied), /^curl '.*Patient\/9000000009'/);
  });

  it('R034 signs a person in at the provider, comes back, and calls with the token, which no storage holds', async () => {
    await signIn();
    await go(hello('user'));
    await page.selectOption('#access', 'nhs-cis2');
    await page.waitForSelector('#test_user');
    assert.ok(await page.isChecked('#test_user'));
    await page.click('button:text-is("Send")');
    await answered();
    assert.match(await page.innerText('#try-answer'), /Hello User!/);
    await page.uncheck('#test_user');
    await page.click('button:text-is("Send")');
    await signInAs(page, '656005750107');
    await page.waitForURL(/resume=/);
    assert.match(await page.innerText('#answer-heading'), /You are signed in/);
    await page.click('button:text-is("Send")');
    await page.waitForSelector('#try-answer:has-text("Hello User!")');
    const kept = await page.evaluate(
      'JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, location.href])',
    );
    assert.equal(String(kept).includes('eyJ'), false);
    assert.match(String(kept), /^\[\[\],\[\],"",/);
    assert.deepEqual(await faults(), []);
  });

  it('works without script: choices, sending, coming back from the sign-in', async () => {
    await context.close();
    await open({ javaScriptEnabled: false });
    await go(patient);
    await page.fill('#value-1', '9000000017');
    await page.click('button:text-is("Send")');
    await answered();
    assert.match(await page.innerText('#try-request'), /Patient\/9000000017/);
    await page.click('button:text-is("Sign in to call with your own app")');
    await page.waitForURL(/\/sign-in/);
    await page.fill('#email', 'developer@gatehouse.example');
    await page.fill('#password', tryOutPassword(platform));
    await page.click('main button');
    await page.waitForURL(new RegExp(`${patient}$`));
    assert.equal(await page.inputValue('#value-1'), '9000000017');
    await page.selectOption('#environment', 'uat');
    await page.click('button:text-is("Show the choices for this")');
    await page.waitForSelector('#access option[value="app"]', { state: 'attached' });
    assert.equal(await page.locator('#access option[value="none"]').count(), 0);
    assert.deepEqual([elsewhere, complaints], [[], []]);
  });

  it('can be used by keyboard alone', async () => {
    await go(hello('world'));
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab');
      if ((await page.locator(':focus').first().innerText()) === 'Send') break;
    }
    await page.keyboard.press('Enter');
    await answered();
    assert.match(await page.innerText('#answer-heading'), /^Response: 200/);
  });

  it('shows the trace of a call without a fault', async () => {
    await signIn();
    await go(hello('world'));
    await page.click('button:text-is("Send")');
    await answered();
    await page.click('a:text-is("Look this call up")');
    await page.waitForSelector('svg[role=img]');
    assert.deepEqual(await faults(), []);
  });
});
