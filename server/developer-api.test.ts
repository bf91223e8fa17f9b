import assert from 'node:assert/strict';
import { check } from '../test/doctor-ground.ts';
import {
  ask,
  assertionOf,
  jws,
  part,
  startTokenGround,
  type TokenGround,
} from '../test/token-ground.ts';

describe('the API for developers', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  before(async () => {
    ground = await startTokenGround();
  });
  after(() => ground.end());

  const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  const big = 'x'.repeat(16_384);

  for (const [what, body, status] of [
    ['nothing', '', 400],
    ['no JSON', '{', 400],
    ['a list', '[]', 400],
    ['null', 'null', 400],
    ['no token', '{}', 400],
    ['an empty token', '{"token":""}', 400],
    ['a token that is an object', '{"token":{"$ne":1}}', 400],
    ['a token that is a list', '{"token":["a"]}', 400],
    ['an unknown member', '{"token":"x","<b>":1}', 400],
    ['a prototype', '{"token":"x","__proto__":{}}', 400],
    ['a member twice', '{"token":"x","token":"y"}', 400],
    ['an unknown kind', '{"token":"x","kind":"<b>"}', 400],
    ['an unknown face', '{"token":"x","face":"/oauth3"}', 400],
    [
      'a face that is not there',
      '{"token":"x","face":"/management","kind":"client_assertion"}',
      400,
    ],
    ['an unknown environment', '{"token":"x","environment":"<b>"}', 400],
    ['a client id that is an object', '{"token":"x","clientId":{}}', 400],
    ['a client id of nobody', '{"token":"a.b.c","kind":"id_token","clientId":"<b>"}', 400],
    ['too much', JSON.stringify({ token: 'x'.repeat(70_000) }), 413],
    ['too deep', `{"token":${deep(20)}}`, 400],
  ] as const)
    it(`refuses ${what} with ${status} and a sentence`, async () => {
      const answer = await check(ground, body);
      assert.equal(answer.status, status, answer.text);
      assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
      assert.ok(answer.json.detail.length > 10);
      assert.ok(!answer.text.includes('<b>'));
    });

  it('answers any token with a report, however hostile', async () => {
    const tokens = [
      '.',
      '..',
      '....',
      'a.b',
      'a.b.c',
      'a.b.c.d.e',
      ' ',
      '\0',
      '\ud800',
      '😀.😀.😀',
      'é'.repeat(43),
      '%00',
      '-'.repeat(43),
      jws('null', '{}'),
      jws('[]', '{}'),
      jws({}, 'null'),
      jws({}, '5'),
      jws({}, deep(100)),
      jws({}, '{"a":1,"a":2}'),
      jws({}, '{"__proto__":{}}'),
      jws({}, '{"exp":1e400}'),
      jws({ alg: 'none' }, {}),
      jws({ alg: ['RS512'] }, { iss: {} }),
      jws({ alg: 'RS512', kid: '../../dev/null' }, { iss: '__proto__', sub: '__proto__' }),
      jws(
        { alg: 'RS512', kid: 'constructor', crit: ['x'], b64: false },
        { iss: 'constructor', sub: 'constructor' },
      ),
      jws(
        { alg: 'RS512', jku: 'http://127.0.0.1:1/', x5u: 'http://127.0.0.1:1/', jwk: {} },
        { iss: 'demo-app-int', sub: 'demo-app-int' },
      ),
      jws({ alg: 'RS512' }, { exp: -1e300, iat: 1e300, nbf: 'x', aud: [[]], jti: { a: 1 } }),
      jws({ alg: 'RS512' }, { exp: 9e15, iat: -9e15, aud: {}, jti: [] }),
      `${part('{}')}.${part('{}')}.`,
      `${part('{}')}.${part('{}')}.${'A'.repeat(5000)}`,
      jws({ x: big }, {}),
      'x.'.repeat(8000),
      `${big}.${big}.${big}`,
      assertionOf(ground, { iss: ' ', sub: ' ' }),
    ];
    for (const token of tokens)
      for (const kind of ['client_assertion', 'id_token', 'access_token', undefined])
        for (const face of kind === 'client_assertion' ? ['/oauth2', '/management'] : ['/oauth2']) {
          const environment = face === '/management' ? 'sandbox' : 'int';
          const answer = await check(ground, { token, kind, face }, environment);
          if (answer.status === 400 && /[\0\ud800]/.test(token)) continue; // no text
          assert.equal(answer.status, 200, `${kind} ${token.slice(0, 80)}: ${answer.text}`);
          assert.equal(answer.json.verdict.wouldPass, false);
          assert.ok(answer.json.verdict.firstFailure.description.length > 5);
        }
  });

  it('says that a JWT is too long, and what else is wrong with its form', async () => {
    for (const [token, fault] of [
      [jws({ x: big }, {}), /longer than 16384/],
      ['a.b.c.d.e', /encrypted/],
      ['a.b', /2 parts/],
      ['ä.b.c', /base64url/],
      [jws('[]', '{}'), /header is no JSON object/],
    ] as const) {
      const { json } = await check(ground, { token, kind: 'client_assertion' });
      assert.match(json.findings[0].found, fault);
    }
  });

  it('shows no JWT that stands within another', async () => {
    const inner = jws({ alg: 'RS512' }, { sub: 'inner' });
    const { text } = await check(ground, { token: jws({ alg: 'RS512' }, { act: { sub: inner } }) });
    assert.ok(!text.includes(inner.slice(0, 30)));
  });

  it('takes JSON only, and POST only', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal((await check(ground, 'token=x', 'int', form)).status, 415);
    const got = await ask(`${ground.platform.url}/developer/assertion-check?token=x`);
    assert.equal(got.status, 405);
    assert.equal(got.headers.get('allow'), 'POST');
    assert.equal((await ask(`${ground.platform.url}/developer/nothing`)).status, 404);
  });

  it('is there in every environment, and what it answers may not be cached', async () => {
    for (const environment of ['sandbox', 'dev', 'ref', 'int', 'prod']) {
      const { status, headers } = await check(ground, { token: assertionOf(ground) }, environment);
      assert.equal(status, 200);
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
    }
  });

  it('takes 30 checks a minute from an address, and says when the next is', async () => {
    ground.clock.time += 60_000;
    const once = () =>
      ask(`${ground.platform.url}/developer/assertion-check`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"token":"x"}',
      });
    for (let i = 0; i < 30; i++) assert.equal((await once()).status, 200);
    const refused = await once();
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
    assert.match(refused.json.detail, /30 checks a minute/);
    ground.clock.time += 60_000;
    assert.equal((await once()).status, 200);
  });
});
