/** A first app in the hub as a new developer makes one, with a key of its own and the tokens it gets by that. */
import assert from 'node:assert/strict';
import { createSign, randomUUID } from 'node:crypto';
import { textOf, type HubClient } from './hub-ground.ts';
import type { TestPlatform } from './start-platform.ts';

export interface AppKey {
  readonly privateKey: string;
  readonly kid: string;
  readonly clientId: string;
}

/** Has a key pair made for an app in an environment, and reads it from the page. */
export async function keyFor(client: HubClient, place: string): Promise<AppKey> {
  const handed = await client.fill(`${place}/keys/make`, { bits: '2048' });
  const shown = await client.get(handed.to);
  const privateKey = textOf(/<pre[^>]*>([\s\S]*?)<\/pre>/.exec(shown.html)?.[1] ?? '');
  const [, kid = ''] = /Its kid is (\S+)\./.exec(shown.html) ?? [];
  const [, clientId = ''] = /the client id (\w+) as/.exec(shown.html) ?? [];
  return { privateKey, kid, clientId };
}

/** Registers an app of the first team in the sandbox; gives its path. */
export async function registered(client: HubClient): Promise<string> {
  const page = await client.get('/apps/new');
  const [, team = ''] = /<option value="(\w+)"/.exec(page.html) ?? [];
  const done = await client.send(page, '/apps/new', {
    ...{ team, name: 'First app', kinds: 'unattended', contact: 'nia@example.org' },
    environments: 'sandbox',
  });
  assert.equal(done.status, 303, done.faults.join());
  return done.to;
}

/** A token for the app alone. @throws AssertionError with the answer when it is refused */
export async function tokenFor(
  { url }: TestPlatform,
  { privateKey, kid, clientId }: AppKey,
): Promise<string> {
  const text = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const aud = `${url}/oauth2/token`;
  const exp = Math.floor(Date.now() / 1000) + 240;
  const claims = { iss: clientId, sub: clientId, aud, jti: randomUUID(), exp };
  const signed = `${text({ alg: 'RS512', typ: 'JWT', kid })}.${text(claims)}`;
  const signature = createSign('sha512').update(signed).sign(privateKey).toString('base64url');
  const response = await fetch(aud, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: `${signed}.${signature}`,
    }),
  });
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test names the members it expects
  const answer = (await response.json()) as any;
  assert.equal(response.status, 200, JSON.stringify(answer));
  return String(answer.access_token);
}
