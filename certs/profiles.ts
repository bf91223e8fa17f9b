/**
 * What each kind of certificate contains, as data, and the one function that makes one. Owns lives, usages and extensions;
 * whether somebody may have one is decided in requests.ts and register.ts.
 */
import { createPublicKey, randomBytes, type KeyObject } from 'node:crypto';
import { partsOf, readDer, wholeBitsOf } from './der-read.ts';
import { keyIdentifier, signedCertificate } from './certificate-bytes.ts';
import {
  authorityKeyIdentifier,
  basicConstraints,
  crlDistributionPoint,
  extendedKeyUsage,
  keyUsage,
  nameConstraints,
  subjectAltName,
  subjectKeyIdentifier,
  type ExtendedUsage,
  type KeyUsage,
} from './extensions.ts';

export type ProfileName = 'root' | 'issuing' | 'client' | 'endpoint' | 'server';

export interface Profile {
  readonly days: number;
  readonly usages: readonly KeyUsage[];
  readonly extended: readonly ExtendedUsage[];
  /** Whether it may sign certificates, and how many authorities may follow below it. */
  readonly authority?: { readonly pathLength?: number };
}

const authorityUsages = ['keyCertSign', 'cRLSign'] as const;

/** `client`: an accredited system. `endpoint`: a supplier's inbound endpoint, which calls as well. `server`: this platform. */
const profiles: Readonly<Record<ProfileName, Profile>> = {
  root: { days: 20 * 365, usages: authorityUsages, extended: [], authority: {} },
  issuing: { days: 8 * 365, usages: authorityUsages, extended: [], authority: { pathLength: 0 } },
  client: { days: 365, usages: ['digitalSignature'], extended: ['clientAuth'] },
  endpoint: { days: 365, usages: ['digitalSignature'], extended: ['serverAuth', 'clientAuth'] },
  server: { days: 90, usages: ['digitalSignature'], extended: ['serverAuth'] },
};

/** Who signs: an authority as a certificate needs it. */
export interface Signer {
  /** Its name as DER. */
  readonly name: Buffer;
  readonly key: KeyObject;
  readonly keyId: Buffer;
  /** Nothing that it signs lives longer. Milliseconds since the epoch. */
  readonly notAfter: number;
}

export interface CertificateOrder {
  readonly profile: ProfileName;
  /** Its name as DER. */
  readonly subject: Buffer;
  /** SubjectPublicKeyInfo as DER. */
  readonly publicKey: Buffer;
  readonly signer: Signer;
  readonly dnsNames?: readonly string[];
  /** 4 or 16 bytes each. */
  readonly addresses?: readonly Buffer[];
  /** Where the list of the signer is found; absent in a root. */
  readonly crl?: string;
  /** What names below an issuing authority must end in. */
  readonly domains?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A certificate as DER, signed in the background. */
export async function makeCertificate(order: CertificateOrder): Promise<Buffer> {
  const { signer, now } = order;
  const notBefore = now - backDated;
  const wanted = notBefore + profiles[order.profile].days * day;
  return signedCertificate(
    {
      serial: newSerial(),
      issuer: signer.name,
      subject: order.subject,
      notBefore,
      notAfter: Math.min(wanted, signer.notAfter),
      publicKey: order.publicKey,
      extensions: extensionsOf(order),
    },
    signer.key,
  );
}

/** The key identifier that certificates name a public key by. @param publicKey SubjectPublicKeyInfo as DER */
export function keyIdOf(publicKey: Buffer): Buffer {
  const bitString = partsOf(readDer(publicKey))[1];
  if (!bitString) throw new TypeError('This is no public key');
  return keyIdentifier(wholeBitsOf(bitString));
}

/** 128 random bits, not negative. The first byte is not 0, so that its hexadecimal form has one length. */
export function newSerial(): Buffer {
  for (;;) {
    const bytes = randomBytes(16);
    if (bytes[0] !== 0) return bytes;
  }
}

export const day = 24 * 60 * 60_000;

/** So that a caller's clock that is behind does not refuse what is new. */
const backDated = 5 * 60_000;

function extensionsOf(order: CertificateOrder): Buffer[] {
  const { profile, publicKey, signer, dnsNames = [], addresses = [] } = order;
  const { authority, usages, extended } = profiles[profile];
  const keyId = keyIdOf(publicKey);
  const isRsa =
    createPublicKey({ key: publicKey, format: 'der', type: 'spki' }).asymmetricKeyType === 'rsa';
  // Only an RSA key is ever encrypted to (RFC 5280 4.2.1.3, RFC 8813 3).
  const all = !authority && isRsa ? [...usages, 'keyEncipherment' as const] : usages;
  return [
    basicConstraints(authority !== undefined, authority?.pathLength),
    keyUsage(all),
    ...(extended.length === 0 ? [] : [extendedKeyUsage(extended)]),
    subjectKeyIdentifier(keyId),
    authorityKeyIdentifier(signer.keyId),
    ...(dnsNames.length + addresses.length === 0 ? [] : [subjectAltName(dnsNames, addresses)]),
    ...(order.crl === undefined ? [] : [crlDistributionPoint(order.crl)]),
    ...(order.domains === undefined ? [] : [nameConstraints(order.domains)]),
  ];
}
