/** Extensions of certificates and lists (RFC 5280 4.2 and 5.2), each from plain values to DER. */
import {
  bits,
  explicit,
  implicit,
  integer,
  objectId,
  octets,
  sequence,
  tagged,
  trueValue,
} from './der.ts';

/** Bits of keyUsage by name, as many as are used here. */
export type KeyUsage = 'digitalSignature' | 'keyEncipherment' | 'keyCertSign' | 'cRLSign';
export type ExtendedUsage = 'serverAuth' | 'clientAuth';

/** Identifiers of extensions. */
export const extensionIds = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
} as const;

/** Any extension. @param value its DER */
export function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(objectId(id), ...(critical ? [trueValue] : []), octets(value));
}

/** Critical. For an authority, how many others may follow below it; absent: any number. */
export function basicConstraints(authority: boolean, pathLength?: number): Buffer {
  const limit = pathLength === undefined ? [] : [integer(pathLength)];
  return extension(
    extensionIds.basicConstraints,
    authority ? sequence(trueValue, ...limit) : sequence(),
    true,
  );
}

/** Critical. */
export function keyUsage(usages: readonly KeyUsage[]): Buffer {
  let byte = 0;
  for (const usage of usages) byte |= 0x80 >> usageBits[usage];
  const unused = 31 - Math.clz32(byte & -byte);
  return extension(extensionIds.keyUsage, bits(Buffer.of(byte), unused), true);
}

export function extendedKeyUsage(usages: readonly ExtendedUsage[]): Buffer {
  return extension(
    extensionIds.extKeyUsage,
    sequence(...usages.map((usage) => objectId(extendedIds[usage]))),
  );
}

export function subjectKeyIdentifier(keyId: Buffer): Buffer {
  return extension(extensionIds.subjectKeyIdentifier, octets(keyId));
}

export function authorityKeyIdentifier(keyId: Buffer): Buffer {
  return extension(extensionIds.authorityKeyIdentifier, sequence(implicit(0, keyId)));
}

/** @param addresses IPv4 or IPv6 as 4 or 16 bytes */
export function subjectAltName(
  dnsNames: readonly string[],
  addresses: readonly Buffer[] = [],
): Buffer {
  return extension(
    extensionIds.subjectAltName,
    sequence(...dnsNames.map(dnsName), ...addresses.map((bytes) => implicit(7, bytes))),
  );
}

/** Where the list of the issuer is found. @param url an http address in ASCII */
export function crlDistributionPoint(url: string): Buffer {
  const name = tagged(0xa0, implicit(6, Buffer.from(url, 'latin1')));
  return extension(extensionIds.crlDistributionPoints, sequence(sequence(explicit(0, name))));
}

/** Critical. The names below it must end in one of these domains, and addresses must be this machine's own. */
export function nameConstraints(domains: readonly string[]): Buffer {
  const subtrees = [...domains.map(dnsName), ...ownAddresses.map((bytes) => implicit(7, bytes))];
  return extension(
    extensionIds.nameConstraints,
    sequence(tagged(0xa0, ...subtrees.map((subtree) => sequence(subtree)))),
    true,
  );
}

export function crlNumber(number: number): Buffer {
  return extension(extensionIds.crlNumber, integer(number));
}

const usageBits: Readonly<Record<KeyUsage, number>> = {
  digitalSignature: 0,
  keyEncipherment: 2,
  keyCertSign: 5,
  cRLSign: 6,
};

const extendedIds: Readonly<Record<ExtendedUsage, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
};

/** 127.0.0.0/8 and ::1, each with its mask (RFC 5280 4.2.1.10). */
const ownAddresses: readonly Buffer[] = [
  Buffer.from([127, 0, 0, 0, 255, 0, 0, 0]),
  Buffer.concat([Buffer.alloc(15), Buffer.of(1), Buffer.alloc(16, 0xff)]),
];

function dnsName(name: string): Buffer {
  return implicit(2, Buffer.from(name, 'latin1'));
}
