/**
 * Bodies of messages as they came over the wire: a short one stands in its message's document, a long one in pieces of its
 * own, which are written while it is read. Owns the pieces, and finding those that no message came of: what is begun is
 * noted, and looked for again when the process that read it may have been killed.
 */
import { timeKey } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { Collection, CollectionOf, Store, Stored } from '../../core/store.ts';

/** A short body stands in the document, in base64; a long one in pieces of its own. */
export interface KeptBody {
  readonly size: number;
  readonly inline?: string;
  readonly pieces?: { readonly id: string; readonly count: number };
}

export interface KeptBodies {
  /**
   * Keeps what passes; `kept` tells where, once all has passed.
   * @param id unique to this body, with nothing else in it than letters, digits and dashes
   */
  keep(id: string, now: () => number): BodyKeeper;
  read(body: KeptBody): AsyncGenerator<Buffer>;
  drop(body: KeptBody): Promise<void>;
  /** Removes what was begun long ago and belongs to no message. @param isKept whether there is one with this body */
  sweep(now: number, isKept: (id: string) => Promise<boolean>): Promise<number>;
}

export interface BodyKeeper {
  pass(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer>;
  /** @throws Problem `timeout` for one that took so long that it may have been swept */
  kept(): Promise<KeptBody>;
  /** Removes what was kept of a message that is refused. */
  drop(): Promise<void>;
}

const pieceCollection: CollectionOf<string> = {
  name: 'spine.pieces',
  encode: (text) => text,
  decode: (text) => text,
};

/** A long body whose pieces are being written, or were. */
interface BegunBody {
  readonly begun: number;
}

const begunCollection: CollectionOf<BegunBody> = {
  name: 'spine.bodies',
  keys: ({ begun }) => ({ begun: [[timeKey(begun)]] }),
};

const pieceSize = 192 * 1024;
/** How long a body may take, and after what time nobody is at it any more. */
const longest = 30 * 60_000;
const abandonedAfter = 2 * longest;

export function openBodies(store: Store): KeptBodies {
  const pieces = store.open(pieceCollection);
  const begun = store.open(begunCollection);
  return {
    keep: (id, now) => keeper({ pieces, begun }, id, now),
    read: (body) => read(pieces, body),
    drop: ({ pieces: at }) => dropPieces(pieces, at?.id),
    async sweep(now, isKept) {
      const to = timeKey(now - abandonedAfter);
      const { items } = await begun.find({ index: 'begun', to, limit: 1000 });
      for (const { id, version } of items) {
        if (!(await isKept(id))) await dropPieces(pieces, id);
        await begun.remove(id, version);
      }
      return items.length;
    },
  };
}

interface Kept {
  readonly pieces: Collection<string>;
  readonly begun: Collection<BegunBody>;
}

function keeper({ pieces, begun }: Kept, id: string, now: () => number): BodyKeeper {
  const since = now();
  let waiting: Buffer[] = [];
  let length = 0;
  let size = 0;
  let count = 0;
  let noted: Stored<BegunBody> | undefined;
  const write = async () => {
    const piece = Buffer.concat(waiting, length);
    waiting = [];
    length = 0;
    noted ??= await begun.put(id, { begun: since }, { expected: 0 });
    await pieces.put(pieceId(id, count++), piece.toString('base64'), { expected: 0 });
  };
  return {
    async *pass(source) {
      for await (const chunk of source) {
        waiting.push(chunk);
        length += chunk.length;
        size += chunk.length;
        if (length >= pieceSize) await write();
        yield chunk;
      }
    },
    async kept() {
      if (count === 0) return { size, inline: Buffer.concat(waiting, length).toString('base64') };
      if (length > 0) await write();
      if (now() - since > longest) throw new Problem('timeout', 'The message took too long');
      return { size, pieces: { id, count } };
    },
    async drop() {
      if (!noted) return;
      await dropPieces(pieces, id);
      await begun.remove(id, noted.version);
    },
  };
}

async function* read(
  pieces: Collection<string>,
  { inline, pieces: at }: KeptBody,
): AsyncGenerator<Buffer> {
  if (inline !== undefined) yield Buffer.from(inline, 'base64');
  for (let n = 0; n < (at?.count ?? 0); n++) {
    const piece = await pieces.get(pieceId(at?.id ?? '', n));
    if (!piece) throw new Error('A piece of a message is no longer kept');
    yield Buffer.from(piece.value, 'base64');
  }
}

/**
 * All there are: how many were written is not known of those that nobody finished. The last first, so that what is broken off
 * can be done again.
 */
async function dropPieces(pieces: Collection<string>, id: string | undefined): Promise<void> {
  if (id === undefined) return;
  const found: Stored<string>[] = [];
  for (;;) {
    const piece = await pieces.get(pieceId(id, found.length));
    if (!piece) break;
    found.push(piece);
  }
  for (const piece of found.reverse()) await pieces.remove(piece.id, piece.version);
}

function pieceId(id: string, n: number): string {
  return `${id} ${String(n).padStart(5, '0')}`;
}

/** A body that is in memory. */
export function inlineBody(text: string | Buffer): KeptBody {
  const bytes = Buffer.from(text);
  return { size: bytes.length, inline: bytes.toString('base64') };
}
