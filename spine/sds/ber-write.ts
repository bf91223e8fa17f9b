/**
 * Writes BER as LDAP uses it, with the shortest lengths. Owns the growing buffer; what is written is its callers'.
 */
import { tags } from './ber.ts';

/** Elements are put one after the other; `bytes` gives all of them. */
export class BerWriter {
  #bytes: Buffer;
  #at = 0;

  /** @param size bytes to begin with; it grows as needed. */
  constructor(size = 512) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  /** An element whose contents `fill` writes. */
  within(tag: number, fill: () => void): this {
    this.#room(2);
    this.#bytes[this.#at++] = tag;
    const start = ++this.#at;
    fill();
    this.#closeAt(start);
    return this;
  }

  octets(contents: Uint8Array, tag: number = tags.octets): this {
    this.#header(tag, contents.length);
    this.#bytes.set(contents, this.#at);
    this.#at += contents.length;
    return this;
  }

  /** As UTF-8. */
  text(value: string, tag: number = tags.octets): this {
    const length = Buffer.byteLength(value);
    this.#header(tag, length);
    this.#bytes.write(value, this.#at, 'utf8');
    this.#at += length;
    return this;
  }

  /** A whole number of at most 32 bits. */
  integer(value: number, tag: number = tags.integer): this {
    let size = 1;
    while (size < 4 && (value < -(2 ** (8 * size - 1)) || value >= 2 ** (8 * size - 1))) size++;
    this.#header(tag, size);
    this.#at = this.#bytes.writeIntBE(value, this.#at, size);
    return this;
  }

  boolean(value: boolean, tag: number = tags.boolean): this {
    this.#header(tag, 1);
    this.#bytes[this.#at++] = value ? 0xff : 0;
    return this;
  }

  /** How many bytes were written so far. */
  get length(): number {
    return this.#at;
  }

  /** All that was written. The writer must not be used after it. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #header(tag: number, length: number): void {
    const more = bytesOfLength(length);
    this.#room(2 + more + length);
    this.#bytes[this.#at++] = tag;
    this.#at = writeLength(this.#bytes, this.#at, length, more);
  }

  /** Puts the length in front of what was written since `start`, for which one byte was left. */
  #closeAt(start: number): void {
    const length = this.#at - start;
    const more = bytesOfLength(length);
    if (more > 0) {
      this.#room(more);
      this.#bytes.copyWithin(start + more, start, this.#at);
      this.#at += more;
    }
    writeLength(this.#bytes, start - 1, length, more);
  }

  #room(size: number): void {
    if (this.#bytes.length - this.#at >= size) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + size));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** Bytes of a length beyond its first. */
function bytesOfLength(length: number): number {
  if (length < 0x80) return 0;
  if (length < 0x100) return 1;
  if (length < 0x10000) return 2;
  return length < 0x1000000 ? 3 : 4;
}

function writeLength(bytes: Buffer, at: number, length: number, more: number): number {
  if (more === 0) {
    bytes[at] = length;
    return at + 1;
  }
  bytes[at] = 0x80 | more;
  return bytes.writeUIntBE(length, at + 1, more);
}
