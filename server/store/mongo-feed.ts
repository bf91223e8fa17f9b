/**
 * The change feed of all machines. Changes that have landed are appended in blocks that follow each other without a gap:
 * a block is inserted under the next free number, which only one writer can get, and only after the one before it is
 * there. So a follower that has read up to a number misses nothing, whoever writes and however late.
 * Owns the order of changes, following and telling; that a landed change is appended at all is mongo-untold.ts's.
 */
import type { Change, Changes } from '../../core/store.ts';
import type { Log } from '../../core/log.ts';
import { Problem } from '../../core/problem.ts';
import { Duplicate, pause, type Calls } from './mongo-calls.ts';
import type { Block, Tables, Told } from './mongo-rows.ts';

/** Changes kept for those who follow: enough for a process that was away for a while. */
const changesKept = 100_000;
const pruneEvery = 1_000;
/** Most changes in a block. */
const largestBlock = 200;

interface Queued {
  readonly told: Told;
  readonly done: (change: Change) => void;
}

export class Feed {
  readonly #blocks: Tables['blocks'];
  readonly #calls: Calls;
  readonly #log: Log;
  readonly #writer: string;
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();
  #queue: Queued[] = [];
  #blocksMade = 0;
  /** The number after the last change that was told here. */
  #next = 1;
  #pruned = 0;
  #turn: Promise<void> = Promise.resolve();
  #appending = false;
  #closed = false;
  /** When the store was last asked what is new, and answered. */
  #heard = performance.now();

  /** @param writer a name that no other process has. */
  constructor({ blocks }: Tables, calls: Calls, log: Log, writer: string) {
    this.#blocks = blocks;
    this.#calls = calls;
    this.#log = log;
    this.#writer = writer;
  }

  /** Begins to follow from now on. */
  async start(): Promise<void> {
    this.#next = (await this.latest()) + 1;
    this.#pruned = await this.oldest();
    this.#heard = performance.now();
  }

  /** Appends a change that has landed, however long it takes; resolves when it is in the feed and was told here. */
  append(told: Told): Promise<Change> {
    const appended = new Promise<Change>((done) => {
      this.#queue.push({ told, done });
    });
    if (!this.#appending) {
      this.#appending = true;
      void this.#inTurn(() => this.#appendAll());
    }
    return appended;
  }

  /** Tells a change here that is not in the feed yet: its place is not known, and it will be told again. */
  tellEarly(told: Told): void {
    this.#tell([toChange(told, this.#next)]);
  }

  /** Reads what others have appended and tells it. */
  poll(): Promise<void> {
    return this.#inTurn(async () => {
      const asked = performance.now();
      await this.#readOn();
      this.#heard = asked;
    });
  }

  silent(): number {
    return performance.now() - this.#heard;
  }

  listen(fn: (changes: readonly Change[]) => void): () => void {
    this.#listeners.add(fn);
    return () => {
      this.#listeners.delete(fn);
    };
  }

  /** As Changes.since; `machine`: only what that machine has written. */
  async since(cursor: number, limit = 1000, machine?: string): Promise<readonly Change[]> {
    if (cursor < (await this.oldest()))
      throw new Problem(
        'gone',
        'Changes from so long ago are no longer kept: read everything again',
      );
    const found: Change[] = [];
    let from = cursor - largestBlock + 1;
    while (found.length < limit) {
      const blocks = await this.#blocksFrom(from, Math.min(limit, 1000) + largestBlock);
      for (const { _id, e } of blocks)
        e.forEach((told, index) => {
          const wanted = machine === undefined || told.m === machine;
          if (_id + index > cursor && wanted) found.push(toChange(told, _id + index));
        });
      const last = blocks.at(-1);
      if (last === undefined) break;
      from = last._id + last.z;
    }
    return found.slice(0, limit);
  }

  async latest(): Promise<number> {
    const last = await this.#edge(-1);
    return last === undefined ? 0 : last._id + last.z - 1;
  }

  async oldest(): Promise<number> {
    const first = await this.#edge(1);
    return first === undefined ? 0 : first._id - 1;
  }

  /** Whether a commit's change is among the newest; costs a scan of them. */
  async has(commit: number): Promise<boolean> {
    const found = await this.#calls.ask(() =>
      this.#blocks.findOne({ _id: { $gt: this.#next - 5_000 }, 'e.n': commit }, { _id: 1 }).lean(),
    );
    return found !== null;
  }

  /** Stops; what waits to be appended is appended first when the server is there. */
  async close(): Promise<void> {
    const settled = this.#turn.catch(() => undefined);
    await Promise.race([settled, pause(2_000)]);
    this.#closed = true;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #appendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, largestBlock).sort((a, b) => a.told.n - b.told.n);
      this.#queue = this.#queue.slice(largestBlock);
      await this.#appendBlock(batch);
    }
    this.#appending = false;
  }

  async #appendBlock(batch: readonly Queued[]): Promise<void> {
    const name = `${this.#writer}:${++this.#blocksMade}`;
    const e = batch.map(({ told }) => told);
    for (;;) {
      if (this.#closed) return;
      try {
        await this.#calls.ask(() =>
          this.#blocks.insertOne({ _id: this.#next, z: e.length, a: name, e }),
        );
        break;
      } catch (error) {
        const ours = error instanceof Duplicate ? await this.#lost(name) : await this.#later();
        if (ours) break;
      }
    }
    const first = this.#next;
    this.#next += e.length;
    const changes = e.map((told, index) => toChange(told, first + index));
    this.#tell(changes);
    changes.forEach((change, index) => batch[index]?.done(change));
    this.#prune();
  }

  /** Another block has the number: reads on, up to our own if an earlier attempt had put it there after all. */
  async #lost(name: string): Promise<boolean> {
    try {
      return await this.#readOn(name);
    } catch {
      return this.#later();
    }
  }

  async #later(): Promise<false> {
    await pause(100);
    return false;
  }

  /** Tells the blocks that follow; stops before the block of that name and says whether it is there. */
  async #readOn(stopAt?: string): Promise<boolean> {
    for (;;) {
      const blocks = await this.#blocksFrom(this.#next, 100);
      for (const { _id, z, a, e } of blocks) {
        if (_id > this.#next && !(await this.#skipTo(_id))) return false;
        if (a === stopAt) return true;
        this.#next = _id + z;
        this.#tell(e.map((told, index) => toChange(told, _id + index)));
      }
      if (blocks.length < 100) return false;
    }
  }

  /** A gap: a reader may have overtaken an insertion, which the next reading finds; or the changes are no longer kept. */
  async #skipTo(number: number): Promise<boolean> {
    if ((await this.oldest()) < this.#next) return false;
    this.#log.log('error', 'changes were missed: they are no longer kept', { next: this.#next });
    this.#next = number;
    const all: Told = { c: '', w: '', i: '', n: 0, v: 0, r: true, by: '', m: '' };
    this.#tell([toChange(all, number - 1)]);
    return true;
  }

  #tell(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    for (const listener of this.#listeners) {
      try {
        listener(changes);
      } catch (error) {
        this.#log.log('error', 'a listener to changes failed', {
          reason: Problem.from(error).message,
        });
      }
    }
  }

  #prune(): void {
    const old = this.#next - changesKept;
    if (old - this.#pruned < pruneEvery) return;
    this.#pruned = old;
    // Some other time if not now: the next writer that comes by prunes as well.
    void this.#calls
      .ask(() => this.#blocks.deleteMany({ _id: { $lt: old - largestBlock } }))
      .catch(() => undefined);
  }

  #blocksFrom(number: number, limit: number): Promise<readonly Block[]> {
    return this.#calls.ask(() =>
      this.#blocks
        .find({ _id: { $gte: number } })
        .sort({ _id: 1 })
        .limit(limit)
        .read('primary')
        .readConcern('majority')
        .lean<Block[]>(),
    );
  }

  async #edge(order: 1 | -1): Promise<Block | undefined> {
    const found = await this.#calls.ask(() =>
      this.#blocks.findOne({}, { e: 0 }).sort({ _id: order }).readConcern('majority').lean<Block>(),
    );
    return found ?? undefined;
  }
}

/** The port's part of the feed that belongs to `Changes`; `machine` as Feed.since. */
export function changesOf(feed: Feed, calls: Calls, machine?: string): Changes {
  return {
    since: (cursor, limit) => calls.within(() => feed.since(cursor, limit, machine)),
    latest: () => calls.within(() => feed.latest()),
    oldest: () => calls.within(() => feed.oldest()),
    silent: () => feed.silent(),
    listen: (fn) => feed.listen(fn),
  };
}

function toChange({ c, w, i, v, n, by, r }: Told, cursor: number): Change {
  return { cursor, collection: c, workspace: w, id: i, version: v, commit: n, by, removed: r };
}
