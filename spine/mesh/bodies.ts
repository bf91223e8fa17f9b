/**
 * Bodies of messages: a short one stays with its message, a longer one is a blob. Owns where bytes are, how many may come,
 * and the expanding of what is kept compressed; reads and writes are streams throughout.
 */
import { createHash } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Blobs } from '../../core/blobs.ts';
import { Problem } from '../../core/problem.ts';
import { meshError } from './errors.ts';
import type { MeshChunk } from './messages.ts';

/** Bytes that stay with the message, of all its chunks together: the list of an inbox and each step read them all. */
const shortBody = 8 * 1024;

/** Most that a compressed body may grow to: this many times its size, where that is over a gigabyte. */
const mostGrowth = 100;
const alwaysAllowed = 1024 * 1024 * 1024;

/**
 * Keeps what comes.
 * @param others the chunks that are there: what stays with the message stays short, however many chunks there are
 * @throws Problem 413 over the limit; 417 for nothing at all
 */
export async function keepChunk(
  blobs: Blobs,
  n: number,
  source: AsyncIterable<Buffer>,
  limit: number,
  others: readonly MeshChunk[] = [],
): Promise<MeshChunk> {
  const staying = others.reduce((sum, one) => sum + inlineSize(one), 0);
  const stays = Math.max(0, shortBody - staying);
  const start: Buffer[] = [];
  let size = 0;
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  while (size <= stays && !ended) {
    const next = await iterator.next();
    if (next.done) ended = true;
    else {
      start.push(next.value);
      size += next.value.length;
    }
    if (size > limit) throw meshError('tooLarge');
  }
  if (size === 0 && ended) throw meshError('empty');
  if (ended && size <= stays) {
    const bytes = Buffer.concat(start, size);
    const digest = createHash('sha256').update(bytes).digest('hex');
    return { n, size, digest, inline: bytes.toString('base64') };
  }
  try {
    const blob = await blobs.put(goingOn(start, iterator), { limit });
    return { n, size: blob.size, digest: blob.digest, blob: blob.id };
  } catch (error) {
    if (error instanceof Problem && error.kind === 'too-large') throw meshError('tooLarge');
    throw error;
  }
}

function inlineSize({ inline, size }: MeshChunk): number {
  return inline === undefined ? 0 : size;
}

async function* goingOn(
  start: readonly Buffer[],
  rest: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer> {
  yield* start;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

/** The bytes of a chunk as they are kept. @throws Problem `not-found` when they no longer are */
export async function readChunk(
  blobs: Blobs,
  { inline, blob = '' }: MeshChunk,
  range?: { readonly start: number; readonly end: number },
): Promise<Readable> {
  if (inline === undefined) return blobs.read(blob, range);
  const bytes = Buffer.from(inline, 'base64');
  return Readable.from(range ? [bytes.subarray(range.start, range.end + 1)] : [bytes], {
    objectMode: false,
  });
}

/** The short body of a chunk, where it is one. */
export function inlineBytes({ inline }: MeshChunk): Buffer | undefined {
  return inline === undefined ? undefined : Buffer.from(inline, 'base64');
}

/** What gzip held; ends with an error where it was none, or grows without measure. */
export function expanded(source: Readable, size: number): Readable {
  const most = Math.max(size * mostGrowth, alwaysAllowed);
  let grown = 0;
  const watch = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      grown += chunk.length;
      if (grown > most) done(new Problem('unprocessable', 'The body grows without measure'));
      else done(null, chunk);
    },
  });
  const body = joined(joined(source, createGunzip()), watch);
  // It may fail before anybody reads it: whoever reads an ended stream is told all the same.
  body.on('error', () => undefined);
  return body;
}

/** Leaving the second leaves the first; an error of the first is one of the second. */
function joined(source: Readable, through: Transform): Readable {
  source.on('error', (error) => through.destroy(error));
  through.on('close', () => source.destroy());
  return source.pipe(through);
}
