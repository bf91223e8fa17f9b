/** A simulated provider on a real socket over a real store, and a scripted person. Holds no tests; those beside it use it. */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, timingSafeEqual, type KeyObject } from 'node:crypto';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { decodeJwt, SignJWT } from 'jose';
import { createLog } from '../../../core/log.ts';
import { createFront } from '../../front.ts';
import { MountTable } from '../../mount-table.ts';
import { readSecretFile, writeSecretFile } from '../../key-files.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../../store/embedded.ts';
import { loadIdentities } from './identities.ts';
import { createSimulatedKeys } from './keys.ts';
import type { ProviderKind } from './kinds.ts';
import { paths, type SimulatedClient } from './options.ts';
import { simulatedProvider } from './provider.ts';

export const fixtures = join(import.meta.dirname, '..', '..', '..', 'fixtures');
export const redirectUri = 'https://app.example/callback?tenant=1';
/** One without a query, as stock clients want it. */
export const plainRedirectUri = 'https://app.example/plain';
export const secret = 'a secret with + and &';

/** Making keys is dear: the same ones serve every provider of a run. */
const pems: string[] = [];
function pemAt(index: number): string {
  return (pems[index] ??= generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey);
}

export interface Rig {
  readonly issuer: string;
  readonly store: EmbeddedStore;
  /** Milliseconds; tests move it. */
  readonly clock: { time: number };
  /** The private key of every client, `kid` `client-1`. */
  readonly clientKey: KeyObject;
  readonly posts: { url: string; form: URLSearchParams }[];
  readonly slept: number[];
  /** What the application answers to a logout token; 0 is nobody at home. */
  readonly application: { status: number };
  readonly keyDir: string;
  stop(): Promise<void>;
}

export async function startRig(kind: ProviderKind): Promise<Rig> {
  const dir = mkdtempSync(join(tmpdir(), 'simulated-'));
  const keyDir = join(dir, 'keys');
  const store = await openEmbeddedStore({ dir: join(dir, 'store') });
  const clock = { time: Date.now() };
  const clientKey = createPrivateKey(pemAt(0));
  let made = 0;
  let ids = 0;
  const posts: Rig['posts'] = [];
  const slept: number[] = [];
  const application = { status: 200 };
  const rig: { issuer: string } = { issuer: '' };
  const handler = simulatedProvider({
    kind,
    issuer: () => rig.issuer,
    people: loadIdentities(fixtures),
    clients: (clientId) => clients(clientKey).find((each) => each.clientId === clientId),
    keys: createSimulatedKeys(keyDir, kind, {
      readSecretFile,
      writeSecretFile,
      newRsaKey: () => Promise.resolve(pemAt(++made)),
    }),
    store,
    clock: {
      now: () => clock.time,
      newId: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`,
    },
    post: (url, form) => {
      posts.push({ url, form: new URLSearchParams(form) });
      return application.status === 0
        ? Promise.reject(new Error('nobody there'))
        : Promise.resolve(application.status);
    },
    sleep: (milliseconds) => {
      slept.push(milliseconds);
      return Promise.resolve();
    },
  });
  const base = `/realms/${kind}-mock-int`;
  const front = createFront({
    tables: [new MountTable([{ environment: 'uat', base, api: 'simulated', handler }])],
    environment: 'uat',
    toEnvironment: (name) => (['uat'].includes(name) ? name : undefined),
    log: createLog(
      'error',
      new Writable({
        write: (_chunk, _encoding, done) => {
          done();
        },
      }),
    ),
    pages: (_request, response) => response.writeHead(404).end(),
  });
  await new Promise<void>((resolve) => front.server.listen(0, '127.0.0.1', resolve));
  const { port } = front.server.address() as AddressInfo; // it listens on a port
  rig.issuer = `http://127.0.0.1:${port}${base}`;
  return {
    issuer: rig.issuer,
    store,
    clock,
    clientKey,
    posts,
    slept,
    application,
    keyDir,
    async stop() {
      await front.drain(100);
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function clients(key: KeyObject): SimulatedClient[] {
  const make = (clientId: string, more: Partial<SimulatedClient> = {}): SimulatedClient => ({
    clientId,
    name: `The <b>app</b> ${clientId}`,
    secretMatches: (given) =>
      given.length === secret.length && timingSafeEqual(Buffer.from(given), Buffer.from(secret)),
    keys: () => Promise.resolve([{ kid: 'client-1', kty: 'RSA', key: createPublicKey(key) }]),
    redirectUris: [redirectUri, plainRedirectUri],
    ...more,
  });
  return [
    make('app-1', { logoutUri: 'https://app.example/logout' }),
    make('app-2', { redirectUris: ['https://other.example/callback'] }),
    make('app-by-default', { defaultScopes: ['profile'] }),
  ];
}

type Fields = Readonly<Record<string, string | undefined>>;

function toParameters(fields: Fields): URLSearchParams {
  const given = Object.entries(fields).filter(
    (each): each is [string, string] => each[1] !== undefined,
  );
  return new URLSearchParams(given);
}

/** The authorization request of `app-1`, with these parameters changed; undefined leaves one out. */
export function authorizeUrl(rig: Rig, changes: Fields = {}): string {
  const parameters = toParameters({
    response_type: 'code',
    client_id: 'app-1',
    redirect_uri: redirectUri,
    scope: 'openid profile',
    state: 'a state & more',
    nonce: 'n-1',
    ...changes,
  });
  return `${rig.issuer}${paths.authorize}?${parameters.toString()}`;
}

export async function get(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { redirect: 'manual', headers });
}

export async function post(
  url: string,
  fields: Fields,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, { method: 'POST', redirect: 'manual', body: toParameters(fields), headers });
}

/** The address that a form of the page is sent to. */
export function actionOf(page: string, id = 'kc-form-login'): string {
  const form = new RegExp(`<form id="${id}"[^>]*action="([^"]+)"`).exec(page);
  return (form?.[1] ?? assert.fail(`there is no form ${id}`)).replaceAll('&amp;', '&');
}

/** Does what a scripted client does: page, form, and no cookies. */
export async function answerPage(rig: Rig, changes: Fields, fields: Fields): Promise<Response> {
  const page = await get(authorizeUrl(rig, changes));
  assert.equal(page.status, 200);
  return post(actionOf(await page.text()), fields);
}

/** The parameters that an answer sends the person back with. */
export function backWith(response: Response): URLSearchParams {
  assert.equal(response.status, 302);
  const location = response.headers.get('location') ?? '';
  assert.ok(location.startsWith(`${redirectUri}&`), 'goes elsewhere');
  return new URL(location).searchParams;
}

/** A code for a person. */
export async function codeFor(rig: Rig, changes: Fields, fields: Fields): Promise<string> {
  const back = backWith(await answerPage(rig, changes, fields));
  return back.get('code') ?? assert.fail(`no code but ${back.toString()}`);
}

/** Redeems a code, by default with the secret in the form. */
export async function redeem(rig: Rig, code: string, changes: Fields = {}): Promise<Response> {
  return post(rig.issuer + paths.token, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    client_id: 'app-1',
    client_secret: secret,
    ...changes,
  });
}

export interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token?: string;
  readonly expires_in: number;
  readonly scope: string;
}

/** Signs somebody in and redeems the code. */
export async function tokensFor(rig: Rig, changes: Fields, fields: Fields): Promise<Tokens> {
  const response = await redeem(rig, await codeFor(rig, changes, fields));
  assert.equal(response.status, 200);
  return (await response.json()) as Tokens; // each test looks at what it says
}

/** The claims of the id_token of a sign-in. */
export async function claimsFor(rig: Rig, changes: Fields, fields: Fields) {
  return decodeJwt<Record<string, unknown>>((await tokensFor(rig, changes, fields)).id_token);
}

/** The error that an answer tells. */
export async function errorOf(response: Response): Promise<[number, string]> {
  const { error } = (await response.json()) as { error: string }; // the body of RFC 6749 5.2
  return [response.status, error];
}

/** A client assertion that is right, but for the changes. */
export async function assertionOf(
  rig: Rig,
  changes: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const now = Math.floor(rig.clock.time / 1000);
  return new SignJWT({
    iss: 'app-1',
    sub: 'app-1',
    aud: rig.issuer + paths.token,
    exp: now + 300,
    jti: crypto.randomUUID(),
    ...changes,
  })
    .setProtectedHeader({ alg: 'RS512', kid: 'client-1', typ: 'JWT', ...header })
    .sign(rig.clientKey);
}

/** The form fields of an assertion. */
export function withAssertion(assertion: string): Fields {
  return {
    client_id: undefined,
    client_secret: undefined,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  };
}
