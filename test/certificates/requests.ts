/** Certification requests for tests, right and wrong ones, without a foreign program. */
import { sign, type KeyObject } from 'node:crypto';
import { bits, explicit, integer, objectId, sequence, setOfOne } from '../../certs/der.ts';
import { signatureAlgorithm, type SignatureHash } from '../../certs/certificate-bytes.ts';
import { subjectAltName } from '../../certs/extensions.ts';
import { writeName, type NamePart } from '../../certs/names.ts';
import { toPem } from '../../certs/pem.ts';
import { publicDer } from './keys.ts';

export interface RequestParts {
  readonly key: KeyObject;
  readonly subject: readonly (readonly [NamePart, string])[];
  readonly dnsNames?: readonly string[];
  /** Other extensions that are asked for, as DER. */
  readonly extensions?: readonly Buffer[];
  readonly version?: number;
  readonly hash?: SignatureHash;
  /** Signs in the place of the key. */
  readonly signer?: KeyObject;
}

/** A request as PEM. */
export function makeRequest(parts: RequestParts): string {
  return toPem('CERTIFICATE REQUEST', makeRequestDer(parts));
}

export function makeRequestDer({
  key,
  subject,
  dnsNames = [],
  extensions = [],
  version = 1,
  hash = 'sha256',
  signer = key,
}: RequestParts): Buffer {
  const asked = [...(dnsNames.length === 0 ? [] : [subjectAltName(dnsNames)]), ...extensions];
  const attributes =
    asked.length === 0
      ? []
      : [sequence(objectId('1.2.840.113549.1.9.14'), setOfOne(sequence(...asked)))];
  const info = sequence(
    integer(version - 1),
    writeName(subject),
    publicDer(key),
    explicit(0, Buffer.concat(attributes)),
  );
  const isPlain = signer.asymmetricKeyType === 'ed25519';
  return sequence(
    info,
    isPlain ? sequence(objectId('1.3.101.112')) : signatureAlgorithm(signer, hash),
    bits(sign(isPlain ? null : hash, info, signer)),
  );
}
