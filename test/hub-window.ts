/**
 * The hub in Chromium, as its tests look at it: a window that keeps what it asks for and complains about, and the faults of the
 * page in it under axe-core and at 320 px.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { lacking, startBrowser } from './browser.ts';
import { tryOutPassword } from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string }[];
}

export interface HubWindow {
  readonly platform: TestPlatform;
  readonly context: BrowserContext;
  readonly page: Page;
  /** Addresses of others that were asked for, and what the browser said was wrong; they grow. */
  readonly elsewhere: readonly string[];
  readonly complaints: readonly string[];
}

type WindowOptions = Parameters<Browser['newContext']>[0];

/**
 * Gives the tests of a suite a platform and a browser, and each a window; without Chromium they are skipped, with the reason.
 * @param opened is handed each window. @returns opens a further one in the same test
 */
export function hubInChromium(
  opened: (window: HubWindow) => void,
): (options?: WindowOptions) => Promise<void> {
  let platform: TestPlatform;
  let browser: Browser;
  let windows: HubWindow[] = [];
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
    await (browser as Browser | undefined)?.close(); // there is none where they were skipped
    await (platform as TestPlatform | undefined)?.end();
  });
  const open = async (options?: WindowOptions) => {
    const window = await openWindow(platform, browser, options);
    windows.push(window);
    opened(window);
  };
  beforeEach(() => open());
  afterEach(async () => {
    for (const { context } of windows) await context.close();
    windows = [];
  });
  return open;
}

async function openWindow(
  platform: TestPlatform,
  browser: Browser,
  options: WindowOptions = {},
): Promise<HubWindow> {
  const context = await browser.newContext({ viewport: wide, ...options });
  const page = await context.newPage();
  const elsewhere: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(platform.url)) elsewhere.push(request.url());
  });
  page.on('console', (message) => {
    // A page that is refused is told as an error, too; that is no complaint about the page.
    if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { platform, context, page, elsewhere, complaints };
}

const wide = { width: 1000, height: 800 };
const narrow = { width: 320, height: 700 };

/** Signs one of the accounts in that are there from the start. */
export async function signInto(
  { platform, page }: Pick<HubWindow, 'platform' | 'page'>,
  who: string,
): Promise<void> {
  await page.goto(`${platform.url}/sign-in`);
  await page.fill('#email', `${who}@gatehouse.example`);
  await page.fill('#password', tryOutPassword(platform));
  await page.click('main button');
  await page.waitForURL(/\/welcome$/);
}

/** What axe finds in the page as it is, whether it scrolls sideways at 320 px, and what its window has told. */
export async function hubFaults({
  page,
  elsewhere,
  complaints,
}: Pick<HubWindow, 'page' | 'elsewhere' | 'complaints'>): Promise<string[]> {
  await page.evaluate(axe);
  const told = await violations(page);
  await page.setViewportSize(narrow);
  const widths = await page.evaluate(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  );
  const [content = 0, shown = 0] = widths as number[]; // two numbers, as asked
  await page.setViewportSize(wide);
  const headings = await page.locator('h1').count();
  return [
    ...told,
    ...(content > shown ? [`scrolls sideways at 320 px: ${content}`] : []),
    ...(headings === 1 ? [] : [`${headings} headings of the first order`]),
    ...elsewhere.map((url) => `asked for ${url}`),
    ...complaints.map((text) => `the browser complains: ${text}`),
  ];
}

async function violations(page: Page): Promise<string[]> {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const found = await page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(tags)} }).then(({ violations }) => violations)`,
  );
  return (found as readonly Violation[]).map(
    ({ id, impact, nodes }) =>
      `${id} (${impact ?? ''}): ${nodes.map(({ html }) => html).join(' ')}`,
  ); // what axe.run promises
}
