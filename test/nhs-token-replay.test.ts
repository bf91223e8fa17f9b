import assert from 'node:assert/strict';
import {
  assertionBy,
  assertionOf,
  assertRefused,
  isAlive,
  startTokenGround,
  statuses,
  testKey,
  tokenIn,
  withAssertion,
  type Refusal,
  type TokenGround,
} from './token-ground.ts';

const replayed: Refusal = [
  400,
  'invalid_request',
  "Non-unique 'jti' claim in client_assertion JWT",
];
const twenty = Array.from({ length: 20 });

describe('assertions that come again', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  before(async () => {
    ground = await startTokenGround();
  });
  after(() => ground.end());

  it('works once', async () => {
    const assertion = assertionOf(ground);
    tokenIn(await withAssertion(ground, assertion));
    assertRefused(await withAssertion(ground, assertion), replayed);
  });

  it('gives one token to twenty who send it at once', async () => {
    for (let round = 0; round < 3; round++) {
      const assertion = assertionOf(ground);
      const answers = await Promise.all(twenty.map(() => withAssertion(ground, assertion)));
      assert.deepEqual(statuses(answers), { 200: 1, 400: 19 });
      for (const answer of answers)
        if (answer.status === 200) assert.ok(await isAlive(ground, tokenIn(answer)));
        else assertRefused(answer, replayed);
    }
  });

  it('gives one token to twenty different assertions with one jti', async () => {
    const jti = 'one-for-all';
    const now = Math.floor(ground.clock.time / 1000);
    const answers = await Promise.all(
      twenty.map((_, i) => withAssertion(ground, assertionOf(ground, { jti, exp: now + 100 + i }))),
    );
    assert.deepEqual(statuses(answers), { 200: 1, 400: 19 });
    assertRefused(await withAssertion(ground, assertionOf(ground, { jti })), replayed);
  });

  it('leaves a jti to its client when a forger used it first', async () => {
    const jti = 'the next one';
    for (const forged of [
      assertionOf(ground, { jti }, {}, testKey(4)),
      assertionOf(ground, { jti }, { kid: 'demo-9' }),
      assertionOf(ground, { jti, aud: 'https://elsewhere.example' }),
    ])
      assert.equal((await withAssertion(ground, forged)).status, 401);
    tokenIn(await withAssertion(ground, assertionOf(ground, { jti })));
  });

  it('lets two clients use the same jti, even when ids and jti run into each other', async () => {
    for (const by of ['demo-app-int', 'demo-two-keys-int', 'demo-no-asid-int'])
      tokenIn(await withAssertion(ground, assertionBy(ground, by, { jti: 'shared' })));
    tokenIn(await withAssertion(ground, assertionBy(ground, 'demo-app-int', { jti: ' x' })));
    tokenIn(await withAssertion(ground, assertionBy(ground, 'demo-app-int', { jti: '1  x' })));
  });

  it('remembers for as long as the assertion could be used', async () => {
    const now = Math.floor(ground.clock.time / 1000);
    const assertion = assertionOf(ground, { exp: now + 309 });
    tokenIn(await withAssertion(ground, assertion));
    ground.clock.time += 318_000; // ends at 309 s, and clocks may differ by ten
    assertRefused(await withAssertion(ground, assertion), replayed);
    ground.clock.time += 2_000;
    assertRefused(await withAssertion(ground, assertion), [
      400,
      'invalid_request',
      "Invalid 'exp' claim in client_assertion JWT - JWT has expired",
    ]);
  });

  it('spends nothing when the request is refused for its form', async () => {
    const assertion = assertionOf(ground);
    assert.equal((await withAssertion(ground, assertion, { grant_type: undefined })).status, 400);
    tokenIn(await withAssertion(ground, assertion));
  });

  it('is spent by a use that was proved, even when nothing is given for it', async () => {
    const unapproved = assertionBy(ground, 'demo-unapproved-int');
    assert.equal((await withAssertion(ground, unapproved)).json.error, 'unauthorized_client');
    assertRefused(await withAssertion(ground, unapproved), replayed);
    const exchange = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      subject_token: 'no JWT',
    };
    const assertion = assertionOf(ground);
    const wrong = await withAssertion(ground, assertion, exchange);
    assert.equal(wrong.json.error_description, 'Malformed JWT in subject_token');
    assertRefused(await withAssertion(ground, assertion), replayed);
    assertRefused(await withAssertion(ground, assertion, exchange), replayed);
  });
});
