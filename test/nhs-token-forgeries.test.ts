import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import {
  addApp,
  ask,
  assertionClaims,
  assertionOf,
  assertRefused,
  demo,
  goodHeader,
  isAlive,
  jws,
  macced,
  part,
  postToken,
  publicJwk,
  publicPem,
  startTokenGround,
  testKey,
  tokenIn,
  withAssertion,
  type Refusal,
  type TokenGround,
} from './token-ground.ts';

const x = ' in client_assertion JWT';
const invalid = (description: string, status = 400): Refusal => [
  status,
  'invalid_request',
  description,
];
const malformed = invalid('Malformed JWT in client_assertion');
const otherAlg = invalid(`Invalid 'alg' header${x} - unsupported JWT algorithm - must be 'RS512'`);
const noKey = invalid(`Invalid 'kid' header${x} - no matching public key`, 401);
const unsigned: Refusal = [401, 'public_key error', 'JWT signature verification failed'];
const otherAud = invalid(`Missing or invalid 'aud' claim${x}`, 401);
const noInteger = invalid(`Invalid 'exp' claim${x} - must be an integer`);

describe('forged and misshapen assertions', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  /** Where a forger's header would have keys fetched from. */
  let host: Server;
  let hostUrl: string;
  let called = 0;

  before(async () => {
    host = createServer((_request, response) => {
      called++;
      response.end('{}');
    });
    host.on('connection', () => called++);
    await new Promise<void>((resolve) => host.listen(0, resolve));
    hostUrl = `http://localhost:${(host.address() as AddressInfo).port}`; // it listens on a port
    ground = await startTokenGround({ environment: { LOCAL_ADDRESSES: 'allow' } });
  });
  after(async () => {
    await ground.end();
    host.close();
  });

  const refused = async (assertion: string, refusal: Refusal, what: string) => {
    assertRefused(await withAssertion(ground, assertion), refusal, what);
  };
  const claims = (changes = {}) => assertionClaims(ground, changes);

  it('takes no unsigned assertion, however alg is spelt', async () => {
    for (const alg of ['none', 'None', 'nOnE', 'NONE']) {
      const text = `${part({ ...goodHeader, alg })}.${part(claims())}`;
      await refused(`${text}.`, otherAlg, alg);
      await refused(`${text}.${part('x')}`, otherAlg, alg);
      await refused(text, malformed, `${alg}, two parts`);
    }
    const text = `${part(goodHeader)}.${part(claims())}`;
    await refused(`${text}.`, unsigned, 'RS512 without a signature');
  });

  it('takes no other algorithm, were it signed with the right key', async () => {
    const others = [
      'RS256',
      'RS384',
      'PS256',
      'PS384',
      'PS512',
      'ES256',
      'ES384',
      'ES512',
      'EdDSA',
    ];
    for (const alg of [...others, 'rs512', ' RS512', '', null, 512, ['RS512'], undefined]) {
      const hash = typeof alg === 'string' && alg.endsWith('256') ? 'sha256' : 'sha512';
      await refused(jws({ ...goodHeader, alg }, claims(), testKey(0), hash), otherAlg, String(alg));
    }
  });

  it('takes no MAC that is keyed with the public key', async () => {
    const jwk = publicJwk(testKey(0), 'demo-1');
    const pem = publicPem(testKey(0));
    for (const key of [pem, pem.trim(), JSON.stringify(jwk), JSON.stringify({ keys: [jwk] })])
      for (const [alg, hash] of [
        ['HS256', 'sha256'],
        ['HS512', 'sha512'],
      ] as const)
        await refused(macced({ ...goodHeader, alg }, claims(), key, hash), otherAlg, alg);
    await refused(macced(goodHeader, claims(), pem), unsigned, 'a MAC called RS512');
  });

  it('never believes a key in the header, and fetches nothing that it names', async () => {
    const jwk = publicJwk(testKey(4), 'demo-1');
    const x5c = [publicPem(testKey(4)).replaceAll(/-----[A-Z ]+-----|\n/g, '')];
    const metadata = 'http://169.254.169.254/latest/meta-data/';
    for (const extra of [
      { jwk },
      { x5c },
      { x5t: 'x', 'x5t#S256': 'x' },
      { jku: `${hostUrl}/jwks.json` },
      { x5u: `${hostUrl}/cert.pem` },
      { jku: metadata, x5u: metadata },
      { jku: `${ground.face}/authorize?redirect_uri=${hostUrl}` },
      { jwk, x5c, jku: hostUrl, x5u: hostUrl },
    ]) {
      const forged = assertionOf(ground, {}, extra, testKey(4));
      await refused(forged, unsigned, JSON.stringify(Object.keys(extra)));
      const unknown = assertionOf(ground, {}, { ...extra, kid: 'demo-9' }, testKey(4));
      await refused(unknown, noKey, JSON.stringify(Object.keys(extra)));
    }
    assert.equal(called, 0, 'the host that the headers name was called');
  });

  it('looks for a kid among the registered ones, whatever it spells', async () => {
    for (const kid of [
      '../../dev/null',
      "' OR 1=1 --",
      '{"$gt":""}',
      '__proto__',
      'constructor',
      'toString',
      'demo-1\0',
      'DEMO-1',
      ' demo-1',
    ]) {
      const refusal = kid.includes('\0') ? malformed : noKey;
      await refused(assertionOf(ground, {}, { kid }), refusal, kid);
    }
    await refused(assertionOf(ground, {}, { kid: 'k'.repeat(10_000) }), noKey, '10,000 characters');
    for (const kid of [['demo-1'], { kid: 'demo-1' }, 1, null, ''])
      await refused(assertionOf(ground, {}, { kid }), invalid(`Missing 'kid' header${x}`), '');
  });

  it('uses neither of two keys of one kid, nor a key of another kind', async () => {
    const twice = {
      kind: 'value',
      keys: [0, 1].map((i) => publicJwk(testKey(i), 'demo-1')),
    } as const;
    const iss = await addApp(ground, 'two-of-one-kid', { keys: twice });
    for (const key of [testKey(0), testKey(1)])
      await refused(assertionOf(ground, { iss, sub: iss }, {}, key), noKey, 'two keys of one kid');
    const ec = {
      kty: 'EC',
      kid: 'demo-1',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    } as const;
    const other = await addApp(ground, 'other-kty', { keys: { kind: 'value', keys: [ec] } });
    await refused(assertionOf(ground, { iss: other, sub: other }), noKey, 'an EC key');
  });

  it('refuses what it would have to understand', async () => {
    for (const extra of [
      { crit: ['exp'] },
      { crit: [] },
      { b64: false },
      { b64: false, crit: ['b64'] },
    ])
      await refused(assertionOf(ground, {}, extra), unsigned, JSON.stringify(extra));
    const zipped = gzipSync(JSON.stringify(claims())).toString('latin1');
    await refused(jws({ ...goodHeader, zip: 'DEF' }, zipped), malformed, 'compressed');
  });

  it('reads compact signed JWTs only', async () => {
    const good = assertionOf(ground);
    const [head = '', payload = '', signature = ''] = good.split('.');
    for (const text of [
      JSON.stringify({ payload, protected: head, signature }),
      JSON.stringify({ payload, signatures: [{ protected: head, signature }] }),
      `${head}.${part('key')}.${part('iv')}.${payload}.${part('tag')}`,
      jws({ ...goodHeader, cty: 'JWT' }, good),
      `${good}.`,
      `.${good}`,
      `${head}..${signature}`,
      `.${payload}.${signature}`,
      '..',
      'x',
      `${head}=.${payload}.${signature}`,
      `${head} .${payload}.${signature}`,
      `${head}.${payload}.${signature}==`,
      good.replaceAll('.', '\u2024'),
    ])
      await refused(text, malformed, text.slice(0, 30));
    // the same bytes in another spelling are another text
    const last = signature.at(-1) === 'A' ? 'B' : 'A';
    await refused(`${head}.${payload}.${signature.slice(0, -1)}${last}`, unsigned, 'changed');
  });

  it('refuses a payload or header that is no JSON object, or says something twice', async () => {
    const { exp } = claims();
    const body = JSON.stringify(claims());
    for (const payload of [
      'null',
      '[]',
      '42',
      '"text"',
      '',
      '{',
      `${body}x`,
      body.replace('{', `{"iss":"nobody",`),
      body.replace('{', `{"exp":${String(exp)},`),
      body.replace('{', '{"__proto__":{"iss":"x"},'),
      `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`,
      body.replace('}', ',"n":1e400}'),
    ])
      await refused(jws(goodHeader, payload), malformed, payload.slice(0, 40));
    for (const header of ['null', '[]', '{"alg":"RS512","alg":"RS512","kid":"demo-1","typ":"JWT"}'])
      await refused(jws(header, claims()), malformed, header);
  });

  it('reads exp as whole seconds', async () => {
    const now = Math.floor(ground.clock.time / 1000);
    const expired = invalid(`Invalid 'exp' claim${x} - JWT has expired`);
    const far = invalid(`Invalid 'exp' claim${x} - more than 5 minutes in future`);
    for (const [exp, refusal] of [
      [String(now + 60), noInteger],
      [now + 60.5, noInteger],
      [{}, noInteger],
      [[now + 60], noInteger],
      [true, noInteger],
      [null, noInteger],
      [1e300, noInteger],
      [-1, expired],
      [0, expired],
      [-1e300, expired],
      [now * 1000, far],
      [8_640_000_000_001, far],
    ] as const)
      await refused(assertionOf(ground, { exp }), refusal, JSON.stringify(exp));
  });

  it('is particular about its own address', async () => {
    const good = `${ground.face}/token`;
    const root = ground.platform.url;
    for (const aud of [
      undefined,
      '',
      null,
      [],
      {},
      good.slice(0, -1),
      `${good}/`,
      `${good}x`,
      `${good}?`,
      `${good}#`,
      good.toUpperCase(),
      good.replace('http:', 'https:'),
      good.replace('http://', ''),
      good.replace('/oauth2', '/oauth2-mock'),
      ground.face,
      `${root}/oauth2/token`,
      `${root}/env/ref/oauth2/token`,
      'https://int.api.service.nhs.uk/oauth2/token',
      [good, 'https://stranger.example'],
      [good, good],
    ])
      await refused(assertionOf(ground, { aud }), otherAud, JSON.stringify(aud));
  });

  it('knows no assertion of another environment, and tells nobody where the client id belongs', async () => {
    const elsewhere = 'demo-app-sandbox';
    const [own, forged] = [testKey(0), testKey(4)].map((key) =>
      assertionOf(ground, { iss: elsewhere, sub: elsewhere }, {}, key),
    );
    for (const assertion of [own, forged])
      await refused(assertion ?? '', invalid(`Invalid 'iss'/'sub' claims${x}`, 401), 'sandbox');
  });

  it('proves one client: iss and sub and client_id', async () => {
    const pair = invalid(`Missing or non-matching 'iss'/'sub' claims${x}`);
    for (const wrong of [
      { iss: undefined },
      { sub: undefined },
      { iss: 'nobody' },
      { iss: '', sub: '' },
      { iss: null, sub: null },
      { iss: [demo], sub: [demo] },
    ])
      await refused(assertionOf(ground, wrong), pair, JSON.stringify(wrong));
    const victim = await addApp(ground, 'victim', {
      keys: { kind: 'value', keys: [publicJwk(testKey(1), 'demo-1')] },
    });
    await refused(assertionOf(ground, { iss: victim, sub: victim }), unsigned, 'with an own key');
    const answer = await withAssertion(ground, assertionOf(ground), { client_id: victim });
    assertRefused(answer, invalid('client_id does not match the client_assertion'));
    tokenIn(await withAssertion(ground, assertionOf(ground), { client_id: demo }));
  });

  it('takes one way to prove a client, from the form and nowhere else', async () => {
    const basic = { authorization: `Basic ${btoa(`${demo}:${ground.secret}`)}` };
    const one = invalid('only client_id and client_secret in the form are accepted here');
    const byCode = { grant_type: 'authorization_code', client_id: demo, code: 'c' };
    assertRefused(await postToken(ground, byCode, basic), one);
    const both = { ...byCode, client_secret: ground.secret, client_assertion: assertionOf(ground) };
    assertRefused(await postToken(ground, both), one);
    const inQuery = await ask(
      `${ground.face}/token?grant_type=client_credentials&client_assertion=${assertionOf(ground)}`,
      { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    );
    assertRefused(inQuery, invalid('grant_type is missing'));
  });

  it('answers 413 to 300 KB and goes on serving', async () => {
    const huge = assertionOf(ground, { filler: 'x'.repeat(225_000) });
    const [big, good] = await Promise.all([
      withAssertion(ground, huge),
      withAssertion(ground, assertionOf(ground)),
    ]);
    assert.equal(big.status, 413);
    assert.equal(big.json.error, 'invalid_request');
    tokenIn(good);
    await refused(assertionOf(ground, { filler: 'x'.repeat(13_000) }), malformed, '17 KB');
  });

  it('takes no kind of token for another', async () => {
    const good = await withAssertion(ground, assertionOf(ground));
    const token = tokenIn(good);
    assert.equal(await isAlive(ground, token), true);
    await refused(token, malformed, 'an access token as assertion');
    const assertion = assertionOf(ground);
    assert.equal(await isAlive(ground, assertion), false, 'an assertion as access token');
    for (const changed of [`${token}A`, token.slice(0, -1), token.toLowerCase(), 'x'.repeat(43)])
      assert.equal(await isAlive(ground, changed), false);
    const asRefresh = {
      grant_type: 'refresh_token',
      client_id: demo,
      client_secret: ground.secret,
    };
    for (const refresh_token of [token, assertion])
      assertRefused(await postToken(ground, { ...asRefresh, refresh_token }), [
        401,
        'invalid_grant',
        'refresh_token is invalid',
      ]);
  });
});
