/**
 * A certificate read once, with what our checks ask: node's own reading, and from the DER what node does not tell. Owns
 * reading; judging is in certificate-checks.ts and explain.ts.
 */
import { hash, X509Certificate, type KeyObject } from 'node:crypto';
import { objectIdOf, partAt, partsOf, readDer, timeOf, type Der } from './der-read.ts';
import { extensionIds } from './extensions.ts';
import { nameText, readName, type Attribute } from './names.ts';
import { pemBlocks } from './pem.ts';

export interface CertificateFacts {
  readonly x509: X509Certificate;
  readonly der: Buffer;
  /** SHA-256 of the DER, base64url (RFC 8705 `x5t#S256`). */
  readonly thumbprint: string;
  /** SHA-256 of the SubjectPublicKeyInfo, base64url. */
  readonly spki: string;
  /** Lower-case hex. */
  readonly serial: string;
  readonly subject: readonly Attribute[];
  readonly issuer: readonly Attribute[];
  readonly subjectText: string;
  readonly issuerText: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Object identifier of the algorithm it is signed with. */
  readonly signatureAlgorithm: string;
  readonly key: KeyObject;
  /** In the order given; upper and lower case as sent. */
  readonly dnsNames: readonly string[];
  /** Other names than DNS names and addresses: how many. */
  readonly otherNames: number;
  readonly authority: boolean;
  readonly pathLength: number | undefined;
  /** The bits of keyUsage; undefined without the extension. */
  readonly usageBits: number | undefined;
  /** Object identifiers; undefined without the extension. */
  readonly extended: readonly string[] | undefined;
  /** What names below it must end in; undefined without such a rule. */
  readonly domains: readonly string[] | undefined;
  readonly extensions: readonly CertificateExtension[];
}

export interface CertificateExtension {
  readonly id: string;
  readonly critical: boolean;
  readonly value: Buffer;
}

/**
 * The first certificate of a PEM text, or one as DER.
 * @throws Error (DerFault, or node's own) for what is none
 */
export function certificateFacts(given: string | Buffer): CertificateFacts {
  const der = typeof given === 'string' ? derOf(given) : given;
  const read = readCertificate(der);
  const x509 = new X509Certificate(der);
  const find = (id: string) => read.extensions.find((one) => one.id === id)?.value;
  const names = find(extensionIds.subjectAltName);
  const basic = find(extensionIds.basicConstraints);
  const usage = find(extensionIds.keyUsage);
  const extended = find(extensionIds.extKeyUsage);
  const constraints = find(extensionIds.nameConstraints);
  return {
    ...read,
    ...(names ? namesIn(names) : { dnsNames: [], otherNames: 0 }),
    ...basicOf(basic),
    x509,
    der,
    thumbprint: digest(der),
    spki: digest(read.publicKey),
    key: x509.publicKey,
    subjectText: nameText(read.subject),
    issuerText: nameText(read.issuer),
    usageBits: usage === undefined ? undefined : readDer(usage).content.readUInt8(1),
    extended: extended && partsOf(readDer(extended)).map(objectIdOf),
    domains: constraints && permittedIn(constraints),
  };
}

/** SHA-256, base64url. */
export function digest(bytes: Buffer): string {
  return hash('sha256', bytes, 'base64url' as 'hex'); // node knows it; its types do not say so
}

function derOf(pem: string): Buffer {
  const block = pemBlocks(pem).find(({ label }) => label === 'CERTIFICATE');
  if (!block) throw new TypeError('There is no certificate in the text');
  return block.der;
}

/** RFC 5280 4.1. */
function readCertificate(der: Buffer) {
  const [toSign] = partsOf(readDer(der));
  if (!toSign) throw new TypeError('The certificate is empty');
  const all = partsOf(toSign);
  const parts = all[0]?.tag === 0xa0 ? all.slice(1) : all;
  const serial = partAt(parts, 0, 0x02, 'the serial number');
  const algorithm = partsOf(partAt(parts, 1, 0x30, 'the algorithm'));
  const [from, to] = partsOf(partAt(parts, 3, 0x30, 'the validity'));
  const extensions = parts.find(({ tag }) => tag === 0xa3);
  if (!from || !to) throw new TypeError('The certificate has no validity');
  return {
    serial: serial.content.toString('hex').replace(/^00(?=.)/, ''),
    signatureAlgorithm: objectIdOf(partAt(algorithm, 0, 0x06, 'the algorithm')),
    issuer: readName(partAt(parts, 2, 0x30, 'the issuer')),
    notBefore: timeOf(from),
    notAfter: timeOf(to),
    subject: readName(partAt(parts, 4, 0x30, 'the subject')),
    publicKey: partAt(parts, 5, 0x30, 'the public key').whole,
    extensions: extensions ? readExtensions(extensions) : [],
  };
}

/** What `[3]` of a certificate, or an extension request, holds around its list. @throws DerFault */
export function readExtensions(around: Der): CertificateExtension[] {
  const list = partAt(partsOf(around), 0, 0x30, 'the list of extensions');
  return partsOf(list).map((one) => {
    const parts = partsOf(one);
    const critical = parts[1]?.tag === 0x01 && parts[1].content[0] !== 0;
    const value = partAt(parts, parts.length - 1, 0x04, 'the value of an extension');
    return {
      id: objectIdOf(partAt(parts, 0, 0x06, 'the type of an extension')),
      critical,
      value: value.content,
    };
  });
}

/** @param value of a subjectAltName @throws DerFault */
export function namesIn(value: Buffer): { dnsNames: string[]; otherNames: number } {
  const names = partsOf(readDer(value));
  const dnsNames = names.filter(({ tag }) => tag === 0x82).map(({ content }) => ascii(content));
  const addresses = names.filter(({ tag }) => tag === 0x87).length;
  return { dnsNames, otherNames: names.length - dnsNames.length - addresses };
}

function basicOf(value: Buffer | undefined) {
  const parts = value ? partsOf(readDer(value)) : [];
  const authority = parts[0]?.tag === 0x01 && parts[0].content[0] !== 0;
  const limit = parts.find(({ tag }) => tag === 0x02);
  return { authority, pathLength: limit?.content.readUIntBE(0, Math.min(6, limit.content.length)) };
}

function permittedIn(value: Buffer): string[] {
  const permitted = partsOf(readDer(value)).find(({ tag }) => tag === 0xa0);
  return partsOf(permitted ?? readDer(Buffer.of(0x30, 0)))
    .flatMap((subtree) => partsOf(subtree).slice(0, 1))
    .filter(({ tag }) => tag === 0x82)
    .map(({ content }) => ascii(content));
}

function ascii(content: Buffer): string {
  return content.toString('latin1');
}
