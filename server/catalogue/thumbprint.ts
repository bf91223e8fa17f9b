/** The name of a public key that depends on nothing but the key (RFC 7638). */
import { createHash } from 'node:crypto';
import type { PublicJwk } from './apps.ts';

/** SHA-256 of the required members in their prescribed order, base64url: 43 characters. Further members do not count. */
export function thumbprint(jwk: Pick<PublicJwk, 'kty' | 'n' | 'e' | 'crv' | 'x' | 'y'>): string {
  const { kty, n, e, crv, x, y } = jwk;
  const required = kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y };
  return createHash('sha256').update(JSON.stringify(required)).digest('base64url');
}
