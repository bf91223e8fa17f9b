/** Signatures of cross-organisation tokens (RFC 7518 3.1): the algorithms that are taken, over node's own cryptography. */
import { sign, verify, type KeyObject } from 'node:crypto';

export type Algorithm = 'RS256' | 'RS384' | 'RS512' | 'ES256' | 'ES384';

interface Way {
  readonly hash: string;
  readonly type: 'rsa' | 'ec';
  /** In OpenSSL's words; absent for RSA. */
  readonly curve?: string;
}

const ways: Readonly<Record<Algorithm, Way>> = {
  RS256: { hash: 'sha256', type: 'rsa' },
  RS384: { hash: 'sha384', type: 'rsa' },
  RS512: { hash: 'sha512', type: 'rsa' },
  ES256: { hash: 'sha256', type: 'ec', curve: 'prime256v1' },
  ES384: { hash: 'sha384', type: 'ec', curve: 'secp384r1' },
};

export const algorithms = Object.keys(ways) as readonly Algorithm[]; // a constant: it has no other keys

export function isAlgorithm(name: unknown): name is Algorithm {
  return typeof name === 'string' && Object.hasOwn(ways, name);
}

/** Whether a key is one for an algorithm; RSA keys have 2,048 bits or more (RFC 7518 3.3). */
export function keyFits(key: KeyObject, algorithm: Algorithm): boolean {
  const { type, curve } = ways[algorithm];
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== type) return false;
  return type === 'rsa' ? modulusLength >= 2048 : namedCurve === curve;
}

/** The first algorithm that fits a key; undefined where none does. */
export function algorithmFor(key: KeyObject): Algorithm | undefined {
  return algorithms.find((algorithm) => keyFits(key, algorithm));
}

export function signText(text: string, key: KeyObject, algorithm: Algorithm): string {
  const { hash } = ways[algorithm];
  return sign(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}

export function isSignatureOf(
  text: string,
  signature: string,
  key: KeyObject,
  algorithm: Algorithm,
): boolean {
  const { hash } = ways[algorithm];
  const bytes = Buffer.from(signature, 'base64url');
  return verify(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }, bytes);
}
