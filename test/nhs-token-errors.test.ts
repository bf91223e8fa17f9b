import assert from 'node:assert/strict';
import { assertionFaults, invalid, seconds, sendFaulty } from './assertion-faults.ts';
import {
  assertionBy,
  assertionOf,
  assertRefused,
  startTokenGround,
  testKey,
  tokenIn,
  withAssertion,
  type TokenGround,
} from './token-ground.ts';

const x = ' in client_assertion JWT';

describe('errors of the token endpoint for signed JWTs', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  before(async () => {
    ground = await startTokenGround();
  });
  after(() => ground.end());

  it('gives a token when nothing is wrong, with numbers as texts and nothing more', async () => {
    const answer = await sendFaulty(ground, []);
    tokenIn(answer);
    assert.deepEqual(Object.keys(answer.json), [
      'access_token',
      'expires_in',
      'token_type',
      'issued_at',
    ]);
    assert.equal(answer.json.expires_in, '599');
    assert.equal(answer.json.token_type, 'Bearer');
    assert.equal(answer.json.issued_at, String(ground.clock.time));
  });

  for (const fault of assertionFaults)
    it(`refuses ${fault.name}`, async () => {
      assertRefused(await sendFaulty(ground, [fault]), fault.refusal);
    });

  it('answers with the first fault of the published order, for each pair of them', async () => {
    let pairs = 0;
    for (const [i, first] of assertionFaults.entries())
      for (const second of assertionFaults.slice(i + 1)) {
        // what has the same name in two faults would be changed twice
        if (first.of === second.of) continue;
        const answer = await sendFaulty(ground, [first, second]);
        assertRefused(answer, first.refusal, `${first.name}, ${second.name}`);
        pairs++;
      }
    assert.ok(pairs > 280, `${pairs} pairs`);
  });

  it('takes typ in any letters, and an audience in a list of one', async () => {
    for (const typ of ['jwt', 'Jwt'])
      tokenIn(await withAssertion(ground, assertionOf(ground, {}, { typ })));
    tokenIn(await withAssertion(ground, assertionOf(ground, { aud: [`${ground.face}/token`] })));
  });

  it('takes both keys of an app that is replacing its own', async () => {
    const by = { iss: 'demo-two-keys-int', sub: 'demo-two-keys-int' };
    tokenIn(await withAssertion(ground, assertionBy(ground, 'demo-two-keys-int')));
    tokenIn(await withAssertion(ground, assertionOf(ground, by, { kid: 'demo-2' }, testKey(1))));
    assertRefused(await withAssertion(ground, assertionOf(ground, by, { kid: 'demo-2' })), [
      401,
      'public_key error',
      'JWT signature verification failed',
    ]);
  });

  it('allows clocks ten seconds, and no more', async () => {
    const now = seconds(ground);
    for (const [claims, refusal] of [
      [{ exp: now - 9 }, undefined],
      [{ exp: now - 11 }, `Invalid 'exp' claim${x} - JWT has expired`],
      [{ exp: now + 309, iat: now + 9, nbf: now + 9 }, undefined],
      [{ exp: now + 311 }, `Invalid 'exp' claim${x} - more than 5 minutes in future`],
      [{ iat: now + 11 }, `Invalid 'iat' claim${x} - must not be in the future`],
      [{ nbf: now + 11 }, `Invalid 'nbf' claim${x} - must not be in the future`],
      [{ iat: 'today' }, `Invalid 'iat' claim${x} - must not be in the future`],
    ] as const) {
      const answer = await withAssertion(ground, assertionOf(ground, claims));
      if (refusal === undefined) tokenIn(answer);
      else assertRefused(answer, invalid(refusal));
    }
  });
});
