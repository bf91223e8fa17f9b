/**
 * Reads BER as LDAP uses it (RFC 4511 5.1): definite lengths, low tag numbers, strings in one piece.
 * Owns tags, lengths and the primitive types; ber-write.ts writes them, ber-framing.ts finds where a message ends.
 * A length may have leading zeros, as Windows' own LDAP library sends it, but never says more than is there.
 */
import { Problem } from '../../core/problem.ts';

/** Universal tags (X.690 8.1.2), with the bit of constructed encodings where LDAP always has it. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  octets: 0x04,
  null: 0x05,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
} as const;

/** What cannot be read. Its message is fixed text: nothing of the input is in it. */
export function berFault(message: string): Problem {
  return new Problem('invalid', message, { code: 'BER' });
}

/** Where the contents of an element are: `start` to `end` in the same bytes. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Takes elements one after the other from a part of a buffer. Nothing is copied and no bound is passed.
 * @throws Problem `invalid` from each method when the next element is another one, is cut short, or is not as it must be.
 */
export class BerReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Whether all elements have been taken. */
  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** The tag of the next element, which stays; undefined when there is none. */
  get next(): number | undefined {
    return this.done ? undefined : this.#bytes[this.#at];
  }

  /** The elements inside the next one. */
  within(tag: number): BerReader {
    const { start, end } = this.#take(tag);
    return new BerReader(this.#bytes, start, end);
  }

  /** The contents of the next element, as a view of the bytes read from. */
  octets(tag: number = tags.octets): Buffer {
    const { start, end } = this.#take(tag);
    return this.#bytes.subarray(start, end);
  }

  /** The contents as UTF-8; a malformed sequence becomes U+FFFD, which no value kept here has. */
  text(tag: number = tags.octets): string {
    const { start, end } = this.#take(tag);
    return this.#bytes.toString('utf8', start, end);
  }

  /** A number that fits into 32 bits, as all of LDAP do. */
  integer(tag: number = tags.integer): number {
    const { start, end } = this.#take(tag);
    if (end === start || end - start > 4) throw berFault('A number has no bytes, or too many');
    return this.#bytes.readIntBE(start, end - start);
  }

  boolean(tag: number = tags.boolean): boolean {
    const { start, end } = this.#take(tag);
    if (end - start !== 1) throw berFault('A truth value is not one byte');
    return this.#bytes[start] !== 0;
  }

  /** The next element with its tag, as something to read it from. */
  whole(): BerReader {
    const start = this.#at;
    const { end } = this.#take(this.next ?? 0);
    return new BerReader(this.#bytes, start, end);
  }

  /** The same elements in bytes of their own, for a reader that waits. */
  copied(): BerReader {
    return new BerReader(Buffer.from(this.#bytes.subarray(this.#at, this.#end)));
  }

  /** @throws Problem `invalid` when something is left. */
  finish(): void {
    if (!this.done) throw berFault('An element holds more than it should');
  }

  #take(tag: number): Span {
    if (this.done) throw berFault('An element is missing');
    if (this.#bytes[this.#at] !== tag)
      throw berFault('An element is of another type than it must be');
    const header = readLength(this.#bytes, this.#at + 1, this.#end);
    if (header === undefined || header.length > this.#end - header.start)
      throw berFault('An element is longer than what holds it');
    this.#at = header.start + header.length;
    return { start: header.start, end: this.#at };
  }
}

/**
 * The length that begins at `at`, and where the contents start; undefined while not all of its bytes are there.
 * @throws Problem `invalid` for the indefinite form and for more than four bytes of length.
 */
export function readLength(
  bytes: Buffer,
  at: number,
  end: number,
): { readonly length: number; readonly start: number } | undefined {
  if (at >= end) return undefined;
  const first = bytes[at] ?? 0;
  if (first < 0x80) return { length: first, start: at + 1 };
  const size = first & 0x7f;
  if (size === 0) throw berFault('Lengths must be definite');
  if (size > 4) throw berFault('A length has too many bytes');
  if (end - at - 1 < size) return undefined;
  return { length: bytes.readUIntBE(at + 1, size), start: at + 1 + size };
}
