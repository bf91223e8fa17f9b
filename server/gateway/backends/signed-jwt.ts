/** Signs assertions of this gateway as an OAuth client of others. Owns the JWS form (RFC 7515) of the three algorithms. */
import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

export type Algorithm = 'RS512' | 'RS384' | 'ES384';

const signLater = promisify(sign); // in the pool of threads: an RSA signature takes milliseconds
const hashes = { RS512: 'sha512', RS384: 'sha384', ES384: 'sha384' } as const;

/** A compact JWS over the claims. Rejects when the key does not fit the algorithm. */
export async function signedJwt(
  claims: Readonly<Record<string, unknown>>,
  { key, kid, algorithm }: { key: KeyObject; kid: string; algorithm: Algorithm },
): Promise<string> {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const text = `${encode({ alg: algorithm, typ: 'JWT', kid })}.${encode(claims)}`;
  const signature = await signLater(hashes[algorithm], Buffer.from(text), {
    key,
    dsaEncoding: 'ieee-p1363', // RFC 7518 3.4; of no meaning to RSA
  });
  return `${text}.${signature.toString('base64url')}`;
}

/** The key in a PEM text; undefined when there is none that the algorithm can use. */
export function signingKey(pem: string, algorithm: Algorithm): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === (algorithm === 'ES384' ? 'ec' : 'rsa') ? key : undefined;
  } catch {
    return undefined; // what OpenSSL says of it may quote the text
  }
}
