import assert from 'node:assert/strict';
import {
  addApp,
  assertionOf,
  assertRefused,
  demo,
  isAlive,
  postToken,
  redirectUri,
  startTokenGround,
  statuses,
  tokenIn,
  type Fields,
  type Refusal,
  type TokenGround,
} from './token-ground.ts';
import { codeFor, redeem, refresh } from './sign-in-ground.ts';
import { digest } from '../server/auth/tokens.ts';

const twenty = Array.from({ length: 20 });
const wrongCode: Refusal = [400, 'invalid_grant', 'authorization_code is invalid'];
const wrongRefresh: Refusal = [401, 'invalid_grant', 'refresh_token is invalid'];
const wrongClient: Refusal = [401, 'invalid_client', 'client_id or client_secret is invalid'];
const revoked: Refusal = [
  401,
  'access_denied',
  'The developer app associated with the API key is not approved or revoked',
];
const missing = (name: string, status = 400): Refusal => [
  status,
  'invalid_request',
  `${name} is missing`,
];

interface Fault {
  readonly of: string;
  readonly changes: Fields;
  readonly refusal: Refusal;
}

/** Who asks, in the published order. */
const clientFaults: readonly Fault[] = [
  { of: 'id', changes: { client_id: undefined }, refusal: missing('client_id', 401) },
  { of: 'id', changes: { client_id: 'nobody' }, refusal: wrongClient },
  { of: 'id', changes: { client_id: 'demo-app-sandbox' }, refusal: wrongClient },
  { of: 'secret', changes: { client_secret: undefined }, refusal: missing('client_secret', 401) },
  { of: 'secret', changes: { client_secret: '' }, refusal: missing('client_secret', 401) },
  { of: 'secret', changes: { client_secret: 'wrong' }, refusal: wrongClient },
  { of: 'id', changes: { client_id: 'demo-revoked-int' }, refusal: revoked },
];
const codeFaults: readonly Fault[] = [
  ...clientFaults,
  { of: 'uri', changes: { redirect_uri: undefined }, refusal: missing('redirect_uri') },
  {
    of: 'uri',
    changes: { redirect_uri: `${redirectUri}/` },
    refusal: [400, 'invalid_request', 'redirect_uri is invalid'],
  },
  { of: 'code', changes: { code: undefined }, refusal: missing('authorization_code') },
  { of: 'code', changes: { code: 'A'.repeat(43) }, refusal: wrongCode },
];
const refreshFaults: readonly Fault[] = [
  ...clientFaults,
  { of: 'token', changes: { refresh_token: undefined }, refusal: missing('refresh_token') },
  { of: 'token', changes: { refresh_token: 'A'.repeat(43) }, refusal: wrongRefresh },
  { of: 'token', changes: { refresh_token: 'x' }, refusal: wrongRefresh },
];

describe('codes and refresh tokens of the NHS face', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  before(async () => {
    ground = await startTokenGround();
  });
  after(() => ground.end());

  /** First tokens for a worker. */
  const tokens = async (person = {}) => {
    const answer = await redeem(ground, await codeFor(ground, person));
    return { access: tokenIn(answer), refresh: String(answer.json.refresh_token), answer };
  };

  it('answers a code with numbers as texts, and a refresh with one more', async () => {
    for (const [provider, ends] of [
      ['nhs-cis2', '43199'],
      ['nhs-login', '3599'],
    ] as const) {
      const first = await tokens({ provider });
      const { access_token, refresh_token, sid, ...rest } = first.answer.json;
      assert.equal(typeof sid, 'string');
      const told = { expires_in: '599', refresh_token_expires_in: ends, token_type: 'Bearer' };
      assert.deepEqual(rest, { ...told, refresh_count: '0' });
      const next = await refresh(ground, refresh_token);
      assert.notEqual(tokenIn(next), access_token);
      assert.match(next.json.refresh_token, /^[\w-]{43}$/);
      assert.notEqual(next.json.refresh_token, refresh_token);
      assert.deepEqual(Object.keys(next.json).sort(), [
        'access_token',
        'expires_in',
        'refresh_count',
        'refresh_token',
        'refresh_token_expires_in',
        'token_type',
      ]);
      assert.equal(next.json.refresh_count, '1');
      assert.equal(next.json.refresh_token_expires_in, ends);
      assert.ok(await isAlive(ground, next.json.access_token));
    }
  });

  it('answers a request for a code with the first fault of the published order', async () => {
    for (const [i, first] of codeFaults.entries()) {
      assertRefused(await redeem(ground, 'x', first.changes), first.refusal);
      for (const second of codeFaults.slice(i + 1))
        if (first.of !== second.of) {
          const answer = await redeem(ground, 'x', { ...second.changes, ...first.changes });
          assertRefused(answer, first.refusal, JSON.stringify([first.changes, second.changes]));
        }
    }
  });

  it('answers a request to refresh with the first fault of the published order', async () => {
    for (const [i, first] of refreshFaults.entries()) {
      assertRefused(await refresh(ground, 'x', first.changes), first.refusal);
      for (const second of refreshFaults.slice(i + 1))
        if (first.of !== second.of) {
          const answer = await refresh(ground, 'x', { ...second.changes, ...first.changes });
          assertRefused(answer, first.refusal, JSON.stringify([first.changes, second.changes]));
        }
    }
  });

  it('refuses two proofs of a client, or a verifier in the place of one', async () => {
    const code = await codeFor(ground);
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri };
    const one: Refusal = [
      400,
      'invalid_request',
      'only client_id and client_secret in the form are accepted here',
    ];
    const basic = { authorization: `Basic ${btoa(`${demo}:${ground.secret}`)}` };
    assertRefused(await postToken(ground, { ...form, client_id: demo }, basic), one);
    assertRefused(await redeem(ground, code, { client_assertion: assertionOf(ground) }), one);
    const verifier = { client_secret: undefined, code_verifier: 'v'.repeat(43) };
    assertRefused(await redeem(ground, code, verifier), missing('client_secret', 401));
    tokenIn(await redeem(ground, code));
  });

  it('kills what a code gave when it comes again', async () => {
    const code = await codeFor(ground);
    const first = await redeem(ground, code);
    assert.ok(await isAlive(ground, tokenIn(first)));
    const second = await refresh(ground, first.json.refresh_token);
    assertRefused(await redeem(ground, code), wrongCode);
    for (const { json } of [first, second]) {
      assert.equal(await isAlive(ground, json.access_token), false);
      assertRefused(await refresh(ground, json.refresh_token), wrongRefresh);
    }
  });

  it('gives tokens to one of twenty who bring a code at once, and kills them', async () => {
    for (let round = 0; round < 3; round++) {
      const code = await codeFor(ground);
      const answers = await Promise.all(twenty.map(() => redeem(ground, code)));
      assert.deepEqual(statuses(answers), { 200: 1, 400: 19 });
      for (const answer of answers)
        if (answer.status === 400) assertRefused(answer, wrongCode);
        else {
          assert.equal(await isAlive(ground, tokenIn(answer)), false);
          assertRefused(await refresh(ground, answer.json.refresh_token), wrongRefresh);
        }
    }
  });

  it('leaves a code to its app when another brings it', async () => {
    const thief = { client_id: 'demo-two-keys-int' };
    const own = await addApp(ground, 'thief', { redirectUris: ['https://thief.example/'] });
    const code = await codeFor(ground);
    assertRefused(await redeem(ground, code, thief), wrongCode);
    const elsewhere = { client_id: own, redirect_uri: 'https://thief.example/' };
    assertRefused(await redeem(ground, code, elsewhere), wrongCode);
    const wrong = { redirect_uri: 'http://localhost:3000/callback' };
    assertRefused(await redeem(ground, code, wrong), [
      400,
      'invalid_request',
      'redirect_uri is invalid',
    ]);
    tokenIn(await redeem(ground, code));
  });

  it('takes no code of another place, nor any other secret for a code', async () => {
    const mock = { ...ground, face: `${ground.face}-mock` };
    const sandbox = { ...ground, face: ground.face.replace('/env/int', '') };
    const code = await codeFor(ground);
    const there = { client_id: 'demo-app-sandbox' };
    assert.equal((await redeem(sandbox, code, there)).status, 401, 'the secret is another');
    const { access, refresh: token } = await tokens();
    for (const wrong of [access, token, digest(code), `${code} `, code.slice(1)])
      assertRefused(await redeem(ground, wrong), wrongCode);
    tokenIn(await redeem(mock, await codeFor(mock)));
  });

  it('forgets a code after 300 s', async () => {
    for (const [after, good] of [
      [299_999, true],
      [300_000, false],
    ] as const) {
      const code = await codeFor(ground);
      ground.clock.time += after;
      const answer = await redeem(ground, code);
      if (good) tokenIn(answer);
      else assertRefused(answer, wrongCode);
      ground.clock.time -= after;
    }
  });

  describe('with PKCE', () => {
    const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
    const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
    const asked = { code_challenge: challenge, code_challenge_method: 'S256' };

    it('wants the verifier of the challenge, and spends the code on any other', async () => {
      for (const code_verifier of [
        undefined,
        '',
        challenge,
        verifier.slice(1),
        `${verifier}x`,
        verifier.toLowerCase(),
        'x'.repeat(129),
        'é'.repeat(43),
      ]) {
        const code = await codeFor(ground, { asked });
        assertRefused(await redeem(ground, code, { code_verifier }), wrongCode, code_verifier);
        assertRefused(await redeem(ground, code, { code_verifier: verifier }), wrongCode, 'spent');
      }
      const code = await codeFor(ground, { asked });
      tokenIn(await redeem(ground, code, { code_verifier: verifier }));
    });

    it('takes no verifier for a code without a challenge', async () => {
      const code = await codeFor(ground);
      assertRefused(await redeem(ground, code, { code_verifier: verifier }), wrongCode);
    });
  });

  it('kills the family when a refresh token comes again', async () => {
    const first = await tokens();
    const second = await refresh(ground, first.refresh);
    const third = await refresh(ground, second.json.refresh_token);
    assert.ok(await isAlive(ground, tokenIn(third)));
    assertRefused(await refresh(ground, first.refresh), wrongRefresh);
    for (const token of [first.access, second.json.access_token, third.json.access_token])
      assert.equal(await isAlive(ground, token), false);
    assertRefused(await refresh(ground, third.json.refresh_token), wrongRefresh);
  });

  it('refreshes for one of twenty who bring a token at once, and kills the family', async () => {
    for (let round = 0; round < 3; round++) {
      const first = await tokens();
      const answers = await Promise.all(twenty.map(() => refresh(ground, first.refresh)));
      assert.deepEqual(statuses(answers), { 200: 1, 401: 19 });
      for (const answer of answers)
        if (answer.status === 401) assertRefused(answer, wrongRefresh);
        else {
          assert.equal(await isAlive(ground, tokenIn(answer)), false);
          assertRefused(await refresh(ground, answer.json.refresh_token), wrongRefresh);
        }
      assert.equal(await isAlive(ground, first.access), false);
    }
  });

  it('spends nothing when another app brings a refresh token', async () => {
    const first = await tokens();
    const thief = { client_id: 'demo-two-keys-int' };
    assertRefused(await refresh(ground, first.refresh, thief), wrongRefresh);
    assertRefused(await refresh(ground, first.access), wrongRefresh);
    tokenIn(await refresh(ground, first.refresh));
    // nor when it brings a spent one
    assertRefused(await refresh(ground, first.refresh, thief), wrongRefresh);
    assert.ok(await isAlive(ground, first.access));
  });

  it('forgets all that it may not do any more when an app is revoked', async () => {
    const id = await addApp(ground, 'to-be-revoked', {}, ['pds-user-restricted']);
    const asked = { client_id: id };
    const answer = await redeem(ground, await codeFor(ground, { asked }), asked);
    const token = tokenIn(answer);
    const atUserinfo = async () =>
      (await fetch(`${ground.face}/userinfo`, { headers: { authorization: `Bearer ${token}` } }))
        .status;
    assert.equal(await isAlive(ground, token), true);
    assert.equal(await atUserinfo(), 200);
    await addApp(ground, 'to-be-revoked', { state: 'revoked' });
    assert.equal(await isAlive(ground, token), false);
    assertRefused(await refresh(ground, answer.json.refresh_token, asked), revoked);
    assert.equal(await atUserinfo(), 401);
  });
});
