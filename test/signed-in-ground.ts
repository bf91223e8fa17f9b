/**
 * Tokens over real sockets for tests of what stands behind them: an app's assertion, and people who sign in through the
 * simulated providers, by script and without a browser. Owns the way to a token; what it opens, the tests say.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { searchAudit } from '../server/audit/search.ts';
import type { AuditLine } from '../server/audit/line.ts';
import { appCollection, type App, type Registration } from '../server/catalogue/apps.ts';
import { subscriptionCollection, type Subscription } from '../server/catalogue/products.ts';
import type { Environment } from '../server/catalogue/environments.ts';
import {
  call,
  startTestPlatform,
  type Answer,
  type CallInit,
  type TestPlatform,
} from './start-platform.ts';
import { assertionType, goodHeader, jws } from './token-ground.ts';

export const pdsPath = '/personal-demographics/FHIR/R4';
const appCallback = 'http://localhost:3000/callback';

/** What the token endpoint answered. */
export interface TokenAnswer {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test names the members it expects
  readonly json: any;
}

export interface SignInOptions {
  /** The user name of a test person. */
  readonly username: string;
  readonly provider?: 'nhs-cis2' | 'nhs-login';
  readonly client?: string;
  /** Further fields of the page: level, roles, role, fault. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly face?: '/oauth2' | '/oauth2-mock';
}

/** Where a test stands: a platform and the name of one of its environments. */
export interface Ground {
  readonly platform: TestPlatform;
  /** As in addresses and client ids: `int`, `sandbox`. */
  readonly environment: string;
}

let shared: Promise<TestPlatform> | undefined;

/** One platform for all tests of protected PDS: starting one costs more than what they ask of it. Each restores what it changes. */
function sharedPlatform(): Promise<TestPlatform> {
  return (shared ??= startTestPlatform({ environment: { TOKEN_REQUESTS_PER_MINUTE: '100000' } }));
}

after(async () => {
  await (await shared)?.end();
});

/** Integration on the shared platform. */
export async function integration(): Promise<Ground> {
  return { platform: await sharedPlatform(), environment: 'int' };
}

const kept = new Map<string, Promise<string>>();

/** The same token again for the same key, so that tests which only read share sign-ins. */
export function keptToken(key: string, get: () => Promise<string>): Promise<string> {
  const known = kept.get(key) ?? get();
  kept.set(key, known);
  return known;
}

/** The address of an environment by path. */
export function rootOf({ platform, environment }: Ground): string {
  return `${platform.url}/env/${environment}`;
}

/** One call to PDS of the environment, with a token unless it is undefined. */
export function pds(
  ground: Ground,
  path: string,
  token?: string,
  init: CallInit = {},
): Promise<Answer> {
  const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  return call(rootOf(ground) + pdsPath + path, {
    ...init,
    headers: { ...headers, ...init.headers },
  });
}

/** A signed assertion of a demo app (RFC 7523). */
function assertionOf(
  { platform, environment }: Ground,
  client: string,
  audience: string,
  key = readFileSync(join(platform.dataDir, 'demo', `demo-${environment}.pem`), 'utf8'),
  now = Date.now(),
): string {
  const claims = { iss: client, sub: client, aud: audience, jti: randomUUID() };
  return jws(goodHeader, { ...claims, exp: Math.floor(now / 1000) + 300 }, key);
}

export async function postForm(url: string, form: Record<string, string>): Promise<TokenAnswer> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) });
  return { status: response.status, json: await response.json() };
}

/** What the token endpoint answers an app on its own. */
export function askForApp(
  ground: Ground,
  client = `demo-app-${ground.environment}`,
  more: {
    readonly key?: string;
    readonly now?: number;
    readonly form?: Record<string, string>;
  } = {},
): Promise<TokenAnswer> {
  const url = `${rootOf(ground)}/oauth2/token`;
  return postForm(url, {
    grant_type: 'client_credentials',
    client_assertion_type: assertionType,
    client_assertion: assertionOf(ground, client, url, more.key, more.now),
    ...more.form,
  });
}

/** An access token of an app on its own. */
export async function appToken(
  ground: Ground,
  client?: string,
  more?: Parameters<typeof askForApp>[2],
): Promise<string> {
  return accessTokenIn(await askForApp(ground, client, more));
}

export function accessTokenIn({ status, json }: TokenAnswer): string {
  assert.equal(status, 200, JSON.stringify(json));
  return json.access_token;
}

/** Where a browser is, with the cookies it holds; follows no redirect by itself. */
export class Browser {
  readonly #cookies = new Map<string, string>();

  async send(url: string, form?: Readonly<Record<string, string>>): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: cookie === '' ? {} : { cookie },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }
}

/** The address an answer sends the browser to. */
export function locationOf(response: Response): URL {
  const location = response.headers.get('location');
  assert.ok(location !== null, `status ${response.status} without a redirect`);
  return new URL(location, response.url);
}

/** The authorize address of a demo app. */
export function authorizeUrl(ground: Ground, options: Omit<SignInOptions, 'username'>): string {
  const { provider = 'nhs-cis2', face = '/oauth2' } = options;
  const query = new URLSearchParams({
    client_id: options.client ?? `demo-app-${ground.environment}`,
    redirect_uri: appCallback,
    response_type: 'code',
    state: 'the-state-of-the-app',
    scope: provider,
  });
  return `${rootOf(ground)}${face}/authorize?${query.toString()}`;
}

/** Signs a person in by script. Gives the address at the app that the browser ends at, or the answer that ended it before. */
export async function signInByScript(
  ground: Ground,
  options: SignInOptions,
): Promise<URL | Response> {
  const browser = new Browser();
  const leaving = await browser.send(authorizeUrl(ground, options));
  const page = await browser.send(locationOf(leaving).href);
  const action = /action="([^"]+)"/.exec(await page.text())?.[1] ?? '';
  const { username, fields } = options;
  const answered = await browser.send(action.replaceAll('&amp;', '&'), { username, ...fields });
  const returned = await browser.send(locationOf(answered).href);
  return returned.status === 302 ? locationOf(returned) : returned;
}

/** Everything the token endpoint gives for a person who signed in. */
export async function tokensFor(ground: Ground, options: SignInOptions): Promise<TokenAnswer> {
  const end = await signInByScript(ground, options);
  assert.ok(end instanceof URL, 'the sign-in ended before the app');
  return redeem(ground, end, options);
}

/** Trades the code in an app's callback. */
export function redeem(
  ground: Ground,
  callback: URL,
  { client, face = '/oauth2' }: Partial<SignInOptions> = {},
): Promise<TokenAnswer> {
  const code = callback.searchParams.get('code');
  assert.ok(code !== null, `no code but ${callback.search}`);
  return postForm(`${rootOf(ground)}${face}/token`, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: appCallback,
    client_id: client ?? `demo-app-${ground.environment}`,
    client_secret: readFileSync(
      join(ground.platform.dataDir, 'demo', `demo-${ground.environment}.secret`),
      'utf8',
    ).trim(),
  });
}

/** The access token of a worker who signed in with the simulated CIS2. */
export async function workerToken(
  ground: Ground,
  username: string,
  fields: Readonly<Record<string, string>> = {},
  client?: string,
): Promise<string> {
  const options = { username, fields, ...(client === undefined ? {} : { client }) };
  return accessTokenIn(await tokensFor(ground, options));
}

/** The access token of a patient who signed in with the simulated NHS login. */
export async function patientToken(
  ground: Ground,
  username: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<string> {
  return accessTokenIn(await tokensFor(ground, { username, provider: 'nhs-login', fields }));
}

/** Changes an app's registration in the store, as administration would. */
export async function changeRegistration(
  { platform }: Ground,
  appId: string,
  environment: Environment,
  change: (before: Registration) => Registration,
): Promise<void> {
  const apps = platform.store.open(appCollection);
  const stored = await apps.get(appId);
  const before = stored?.value.registrations[environment];
  assert.ok(stored && before, `no app ${appId}`);
  const registrations = { ...stored.value.registrations, [environment]: change(before) };
  const app: App = { ...stored.value, registrations };
  await apps.put(appId, app, { expected: stored.version });
}

export async function changeSubscription(
  { platform }: Ground,
  id: string,
  state: Subscription['state'],
): Promise<void> {
  const subscriptions = platform.store.open(subscriptionCollection);
  const stored = await subscriptions.get(id);
  assert.ok(stored, `no subscription ${id}`);
  await subscriptions.put(id, { ...stored.value, state }, { expected: stored.version });
}

/** The audit entries of one call. */
export async function entriesOf(platform: TestPlatform, requestId: string): Promise<AuditLine[]> {
  const found: AuditLine[] = [];
  for await (const line of searchAudit(join(platform.dataDir, 'audit'), {}))
    if (line.requestId === requestId) found.push(line);
  return found;
}
