import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { writeSecretFile } from '../server/key-files.ts';
import { startServerProcess, type ServerProcess } from './server-process.ts';
import type { Answer } from './start-platform.ts';
import {
  ask,
  assertionType,
  demo,
  formOf,
  goodHeader,
  jws,
  redirectUri,
  testKey,
  type Fields,
} from './token-ground.ts';
import { Browser, locationOf } from './sign-in-ground.ts';

/** Each starts a process anew, which is what takes the time. */
const rounds = 1;

describe('a server that is killed while it issues tokens', function () {
  this.timeout(60_000);
  let dir: string;
  let server: ServerProcess;
  let face: string;
  let secret: string;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-token-kill-'));
    // No patients and no new keys: that is not what this is about.
    const store = await openEmbeddedStore({ dir });
    for (const mark of ['default-data', 'default-directory']) await store.setMark(mark, 'finished');
    await store.close();
    writeSecretFile(join(dir, 'keys', 'nhs-login-client.pem'), testKey(0));
    for (const [i, name] of ['sandbox', 'sandbox-2', 'int', 'int-2'].entries())
      writeSecretFile(join(dir, 'demo', `demo-${name}.pem`), testKey(i % 2));
    for (const number of [1, 2])
      writeSecretFile(join(dir, 'keys', 'simulated', `nhs-cis2-${number}.pem`), testKey(number));
  });
  after(async () => {
    server.child.kill('SIGKILL');
    await server.exit;
    rmSync(dir, { recursive: true, force: true });
  });

  const start = async () => {
    const limits = { TOKEN_REQUESTS_PER_MINUTE: '1000000', FAILED_ATTEMPTS_PER_MINUTE: '1000000' };
    server = startServerProcess({ PORT: '0', DATA_DIR: dir, ...limits });
    face = `${await server.ready}/env/int/oauth2`;
    secret = readFileSync(join(dir, 'demo', 'demo-int.secret'), 'utf8').trim();
  };
  const post = (fields: Fields) =>
    ask(`${face}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: formOf(fields),
    });
  /** Undefined when no answer came. */
  const perhaps = (fields: Fields) => post(fields).catch(() => undefined);

  const withAssertion = (jti: string): Fields => ({
    ...{ grant_type: 'client_credentials', client_assertion_type: assertionType },
    client_assertion: jws(goodHeader, {
      ...{ iss: demo, sub: demo, aud: `${face}/token`, jti },
      exp: Math.floor(Date.now() / 1000) + 200,
    }),
  });
  const own = () => ({ client_id: demo, client_secret: secret });
  const refreshing = (token: string): Fields => ({
    ...{ grant_type: 'refresh_token', refresh_token: token },
    ...own(),
  });
  const signedIn = async () => {
    const browser = new Browser();
    const asked = { client_id: demo, redirect_uri: redirectUri, response_type: 'code', state: 's' };
    let at = `${face}/authorize?${formOf({ ...asked, login_hint: '656005750108' })}`;
    while (!at.startsWith(redirectUri)) at = locationOf(await browser.get(at));
    const code = new URL(at).searchParams.get('code') ?? '';
    return { code, ...own(), grant_type: 'authorization_code', redirect_uri: redirectUri };
  };
  const isAlive = async (token: string) => {
    const url = face.replace('/oauth2', '/personal-demographics/FHIR/R4/Patient/9000000009');
    const headers = { authorization: `Bearer ${token}`, 'x-request-id': randomUUID() };
    return (await ask(url, { headers })).status !== 401;
  };

  it('keeps every token that it answered, every death, and every use of an assertion', async () => {
    const tokens: string[] = [];
    const used: string[] = [];
    const dead: string[] = [];
    await start();
    for (let round = 0; round < rounds; round++) {
      // Two families that die by a second use, before the kill.
      for (const again of ['code', 'refresh'] as const) {
        const form = await signedIn();
        const { json } = await post(form);
        await post(refreshing(json.refresh_token));
        await post(again === 'code' ? form : refreshing(json.refresh_token));
        dead.push(json.access_token);
      }
      const chains = await Promise.all(
        Array.from({ length: 4 }, async () => ({ last: await post(await signedIn()) })),
      );
      const issue = async () => {
        for (;;) {
          const jti = randomUUID();
          const answer = await perhaps(withAssertion(jti));
          if (!answer) return;
          assert.equal(answer.status, 200, answer.text);
          tokens.push(answer.json.access_token);
          used.push(jti);
        }
      };
      const rotate = async (chain: { last: Answer }) => {
        for (;;) {
          const answer = await perhaps(refreshing(chain.last.json.refresh_token));
          if (!answer) return;
          assert.equal(answer.status, 200, answer.text);
          chain.last = answer;
        }
      };
      const load = [...Array.from({ length: 6 }, issue), ...chains.map(rotate)];
      await sleep(300 + Math.random() * 400);
      server.child.kill('SIGKILL');
      await Promise.all([...load, server.exit]);
      await start();

      assert.ok(tokens.length > 20, `${tokens.length} tokens`);
      for (const token of tokens) assert.ok(await isAlive(token), 'a token was lost');
      for (const token of dead) assert.equal(await isAlive(token), false, 'a dead token lives');
      for (const jti of used.slice(-50)) {
        const { json } = await post(withAssertion(jti));
        assert.equal(json.error_description, "Non-unique 'jti' claim in client_assertion JWT");
      }
      for (const { last } of chains) {
        assert.ok(Number(last.json.refresh_count) > 0);
        assert.ok(await isAlive(last.json.access_token), 'a refreshed token was lost');
        // Its refresh token was on its way when the server died: spent or not, but never half.
        const { status, json } = await post(refreshing(last.json.refresh_token));
        assert.ok(status === 200 || json.error_description === 'refresh_token is invalid');
        assert.equal(await isAlive(last.json.access_token), status === 200);
      }
    }
  });
});
