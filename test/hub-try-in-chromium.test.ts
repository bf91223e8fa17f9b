/** Try it and the pages that explain in Chromium: with script and without, under axe-core, at 320 px, nothing from elsewhere. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { lacking, signInAs, startBrowser } from './browser.ts';
import { tryOutPassword } from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

const patient = '/try/personal-demographics/getPatient';
const hello = (name: string) => `/try/hello-world/hello-${name}`;

describe('Try it in Chromium', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let elsewhere: string[];
  let complaints: string[];

  before(async function () {
    const reason = lacking('chromium');
    if (reason !== undefined) {
      this.test?.parent?.tests.forEach((test) => (test.title += ` (${reason})`));
      this.skip();
    }
    platform = await startTestPlatform();
    browser = await startBrowser();
  });
  after(async () => {
    await (browser as Browser | undefined)?.close();
    await (platform as TestPlatform | undefined)?.end();
  });

  const open = async (options: Parameters<Browser['newContext']>[0] = {}) => {
    context = await browser.newContext({ viewport: { width: 1000, height: 800 }, ...options });
    page = await context.newPage();
    elsewhere = [];
    complaints = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(platform.url)) elsewhere.push(request.url());
    });
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
        complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
  };
  beforeEach(() => open());
  afterEach(() => context.close());

  const go = (path: string) => page.goto(platform.url + path);
  const signIn = async (who = 'developer') => {
    await go('/sign-in');
    await page.fill('#email', `${who}@gatehouse.example`);
    await page.fill('#password', tryOutPassword(platform));
    await page.click('main button');
    await page.waitForURL(/\/welcome$/);
  };
  const answered = () => page.waitForSelector('#answer-heading');

  const faults = async (): Promise<string[]> => {
    await page.evaluate(axe);
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const found = await page.evaluate(
      `axe.run(document, { runOnly: ${JSON.stringify(tags)} }).then(({ violations }) => violations)`,
    );
    const violations = found as readonly Violation[]; // what axe.run promises
    await page.setViewportSize({ width: 320, height: 700 });
    const wide = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    await page.setViewportSize({ width: 1000, height: 800 });
    return [
      ...violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
      ...(Number(wide) > 0 ? [`scrolls sideways at 320 px by ${String(wide)}`] : []),
      ...elsewhere.map((url) => `asked for ${url}`),
      ...complaints.map((text) => `the browser complains: ${text}`),
    ];
  };

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
