/** Which keys and signature algorithms certificates may have, and why others are refused. Owns no store. */
import { createPublicKey, type KeyObject } from 'node:crypto';

/** A public key read and judged. */
export interface JudgedKey {
  readonly key: KeyObject;
  /** `RSA 2048`, `P-256`. */
  readonly text: string;
  /** A sentence on what is wrong; absent for a good one. */
  readonly fault?: string;
}

/** @param spki SubjectPublicKeyInfo as DER. Undefined for what is no key at all. */
export function judgeKey(spki: Buffer): JudgedKey | undefined {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
  const text = keyText(key);
  const fault = keyFault(key, text);
  return fault === undefined ? { key, text } : { key, text, fault };
}

/** `RSA 2048`, `P-256`, or the type as node calls it; an exponent that is not the usual one is told. */
export function keyText(key: KeyObject): string {
  const { modulusLength, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa')
    return `RSA ${modulusLength ?? 0}${publicExponent === 65_537n ? '' : ` with the exponent ${String(publicExponent).slice(0, 20)}`}`;
  if (key.asymmetricKeyType === 'ec')
    return curveWords[namedCurve ?? ''] ?? `the curve ${namedCurve ?? 'without a name'}`;
  return key.asymmetricKeyType ?? 'unknown';
}

/** What is wrong with a public key; undefined for a good one. */
export function keyFault(key: KeyObject, text = keyText(key)): string | undefined {
  const wanted = 'RSA of 2048 to 4096 bits, P-256 or P-384 is expected';
  if (key.asymmetricKeyType === 'ec')
    return text === 'P-256' || text === 'P-384'
      ? undefined
      : `${wanted}, and this key is on ${text}`;
  if (key.asymmetricKeyType !== 'rsa') return `${wanted}, and this key is ${text}`;
  const { modulusLength = 0, publicExponent } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < 2048) return `${wanted}, and this key is ${text}, which can be broken`;
  if (modulusLength > 4096)
    return `${wanted}, and this key is ${text}: it adds no security that is needed, and each handshake with it costs both ends many times the work`;
  return publicExponent === 65_537n
    ? undefined
    : `the exponent 65537 is expected, and this key is ${text}`;
}

/** How a signature algorithm is called, and the hash it verifies with; `hash` is absent for those not taken. */
export function signatureOf(id: string): { readonly text: string; readonly hash?: string } {
  return algorithms[id] ?? { text: `the algorithm ${id}` };
}

const curveWords: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

const algorithms: Readonly<Record<string, { readonly text: string; readonly hash?: string }>> = {
  '1.2.840.113549.1.1.11': { text: 'RSA with SHA-256', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { text: 'RSA with SHA-384', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { text: 'RSA with SHA-512', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { text: 'ECDSA with SHA-256', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { text: 'ECDSA with SHA-384', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { text: 'ECDSA with SHA-512', hash: 'sha512' },
  '1.2.840.113549.1.1.4': { text: 'RSA with MD5' },
  '1.2.840.113549.1.1.5': { text: 'RSA with SHA-1' },
  '1.2.840.113549.1.1.10': { text: 'RSA-PSS' },
  '1.2.840.113549.1.1.14': { text: 'RSA with SHA-224' },
  '1.2.840.10045.4.1': { text: 'ECDSA with SHA-1' },
  '1.2.840.10045.4.3.1': { text: 'ECDSA with SHA-224' },
};
