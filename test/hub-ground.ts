/** A browser without a screen: keeps cookies, follows nothing by itself, and fills in forms as a page has them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestPlatform } from './start-platform.ts';

export interface HubPage {
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  /** Where it leads, for a redirect. */
  readonly to: string;
  /** The heading. */
  readonly title: string;
  /** What the error summary says. */
  readonly faults: readonly string[];
}

export interface HubClient {
  readonly cookies: Map<string, string>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<HubPage>;
  /** Sends a form of a page that was got before: its hidden fields, and these. */
  send(
    page: HubPage,
    path: string,
    fields: Fields,
    headers?: Readonly<Record<string, string>>,
  ): Promise<HubPage>;
  /** Gets the page, sends its form. */
  fill(path: string, fields: Fields): Promise<HubPage>;
  post(path: string, body: string, headers?: Readonly<Record<string, string>>): Promise<HubPage>;
  /** Gets the page, sends its form with a file in it. */
  upload(path: string, fields: Fields, file: SentFile): Promise<HubPage>;
}

export interface SentFile {
  /** The name of its field. */
  readonly field: string;
  readonly name: string;
  readonly content: string | Buffer;
}

export type Fields = Readonly<Record<string, string>>;

export function hubClient(url: string): HubClient {
  const cookies = new Map<string, string>();
  const ask = async (path: string, init: RequestInit): Promise<HubPage> => {
    const headers = new Headers(init.headers);
    if (!headers.has('accept')) headers.set('accept', 'text/html');
    if (cookies.size > 0 && !headers.has('cookie'))
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url + path, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0\b/.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return pageOf(response.status, response.headers, await response.text());
  };
  const get = (path: string, headers = {}) => ask(path, { headers });
  const post = (path: string, body: string, headers = {}) =>
    ask(path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
  const send = (page: HubPage, path: string, fields: Fields, headers = {}) => {
    const form = formFor(page.html, path);
    return post(path, new URLSearchParams({ ...form, ...fields }).toString(), headers);
  };
  return {
    cookies,
    get,
    post,
    send,
    async fill(path, fields) {
      return send(await get(path), path, fields);
    },
    async upload(path, fields, { field, name, content }) {
      const { html } = await get(path);
      const body = new FormData();
      for (const one of Object.entries({ ...formFor(html, path), ...fields })) body.append(...one);
      body.append(field, new Blob([new Uint8Array(Buffer.from(content))]), name);
      return ask(path, { method: 'POST', body });
    },
  };
}

function pageOf(status: number, headers: Headers, html: string): HubPage {
  const summary = /<ul class="nhsuk-list nhsuk-error-summary__list">(.*?)<\/ul>/s.exec(html)?.[1];
  return {
    ...{ status, headers, html, to: headers.get('location') ?? '' },
    title: textOf(/<h1>(.*?)<\/h1>/s.exec(html)?.[1] ?? ''),
    faults: [...(summary ?? '').matchAll(/<li>(.*?)<\/li>/gs)].map(([, item = '']) => textOf(item)),
  };
}

/** The hidden fields of the form for this path: that with its action, or the first without one in the page's own part. */
function formFor(html: string, path: string): Record<string, string> {
  const main = html.slice(html.indexOf('<main'));
  const forms = [...html.matchAll(/<form method="post"([^>]*)>(.*?)<\/form>/gs)];
  const [, , content = ''] =
    forms.find(([, attributes = '']) => attributes.includes(`action="${path}"`)) ??
    [...main.matchAll(/<form method="post"([^>]*)>(.*?)<\/form>/gs)].find(
      ([, attributes = '']) => !attributes.includes('action='),
    ) ??
    [];
  const fields = content.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g);
  return Object.fromEntries([...fields].map(([, name = '', value = '']) => [name, textOf(value)]));
}

/** HTML as its reader sees it. */
export function textOf(html: string): string {
  return html
    .replace(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .trim();
}

/** The password of the accounts that are there from the start. */
export function tryOutPassword({ dataDir }: TestPlatform): string {
  return readFileSync(join(dataDir, 'demo', 'hub.password'), 'utf8').trim();
}

/** A client that has signed in with one of the accounts that are there from the start. */
export async function signedIn(platform: TestPlatform, who: string): Promise<HubClient> {
  const client = hubClient(platform.url);
  await signIn(client, `${who}@gatehouse.example`, tryOutPassword(platform));
  return client;
}

export async function signIn(client: HubClient, email: string, password: string): Promise<HubPage> {
  const done = await client.fill('/sign-in', { email, password });
  assert.equal(done.status, 303, done.faults.join());
  return done;
}

/** Signs out by the button in the header. */
export async function signOut(client: HubClient): Promise<HubPage> {
  return client.send(await client.get('/account'), '/sign-out', {});
}

/** The path of the newest link in a message to an address whose text holds it, as the outbox shows it. */
export async function linkTo(client: HubClient, email: string, path: string): Promise<string> {
  const { html } = await client.get('/outbox');
  const mails = html.split('<article ').slice(1);
  const mail = mails.find((one) => one.includes(`To ${email},`) && one.includes(path));
  assert.ok(mail, `no message to ${email} with ${path}`);
  const link = [...mail.matchAll(/href="(http[^"]+)"/g)].map(
    ([, href = '']) => new URL(href).pathname,
  );
  const found = link.find((one) => one.startsWith(path));
  assert.ok(found);
  return found;
}

export const goodPassword = 'three quiet otters swim';

let made = 0;

/** A new account, signed in. */
export async function newAccount(platform: TestPlatform, name = 'Test Person') {
  const client = hubClient(platform.url);
  const email = `person-${++made}-${Date.now()}@example.org`;
  const fields = { name, email, password: goodPassword, terms: 'yes' };
  assert.equal((await client.fill('/sign-up', fields)).to, '/sign-up/sent');
  const link = await linkTo(client, email, '/sign-up/confirm/');
  assert.equal((await client.fill(link, {})).to, '/welcome');
  return { client, email };
}
