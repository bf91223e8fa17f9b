/**
 * A certified OpenID provider of other hands (oidc-provider) as a stand-in for a real CIS2 or NHS login, and a scripted
 * person at its pages. Owns that; what the platform makes of it, the tests say.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type Configuration } from 'oidc-provider';
import { Browser, locationOf } from './signed-in-ground.ts';

export interface ForeignProvider {
  readonly issuer: string;
  /** Opens for business: now that the address to come back to is known. */
  open(redirectUris: readonly string[]): void;
  /** Publishes keys that it does not sign with. */
  swapKeys(): void;
  /** Goes away. */
  close(): Promise<void>;
}

export interface ForeignOptions {
  /** How the platform is registered there, but for its redirect URIs. */
  readonly client: Readonly<Record<string, unknown>> & { readonly client_id: string };
  /** All that it knows of its people, by user name. */
  readonly people: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Claims by scope. */
  readonly claims: Readonly<Record<string, readonly string[]>>;
  /** Absent: any free one. */
  readonly port?: number;
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: 'foreign-1', use: 'sig' };
}

export async function startForeignProvider(options: ForeignOptions): Promise<ForeignProvider> {
  let handler: ReturnType<Provider['callback']> | undefined;
  let published: string | undefined;
  const server: Server = createServer((request, response) => {
    if (published !== undefined && request.url === '/jwks')
      response.writeHead(200, { 'content-type': 'application/jwk-set+json' }).end(published);
    else if (handler) void handler(request, response);
    else response.writeHead(503).end();
  });
  await new Promise<void>((done) => server.listen(options.port ?? 0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a server on a port has no pipe's name
  return {
    issuer,
    open(redirectUris) {
      handler = new Provider(issuer, configure(options, redirectUris)).callback();
    },
    swapKeys() {
      const { kty, kid, use, n, e } = signingKey();
      published = JSON.stringify({ keys: [{ kty, kid, use, n, e }] });
    },
    close: () =>
      new Promise((done) => {
        server.close(() => {
          done();
        });
        server.closeAllConnections();
      }),
  };
}

function configure(options: ForeignOptions, redirectUris: readonly string[]): Configuration {
  const claims = Object.fromEntries(
    Object.entries(options.claims).map(([scope, names]) => [scope, [...names]]),
  );
  return {
    clients: [{ ...options.client, redirect_uris: [...redirectUris] }],
    claims,
    scopes: Object.keys(options.claims),
    conformIdTokenClaims: false,
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    pkce: { required: () => false },
    features: { devInteractions: { enabled: true } },
    enabledJWA: {
      idTokenSigningAlgValues: ['RS256', 'RS512'],
      clientAuthSigningAlgValues: ['RS512'],
    },
    findAccount: (_context, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, ...options.people[accountId] }),
    }),
  };
}

/** Signs in at the provider's own pages, from its authorization address to the address that it sends back to. */
export async function signInThere(
  browser: Browser,
  authorization: URL,
  username: string,
): Promise<URL> {
  let at = authorization;
  for (let step = 0; step < 10; step++) {
    if (at.origin !== authorization.origin) return at;
    const page = await browser.send(at.href);
    if (page.status !== 200) {
      at = locationOf(page);
      continue;
    }
    const text = await page.text();
    const action = /<form[^>]* action="([^"]+)"/.exec(text)?.[1];
    assert.ok(action !== undefined, text);
    const login = text.includes('name="login"');
    const form = login
      ? { prompt: 'login', login: username, password: 'x' }
      : { prompt: 'consent' };
    at = locationOf(await browser.send(new URL(action, at).href, form));
  }
  return assert.fail('the sign-in leads nowhere');
}
