/**
 * Writes DER (ITU-T X.690), as much of it as certificates, requests and revocation lists need. Owns lengths and
 * primitive values; what they mean is said by names.ts, extensions.ts, certificate-bytes.ts and crl.ts.
 */

/** One value: its tag, its length in the shortest form, and its content. */
export function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  return Buffer.concat([headOf(tag, length), ...parts]);
}

export const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, ...parts);

/** Of one member; more would have to be sorted (X.690 11.6). */
export const setOfOne = (part: Buffer): Buffer => tagged(0x31, part);

/** `[n]` around a value. */
export const explicit = (n: number, part: Buffer): Buffer => tagged(0xa0 + n, part);

/** `[n]` in the place of the tag of a primitive value. */
export const implicit = (n: number, content: Buffer): Buffer => tagged(0x80 + n, content);

/** A number that is not negative, from its bytes with the highest first. */
export function unsigned(bytes: Buffer): Buffer {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  const rest = bytes.subarray(from);
  return (rest[0] ?? 0) < 0x80 ? tagged(0x02, rest) : tagged(0x02, Buffer.of(0), rest);
}

/** A whole number from 0 to 2^48. */
export function integer(value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(value, 0, 6);
  return unsigned(bytes);
}

export const enumerated = (value: number): Buffer => tagged(0x0a, Buffer.of(value));

export const trueValue: Buffer = Buffer.of(0x01, 0x01, 0xff);

/** From its dotted form. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(baseOf128)));
}

export const octets = (content: Buffer): Buffer => tagged(0x04, content);

/** @param unused bits of the last byte that do not count */
export const bits = (content: Buffer, unused = 0): Buffer =>
  tagged(0x03, Buffer.of(unused), content);

export const utf8 = (text: string): Buffer => tagged(0x0c, Buffer.from(text, 'utf8'));

/** For countries, which must be of this type (RFC 5280 appendix A). */
export const printable = (text: string): Buffer => tagged(0x13, Buffer.from(text, 'latin1'));

/** Whole seconds: UTCTime until 2049, then GeneralizedTime (RFC 5280 4.1.2.5). @param at milliseconds since the epoch */
export function time(at: number): Buffer {
  const digits = new Date(at).toISOString().slice(0, 19).replace(/[-:T]/g, '');
  return digits < '2050'
    ? tagged(0x17, Buffer.from(`${digits.slice(2)}Z`, 'latin1'))
    : tagged(0x18, Buffer.from(`${digits}Z`, 'latin1'));
}

/** Tag and length of what is put together elsewhere. */
export function headOf(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.of(tag, length);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.of(tag, 0x80 + bytes.length, ...bytes);
}

function baseOf128(arc: number): number[] {
  const digits = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128))
    digits.unshift(0x80 + (rest % 128));
  return digits;
}
