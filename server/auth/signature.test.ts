import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { PublicJwk } from '../catalogue/apps.ts';
import { decodeJwt, type DecodedJwt } from './jwt.ts';
import { isSignedBy, selectKey, toVerifyingKeys, type SigningAlgorithm } from './signature.ts';

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function jwtOf(key: KeyObject, alg: string, header: object = {}): DecodedJwt {
  const signed = `${part({ alg, ...header })}.${part({ iss: 'x' })}`;
  const ec = key.asymmetricKeyType === 'ec' ? ({ dsaEncoding: 'ieee-p1363' } as const) : {};
  const signature = sign(`sha${alg.slice(2)}`, Buffer.from(signed), { key, ...ec });
  const jwt = decodeJwt(`${signed}.${signature.toString('base64url')}`);
  return 'fault' in jwt ? assert.fail(jwt.fault) : jwt;
}

describe('signatures', () => {
  const pairs = {
    rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    other: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  };
  const keyOf = (name: keyof typeof pairs) => {
    const jwk = { ...pairs[name].publicKey.export({ format: 'jwk' }), kid: name } as PublicJwk; // a key that node made
    return toVerifyingKeys([jwk])[0] ?? assert.fail();
  };

  it('are those of the key, by the algorithm that is asked for', () => {
    for (const [name, alg] of [
      ['rsa', 'RS256'],
      ['rsa', 'RS384'],
      ['rsa', 'RS512'],
      ['p256', 'ES256'],
      ['p384', 'ES384'],
    ] as const) {
      const jwt = jwtOf(pairs[name].privateKey, alg);
      assert.equal(isSignedBy(jwt, keyOf(name), alg), true, alg);
      for (const other of [
        'RS256',
        'RS384',
        'RS512',
        'ES256',
        'ES384',
      ] satisfies SigningAlgorithm[])
        if (other !== alg)
          assert.equal(isSignedBy(jwt, keyOf(name), other), false, `${alg} ${other}`);
    }
    assert.equal(isSignedBy(jwtOf(pairs.rsa.privateKey, 'RS512'), keyOf('other'), 'RS512'), false);
    // the right algorithm over the wrong curve
    assert.equal(isSignedBy(jwtOf(pairs.p384.privateKey, 'ES256'), keyOf('p384'), 'ES256'), false);
  });

  it('have one spelling, and cover all that was sent', () => {
    const jwt = jwtOf(pairs.rsa.privateKey, 'RS512');
    const key = keyOf('rsa');
    for (const signature of [
      '',
      'A',
      jwt.signature.slice(1),
      `${jwt.signature}A`,
      `${jwt.signature}==`,
    ])
      assert.equal(isSignedBy({ ...jwt, signature }, key, 'RS512'), false);
    const last = jwt.signature.at(-1) ?? '';
    for (const other of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
      if (other !== last)
        assert.equal(
          isSignedBy({ ...jwt, signature: jwt.signature.slice(0, -1) + other }, key, 'RS512'),
          false,
        );
    assert.equal(isSignedBy({ ...jwt, signed: `${jwt.signed}A` }, key, 'RS512'), false);
    const { signature } = jwtOf(pairs.p256.privateKey, 'ES256');
    const zero = Buffer.alloc(64).toString('base64url');
    const ec = jwtOf(pairs.p256.privateKey, 'ES256');
    for (const wrong of [zero, signature.slice(2)])
      assert.equal(isSignedBy({ ...ec, signature: wrong }, keyOf('p256'), 'ES256'), false);
  });

  it('count for nothing where the header asks for more than is understood', () => {
    for (const header of [{ crit: [] }, { crit: ['exp'] }, { b64: true }, { b64: false }])
      assert.equal(
        isSignedBy(jwtOf(pairs.rsa.privateKey, 'RS512', header), keyOf('rsa'), 'RS512'),
        false,
      );
  });

  it('are checked with the one key of that kid and kind', () => {
    const [rsa, p256] = [keyOf('rsa'), keyOf('p256')];
    const keys = [rsa, p256, { ...rsa, kid: 'twice' }, { ...p256, kid: 'twice' }];
    assert.equal(selectKey(keys, 'rsa', 'RS512'), rsa);
    assert.equal(selectKey(keys, 'p256', 'ES256'), p256);
    assert.equal(selectKey(keys, 'rsa', 'ES256'), undefined);
    assert.equal(selectKey(keys, 'p256', 'RS512'), undefined);
    for (const kid of ['twice', 'none', '', '__proto__', 'RSA'])
      assert.equal(selectKey(keys, kid, 'RS512'), undefined);
  });
});
