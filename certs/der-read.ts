/**
 * Reads DER (ITU-T X.690) strictly, and says at which byte it stopped. Owns framing; the meaning is the caller's. Nothing
 * here recurses deeper than `deepest`, and nothing is copied.
 */

/** One value within the bytes it was read from. */
export interface Der {
  readonly tag: number;
  /** Where its tag stands, and where it ends, in the whole. */
  readonly start: number;
  readonly end: number;
  /** Tag, length and content; and the content alone. */
  readonly whole: Buffer;
  readonly content: Buffer;
}

/** Bytes that are no DER, or not what was expected there. */
export class DerFault extends Error {
  /** The byte at which it stopped. */
  readonly at: number;

  constructor(at: number, what: string) {
    super(what);
    this.name = 'DerFault';
    this.at = at;
  }
}

/** The one value that the bytes are, looked through to its leaves. @throws DerFault */
export function readDer(bytes: Buffer): Der {
  const top = readOne(bytes, 0, bytes.length, 0);
  if (top.end !== bytes.length)
    throw new DerFault(top.end, `${bytes.length - top.end} bytes follow the end`);
  lookThrough(top, 0);
  return top;
}

/** What is inside a constructed value, one level down. @throws DerFault */
export function partsOf(value: Der): Der[] {
  return [...eachPart(value)];
}

/** The same one by one, for what may hold very many. */
export function* eachPart(value: Der): Generator<Der> {
  for (let at = 0; at < value.content.length;) {
    const part = readOne(value.content, at, value.content.length, value.end - value.content.length);
    yield part;
    at += part.whole.length;
  }
}

/** The part at a place, which must have this tag. @throws DerFault that names what is missing */
export function partAt(parts: readonly Der[], index: number, tag: number, name: string): Der {
  const part = parts[index];
  if (part?.tag !== tag)
    throw new DerFault(part?.start ?? parts.at(-1)?.end ?? 0, `${name} is expected here`);
  return part;
}

/** An object identifier in its dotted form; arcs beyond 2^53 are refused. @throws DerFault */
export function objectIdOf(value: Der): string {
  if (value.tag !== 0x06 || value.content.length === 0 || value.content.length > 64)
    throw new DerFault(value.start, 'an object identifier is expected here');
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of value.content) {
    arc = arc * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(arc))
      throw new DerFault(value.start, 'an object identifier has too great a part');
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  if ((value.content.at(-1) ?? 0) >= 0x80)
    throw new DerFault(value.end, 'an object identifier has no end');
  const [first = 0, ...rest] = arcs;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...rest].join('.');
}

/** Text of any string type of a name; undefined for another type. */
export function textOf(value: Der): string | undefined {
  if (value.tag === 0x0c) return value.content.toString('utf8');
  if (value.tag === 0x1e) return utf16(value.content);
  return [0x12, 0x13, 0x14, 0x16, 0x1a].includes(value.tag)
    ? value.content.toString('latin1')
    : undefined;
}

/** The bits of a BIT STRING of whole bytes. @throws DerFault */
export function wholeBitsOf(value: Der): Buffer {
  if (value.tag !== 0x03 || value.content[0] !== 0)
    throw new DerFault(value.start, 'a bit string of whole bytes is expected here');
  return value.content.subarray(1);
}

/** UTCTime or GeneralizedTime as RFC 5280 allows them; milliseconds since the epoch. @throws DerFault */
export function timeOf(value: Der): number {
  const text = value.content.toString('latin1');
  const long = value.tag === 0x17 ? `${text < '5' ? '20' : '19'}${text}` : text;
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(long);
  if (!found || (value.tag !== 0x17 && value.tag !== 0x18))
    throw new DerFault(value.start, 'a time is expected here');
  const [, year, month, day, hour, minute, second] = found.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}

const deepest = 24;

function lookThrough(value: Der, depth: number): void {
  if ((value.tag & 0x20) === 0) return;
  if (depth === deepest)
    throw new DerFault(value.start, `values lie deeper than ${deepest} levels`);
  for (const part of partsOf(value)) lookThrough(part, depth + 1);
}

/** @param offset where `bytes` begin in the whole */
function readOne(bytes: Buffer, at: number, limit: number, offset: number): Der {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || at + 2 > limit)
    throw new DerFault(offset + at, 'the bytes end where a value should begin');
  if ((tag & 0x1f) === 0x1f)
    throw new DerFault(offset + at, 'a tag of several bytes is not expected');
  const { length, size } = lengthAt(bytes, at + 1, first, offset);
  const from = at + 1 + size;
  if (from + length > limit)
    throw new DerFault(
      offset + at,
      `a value says it is ${length} bytes long, and only ${Math.max(0, limit - from)} are there`,
    );
  return {
    tag,
    start: offset + at,
    end: offset + from + length,
    whole: bytes.subarray(at, from + length),
    content: bytes.subarray(from, from + length),
  };
}

/** The shortest form only (X.690 10.1). */
function lengthAt(bytes: Buffer, at: number, first: number, offset: number) {
  if (first < 0x80) return { length: first, size: 1 };
  const count = first - 0x80;
  if (count === 0 || count > 4 || at + 1 + count > bytes.length)
    throw new DerFault(offset + at, 'a length is not in the form of DER');
  const length = bytes.readUIntBE(at + 1, count);
  if (length < 0x80 || (count > 1 && length < 256 ** (count - 1)))
    throw new DerFault(offset + at, 'a length is not in its shortest form');
  return { length, size: 1 + count };
}

function utf16(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at + 1 < bytes.length; at += 2)
    text += String.fromCharCode(bytes.readUInt16BE(at));
  return text;
}
