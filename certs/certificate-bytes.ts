/** Puts a certificate together and signs it (RFC 5280 4.1). Says nothing of what should be in it: profiles.ts does. */
import { createHash, sign, type KeyObject } from 'node:crypto';
import { bits, explicit, integer, objectId, sequence, time, unsigned } from './der.ts';

/** All that is in a certificate. */
export interface CertificateContent {
  readonly serial: Buffer;
  /** Names as DER. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo as DER. */
  readonly publicKey: Buffer;
  readonly extensions: readonly Buffer[];
}

export type SignatureHash = 'sha256' | 'sha1';

/** The certificate as DER; signed in the background. @param hash `sha1` is there for tests of its refusal */
export async function signedCertificate(
  content: CertificateContent,
  key: KeyObject,
  hash: SignatureHash = 'sha256',
): Promise<Buffer> {
  const toSign = sequence(
    explicit(0, integer(2)),
    unsigned(content.serial),
    signatureAlgorithm(key, hash),
    content.issuer,
    sequence(time(content.notBefore), time(content.notAfter)),
    content.subject,
    content.publicKey,
    explicit(3, sequence(...content.extensions)),
  );
  return signed([toSign], key, hash);
}

/** What is to be signed (its bytes may come in pieces), the algorithm, and the signature: a certificate or a list. */
export async function signed(
  pieces: readonly Buffer[],
  key: KeyObject,
  hash: SignatureHash = 'sha256',
): Promise<Buffer> {
  const toSign = Buffer.concat(pieces);
  const signature = await inBackground(toSign, key, hash);
  return sequence(toSign, signatureAlgorithm(key, hash), bits(signature));
}

/** The AlgorithmIdentifier of what this key signs. */
export function signatureAlgorithm(key: KeyObject, hash: SignatureHash = 'sha256'): Buffer {
  return key.asymmetricKeyType === 'ec'
    ? sequence(objectId(ecAlgorithms[hash]))
    : sequence(objectId(rsaAlgorithms[hash]), Buffer.of(0x05, 0x00));
}

/** The key identifier of a public key: the first 160 bits of its SHA-256 (RFC 7093 2, method 1). */
export function keyIdentifier(publicBits: Buffer): Buffer {
  return createHash('sha256').update(publicBits).digest().subarray(0, 20);
}

const ecAlgorithms: Readonly<Record<SignatureHash, string>> = {
  sha256: '1.2.840.10045.4.3.2',
  sha1: '1.2.840.10045.4.1',
};
const rsaAlgorithms: Readonly<Record<SignatureHash, string>> = {
  sha256: '1.2.840.113549.1.1.11',
  sha1: '1.2.840.113549.1.1.5',
};

function inBackground(data: Buffer, key: KeyObject, hash: SignatureHash): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign(hash, data, key, (error, signature) => {
      if (error) reject(error);
      else resolve(signature);
    });
  });
}
