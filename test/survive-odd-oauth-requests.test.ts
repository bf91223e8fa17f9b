/** Odd requests at the authorisation server: refused in its own words, at once, with nothing of them in the log as sent. */
import assert from 'node:assert/strict';
import { integration, postForm, rootOf, type Ground } from './signed-in-ground.ts';
import { sendRaw, type RawRequest } from './raw-http.ts';

/** A pseudo-random number from 0 up to 1: the same row for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const secretMark = 'sEcReT-mark';
const base64 = (text: string) => Buffer.from(text).toString('base64url');
const jwt = (header: string, claims: string, signature = 'AAAA') =>
  `${base64(header)}.${base64(claims)}.${signature}`;
const head = '{"alg":"RS512","typ":"JWT","kid":"demo-1"}';
const issuer = '"iss":"demo-app-int","sub":"demo-app-int"';

const person = '9912003071';
const oddValues: readonly string[] = [
  '',
  ' ',
  '\0',
  'demo-app-int',
  'demo-app-sandbox',
  '__proto__',
  'constructor',
  'toString',
  '{"$gt":""}',
  '[object Object]',
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  'a\r\nSet-Cookie: x=y',
  '\u001b[31mred\u001b[0m',
  '{"level":"error","message":"forged"}',
  '\u2028\u2029',
  person,
  '٣٣٣',
  '-1',
  '1e400',
  'NaN',
  '9'.repeat(10_000),
  'x'.repeat(20_000),
  '%'.repeat(300),
  '../../etc/passwd',
  'http://localhost:3000/callback',
  'http://localhost:3000/callback#x',
  'javascript:alert(1)',
  'client_credentials',
  'authorization_code',
  'refresh_token',
  'password',
  'implicit',
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  'urn:ietf:params:oauth:token-type:id_token',
  'code',
  'nhs-login',
  '.',
  '..',
  'a.b',
  'a.b.c.d',
  jwt('{"alg":"none"}', '{}', ''),
  jwt(head, `{${issuer},"exp":1e308}`),
  jwt(head, `{${issuer},"exp":${'9'.repeat(5000)}}`),
  jwt(head, `{${issuer},"jti":{},"exp":[1]}`),
  jwt(head, `{"__proto__":{"iss":"demo-app-int"},"sub":1}`),
  jwt(head, `{${issuer},${issuer}}`),
  jwt(head, `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`),
  jwt(head, '['.repeat(5000)),
  jwt('{"alg":"HS512","kid":"__proto__"}', `{${issuer}}`),
  jwt('{"alg":"RS512","kid":"../../x","jku":"http://127.0.0.1:1/","typ":"JWT"}', `{${issuer}}`),
  jwt('[]', '[]'),
  jwt('null', 'null'),
  jwt('"x"', '5'),
  `${base64(head)}..`,
  'Ωμέγα.Ωμέγα.Ωμέγα',
];

/** What must not be logged is marked, so that it can be looked for. */
const secretNames = [
  'client_secret',
  'client_assertion',
  'code',
  'refresh_token',
  'subject_token',
  'logout_token',
  'code_verifier',
];
const names: readonly string[] = [
  ...secretNames,
  ...['grant_type', 'client_id', 'client_assertion_type', 'subject_token_type', 'redirect_uri'],
  ...['response_type', 'state', 'scope', 'acr_values', 'prompt', 'max_age', 'nonce', 'login_hint'],
  ...['code_challenge', 'code_challenge_method', '_access_token_expiry_ms', 'error', 'iss'],
  ...['client_id[$gt]', 'client_id[]', '__proto__', 'constructor[prototype]', 'a.b', ''],
];
const places = [
  '/token',
  '/authorize',
  '/callback',
  '/userinfo',
  '/backchannel_logout',
  '/_status',
  '/_ping',
  '/token/',
  '/TOKEN',
  '/%74oken',
  '/../oauth2/token',
  '',
  '/.well-known/openid-configuration',
];
const methods = ['POST', 'POST', 'POST', 'GET', 'GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'];
const types = [
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=x',
  'application/json',
  'text/plain',
  'multipart/form-data; boundary=x',
  '',
];
const bodies: readonly string[] = [
  '{"grant_type":"client_credentials"}',
  '['.repeat(20_000),
  'grant_type=client_credentials&grant_type=password',
  '&'.repeat(30_000),
  'a=1&'.repeat(60),
  `x=${'y'.repeat(40_000)}`,
  '%zz=%zz',
  '\xff\xfe=\x00',
];

function oddRequest(random: () => number): RawRequest {
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T; // never empty
  const pair = () => {
    const name = one(names);
    const value = one(oddValues) + (secretNames.includes(name) ? secretMark : '');
    return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  };
  const pairs = () => Array.from({ length: Math.floor(random() * 9) }, pair).join('&');
  const method = one(methods);
  const query = random() < 0.5 ? '' : `?${pairs().slice(0, 8000)}`;
  const body = random() < 0.8 ? pairs() : one(bodies);
  return {
    method,
    path: `/env/int${one(['/oauth2', '/oauth2-mock'])}${one(places)}${query}`,
    headers: [
      ['content-type', one(types)],
      ...(random() < 0.3 ? ([['authorization', `Bearer ${secretMark}`]] as const) : []),
      ...(random() < 0.1 ? ([['authorization', 'Basic OnNFY1JlVC1tYXJr']] as const) : []),
      ...(random() < 0.2
        ? ([['cookie', `gatehouse-sign-in-x=${secretMark}; ${'a=b; '.repeat(50)}`]] as const)
        : []),
      ...(random() < 0.2 ? ([['apikey', secretMark]] as const) : []),
      ...(random() < 0.2
        ? ([['x-request-id', one(['a"b', '{}', person, 'x'.repeat(500)])]] as const)
        : []),
    ],
    ...(method === 'GET' || method === 'HEAD' ? {} : { body }),
  };
}

describe('odd requests at the authorisation server', () => {
  let ground: Ground;
  before(async function () {
    this.timeout(60_000);
    ground = await integration();
  });

  it('are answered 500 times at once, in its own words, and never by a fault of ours', async function () {
    this.timeout(30_000);
    const random = seeded(20_260_726);
    const before = ground.platform.logged().length;
    let slowest = 0;
    for (let i = 0; i < 500; i += 10)
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          const request = oddRequest(random);
          const started = performance.now();
          const answer = await sendRaw(ground.platform.port, request, 5000);
          slowest = Math.max(slowest, performance.now() - started);
          const told = `${request.method ?? ''} ${request.path.slice(0, 300)}: ${answer.status} ${answer.body.slice(0, 300)}`;
          assert.ok(answer.status >= 200 && answer.closed && answer.answers === 1, told);
          assert.ok(answer.status < 500 || isLogout(request, answer.status), told);
          assert.doesNotMatch(answer.body, /<script>|<img|sEcReT/, told);
          assert.doesNotMatch(answer.head, /^set-cookie: x=/im, told);
          checkForm(request, answer, told);
        }),
      );
    assert.ok(slowest < 5000);
    checkLog(ground.platform.logged().slice(before));
    assert.equal(Object.hasOwn(Object.prototype, 'iss'), false);
    const ping = await fetch(`${rootOf(ground)}/oauth2/_ping`);
    assert.equal(ping.status, 200);
  });

  it('guess at secrets more slowly each time, whatever they say of their address', async () => {
    const url = `${rootOf(ground)}/oauth2/token`;
    const guess = async (client: string, headers: Record<string, string> = {}) => {
      const form = { grant_type: 'authorization_code', client_id: client, client_secret: 'guess' };
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body: new URLSearchParams(form),
      });
      return [response.status, response.headers.get('retry-after')] as const;
    };
    let last: readonly [number, string | null] = [0, null];
    for (let i = 0; i < 12; i++)
      last = await guess('demo-bad-key-set-int', { 'x-forwarded-for': `203.0.113.${i}` });
    assert.equal(last[0], 429);
    assert.ok(Number(last[1]) >= 1);
    assert.equal((await guess('demo-smart-confidential-int'))[0], 401, 'others are let be');
  });

  it('learn nothing from the answer whether a client is there', async () => {
    const url = `${rootOf(ground)}/oauth2/token`;
    const ask = async (client_id: string) => {
      const form = { grant_type: 'refresh_token', client_id, client_secret: 'guess' };
      const { status, json } = await postForm(url, form);
      return [status, json.error, json.error_description];
    };
    assert.deepEqual(await ask('demo-two-keys-int'), await ask('nobody-at-all'));
  });
});

function isLogout({ path }: RawRequest, status: number): boolean {
  return status === 501 && path.includes('/backchannel_logout');
}

/** A refusal has error, description and an id to look it up by; another verb gets an empty text. */
function checkForm(
  request: RawRequest,
  { status, head, body }: { status: number; head: string; body: string },
  told: string,
): void {
  if (status < 400 || status === 405 || request.method === 'HEAD') return;
  // What is no path of the face is a page of the platform's.
  if (!/^content-type: application\/json/im.test(head)) {
    assert.ok(status === 404 || status === 431, told);
    return;
  }
  const {
    error,
    error_description: text,
    message_id: id,
  } = JSON.parse(body) as Record<string, unknown>;
  assert.ok(
    [error, text, id].every((one) => typeof one === 'string' && one !== ''),
    told,
  );
  assert.match(head, /^cache-control: no-store/im, told);
}

/** Each line is one object of ours, with nothing that a terminal obeys and nothing that opens a door. */
function checkLog(text: string): void {
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const { level, message } = JSON.parse(line) as { level: string; message: string };
    assert.ok(['debug', 'info', 'warn'].includes(level), line.slice(0, 500));
    assert.notEqual(message, 'forged');
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    assert.doesNotMatch(line, /[\x00-\x1f\x7f]/);
    assert.doesNotMatch(line, /[\x80-\x9f\u2028\u2029]/);
    assert.ok(!line.includes(secretMark) && !line.includes(person), line.slice(0, 500));
  }
}
