/**
 * Revocation lists (RFC 5280 5) as bytes: one entry, the signed whole, and reading one back. The bytes of each entry are
 * made once, so that making a list is joining and signing. Owns the form; when one is made is in lists.ts.
 */
import { verify, type KeyObject } from 'node:crypto';
import type { RevocationReason } from './certificate-record.ts';
import { signatureAlgorithm, signed } from './certificate-bytes.ts';
import { enumerated, explicit, headOf, integer, sequence, time, unsigned } from './der.ts';
import {
  eachPart,
  objectIdOf,
  partAt,
  partsOf,
  readDer,
  timeOf,
  wholeBitsOf,
  type Der,
} from './der-read.ts';
import { authorityKeyIdentifier, crlNumber, extension, extensionIds } from './extensions.ts';
import { signatureOf } from './key-rules.ts';
import type { Signer } from './profiles.ts';

/** One entry. @param serial hexadecimal @param at milliseconds since the epoch */
export function crlEntry(serial: string, at: number, reason: RevocationReason): Buffer {
  return sequence(
    unsigned(Buffer.from(serial.padStart(serial.length + (serial.length % 2), '0'), 'hex')),
    time(at),
    ...reasonBytes[reason],
  );
}

export interface ListContent {
  readonly signer: Signer;
  readonly entries: readonly Buffer[];
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

/** The list as DER, signed in the background. */
export function signedList(content: ListContent): Promise<Buffer> {
  const { signer, entries, number, thisUpdate, nextUpdate } = content;
  const before = [
    integer(1),
    signatureAlgorithm(signer.key),
    signer.name,
    time(thisUpdate),
    time(nextUpdate),
  ];
  const size = lengthOf(entries);
  // An empty list of entries must be absent (RFC 5280 5.1.2.6).
  const middle = size === 0 ? [] : [headOf(0x30, size), ...entries];
  const after = explicit(0, sequence(authorityKeyIdentifier(signer.keyId), crlNumber(number)));
  const pieces = [...before, ...middle, after];
  return signed([headOf(0x30, lengthOf(pieces)), ...pieces], signer.key);
}

export interface ReadList {
  /** The issuer's name as DER. */
  readonly issuer: Buffer;
  /** Milliseconds since the epoch; `nextUpdate` must be there (RFC 5280 5.1.2.5). */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly number: number | undefined;
  /** Serial numbers in lower-case hex, read when asked for, with turns for others in between. */
  serials(): Promise<Set<string>>;
  /** Whether this key signed it. */
  isSignedBy(key: KeyObject): Promise<boolean>;
}

/** @throws Error (DerFault) for what is no list */
export function readList(der: Buffer): ReadList {
  const whole = topOf(der);
  const parts = partsOf(whole);
  const toSign = partAt(parts, 0, 0x30, 'what is signed');
  const algorithm = partAt(parts, 1, 0x30, 'the algorithm');
  const signature = wholeBitsOf(partAt(parts, 2, 0x03, 'the signature'));
  const all = partsOf(toSign);
  const fields = all[0]?.tag === 0x02 ? all.slice(1) : all;
  const [, , from, to] = fields;
  if (!from || !to) throw new TypeError('The list has no dates');
  const entries = fields[4]?.tag === 0x30 ? fields[4] : undefined;
  const { hash } = signatureOf(objectIdOf(partAt(partsOf(algorithm), 0, 0x06, 'the algorithm')));
  return {
    issuer: partAt(fields, 1, 0x30, 'the issuer').whole,
    thisUpdate: timeOf(from),
    nextUpdate: timeOf(to),
    number: numberIn(fields),
    serials: () => serialsIn(entries),
    isSignedBy: (key) =>
      hash === undefined ? Promise.resolve(false) : verifies(hash, toSign.whole, key, signature),
  };
}

/** "unspecified" is said by saying nothing (RFC 5280 5.3.1). */
function reasonExtension(code: number): Buffer[] {
  return code === 0 ? [] : [sequence(extension('2.5.29.21', enumerated(code)))];
}

/** Made once: a list may hold thousands. */
const reasonBytes: Readonly<Record<RevocationReason, readonly Buffer[]>> = {
  unspecified: reasonExtension(0),
  keyCompromise: reasonExtension(1),
  affiliationChanged: reasonExtension(3),
  superseded: reasonExtension(4),
  cessationOfOperation: reasonExtension(5),
  certificateHold: reasonExtension(6),
};

function lengthOf(parts: readonly Buffer[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}

/** The outermost value without a look at each entry: a list may hold thousands. */
function topOf(der: Buffer): Der {
  const [top, ...more] = partsOf({
    tag: 0x30,
    start: 0,
    end: der.length,
    whole: der,
    content: der,
  });
  if (top?.tag !== 0x30 || more.length > 0) throw new TypeError('This is no revocation list');
  return top;
}

function numberIn(fields: readonly Der[]): number | undefined {
  const around = fields.find(({ tag }) => tag === 0xa0);
  const list = around && partsOf(around)[0];
  for (const one of list ? partsOf(list) : []) {
    const parts = partsOf(one);
    const [id] = parts;
    const value = parts.at(-1);
    if (!id || !value || objectIdOf(id) !== extensionIds.crlNumber) continue;
    const { content } = readDer(value.content);
    return content.length <= 6 ? content.readUIntBE(0, content.length) : undefined;
  }
  return undefined;
}

async function serialsIn(entries: Der | undefined): Promise<Set<string>> {
  const serials = new Set<string>();
  for (const entry of entries ? eachPart(entries) : []) {
    const serial = partAt(partsOf(entry), 0, 0x02, 'the serial number').content;
    serials.add(serial.toString('hex').replace(/^00(?=.)/, ''));
    if (serials.size % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return serials;
}

function verifies(hash: string, data: Buffer, key: KeyObject, signature: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    verify(hash, data, key, signature, (error, good) => {
      resolve(!error && good);
    });
  });
}
