/**
 * Checking a JWS signature with a registered key: the algorithm comes from the use's own list, the key from the
 * registration; the token's header only selects among them (RFC 8725 3.1). The only place that verifies.
 */
import { constants, createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { PublicJwk } from '../catalogue/apps.ts';
import type { DecodedJwt } from './jwt.ts';

export type SigningAlgorithm = 'RS256' | 'RS384' | 'RS512' | 'ES256' | 'ES384';

/** A key ready for use. */
export interface VerifyingKey {
  readonly kid: string;
  readonly kty: 'RSA' | 'EC';
  readonly key: KeyObject;
}

/** Keys to choose from, made ready once. @throws when a member is no key. */
export function toVerifyingKeys(keys: readonly PublicJwk[]): readonly VerifyingKey[] {
  return keys.map((jwk) => ({
    kid: jwk.kid,
    kty: jwk.kty,
    key: createPublicKey({ key: { ...jwk }, format: 'jwk' }),
  }));
}

/** The one key with this `kid` and a kty that fits; none when there are several (RFC 7515 4.1.4). */
export function selectKey(
  keys: readonly VerifyingKey[],
  kid: string,
  algorithm: SigningAlgorithm,
): VerifyingKey | undefined {
  const kty = algorithm.startsWith('RS') ? 'RSA' : 'EC';
  const named = keys.filter((key) => key.kid === kid);
  return named.length === 1 && named[0]?.kty === kty ? named[0] : undefined;
}

/** Whether the signature is that key's. `algorithm` must come from the use's list. */
export function isSignedBy(
  jwt: DecodedJwt,
  { key }: VerifyingKey,
  algorithm: SigningAlgorithm,
): boolean {
  if (jwt.signature === '' || 'crit' in jwt.header || 'b64' in jwt.header) return false;
  const digest = `sha${algorithm.slice(2)}`;
  const signature = Buffer.from(jwt.signature, 'base64url');
  // Buffer passes over what is not of the alphabet's last bits: only the one right spelling is the signature.
  if (signature.toString('base64url') !== jwt.signature) return false;
  const data = Buffer.from(jwt.signed, 'latin1');
  try {
    return algorithm.startsWith('RS')
      ? verify(digest, data, { key, padding: constants.RSA_PKCS1_PADDING }, signature)
      : verify(digest, data, { key, dsaEncoding: 'ieee-p1363' }, signature) && fits(key, algorithm);
  } catch {
    return false; // a signature of the wrong length for the key
  }
}

/** ES256 is of P-256 and ES384 of P-384 (RFC 7518 3.4). */
function fits(key: KeyObject, algorithm: SigningAlgorithm): boolean {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return curve === (algorithm === 'ES256' ? 'prime256v1' : 'secp384r1');
}
