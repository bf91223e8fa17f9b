/** Hello World, once for each security pattern, as somebody new calls it. */
import assert from 'node:assert/strict';
import { call } from './start-platform.ts';
import { codeFor, redeem } from './sign-in-ground.ts';
import {
  assertionOf,
  demo,
  startTokenGround,
  tokenIn,
  withAssertion,
  type TokenGround,
} from './token-ground.ts';

const requestId = '60e0b220-8136-4ca5-ae46-1d97ef59d068';

describe('Hello World', () => {
  let ground: TokenGround;
  before(async () => {
    ground = await startTokenGround();
  });
  after(() => ground.end());

  const hello = (path: string, headers: Record<string, string> = {}, env = '/env/int') =>
    call(`${ground.platform.url}${env}/hello-world/hello/${path}`, { headers });

  for (const env of ['', '/env/sandbox', '/env/int', '/env/uat'])
    it(`greets the world below "${env}"`, async () => {
      const answer = await hello('world', { 'x-request-id': requestId }, env);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.json, { message: 'Hello World!' });
      assert.equal(answer.headers.get('x-request-id'), requestId);
    });

  it('makes a request id where none is sent, and refuses one that is none', async () => {
    const made = await hello('world', { 'x-request-id': 'none' }); // the test's caller then sends none
    assert.match(made.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    const refused = await hello('world', { 'x-request-id': 'not-one' });
    assert.equal(refused.status, 400);
    assert.equal(refused.headers.get('content-type'), 'application/problem+json');
  });

  it('R019 greets an application that sends its key, and tells others why not', async () => {
    const good = await hello('application', { apikey: demo });
    assert.equal(good.status, 200, good.text);
    assert.deepEqual(good.json, { message: 'Hello Application!' });
    assert.equal((await hello('application')).status, 401);
    assert.equal((await hello('application', { apikey: 'unknown' })).status, 401);
    const elsewhere = await hello('application', { apikey: 'demo-app-sandbox' });
    assert.equal(elsewhere.status, 401);
    assert.match(elsewhere.json.detail, /sandbox/);
    const uncovered = await hello('application', { apikey: 'demo-unapproved-int' });
    assert.equal(uncovered.status, 403);
  });

  it('R179 greets a user, and not an application on its own', async () => {
    assert.equal((await hello('user')).status, 401);
    const bearer = (token: string) => hello('user', { authorization: `Bearer ${token}` });
    const alone = await bearer(tokenIn(await withAssertion(ground, assertionOf(ground))));
    assert.equal(alone.status, 403, alone.text);
    const user = await bearer(tokenIn(await redeem(ground, await codeFor(ground))));
    assert.equal(user.status, 200, user.text);
    assert.deepEqual(user.json, { message: 'Hello User!' });
  });

  it('knows no other paths and methods', async () => {
    assert.equal((await hello('world/x')).status, 404);
    const posted = await call(`${ground.platform.url}/hello-world/hello/world`, { method: 'POST' });
    assert.equal(posted.status, 405);
    assert.equal(posted.headers.get('allow'), 'GET');
  });
});
