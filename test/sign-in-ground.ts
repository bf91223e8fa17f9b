/**
 * Sign-ins over real sockets: a scripted browser with cookies, the way through the simulated providers, and a provider of
 * our own that lies as a test wants. Stands on token-ground.ts.
 */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSecretFile } from '../server/key-files.ts';
import type { Answer } from './start-platform.ts';
import {
  ask,
  demo,
  formOf,
  jws,
  postToken,
  publicJwk,
  redirectUri,
  testKey,
  type Fields,
  type Members,
  type TokenGround,
} from './token-ground.ts';

/** A browser that keeps cookies and follows redirects only as far as it is told. */
export class Browser {
  readonly cookies = new Map<string, string>();

  async get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.#keep(await ask(url, { headers: { ...this.#cookie(), ...headers } }));
  }

  async post(url: string, fields: Fields): Promise<Answer> {
    const headers = { ...this.#cookie(), 'content-type': 'application/x-www-form-urlencoded' };
    return this.#keep(await ask(url, { method: 'POST', headers, body: formOf(fields) }));
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

/** The address of an authorization request of the demo app, with changes; undefined leaves a parameter out. */
export function authorizeUrl({ face }: TokenGround, changes: Fields = {}): string {
  const fields = {
    client_id: demo,
    redirect_uri: redirectUri,
    response_type: 'code',
    state: 's-1',
  };
  return `${face}/authorize?${formOf({ ...fields, ...changes })}`;
}

export function locationOf(answer: Answer): string {
  assert.equal(answer.status, 302, answer.text);
  return answer.headers.get('location') ?? '';
}

/** What the app is sent back with. */
export function backAtApp(answer: Answer, uri = redirectUri): URLSearchParams {
  const location = locationOf(answer);
  assert.ok(location.startsWith(`${uri}${uri.includes('?') ? '&' : '?'}`), location);
  return new URL(location).searchParams;
}

export interface Person {
  readonly provider?: 'nhs-cis2' | 'nhs-login';
  readonly username?: string;
  /** More fields of the provider's page: `level`, `fault`, `roles`, `for`. */
  readonly fields?: Fields;
  /** Changes of the authorization request. */
  readonly asked?: Fields;
}

/** A worker at AAL3 with one role, and a patient at P9: the persons of these tests. */
const worker = '656005750108';
export const patient = '9912003071';

/** As far as the callback, which is not called: the browser, and the address that the provider sent it to. */
export async function atCallback(
  ground: TokenGround,
  { provider = 'nhs-cis2', username, fields = {}, asked = {} }: Person = {},
  browser = new Browser(),
): Promise<{ browser: Browser; callback: string }> {
  // The provider's library has a clock of its own.
  ground.clock.time = Math.max(ground.clock.time, Date.now());
  const leaving = await browser.get(authorizeUrl(ground, { scope: provider, ...asked }));
  const page = await browser.get(locationOf(leaving));
  const action = /<form id="kc-form-login"[^>]*action="([^"]+)"/.exec(page.text)?.[1];
  assert.ok(action, page.text.slice(0, 500));
  const who = username ?? (provider === 'nhs-cis2' ? worker : patient);
  const answer = await browser.post(action.replaceAll('&amp;', '&'), { username: who, ...fields });
  return { browser, callback: locationOf(answer) };
}

/** The whole way; gives the answer that sends the browser back to the app. */
export async function signIn(ground: TokenGround, person: Person = {}): Promise<Answer> {
  const { browser, callback } = await atCallback(ground, person);
  return browser.get(callback);
}

/** A code for the demo app, or for whoever `asked` names. */
export async function codeFor(ground: TokenGround, person: Person = {}): Promise<string> {
  const uri = person.asked?.redirect_uri;
  const back = backAtApp(await signIn(ground, person), uri);
  return back.get('code') ?? assert.fail(`no code but ${back.toString()}`);
}

/** Redeems a code as the demo app does, but for the changes. */
export function redeem(ground: TokenGround, code: string | undefined, changes: Fields = {}) {
  return postToken(ground, {
    grant_type: 'authorization_code',
    ...{ code, redirect_uri: redirectUri, client_id: demo, client_secret: ground.secret },
    ...changes,
  });
}

/** Refreshes as the demo app does, but for the changes. */
export function refresh(ground: TokenGround, token: string | undefined, changes: Fields = {}) {
  return postToken(ground, {
    grant_type: 'refresh_token',
    ...{ refresh_token: token, client_id: demo, client_secret: ground.secret },
    ...changes,
  });
}

// ---- id_tokens as the simulated providers make them: their keys are the tests' own ----

export const issuerOf = (ground: TokenGround, kind: 'nhs-cis2' | 'nhs-login', place = 'int') =>
  `${ground.platform.url}/realms/${kind === 'nhs-cis2' ? 'Cis2' : 'NHS-Login'}-mock-${place}`;

/** The `kid` that a simulated provider's key has: its thumbprint, read from what it publishes. */
export async function kidOf(ground: TokenGround, kind: 'nhs-cis2' | 'nhs-login'): Promise<string> {
  const { json } = await ask(`${issuerOf(ground, kind)}/protocol/openid-connect/certs`);
  const { n } = publicJwk(testKey(kind === 'nhs-cis2' ? 4 : 5), '');
  const found = (json.keys as { n: string; kid: string }[]).find((one) => one.n === n);
  return found?.kid ?? assert.fail('the provider does not publish the key');
}

// ---- a provider that lies ----

/** An OpenID provider whose id_token is whatever the test says. Its authorization endpoint is never called. */
export interface LyingProvider {
  readonly issuer: string;
  /** Claims and header over a good id_token; `key` signs. */
  claims: Members;
  header: Members;
  key: string;
  /** The nonce it was asked with. */
  nonce: string;
  /** Its clock, in seconds from the real one. */
  skew: number;
  /** Settings for GroundOptions.prepare. */
  settings(dataDir: string): Readonly<Record<string, string>>;
  close(): void;
}

export async function startLyingProvider(): Promise<LyingProvider> {
  const server: Server = createServer((request, response) => {
    const send = (value: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/.well-known/openid-configuration') send(discovery(lying.issuer));
    else if (pathname === '/jwks') send({ keys: [publicJwk(testKey(3), 'lying-1')] });
    else if (pathname === '/token')
      send({ access_token: 'theirs', token_type: 'Bearer', id_token: idTokenOf(lying) });
    else if (pathname === '/userinfo') send({ sub: '656005750108' });
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo; // it listens on a port
  const lying: LyingProvider = {
    ...{ issuer: `http://localhost:${port}`, claims: {}, header: {}, key: testKey(3) },
    ...{ nonce: '', skew: 0 },
    settings(dataDir) {
      writeSecretFile(join(dataDir, 'lying.secret'), 'a secret');
      const file = join(dataDir, 'providers.json');
      const entry = {
        ...{ name: 'lying', kind: 'nhs-cis2', issuer: lying.issuer, environments: ['uat'] },
        clientId: 'gatehouse-at-lying',
        authentication: { method: 'client_secret_post', secretFile: join(dataDir, 'lying.secret') },
      };
      writeFileSync(file, JSON.stringify([entry]));
      return { IDENTITY_PROVIDERS: file };
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return lying;
}

function discovery(issuer: string) {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    authorization_response_iss_parameter_supported: true,
  };
}

/** The id_token that a lying provider gives now. */
function idTokenOf({ issuer, claims, header, key, nonce, skew }: LyingProvider): string {
  const now = Math.floor(Date.now() / 1000) + skew;
  return jws(
    { alg: 'RS256', typ: 'JWT', kid: 'lying-1', ...header },
    {
      ...{ iss: issuer, aud: 'gatehouse-at-lying', sub: '656005750108', nonce, sid: 'lying-sid' },
      ...{
        iat: now,
        exp: now + 300,
        auth_time: now,
        tokenName: 'id_token',
        auditTrackingId: 'a-1',
      },
      authentication_assurance_level: '3',
      ...claims,
    },
    key,
    header.alg === 'RS512' ? 'sha512' : 'sha256',
  );
}
