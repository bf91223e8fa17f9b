/**
 * Blobs as documents of a store, for installations whose machines share no folder: pieces first, then the document that
 * counts them. Owns the pieces.
 */
import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { isBlobId, type Blobs } from '../../core/blobs.ts';
import type { Clock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import type { Collection, CollectionOf, Store } from '../../core/store.ts';

interface Pieces {
  readonly size: number;
  readonly count: number;
  /** When it began to come; milliseconds since the epoch. */
  readonly created: number;
  /** Absent while it is coming. */
  readonly digest?: string;
}

const blobCollection: CollectionOf<Pieces> = {
  name: 'blobs',
  keys: ({ created }) => ({ all: [[String(created).padStart(15, '0')]] }),
};

/** Base64, which is what a text of that length costs least in. */
const pieceCollection: CollectionOf<string> = {
  name: 'blobs.pieces',
  encode: (text) => text,
  decode: (text) => text,
};

/** Bytes; a multiple of 3, so that base64 has no padding. */
const pieceSize = 192 * 1024;

export function storedBlobs(store: Store, clock: Pick<Clock, 'now'>): Blobs {
  const blobs = store.open(blobCollection);
  const pieces = store.open(pieceCollection);
  return {
    async put(source, { limit = Infinity } = {}) {
      const id = randomUUID();
      const created = clock.now();
      // Named from the first piece on, so that what a kill leaves behind is found.
      const begun = await blobs.put(id, { size: 0, count: 0, created }, { expected: 0 });
      const hash = createHash('sha256');
      let [size, count] = [0, 0];
      try {
        for await (const piece of inPieces(source)) {
          size += piece.length;
          if (size > limit) throw tooLarge(limit);
          hash.update(piece);
          await pieces.put(pieceId(id, count), piece.toString('base64'), { expected: 0 });
          count++;
        }
        const digest = hash.digest('hex');
        await blobs.put(id, { size, count, created, digest }, { expected: begun.version });
        return { id, size, digest };
      } catch (error) {
        await removeOne(blobs, pieces, id);
        throw error;
      }
    },
    async read(id, range) {
      const found = isBlobId(id) ? await blobs.get(id) : undefined;
      if (found?.value.digest === undefined)
        throw new Problem('not-found', 'The body is no longer kept');
      const { start, end } = range ?? { start: 0, end: found.value.size - 1 };
      return Readable.from(reading(pieces, id, start, end), { objectMode: false });
    },
    async remove(ids) {
      for (const id of ids) if (isBlobId(id)) await removeOne(blobs, pieces, id);
    },
    async sweep(before, isNamed) {
      let removed = 0;
      let after: string | undefined;
      do {
        const to = String(Math.max(0, before - 1)).padStart(15, '0');
        const more = after === undefined ? {} : { after };
        const { items, next } = await blobs.find({ index: 'all', to, limit: 100, ...more });
        for (const { id, value } of items)
          if (value.digest === undefined || !(await isNamed(id))) {
            await removeOne(blobs, pieces, id);
            removed++;
          }
        after = next;
      } while (after !== undefined);
      return removed;
    },
    free: () => Promise.resolve(undefined),
  };
}

function pieceId(id: string, n: number): string {
  return `${id} ${String(n).padStart(6, '0')}`;
}

function tooLarge(limit: number): Problem {
  return new Problem('too-large', `The body may have at most ${limit} bytes`);
}

/** Pieces of the same length, the last one shorter. */
async function* inPieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    waiting.push(chunk);
    length += chunk.length;
    if (length < pieceSize) continue;
    const all = Buffer.concat(waiting, length);
    let at = 0;
    for (; length - at >= pieceSize; at += pieceSize) yield all.subarray(at, at + pieceSize);
    waiting = [all.subarray(at)];
    length -= at;
  }
  if (length > 0) yield Buffer.concat(waiting, length);
}

async function* reading(
  pieces: Collection<string>,
  id: string,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  for (let n = Math.floor(start / pieceSize); n * pieceSize <= end; n++) {
    const piece = await pieces.get(pieceId(id, n));
    if (!piece) throw new Problem('not-found', 'The body is no longer kept');
    const from = Math.max(0, start - n * pieceSize);
    yield Buffer.from(piece.value, 'base64').subarray(from, end - n * pieceSize + 1);
  }
}

/** The name goes last: what is cut short is found again. */
async function removeOne(
  blobs: Collection<Pieces>,
  pieces: Collection<string>,
  id: string,
): Promise<void> {
  const found = await blobs.get(id);
  if (!found) return;
  for (let n = 0; ; n++) {
    const piece = await pieces.get(pieceId(id, n));
    if (!piece) break;
    await pieces.remove(piece.id, piece.version);
  }
  await blobs.remove(id, found.version);
}
