/**
 * Cuts the bytes of a connection into LDAP messages, wherever the pieces are split. Owns what has come of the message that
 * is not whole yet; of a slow one no byte is copied more than a few times.
 */
import { berFault, readLength, tags } from './ber.ts';

export interface Framing {
  /** Takes in what has come. */
  push(piece: Buffer): void;
  /**
   * The next whole message, undefined when more must come first. Its bytes may be those of a piece.
   * @throws Problem `invalid` when what comes is no message or is longer than one may be: nothing after it can be read.
   */
  next(): Buffer | undefined;
  /** Whether a message has begun and is not whole. */
  readonly partial: boolean;
}

/** @param most bytes of a message, with its tag and length. */
export function createFraming(most: number): Framing {
  let bytes: Buffer = Buffer.alloc(0);
  let start = 0;
  let end = 0;
  /** Whether there is room behind `end` that is ours to write into. */
  let own = false;
  const append = (piece: Buffer) => {
    const kept = end - start;
    if (!own || bytes.length - end < piece.length) {
      const larger = Buffer.allocUnsafe(Math.max(256, 2 * (kept + piece.length)));
      bytes.copy(larger, 0, start, end);
      [bytes, start, end, own] = [larger, 0, kept, true];
    }
    end += piece.copy(bytes, end);
  };
  return {
    push(piece) {
      if (start === end) [bytes, start, end, own] = [piece, 0, piece.length, false];
      else append(piece);
    },
    next() {
      const size = sizeOf(bytes, start, end, most);
      if (size === undefined || end - start < size) return undefined;
      const message = bytes.subarray(start, start + size);
      start += size;
      return message;
    },
    get partial() {
      return start < end;
    },
  };
}

/** Bytes of the message that begins at `start`; undefined when its length has not come. */
function sizeOf(bytes: Buffer, start: number, end: number, most: number): number | undefined {
  if (start === end) return undefined;
  if (bytes[start] !== tags.sequence) throw berFault('This is no LDAP message');
  const header = readLength(bytes, start + 1, end);
  if (header === undefined) return undefined;
  const size = header.start - start + header.length;
  if (size > most) throw berFault(`A message may have at most ${most} bytes`);
  return size;
}
