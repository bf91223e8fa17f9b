/** Content-Transfer-Encoding of parts (RFC 2045 6): decoding as bytes come, encoding with the length known beforehand. */
import { mimeFault } from './multipart-scanner.ts';

/** What parts may be encoded as; an absent field means `7bit`. */
export type TransferEncoding = 'base64' | '7bit' | '8bit' | 'binary';

/** The encoding of a field. @throws Problem fault 201 `mime.encoding` for one that is not read here */
export function transferEncodingOf(field: string | undefined): TransferEncoding {
  const name = (field ?? '').trim().toLowerCase() || '7bit';
  const found = encodings.find((one) => one === name);
  if (found === undefined) throw mimeFault('encoding');
  return found;
}

/** The bytes that encoded pieces stand for, piece by piece. @throws Problem fault 201 `mime.base64` */
export async function* decoded(
  pieces: AsyncIterable<Buffer>,
  encoding: TransferEncoding,
): AsyncGenerator<Buffer> {
  if (encoding !== 'base64') {
    yield* pieces;
    return;
  }
  const decoder = new Base64Decoder();
  for await (const piece of pieces) {
    const bytes = decoder.take(piece);
    if (bytes.length > 0) yield bytes;
  }
  decoder.end();
}

/** How long a content of so many bytes is when it is encoded. */
export function encodedLength(bytes: number, encoding: TransferEncoding): number {
  if (encoding !== 'base64') return bytes;
  const characters = Math.ceil(bytes / 3) * 4;
  return characters + Math.max(0, Math.ceil(characters / lineLength) - 1) * 2;
}

/** Encodes pieces: base64 in lines of 76 signs, the last without an end; all else as it is. */
export async function* encoded(
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  encoding: TransferEncoding,
): AsyncGenerator<Buffer> {
  if (encoding !== 'base64') {
    yield* pieces;
    return;
  }
  let rest: Buffer = Buffer.alloc(0);
  let first = true;
  for await (const piece of pieces) {
    const all = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const whole = all.length - (all.length % lineBytes);
    if (whole > 0) {
      yield lines(all.subarray(0, whole), first);
      first = false;
    }
    rest = all.subarray(whole);
  }
  if (rest.length > 0) yield lines(rest, first);
}

const encodings: readonly TransferEncoding[] = ['base64', '7bit', '8bit', 'binary'];
const lineLength = 76;
const lineBytes = 57;

function lines(bytes: Buffer, first: boolean): Buffer {
  const text: string[] = [];
  for (let at = 0; at < bytes.length; at += lineBytes)
    text.push(bytes.toString('base64', at, Math.min(at + lineBytes, bytes.length)));
  return Buffer.from((first ? '' : '\r\n') + text.join('\r\n'), 'latin1');
}

/** What a byte is in base64: a value below 64, or one of these. */
const blank = 64;
const padding = 65;
const foreign = 66;
const values = valueTable();

function valueTable(): Uint8Array {
  const table = new Uint8Array(256).fill(foreign);
  const signs = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let at = 0; at < signs.length; at++) table[signs.charCodeAt(at)] = at;
  for (const sign of ' \t\r\n') table[sign.charCodeAt(0)] = blank;
  table['='.charCodeAt(0)] = padding;
  return table;
}

/** Strict: a foreign sign, one behind the padding, or an end within a group is a fault; lines may be of any length. */
class Base64Decoder {
  #bits = 0;
  /** Signs of the group that has begun, and how many of them are padding. */
  #signs = 0;
  #padding = 0;
  #over = false;

  take(piece: Buffer): Buffer {
    const bytes = Buffer.allocUnsafe(Math.ceil(((piece.length + 3) * 3) / 4));
    let length = 0;
    for (const byte of piece) {
      const value = values[byte] ?? foreign;
      if (value === blank) continue;
      this.#add(value);
      if (this.#signs < 4) continue;
      bytes[length++] = this.#bits >> 16;
      if (this.#padding < 2) bytes[length++] = this.#bits >> 8;
      if (this.#padding < 1) bytes[length++] = this.#bits;
      this.#over = this.#padding > 0;
      this.#signs = this.#bits = this.#padding = 0;
    }
    return bytes.subarray(0, length);
  }

  end(): void {
    if (this.#signs > 0) throw mimeFault('base64');
  }

  #add(value: number): void {
    const isPadding = value === padding;
    if (value === foreign || this.#over) throw mimeFault('base64');
    if (isPadding ? this.#signs < 2 : this.#padding > 0) throw mimeFault('base64');
    if (isPadding) this.#padding++;
    this.#bits = (this.#bits << 6) | (isPadding ? 0 : value);
    this.#signs++;
  }
}
