/** Reads certification requests (PKCS #10, RFC 2986) from PEM or DER, and says where it stopped. Judges nothing. */
import {
  objectIdOf,
  partAt,
  partsOf,
  readDer,
  wholeBitsOf,
  DerFault,
  type Der,
} from './der-read.ts';
import { namesIn, readExtensions } from './certificate-facts.ts';
import { extensionIds } from './extensions.ts';
import { readName, type Attribute } from './names.ts';

export interface RequestContent {
  readonly version: number;
  readonly subject: readonly Attribute[];
  /** SubjectPublicKeyInfo as DER. */
  readonly publicKey: Buffer;
  readonly dnsNames: readonly string[];
  /** Names that are neither DNS names nor addresses; of addresses nothing is told. */
  readonly otherNames: number;
  /** Identifiers of the other extensions that are asked for. */
  readonly otherExtensions: readonly string[];
  /** Identifier of the signature's algorithm, what is signed, and the signature. */
  readonly algorithm: string;
  readonly signedBytes: Buffer;
  readonly signature: Buffer;
}

export const mostRequestBytes = 16 * 1024;

/** What was sent is no request: why, and how far it could be read. */
export class RequestUnreadable extends Error {}

/** @throws RequestUnreadable */
export function readRequest(given: string | Buffer): RequestContent {
  if (given.length > mostRequestBytes)
    throw new RequestUnreadable(
      `A request of at most ${mostRequestBytes} bytes is expected, and this has ${given.length}`,
    );
  const der = typeof given === 'string' || given[0] !== 0x30 ? fromPem(given.toString()) : given;
  try {
    return content(readDer(der));
  } catch (error) {
    if (!(error instanceof DerFault)) throw error;
    throw new RequestUnreadable(
      `A certification request (PKCS #10) is expected, and reading stops at byte ${error.at} of ${der.length}: ${error.message}`,
    );
  }
}

function content(request: Der): RequestContent {
  const [info, algorithm, signature] = threeParts(request);
  const parts = partsOf(info);
  const version = partAt(parts, 0, 0x02, 'the version');
  const attributes = parts[3]?.tag === 0xa0 ? partsOf(parts[3]) : [];
  return {
    version: version.content.length === 1 ? (version.content[0] ?? 0) + 1 : 0,
    subject: readName(partAt(parts, 1, 0x30, 'the subject')),
    publicKey: partAt(parts, 2, 0x30, 'the public key').whole,
    ...asked(attributes),
    algorithm: objectIdOf(partAt(partsOf(algorithm), 0, 0x06, 'the signature algorithm')),
    signedBytes: info.whole,
    signature: wholeBitsOf(signature),
  };
}

function threeParts(request: Der): [Der, Der, Der] {
  if (request.tag !== 0x30) throw new DerFault(0, 'a sequence is expected here');
  const parts = partsOf(request);
  return [
    partAt(parts, 0, 0x30, 'what is requested'),
    partAt(parts, 1, 0x30, 'the signature algorithm'),
    partAt(parts, 2, 0x03, 'the signature'),
  ];
}

const extensionRequest = '1.2.840.113549.1.9.14';

/** RFC 2985 5.4.2. */
function asked(attributes: readonly Der[]) {
  const request = attributes
    .map(partsOf)
    .find(
      (parts) =>
        objectIdOf(partAt(parts, 0, 0x06, 'the type of an attribute')) === extensionRequest,
    );
  const extensions = request ? readExtensions(partAt(request, 1, 0x31, 'the extensions')) : [];
  const names = extensions.find(({ id }) => id === extensionIds.subjectAltName);
  return {
    ...(names ? namesIn(names.value) : { dnsNames: [], otherNames: 0 }),
    otherExtensions: extensions.filter((one) => one !== names).map(({ id }) => id),
  };
}

const beginning = /^-----BEGIN (NEW )?CERTIFICATE REQUEST-----$/;
const ending = /^-----END (NEW )?CERTIFICATE REQUEST-----$/;

function fromPem(text: string): Buffer {
  const lines = text.split('\n').map((line) => line.trim());
  const from = lines.findIndex((line) => beginning.test(line));
  if (from < 0) throw new RequestUnreadable(missingBeginning(lines));
  const length = lines.slice(from + 1).findIndex((line) => line.startsWith('-----'));
  const end = from + 1 + length;
  if (length < 0 || !ending.test(lines[end] ?? ''))
    throw new RequestUnreadable(
      `The line "-----END CERTIFICATE REQUEST-----" is expected, and the text stops at line ${length < 0 ? lines.length : end + 1} without it`,
    );
  const body = lines.slice(from + 1, end);
  const wrong = body.findIndex((line) => !/^[A-Za-z0-9+/]*={0,2}$/.test(line));
  if (wrong >= 0)
    throw new RequestUnreadable(
      `Base64 is expected, and line ${from + wrong + 2} holds something else`,
    );
  return Buffer.from(body.join(''), 'base64');
}

function missingBeginning(lines: readonly string[]): string {
  const wanted = 'The line "-----BEGIN CERTIFICATE REQUEST-----" is expected';
  const other = lines.find((line) => /^-----BEGIN [A-Z0-9 ]{1,40}-----$/.test(line));
  return other === undefined
    ? `${wanted}, and it is not there`
    : `${wanted}, and ${other.slice(0, 60)} is there`;
}
