import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ask,
  assertionBy,
  assertionOf,
  assertRefused,
  formOf,
  isAlive,
  postToken,
  startTokenGround,
  tokenIn,
  withAssertion,
  type Refusal,
  type TokenGround,
} from './token-ground.ts';

const invalid = (description: string, status = 400): Refusal => [
  status,
  'invalid_request',
  description,
];
const noForm = invalid('Content-Type header must be application/x-www-form-urlencoded', 415);

describe('the NHS face', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  before(async () => {
    ground = await startTokenGround();
  });
  after(() => ground.end());

  const good = () => ({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertionOf(ground),
  });

  it('answers another verb with 405, the verb it allows, and an empty text', async () => {
    for (const [path, allow] of [
      ['/token', 'POST'],
      ['/authorize', 'GET'],
      ['/callback', 'GET'],
      ['/userinfo', 'GET'],
      ['/backchannel_logout', 'POST'],
    ] as const)
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        if (method === allow) continue;
        const answer = await ask(ground.face + path, { method });
        assert.equal(answer.status, 405, `${method} ${path}`);
        assert.equal(answer.text, '');
        assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/);
      }
    const answer = await ask(`${ground.face}/token`);
    assert.equal(answer.headers.get('allow'), 'POST');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
  });

  it('answers 404 to paths that it does not have', async () => {
    for (const path of [
      '',
      '/',
      '/tokens',
      '/token/',
      '/token/x',
      '/jwks',
      '/Token',
      '/%74oken',
      '/introspect',
    ])
      assertRefused(await ask(ground.face + path), invalid('Not Found', 404), path);
    assertRefused(await ask(`${ground.face}/x`, { method: 'POST' }), invalid('Not Found', 404));
  });

  it('takes forms, and nothing that only looks like one', async () => {
    const body = formOf(good());
    for (const type of [
      'application/json',
      'multipart/form-data; boundary=x',
      'text/plain',
      'application/x-www-form-urlencodedx',
      'application/x-www-form-urlencoded, text/plain',
      '',
    ])
      assertRefused(await postToken(ground, body, { 'content-type': type }), noForm, type);
    const typeless = await ask(`${ground.face}/token`, { method: 'POST' });
    assertRefused(typeless, noForm);
    const dressed = 'Application/X-WWW-Form-Urlencoded; charset=UTF-8';
    tokenIn(await postToken(ground, body, { 'content-type': dressed }));
  });

  it('reads each parameter once, as text', async () => {
    const body = formOf(good());
    const names = 'parameter names may hold letters, digits, _, - and . only';
    for (const [form, description] of [
      [`${body}&grant_type=client_credentials`, 'grant_type must not be sent more than once'],
      [`${body}&scope=a&scope=a`, 'scope must not be sent more than once'],
      [`${body}&scope=&scope=`, 'scope must not be sent more than once'],
      [`${body}&client_id[]=x`, names],
      [`${body}&client_id%5B%24gt%5D=`, names],
      [`${body}&=x`, names],
      [`${body}&x=%`, 'the parameters are not form-encoded UTF-8'],
      [`${body}&x=%ff`, 'the parameters are not form-encoded UTF-8'],
      [`${body}&x=%00`, 'x must not hold control characters'],
      [`${body}${'&a=b'.repeat(50)}`, 'there may be at most 50 parameters'],
      ['grant_type[]=client_credentials', names],
      [JSON.stringify(good()), names],
    ] as const)
      assertRefused(await postToken(ground, form), invalid(description), form.slice(-40));
    const large = await postToken(ground, `x=${'a'.repeat(33_000)}`);
    assert.equal(large.status, 413);
    assert.equal(large.json.error, 'invalid_request');
    assertRefused(await postToken(ground, ''), invalid('grant_type is missing'));
    tokenIn(await postToken(ground, `&&${formOf(good())}&`));
  });

  it('ignores scope, and gives what the products have', async () => {
    for (const scope of ['urn:nhsd:apim:app:level3:everything', '*', 'a '.repeat(10_000), '\u0001'])
      tokenIn(await postToken(ground, { ...good(), scope }));
  });

  it('knows no other grants, and no prototypes', async () => {
    const none: Refusal = [400, 'unsupported_grant_type', 'grant_type is invalid'];
    for (const grant_type of [
      'password',
      'implicit',
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
      'urn:ietf:params:oauth:grant-type:device_code',
      'Client_Credentials',
      ' client_credentials',
      '__proto__',
      'constructor',
      'toString',
    ])
      assertRefused(await postToken(ground, { ...good(), grant_type }), none, grant_type);
  });

  it('answers its health without a key, and what it rests on with one', async () => {
    const ping = await ask(`${ground.face}/_ping`);
    assert.equal(ping.status, 200);
    assert.deepEqual(Object.keys(ping.json).sort(), [
      'commitId',
      'releaseId',
      'revision',
      'version',
    ]);
    const denied: Refusal = [
      401,
      'Access Denied',
      'Invalid api key for _status monitoring endpoint',
    ];
    const status = (headers: Record<string, string> = {}) =>
      ask(`${ground.face}/_status`, { headers });
    assertRefused(await status(), denied);
    for (const apikey of ['', 'x', 'demo-app-int']) assertRefused(await status({ apikey }), denied);
    const apikey = readFileSync(join(ground.dataDir, 'keys', 'status-api.key'), 'utf8').trim();
    assertRefused(await ask(`${ground.face}/_status?apikey=${apikey}`), denied);
    const answer = await status({ apikey });
    assert.equal(answer.status, 200);
    assert.equal(answer.json.status, 'pass');
    assert.equal(answer.json.checks['store:status'].status, 'pass');
  });

  it('tells where everything is, by the address it was called at', async () => {
    for (const base of [
      ground.face,
      ground.face.replace('/int/', '/uat/'),
      `${ground.face}-mock`,
    ]) {
      const { status, json } = await ask(`${base}/.well-known/openid-configuration`);
      assert.equal(status, 200);
      assert.equal(json.issuer, base);
      assert.equal(json.token_endpoint, `${base}/token`);
      assert.deepEqual(json.token_endpoint_auth_signing_alg_values_supported, ['RS512']);
    }
  });

  it('takes an assertion for any name of its environment, and not for the face beside it', async () => {
    const { url } = ground.platform;
    for (const name of ['int', 'uat'])
      tokenIn(
        await withAssertion(
          ground,
          assertionOf(ground, { aud: `${url}/env/${name}/oauth2/token` }),
        ),
      );
    const mock = { ...ground, face: `${ground.face}-mock` };
    tokenIn(await withAssertion(mock, assertionOf(mock)));
    assert.equal((await withAssertion(mock, assertionOf(ground))).status, 401);
  });

  it('keeps tokens to the environment that gave them', async () => {
    const token = tokenIn(await withAssertion(ground, assertionOf(ground)));
    const sandbox = { ...ground, face: `${ground.platform.url}/oauth2` };
    const elsewhere = tokenIn(
      await withAssertion(sandbox, assertionBy(sandbox, 'demo-app-sandbox')),
    );
    assert.equal(await isAlive(ground, token), true);
    assert.equal(await isAlive(ground, elsewhere), false);
    const userinfo = await ask(`${sandbox.face}/userinfo`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(userinfo.status, 401);
  });

  it('has no simulated face in production', async () => {
    const production = ground.face.replace('/int/', '/prod/');
    assert.equal((await ask(`${production}/_ping`)).status, 200);
    assert.equal((await ask(`${production}-mock/_ping`)).status, 404);
  });
});

describe('limits of the token endpoint', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  before(async () => {
    ground = await startTokenGround({
      environment: { TOKEN_REQUESTS_PER_MINUTE: '5', FAILED_ATTEMPTS_PER_MINUTE: '3' },
    });
  });
  after(() => ground.end());

  const waits = (answer: Awaited<ReturnType<typeof ask>>, what: RegExp) => {
    const seconds = Number(answer.headers.get('retry-after'));
    assert.ok(seconds > 0);
    assert.match(answer.json.error_description, what);
    assertRefused(answer, [429, 'temporarily_unavailable', answer.json.error_description]);
    return seconds;
  };

  it('lets an app have so many tokens a minute, and another app its own', async () => {
    for (let i = 0; i < 5; i++) tokenIn(await withAssertion(ground, assertionOf(ground)));
    const seconds = waits(
      await withAssertion(ground, assertionOf(ground)),
      /more than 5 token requests/,
    );
    tokenIn(await withAssertion(ground, assertionBy(ground, 'demo-two-keys-int')));
    ground.clock.time += seconds * 1000;
    tokenIn(await withAssertion(ground, assertionOf(ground)));
  });

  it('slows down who guesses secrets, longer each time, and not for other clients', async () => {
    const guess = (client_id: string) =>
      postToken(ground, { grant_type: 'refresh_token', client_id, client_secret: 'guess' });
    for (let i = 0; i < 3; i++) assert.equal((await guess('demo-app-int')).status, 401);
    const waited = [];
    for (let i = 0; i < 4; i++) {
      const seconds = waits(await guess('demo-app-int'), /too many failed attempts/);
      waited.push(seconds);
      ground.clock.time += seconds * 1000;
      assert.equal((await guess('demo-app-int')).status, 401);
    }
    assert.deepEqual(waited, [1, 2, 4, 8]);
    assert.equal((await guess('demo-no-asid-int')).status, 401);
    waits(await guess('demo-app-int'), /too many failed attempts/);
    const proven = await withAssertion(ground, assertionOf(ground));
    assert.equal(proven.status, 200, 'who proves the app is not locked out by who does not');
    tokenIn(await withAssertion(ground, assertionBy(ground, 'demo-no-asid-int')));
    assert.match(ground.platform.logged(), /somebody keeps failing to prove a client/);
  });

  it('does not make an app wait for what others at its address do', async () => {
    for (let i = 0; i < 8; i++) await withAssertion(ground, assertionBy(ground, 'nobody'));
    tokenIn(await withAssertion(ground, assertionBy(ground, 'demo-privileged-int')));
  });
});
