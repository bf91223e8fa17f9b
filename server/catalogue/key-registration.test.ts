import assert from 'node:assert/strict';
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../core/problem.ts';
import { openEmbeddedStore } from '../store/embedded.ts';
import { burntBy, openBurntKeys } from './burnt-keys.ts';
import { checkKeySet } from './key-registration.ts';
import { thumbprint } from './thumbprint.ts';

const rsaPair = (bits: number) =>
  generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ format: 'jwk' });
const ecPair = (namedCurve: string) =>
  generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'jwk' });
const publicOf = ({ kty, n = '', e = '', crv = '', x = '', y = '' }: JsonWebKey) =>
  kty === 'RSA' ? ({ kty, n, e } as const) : ({ kty: 'EC', crv, x, y } as const);

describe('registering a key set', () => {
  let rsa: JsonWebKey;
  let other: JsonWebKey;
  let p256: JsonWebKey;
  let p384: JsonWebKey;
  before(() => {
    [rsa, other, p256, p384] = [rsaPair(2048), rsaPair(2048), ecPair('P-256'), ecPair('P-384')];
  });

  const none = (_thumbprint: string) => false;
  const check = (keys: unknown, face: 'nhs' | 'any' = 'any', isBurnt = none) =>
    checkKeySet({ keys }, face, isBurnt);
  const key = (more: Record<string, unknown> = {}, of = rsa) => ({
    ...publicOf(of),
    kid: 'test-1',
    ...more,
  });
  const refuses = (says: RegExp, work: () => unknown): Problem => {
    try {
      work();
    } catch (error) {
      assert.ok(error instanceof Problem, String(error));
      assert.equal(error.kind, 'invalid');
      assert.match(error.message, says);
      return error;
    }
    return assert.fail(`not refused: ${says.source}`);
  };

  it('keeps the members that are known and drops all others', () => {
    const sent = {
      ...key({ use: 'sig', alg: 'RS512' }),
      x5c: ['MIIB'],
      x5u: 'https://evil',
      jku: 1,
    };
    assert.deepEqual(check([sent]), [key({ use: 'sig', alg: 'RS512' })]);
    assert.deepEqual(check([{ ...key({}, p256), n: 'junk', key_ops: ['verify'] }]), [
      key({}, p256),
    ]);
  });

  it('takes RSA everywhere and EC outside the NHS face', () => {
    const keys = [
      key({ kid: 'a' }),
      key({ kid: 'b', alg: 'ES256' }, p256),
      key({ kid: 'c', alg: 'ES384' }, p384),
    ];
    assert.equal(check(keys).length, 3);
    assert.equal(check(keys.slice(0, 1), 'nhs').length, 1);
    refuses(/Key 2 has a kty that is not RSA$/, () => check(keys, 'nhs'));
  });

  it('refuses what is no key set', () => {
    for (const value of [null, 1, 'keys', [], [[]], true])
      refuses(/JSON object/, () => checkKeySet(value, 'any', none));
    for (const keys of [undefined, null, {}, 'x']) refuses(/no list "keys"/, () => check(keys));
    refuses(/no key in it/, () => check([]));
    for (const one of [null, 1, 'x', []]) refuses(/Key 1 is no JSON object/, () => check([one]));
  });

  it('refuses more than ten keys, and does so quickly', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => key({ kid: `k${i}` }));
    assert.equal(check(many(10)).length, 10);
    refuses(/11 keys; at most 10/, () => check(many(11)));
    const begun = performance.now();
    refuses(/1000 keys/, () => check(many(1000).map((one) => ({ ...one, d: rsa.d }))));
    assert.ok(performance.now() - begun < 200);
  });

  it('refuses other types of key', () => {
    const kinds = [{ kty: 'oct' }, { kty: 'OKP', crv: 'Ed25519', x: 'AA' }, { kty: 'rsa' }, {}];
    for (const kind of kinds)
      refuses(/kty that is not RSA or EC/, () => check([{ ...kind, kid: 'a' }]));
    refuses(/curve/, () => check([key({ crv: 'P-521' }, p256)]));
    refuses(/curve/, () => check([key({ crv: '__proto__' }, p256)]));
  });

  it('refuses a kid that is missing, long, odd or there twice', () => {
    for (const kid of [undefined, '', 7, null]) refuses(/no kid/, () => check([key({ kid })]));
    for (const kid of ['a b', '../../dev/null', 'ü', 'a\n', 'x'.repeat(129), 'x'.repeat(10_240)])
      refuses(/kid that is not 1 to 128/, () => check([key({ kid })]));
    assert.equal(check([key({ kid: 'A-z._~9'.padEnd(128, 'x') })]).length, 1);
    refuses(/Two keys have the kid test-1/, () => check([key(), key({}, other)]));
  });

  it('refuses another use, and an alg that does not fit the key', () => {
    for (const use of ['enc', '', null, ['sig']]) refuses(/use/, () => check([key({ use })]));
    for (const alg of ['none', 'HS256', 'PS512', 'ES256', 'rs512', null, ['RS512']])
      refuses(/alg/, () => check([key({ alg })]));
    refuses(/not ES256/, () => check([key({ alg: 'ES384' }, p256)]));
    refuses(/not ES384/, () => check([key({ alg: 'ES256' }, p384)]));
    for (const alg of ['RS256', 'RS384', 'RS512']) assert.equal(check([key({ alg })]).length, 1);
  });

  const modulusOf = (bits: number) => {
    const bytes = Buffer.alloc(Math.ceil(bits / 8), 0xff);
    bytes[0] = 0xff >> (bytes.length * 8 - bits);
    return bytes.toString('base64url');
  };

  it('refuses a modulus below 2,048 or above 8,192 bits, in whatever spelling', () => {
    for (const bits of [512, 1024, 2040, 2047])
      refuses(new RegExp(`modulus of ${bits} bits`), () => check([key({ n: modulusOf(bits) })]));
    for (const bits of [2048, 4088, 4096, 8192])
      assert.equal(check([key({ n: modulusOf(bits) })]).length, 1);
    refuses(/at most 8192 bits/, () => check([key({ n: modulusOf(8200) })]));
    refuses(/at most 8192 bits/, () => check([key({ n: modulusOf(1_000_000) })]));
    const padded = Buffer.concat([Buffer.alloc(128), Buffer.from(modulusOf(1024), 'base64url')]);
    refuses(/modulus of 1024 bits/, () => check([key({ n: padded.toString('base64url') })]));
    const even = Buffer.from(modulusOf(2048), 'base64url');
    even[255] = 0xfe;
    refuses(/even modulus/, () => check([key({ n: even.toString('base64url') })]));
    for (const n of [undefined, '', 5, 'AAAA', `${rsa.n}=`, `+${rsa.n}`, ' '])
      refuses(/no modulus/, () => check([key({ n })]));
  });

  it('refuses an exponent other than 65537', () => {
    for (const e of [undefined, '', 'JQ', 'Aw', 'AQ', 'AQAC', 'AQAB=', 65537])
      refuses(/65537/, () => check([key({ e })]));
  });

  it('brings leading zeros into the one right spelling', () => {
    const n = Buffer.concat([Buffer.alloc(1), Buffer.from(rsa.n ?? '', 'base64url')]);
    const sent = key({ n: n.toString('base64url'), e: 'AAEAAQ' });
    assert.deepEqual(check([sent]), [key()]);
  });

  it('refuses a point that is not on its curve', () => {
    for (const more of [{ y: p256.x }, { x: 'AA' }, { x: undefined }, { y: 1 }, { x: p384.x }])
      refuses(/no point of its curve/, () => check([key(more, p256)]));
  });

  describe('with private members', () => {
    it('refuses each of them by name', () => {
      for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])
        refuses(new RegExp(`private members \\(${name}\\) in key 1`), () =>
          check([key({ [name]: 'AA' })]),
        );
      refuses(/private members/, () => check([key({ d: null })]));
    });

    it('burns an RSA key by any of its private numbers', () => {
      for (const name of ['d', 'p', 'q', 'dp', 'dq'] as const) {
        const error = refuses(/can never be used again/, () => check([key({ [name]: rsa[name] })]));
        assert.deepEqual(burntBy(error), [thumbprint(publicOf(rsa))], name);
      }
    });

    it('burns an EC key', () => {
      for (const pair of [p256, p384]) {
        const error = refuses(/never/, () => check([key({ d: pair.d }, pair)], 'nhs'));
        assert.deepEqual(burntBy(error), [thumbprint(publicOf(pair))]);
      }
    });

    it('burns all keys of the set that are given away, whatever else is wrong with it', () => {
      const error = refuses(/in key 2, key 3;/, () =>
        check([key({ kid: '' }), { ...rsa, kid: 'b' }, { ...other, kid: '' }]),
      );
      assert.deepEqual(
        burntBy(error),
        [rsa, other].map((one) => thumbprint(publicOf(one))),
      );
    });

    it('burns nobody else’s key by invented numbers', () => {
      for (const members of [
        { d: other.d },
        { p: other.p, q: other.q },
        { p: 'AQ', q: rsa.n },
        { d: 'AQ' },
        { d: 'AA' },
        { d: 7, p: ['x'] },
        { d: 'f'.repeat(60_000) },
      ]) {
        const error = refuses(/publish the public members alone/, () => check([key(members)]));
        assert.deepEqual(burntBy(error), []);
      }
      const zero = Buffer.alloc(32).toString('base64url');
      for (const d of [p384.d, zero, 'AQ', '', 5])
        assert.deepEqual(burntBy(refuses(/alone/, () => check([key({ d }, p256)]))), []);
    });

    it('takes a bounded time for the costliest numbers', () => {
      for (const bits of [4096, 8192]) {
        const [n, d] = [modulusOf(bits), modulusOf(bits - 2)];
        const keys = Array.from({ length: 10 }, (_, i) => key({ kid: `k${i}`, n, d }));
        const begun = process.cpuUsage();
        refuses(/private members/, () => check(keys));
        assert.ok(
          process.cpuUsage(begun).user < 150_000,
          'in microseconds: all callers wait for it',
        );
      }
    });
  });

  it('refuses a burnt key under any kid', () => {
    const burnt = thumbprint(publicOf(rsa));
    refuses(/Key 2 \(new\) was published/, () =>
      check([key({}, other), key({ kid: 'new' })], 'any', (one) => one === burnt),
    );
  });
});

describe('the thumbprint of a key', () => {
  it('is the one of the example in RFC 7638', () => {
    const jwk = {
      kty: 'RSA',
      n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
      e: 'AQAB',
      alg: 'RS256',
      kid: '2011-04-29',
    } as const;
    assert.equal(thumbprint(jwk), 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  });

  it('is that of jose for RSA and EC', async () => {
    const { calculateJwkThumbprint } = await import('jose');
    for (const pair of [rsaPair(2048), ecPair('P-256'), ecPair('P-384')]) {
      const jwk = publicOf(pair);
      assert.equal(thumbprint(jwk), await calculateJwkThumbprint(jwk));
    }
  });
});

describe('burnt keys', () => {
  it('stay burnt when the server starts again', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'gatehouse-burnt-'));
    let store = await openEmbeddedStore({ dir });
    try {
      const burnt = await openBurntKeys(store);
      assert.equal(burnt.has('a'), false);
      const burning = burnt.burn('a', 'It was in a key set with its private members');
      assert.equal(burnt.has('a'), true);
      await burning;
      await Promise.all([burnt.burn('a', 'again'), burnt.burn('b', 'too')]);
      await store.close();
      store = await openEmbeddedStore({ dir });
      const again = await openBurntKeys(store);
      assert.deepEqual([again.has('a'), again.has('b'), again.has('c')], [true, true, false]);
    } finally {
      await store.close();
      rmSync(dir, { recursive: true });
    }
  });
});
