/**
 * Changes between landing and the feed. A change lands inside its document, so it cannot be lost; whoever wrote it appends
 * it to the feed and then clears it from the document. What a writer has left behind by dying is found by an index, and
 * told by whichever machine sees it twice. At least once, therefore; mostly exactly once.
 */
import type { Calls } from './mongo-calls.ts';
import type { Feed } from './mongo-feed.ts';
import type { Pending, Row, Tables, Told } from './mongo-rows.ts';

/** Which row a change landed in. */
export type Place = Pick<Row, '_id' | 'c' | 'w' | 'i' | 's'>;

/** Commits remembered as in the feed, so that few are appended twice while their documents are being cleared. */
const mostKnown = 20_000;
const mostFound = 200;

interface Clearing {
  readonly row: Place;
  readonly n: number;
}

export class Untold {
  readonly #rows: Tables['rows'];
  readonly #calls: Calls;
  readonly #feed: Feed;
  readonly #known = new Set<number>();
  #found = new Set<number>();
  #clearing: Clearing[] = [];
  #cleared: Promise<void> | undefined;

  constructor({ rows }: Tables, calls: Calls, feed: Feed) {
    this.#rows = rows;
    this.#calls = calls;
    this.#feed = feed;
    feed.listen((changes) => {
      for (const { commit } of changes) this.#know(commit);
    });
  }

  /** Appends a change to the feed, where this has not done it already; then clears it from its row. */
  async tell(row: Place, pending: Pending): Promise<void> {
    const { n } = pending;
    if (!this.#known.has(n)) {
      this.#know(n);
      await this.#feed.append(toTold(row, pending));
    }
    this.#clear({ row, n });
  }

  /** Tells what others have left untold; call it now and then. A change is left to its writer until it is seen twice. */
  async sweep(): Promise<void> {
    const rows = await this.#calls.ask(() =>
      this.#rows
        .find({ 'p.n': { $gt: 0 } }, { c: 1, w: 1, i: 1, s: 1, p: 1 })
        .limit(mostFound)
        .lean<(Place & Pick<Row, 'p'>)[]>(),
    );
    const before = this.#found;
    const found = rows.flatMap((row) => (row.p ?? []).map((pending) => ({ row, pending })));
    this.#found = new Set(found.map(({ pending }) => pending.n));
    const left = found.filter(({ pending }) => before.has(pending.n));
    await Promise.all(left.map(({ row, pending }) => this.tell(row, pending)));
  }

  /** Resolves when nothing waits to be cleared. */
  async settled(): Promise<void> {
    await this.#cleared;
  }

  #know(commit: number): void {
    this.#known.add(commit);
    if (this.#known.size <= mostKnown) return;
    for (const oldest of this.#known) {
      this.#known.delete(oldest);
      return;
    }
  }

  #clear(one: Clearing): void {
    this.#clearing.push(one);
    this.#cleared ??= this.#clearAll().finally(() => {
      this.#cleared = undefined;
    });
  }

  async #clearAll(): Promise<void> {
    while (this.#clearing.length > 0) {
      const some = this.#clearing.splice(0, mostFound);
      // What is not cleared is found by the next sweep.
      await this.#clearSome(some).catch(() => undefined);
    }
  }

  async #clearSome(some: readonly Clearing[]): Promise<void> {
    const rows = this.#rows;
    const these = { _id: { $in: some.map(({ row }) => row._id) } };
    const told = { n: { $in: some.map(({ n }) => n) } };
    await this.#calls.ask(() => rows.updateMany(these, { $pull: { p: told } }));
    await this.#calls.ask(() => rows.updateMany({ ...these, p: { $size: 0 } }, { $unset: { p: '' } })); // prettier-ignore
    if (some.some(({ row }) => row.s === 'dead'))
      await this.#calls.ask(() => rows.deleteMany({ ...these, ...bare }));
  }
}

/** A row that is no document any more and that nothing needs. */
export const bare = { s: 'dead', o: { $exists: false }, p: { $exists: false } } as const;

/** A change with the place of its document. */
export function toTold({ c, w, i }: Pick<Row, 'c' | 'w' | 'i'>, pending: Pending): Told {
  return { ...pending, c, w, i };
}
