/**
 * SMART launches over real sockets: a scripted browser that answers our pages and those of the simulated providers, and
 * the requests of an app. Stands on token-ground.ts, with the published patients beside its demo apps.
 */
import assert from 'node:assert/strict';
import { createHash, createPublicKey, randomBytes, randomUUID, sign } from 'node:crypto';
import { join } from 'node:path';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { publishedRecords } from '../fhir/synthetic/default-data.ts';
import { root, type Answer } from './start-platform.ts';
import {
  ask,
  assertionType,
  formOf,
  part,
  redirectUri,
  startTokenGround,
  testKey,
  type Fields,
  type GroundOptions,
  type Members,
  type TokenGround,
} from './token-ground.ts';

export const publicApp = 'demo-smart-public-int';
export const secretApp = 'demo-smart-confidential-int';
export const keyApp = 'demo-app-int';
/** A worker at AAL3 with one role; a patient at P9; somebody else's record. */
export const worker = '656005750108';
export const patient = '9912003071';
export const otherPatient = '9000000009';

export interface SmartGround extends TokenGround {
  /** The addresses of integration. */
  readonly smart: string;
  readonly fhir: string;
}

export async function startSmartGround(options: GroundOptions = {}): Promise<SmartGround> {
  const ground = await startTokenGround(options);
  const people = publishedRecords(join(root, 'fixtures'));
  await ground.platform.store.bulk(
    patientCollection,
    people.map((value) => ({ id: value.patient.id, value })),
  );
  const place = `${ground.platform.url}/env/int`;
  return { ...ground, smart: `${place}/smart`, fhir: `${place}/fhir/R4` };
}

// ---- a browser ----

export class Browser {
  readonly cookies = new Map<string, string>();

  async get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.#keep(await ask(url, { headers: { ...this.#cookie(), ...headers } }));
  }

  /** Posts a form as a page of the same site does. */
  async post(url: string, fields: Fields, headers: Readonly<Record<string, string>> = {}) {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const from = { origin: new URL(url).origin, 'sec-fetch-site': 'same-origin' };
    const sent = { ...this.#cookie(), ...type, ...from, ...headers };
    return this.#keep(await ask(url, { method: 'POST', headers: sent, body: formOf(fields) }));
  }

  #cookie(): Record<string, string> {
    const all = [...this.cookies].map(([name, value]) => `${name}=${value}`);
    return all.length === 0 ? {} : { cookie: all.join('; ') };
  }

  #keep(answer: Answer): Answer {
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const mark = pair.indexOf('=');
      if (line.includes('; Max-Age=0')) this.cookies.delete(pair.slice(0, mark));
      else this.cookies.set(pair.slice(0, mark), pair.slice(mark + 1));
    }
    return answer;
  }
}

/** Where an answer sends the browser. */
export function locationOf({ status, headers, text }: Answer): string {
  assert.ok(status === 302 || status === 303, `${status} ${text.slice(0, 2000)}`);
  return headers.get('location') ?? '';
}

/** What the app is sent back with. */
export function backAtApp(answer: Answer, uri = redirectUri): URLSearchParams {
  const location = locationOf(answer);
  assert.ok(location.startsWith(`${uri}${uri.includes('?') ? '&' : '?'}`), location);
  return new URL(location).searchParams;
}

/** The form of a page that has a field: where it goes, and what it hides. */
export function formIn(page: Answer, field = ''): { action: string; fields: Fields } {
  assert.equal(page.status, 200, page.text.slice(0, 2000));
  const forms = page.text.match(/<form[\s\S]*?<\/form>/g) ?? [];
  const form = forms.find((one) => field === '' || one.includes(`name="${field}"`)) ?? '';
  const action = /action="([^"]+)"/.exec(form)?.[1]?.replaceAll('&amp;', '&');
  assert.ok(action, `no form with ${field} in ${page.text.slice(0, 3000)}`);
  const hidden = [...form.matchAll(/type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"/g)];
  return {
    action,
    fields: Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value])),
  };
}

/** Answers a page of ours. */
export function submit(
  browser: Browser,
  page: Answer,
  fields: Fields,
  field = '',
): Promise<Answer> {
  const form = formIn(page, field);
  return browser.post(form.action, { ...form.fields, ...fields });
}

// ---- an app ----

export const verifier = randomBytes(32).toString('base64url');
export const challengeOf = (text: string) => createHash('sha256').update(text).digest('base64url');

export const patientScopes = 'launch/patient openid fhirUser offline_access patient/Patient.rs';
export const workerScopes = 'openid fhirUser user/Patient.rs';

/** What a good authorization request of the public app asks, but for the changes; undefined leaves a parameter out. */
export function askedWith({ fhir }: Pick<SmartGround, 'fhir'>, changes: Fields = {}): Fields {
  return {
    ...{ response_type: 'code', client_id: publicApp, redirect_uri: redirectUri, state: 's-1' },
    ...{ scope: patientScopes, aud: fhir, nonce: 'n-1' },
    ...{ code_challenge: challengeOf(verifier), code_challenge_method: 'S256' },
    ...changes,
  };
}

export function authorizeUrl(ground: SmartGround, changes: Fields = {}): string {
  return `${ground.smart}/authorize?${formOf(askedWith(ground, changes))}`;
}

export interface Person {
  readonly username?: string;
  readonly kind?: 'nhs-login' | 'nhs-cis2';
  /** More fields of the provider's page: `level`, `roles`, `fault`. */
  readonly fields?: Fields;
}

/** As far as the callback, which is not called: from authorize by the page of choice to the provider. */
export async function atCallback(
  ground: SmartGround,
  { username, kind = 'nhs-login', fields = {} }: Person = {},
  asked: Fields = {},
  browser = new Browser(),
): Promise<{ browser: Browser; callback: string }> {
  ground.clock.time = Date.now(); // the library towards the providers goes by the real time
  let leaving = await browser.get(authorizeUrl(ground, asked));
  if (leaving.status === 200) {
    const links = [...leaving.text.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => href);
    const way = links.find((href) => href.includes(`with=${kind}`)) ?? assert.fail(leaving.text);
    leaving = await browser.get(way.replaceAll('&amp;', '&'));
  }
  return {
    browser,
    callback: await throughProvider(browser, leaving, username ?? usual[kind], fields),
  };
}

const usual = { 'nhs-login': patient, 'nhs-cis2': worker };

/** From a redirect to a provider to its redirect back. */
export async function throughProvider(
  browser: Browser,
  leaving: Answer,
  username: string,
  fields: Fields = {},
): Promise<string> {
  const page = await browser.get(locationOf(leaving));
  return locationOf(await submit(browser, page, { username, ...fields }, 'username'));
}

/** The whole way with consent; a worker who has to choose takes `chosen`. Gives the answer that leads back to the app. */
export async function launchAlone(
  ground: SmartGround,
  person: Person = {},
  asked: Fields = {},
  chosen = otherPatient,
): Promise<Answer> {
  const { browser, callback } = await atCallback(ground, person, asked);
  return agree(browser, await browser.get(callback), chosen);
}

/** Chooses a patient where asked, and agrees. */
export async function agree(
  browser: Browser,
  page: Answer,
  chosen = otherPatient,
  decision: Fields = { decision: 'allow' },
): Promise<Answer> {
  if (page.status !== 200) return page;
  let shown = page;
  if (page.text.includes('name="number"')) {
    const found = await submit(browser, page, { number: chosen, do: 'find' }, 'number');
    shown = await submit(browser, found, { patient: chosen, do: 'choose' }, 'patient');
  }
  return submit(browser, shown, decision, 'decision');
}

export async function codeFor(ground: SmartGround, person: Person = {}, asked: Fields = {}) {
  const back = backAtApp(await launchAlone(ground, person, asked));
  return back.get('code') ?? assert.fail(`no code but ${back.toString()}`);
}

export const basicOf = (id: string, secret: string) =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

/** Posts a form to an endpoint of the face. */
export function post(
  { smart }: SmartGround,
  path: string,
  fields: Fields | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return ask(smart + path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: typeof fields === 'string' ? fields : formOf(fields),
  });
}

/** Redeems a code as the public app does, but for the changes. */
export function redeem(
  ground: SmartGround,
  code: string | undefined,
  changes: Fields = {},
  headers: Readonly<Record<string, string>> = {},
) {
  const usualFields = { grant_type: 'authorization_code', code, redirect_uri: redirectUri };
  return post(
    ground,
    '/token',
    { ...usualFields, code_verifier: verifier, client_id: publicApp, ...changes },
    headers,
  );
}

export function refresh(ground: SmartGround, token: string, changes: Fields = {}) {
  const fields = { grant_type: 'refresh_token', refresh_token: token, client_id: publicApp };
  return post(ground, '/token', { ...fields, ...changes });
}

/** What a whole standalone launch by the public app gives. */
export async function tokensFor(ground: SmartGround, person: Person = {}, asked: Fields = {}) {
  const answer = await redeem(ground, await codeFor(ground, person, asked));
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

/** An assertion of the demo app in the way of SMART; good, but for the changes. */
export function assertionFor(
  { smart, clock }: SmartGround,
  claims: Members = {},
  header: Members = {},
  key = testKey(0),
): string {
  const clientId = keyApp;
  const head = { alg: 'RS384', typ: 'JWT', kid: 'demo-1', ...header };
  const usualClaims = { iss: clientId, sub: clientId, aud: `${smart}/token`, jti: randomUUID() };
  const body = { ...usualClaims, exp: Math.floor(clock.time / 1000) + 240, ...claims };
  const signed = `${part(head)}.${part(body)}`;
  const ec = createPublicKey(key).asymmetricKeyType === 'ec';
  const how = ec ? { key, dsaEncoding: 'ieee-p1363' as const } : key;
  return `${signed}.${sign('sha384', Buffer.from(signed), how).toString('base64url')}`;
}

export const asserted = (assertion: string): Fields => ({
  client_id: undefined,
  client_assertion_type: assertionType,
  client_assertion: assertion,
});

/** A backend service's request. */
export function askAlone(ground: SmartGround, assertion: string, changes: Fields = {}) {
  const fields = { grant_type: 'client_credentials', scope: 'system/Patient.rs' };
  return post(ground, '/token', { ...fields, ...asserted(assertion), ...changes });
}

/** One call to the FHIR base. */
export function fhir(
  ground: SmartGround,
  path: string,
  token?: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return ask(ground.fhir + path, { headers: { ...authorization, ...headers } });
}

/** Whether an access token opens anything at the FHIR base. */
export async function isAlive(ground: SmartGround, token: string): Promise<boolean> {
  return (await fhir(ground, `/Patient/${patient}`, token)).status !== 401;
}

/** A refusal in the form of RFC 6749 5.2: nothing but error and description, not cached, with an id in a field. */
export function assertRefused(answer: Answer, status: number, error: string, what = ''): void {
  assert.deepEqual([answer.status, answer.json?.error], [status, error], `${what} ${answer.text}`);
  assert.deepEqual(Object.keys(answer.json).sort(), ['error', 'error_description']);
  assert.match(answer.json.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.equal(answer.headers.get('pragma'), 'no-cache');
  assert.match(answer.headers.get('x-message-id') ?? '', /^[0-9a-f-]{36}$/);
}
