/** A real browser for journeys: Debian's Chromium under playwright-core. Tests that need it are skipped, with the reason, where it is not. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { root } from './start-platform.ts';

const executables = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The published browser file of fhirclient 2.6.3; .ci/run fetches it. */
export const fhirclientFile = join(root, 'var', 'test', 'fhir-client.js');

/** What is lacking for these tests; undefined when all is there. */
export function lacking(...needs: ('chromium' | 'fhirclient')[]): string | undefined {
  if (needs.includes('chromium') && !executable()) return 'Chromium is not installed';
  if (needs.includes('fhirclient') && !existsSync(fhirclientFile))
    return 'fhirclient is not in var/test (.ci/run fetches it)';
  return undefined;
}

export function startBrowser(): Promise<Browser> {
  const executablePath = executable();
  if (executablePath === undefined) throw new Error('Chromium is not installed');
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

function executable(): string | undefined {
  return executables.find((file) => existsSync(file));
}

/** Answers the simulated provider's page. */
export async function signInAs(page: Page, username: string): Promise<void> {
  await page.waitForSelector('#kc-form-login');
  await page.fill('input[name="username"]', username);
  await moving(page, () => page.press('input[name="username"]', 'Enter'));
}

/** Does what leads to another page, and waits until that has loaded. */
export async function moving(page: Page, act: () => Promise<unknown>): Promise<void> {
  const moved = page.waitForEvent('framenavigated');
  await act();
  await moved;
  await page.waitForLoadState();
}

/** Faults that a reader of the page meets: what WCAG 2.2 AA asks that can be read off the document. */
export async function pageFaults(page: Page): Promise<string[]> {
  const faults = await page.evaluate(readFaults);
  await page.setViewportSize({ width: 320, height: 640 });
  const wide = await page.evaluate(
    'document.documentElement.scrollWidth > document.documentElement.clientWidth',
  );
  return wide === true ? [...faults, 'scrolls sideways at 320 px'] : faults;
}

/** Runs in the page, as text: the page's types are none of ours. */
const readFaults = `(() => {
  const faults = [];
  if (!document.documentElement.lang) faults.push('no language');
  if (!document.title) faults.push('no title');
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
  if (!document.querySelector('main')) faults.push('no main');
  if (!document.querySelector('a.skip[href="#main"]')) faults.push('no skip link');
  if (document.querySelector('script')) faults.push('a script');
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
  if (new Set(ids).size !== ids.length) faults.push('an id twice');
  for (const field of document.querySelectorAll('input:not([type=hidden]), select, textarea')) {
    if (!field.labels || field.labels.length === 0) faults.push('no label: ' + field.name);
    const { height } = field.getBoundingClientRect();
    if (field.offsetParent && height < 24) faults.push('small target: ' + field.name);
  }
  for (const button of document.querySelectorAll('button, a'))
    if (!button.textContent.trim()) faults.push('nameless ' + button.tagName);
  return faults;
})()` as unknown as () => string[];
