/**
 * A platform with the demo apps and without patients, for tests of the NHS face over real sockets: assertions with anything
 * in them, forms, and the judgement of refusals. Its clock stands still until a test moves it. Sign-ins are in sign-in-ground.ts.
 */
import assert from 'node:assert/strict';
import { createHmac, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { appCollection, type App, type Registration } from '../server/catalogue/apps.ts';
import { seedDemo } from '../server/catalogue/demo.ts';
import { toPublicJwk } from '../server/catalogue/people.ts';
import { subscriptionCollection } from '../server/catalogue/products.ts';
import { createSecrets } from '../server/catalogue/secrets.ts';
import { randomKey, readSecretFile, writeSecretFile } from '../server/key-files.ts';
import { startTestPlatform, type Answer, type TestPlatform } from './start-platform.ts';

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
export const demo = 'demo-app-int';
export const redirectUri = 'https://example.org/callback';

/** Making RSA keys is dear: all tests of a run share these. 0 and 1 are the demo apps', 4 and 5 the simulated providers'. */
export function testKey(index: number): string {
  return (pems[index] ??= generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey);
}
const pems: string[] = [];

/** Stands still; set `time` to move it. */
export interface HeldClock {
  time: number;
  now(): number;
  newId(): string;
}

export interface TokenGround {
  readonly platform: TestPlatform;
  readonly clock: HeldClock;
  /** The address of the NHS face of integration. */
  readonly face: string;
  /** The secret of the demo apps. */
  readonly secret: string;
  /** Where the platform keeps its data. */
  readonly dataDir: string;
  end(): Promise<void>;
}

export interface GroundOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with the data folder before the start. */
  readonly prepare?: (dataDir: string) => Readonly<Record<string, string>>;
}

export async function startTokenGround(options: GroundOptions = {}): Promise<TokenGround> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-tokens-'));
  const keys = join(dataDir, 'keys');
  writeSecretFile(join(keys, 'nhs-login-client.pem'), testKey(0));
  for (const [kind, key] of [
    ['nhs-cis2', 4],
    ['nhs-login', 5],
  ] as const) {
    writeSecretFile(join(keys, 'simulated', `${kind}-1.pem`), testKey(1));
    writeSecretFile(join(keys, 'simulated', `${kind}-2.pem`), testKey(key));
  }
  const time = Date.now();
  const clock: HeldClock = { time, now: () => clock.time, newId: randomUUID };
  const environment = {
    TOKEN_REQUESTS_PER_MINUTE: '1000000',
    FAILED_ATTEMPTS_PER_MINUTE: '1000000',
    LOG_LEVEL: 'debug',
    ...options.prepare?.(dataDir),
    ...options.environment,
  };
  const platform = await startTestPlatform({ dataDir, environment, clock, withoutDefaults: true });
  await seed(platform, clock);
  return {
    ...{ platform, clock, dataDir },
    face: `${platform.url}/env/int/oauth2`,
    secret: readFileSync(join(dataDir, 'demo', 'demo-int.secret'), 'utf8').trim(),
    end: () => platform.end(),
  };
}

async function seed({ store, dataDir }: TestPlatform, clock: HeldClock): Promise<void> {
  const folder = join(dataDir, 'demo');
  let made = 0;
  await seedDemo({
    ...{ store, clock },
    secrets: createSecrets(randomKey(join(dataDir, 'keys', 'pepper.key'))),
    files: {
      read: (name) => readSecretFile(join(folder, name)),
      write: (name, text) => {
        writeSecretFile(join(folder, name), text);
      },
    },
    newKeyPair: () => Promise.resolve(testKey(made++ % 2)),
    redirectUris: [
      'http://localhost:3000/callback',
      redirectUri,
      'https://example.org/cb?tenant=1',
    ],
    launchUrl: 'http://localhost:3000/launch',
    say: () => undefined,
  });
  await setImmediate(); // the catalogue has read it by then
}

/** Adds an app to integration: the demo app's registration with changes; subscribed to what is named. */
export async function addApp(
  { platform: { store } }: Pick<TokenGround, 'platform'>,
  id: string,
  changes: Partial<Registration> & { readonly kinds?: App['kinds'] } = {},
  products: readonly string[] = ['pds-application-restricted'],
): Promise<string> {
  const { kinds, ...registration } = changes;
  const apps = store.open(appCollection);
  const found = await apps.get('demo');
  const like = found?.value.registrations.uat ?? assert.fail('there is no demo app');
  const app: App = {
    ...(found?.value ?? assert.fail()),
    ...{ id, name: id },
    ...(kinds ? { kinds } : {}),
    registrations: { uat: { ...like, clientId: `${id}-int`, ...registration } },
  };
  const stored = await apps.get(id);
  await apps.put(id, app, { expected: stored?.version ?? 0 });
  const subscriptions = store.open(subscriptionCollection);
  for (const productId of stored ? [] : products)
    await subscriptions.put(
      `${id}.uat.${productId}`,
      {
        id: `${id}.uat.${productId}`,
        ...{ appId: id, productId, environment: 'uat', state: 'active' },
        ...{ requestedBy: 'test', requested: 0 },
      },
      { expected: 0 },
    );
  await setImmediate();
  return `${id}-int`;
}

// ---- JWTs with anything in them ----

export type Members = Readonly<Record<string, unknown>>;

export const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A compact JWS; header and payload may be text that is no JSON. */
export function jws(header: unknown, payload: unknown, key = testKey(0), hash = 'sha512'): string {
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${sign(hash, Buffer.from(signed), key).toString('base64url')}`;
}

/** The same with a MAC in the place of a signature. */
export function macced(header: unknown, payload: unknown, key: string, hash = 'sha512'): string {
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${createHmac(hash, key).update(signed).digest('base64url')}`;
}

export const goodHeader: Members = { alg: 'RS512', typ: 'JWT', kid: 'demo-1' };

/** The claims of a good assertion of the demo app, but for the changes; undefined leaves one out. */
export function assertionClaims({ face, clock }: TokenGround, changes: Members = {}): Members {
  return {
    ...{ iss: demo, sub: demo, aud: `${face}/token`, jti: randomUUID() },
    exp: Math.floor(clock.time / 1000) + 300,
    ...changes,
  };
}

/** An assertion of the demo app; good, but for the changes. */
export function assertionOf(
  ground: TokenGround,
  claims: Members = {},
  header: Members = {},
  key?: string,
): string {
  return jws({ ...goodHeader, ...header }, assertionClaims(ground, claims), key);
}

/** An assertion of another app that has the demo key. */
export const assertionBy = (ground: TokenGround, clientId: string, claims: Members = {}) =>
  assertionOf(ground, { iss: clientId, sub: clientId, ...claims });

export const publicPem = (key: string) =>
  createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
export const publicJwk = (key: string, kid: string) => toPublicJwk(key, kid);

// ---- requests ----

export type Fields = Readonly<Record<string, string | undefined>>;

export function formOf(fields: Fields): string {
  const given = Object.entries(fields).filter(
    (one): one is [string, string] => one[1] !== undefined,
  );
  return new URLSearchParams(given).toString();
}

/** One request, no redirect followed. */
export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json };
}

/** Posts a form to the token endpoint. */
export function postToken(
  { face }: TokenGround,
  fields: Fields | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return ask(`${face}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: typeof fields === 'string' ? fields : formOf(fields),
  });
}

/** A token request with an assertion; `fields` change the form. */
export function withAssertion(
  ground: TokenGround,
  assertion: string | undefined,
  fields: Fields = {},
) {
  return postToken(ground, {
    grant_type: 'client_credentials',
    client_assertion_type: assertionType,
    client_assertion: assertion,
    ...fields,
  });
}

/** Whether an access token is good at an API of integration: there are no patients, so a live one is told 404. */
export async function isAlive({ platform }: TokenGround, token: string): Promise<boolean> {
  const url = `${platform.url}/env/int/personal-demographics/FHIR/R4/Patient/9000000009`;
  const headers = { authorization: `Bearer ${token}`, 'x-request-id': randomUUID() };
  return (await ask(url, { headers })).status !== 401;
}

// ---- what must come back ----

export type Refusal = readonly [status: number, error: string, description: string];

const seen = new Set<string>();

/** The answer is exactly this refusal, may not be cached, and bears an id that no answer before had. */
export function assertRefused(
  answer: Answer,
  [status, error, description]: Refusal,
  what = '',
): void {
  const told = answer.json?.error_description;
  assert.deepEqual([answer.status, answer.json?.error, told], [status, error, description], what);
  assert.deepEqual(Object.keys(answer.json).sort(), ['error', 'error_description', 'message_id']);
  assert.match(answer.json.message_id, /^[0-9a-f-]{36}$/);
  assert.ok(!seen.has(answer.json.message_id), 'the message id was given before');
  seen.add(answer.json.message_id);
  assertNotCached(answer);
}

export function assertNotCached({ headers }: Answer): void {
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(headers.get('pragma'), 'no-cache');
  assert.match(headers.get('content-type') ?? '', /^application\/json/);
}

/** The access token of an answer that gives one. */
export function tokenIn(answer: Answer): string {
  assert.equal(answer.status, 200, answer.text);
  assertNotCached(answer);
  const token: unknown = answer.json.access_token;
  assert.ok(typeof token === 'string');
  assert.match(token, /^[A-Za-z0-9_-]{43}$/);
  return token;
}

/** How often each status came. */
export function statuses(answers: readonly Answer[]): Readonly<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
