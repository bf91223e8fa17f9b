/**
 * Writing one document, on any server, by single-document steps: each is an insert under a unique id, or an update of a row that
 * still is what was seen. Owns versions, overlays, tombstones, and what an answer that was lost means: a write bears the
 * number of its commit, so it is known again, and to make it once more changes nothing.
 */
import type { OutboxEntry } from '../../core/store.ts';
import { Problem } from '../../core/problem.ts';
import { Duplicate, Lost, pause, type Call, type Calls } from './mongo-calls.ts';
import type { Commits } from './mongo-commits.ts';
import type { Feed } from './mongo-feed.ts';
import type { Room } from './mongo-workspaces.ts';
import { rowId, type Pending, type Row, type Tables } from './mongo-rows.ts';
import { toTold, type Place, type Untold } from './mongo-untold.ts';

/** A document to put, or to remove: then without text. An empty workspace is the base. */
export interface RowWrite {
  readonly collection: string;
  readonly workspace: string;
  readonly id: string;
  readonly expected: number;
  readonly content: { readonly text: string; readonly keys: readonly string[] } | undefined;
  readonly outbox: readonly OutboxEntry[];
  readonly by: string;
}

export interface WriteParts {
  readonly tables: Tables;
  readonly calls: Calls;
  readonly commits: Commits;
  readonly feed: Feed;
  readonly untold: Untold;
  readonly room: Room;
  /** The name of this machine. */
  readonly machine: string;
}

export interface Written {
  readonly version: number;
  readonly commit: number;
}

/**
 * Writes a row; resolves when it has landed, is in the feed and was told here.
 * @throws Problem `conflict`, `forbidden` for a full workspace, `unavailable`.
 */
export async function writeRow(parts: WriteParts, write: RowWrite, call: Call): Promise<Written> {
  const commit = await parts.commits.take();
  const { row, pending } = await new Attempt(parts, write, commit, call).land();
  const appended = parts.untold.tell(row, pending);
  // It has landed. A feed that is not to be reached now will tell others later; here it is told before the answer.
  const told = await Promise.race([appended.then(() => true), call.ended.then(() => false)]);
  if (!told) parts.feed.tellEarly(toTold(row, pending));
  return { version: pending.v, commit };
}

/** Entries of one document at most, so that their ids stay apart. */
const mostEntries = 1_000;
const mostTries = 50;
const seen = { c: 1, w: 1, i: 1, s: 1, v: 1, n: 1, p: 1 } as const;

type Seen = Place & Pick<Row, 'v' | 'n' | 'p'>;

/** What has landed, and where. */
interface Landed {
  readonly row: Place;
  readonly pending: Pending;
}

class Attempt {
  readonly #parts: WriteParts;
  readonly #write: RowWrite;
  readonly #commit: number;
  readonly #call: Call;
  readonly #own: string;
  readonly #base: string;
  /** Whether an answer was lost: then the write may have landed. */
  #doubt = false;

  constructor(parts: WriteParts, write: RowWrite, commit: number, call: Call) {
    this.#parts = parts;
    this.#write = write;
    this.#commit = commit;
    this.#call = call;
    this.#own = rowId(write.collection, write.workspace, write.id);
    this.#base = rowId(write.collection, '', write.id);
    if (write.outbox.length >= mostEntries)
      throw new Problem('internal', `A document takes fewer than ${mostEntries} outbox entries`);
  }

  /** Tries until it has landed or cannot. */
  async land(): Promise<Landed> {
    const { workspace, expected, content } = this.#write;
    let landed: Landed | undefined;
    if (workspace === '' && content !== undefined && expected === 0)
      landed = await this.#step(() => this.#insert(content));
    else if (workspace === '') landed = await this.#step(() => this.#replace({ s: 'live', v: expected }, this.#state())); // prettier-ignore
    for (let tries = 0; landed === undefined; tries++) {
      landed = await this.#look(tries);
      if (tries > 2) await pause(Math.min(tries * 2, 50)); // somebody else writes the same document
    }
    return landed;
  }

  /** One step; undefined when the row was not as it must be, or when the answer was lost: then look what is there. */
  async #step(step: () => PromiseLike<Landed | undefined>): Promise<Landed | undefined> {
    // Whoever asked was told that it failed: from then on nothing new is begun.
    if (this.#call.over) throw new Lost(new Error('no answer in time'), false);
    try {
      return await this.#parts.calls.ask(step);
    } catch (error) {
      if (error instanceof Duplicate) return undefined;
      if (!(error instanceof Lost) || error.away) throw error;
      this.#doubt = true;
      return undefined;
    }
  }

  /** Sees what is there, refuses, or takes the step that fits. */
  async #look(tries: number): Promise<Landed | undefined> {
    const { own, base } = await this.#rows();
    const before = await this.#landedBefore(own);
    if (before !== undefined) return before;
    const stands = versionSeen(own, base);
    const { expected, content, workspace } = this.#write;
    const nothing = content === undefined && stands === 0;
    if (stands !== expected || nothing || tries >= mostTries) throw conflict(expected, stands);
    const hides = content === undefined && workspace !== '' && isThere(base);
    const state = hides ? 'hidden' : this.#state();
    const release = this.#holds(own) || state === 'dead' ? undefined : await this.#takeRoom();
    try {
      const landed = await this.#step(() =>
        own === undefined
          ? this.#insert(content, state, stands)
          : this.#replace({ n: own.n }, state, stands),
      );
      if (landed === undefined) release?.();
      return landed;
    } catch (error) {
      release?.();
      throw error;
    }
  }

  #state(): Row['s'] {
    return this.#write.content === undefined ? 'dead' : 'live';
  }

  #holds(own: Seen | undefined): boolean {
    return own !== undefined && own.s !== 'dead';
  }

  async #takeRoom(): Promise<(() => void) | undefined> {
    const { workspace } = this.#write;
    return workspace === '' ? undefined : this.#parts.room.take(workspace);
  }

  /** What this write has made of the row already, also when others have written or removed it since. */
  async #landedBefore(own: Seen | undefined): Promise<Landed | undefined> {
    const there = own?.p?.find(({ n }) => n === this.#commit);
    if (own !== undefined && there !== undefined) return { row: own, pending: there };
    const told = own?.n === this.#commit || (this.#doubt && (await this.#parts.feed.has(this.#commit))); // prettier-ignore
    const row = own ?? this.#place(this.#state());
    return told ? { row, pending: this.#pending(this.#write.expected + 1) } : undefined;
  }

  async #rows(): Promise<{ own: Seen | undefined; base: Seen | undefined }> {
    const { rows } = this.#parts.tables;
    const ids = this.#own === this.#base ? [this.#own] : [this.#own, this.#base];
    const found = await this.#parts.calls.repeat(this.#call, () =>
      rows.find({ _id: { $in: ids } }, seen).lean<Seen[]>(),
    );
    const at = (id: string) => found.find(({ _id }) => _id === id);
    return { own: at(this.#own), base: this.#own === this.#base ? undefined : at(this.#base) };
  }

  async #insert(
    content: RowWrite['content'],
    state: Row['s'] = this.#state(),
    stands = 0,
  ): Promise<Landed> {
    const { set, pending, waiting } = this.#made(state, stands);
    const o = waiting.length === 0 ? {} : { o: waiting };
    const row: Row = { ...this.#place(state), ...set, p: [pending], ...o };
    await this.#parts.tables.rows.collection.insertOne(row as never); // the driver's type wants ids of its own
    return { row, pending };
  }

  async #replace(
    filter: Partial<Pick<Row, 's' | 'v' | 'n'>>,
    state: Row['s'],
    stands = this.#write.expected,
  ): Promise<Landed | undefined> {
    const { set, pending, waiting } = this.#made(state, stands);
    const o = waiting.length === 0 ? {} : { o: { $each: waiting } };
    const { matchedCount } = await this.#parts.tables.rows.updateOne(
      { _id: this.#own, ...filter },
      { $set: set, $push: { p: pending, ...o } },
    );
    return matchedCount === 1 ? { row: this.#place(state), pending } : undefined;
  }

  #place(s: Row['s']): Place {
    const { collection: c, workspace: w, id: i } = this.#write;
    return { _id: this.#own, c, w, i, s };
  }

  #made(state: Row['s'], stands: number) {
    const { content, outbox } = this.#write;
    const v = stands + 1;
    const n = this.#commit;
    const set = { s: state, v, n, x: content?.text ?? '', k: content?.keys ?? [] };
    const waiting = outbox.map(({ topic, body }, at) => ({ id: n * mostEntries + at, t: topic, b: body })); // prettier-ignore
    return { set, pending: this.#pending(v), waiting };
  }

  #pending(v: number): Pending {
    const { content, by } = this.#write;
    return { n: this.#commit, v, r: content === undefined, by, m: this.#parts.machine };
  }
}

function isThere(row: Seen | undefined): boolean {
  return row?.s === 'live';
}

function versionSeen(own: Seen | undefined, base: Seen | undefined): number {
  if (own !== undefined && own.s !== 'dead') return own.s === 'hidden' ? 0 : own.v;
  return base?.s === 'live' ? base.v : 0;
}

function conflict(expected: number, stands: number): Problem {
  const there = stands === 0 ? 'is not there' : `is at version ${stands}`;
  const wanted = expected === 0 ? 'expected none' : `expected version ${expected}`;
  return new Problem('conflict', `The record ${there}, ${wanted}`);
}
