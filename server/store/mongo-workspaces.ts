/** Workspaces of the MongoDB store as a whole: how much each has changed, how much it may, and dropping all of it. */
import { Problem } from '../../core/problem.ts';
import type { Calls } from './mongo-calls.ts';
import type { Commits } from './mongo-commits.ts';
import type { Row, State, Tables } from './mongo-rows.ts';
import type { Untold } from './mongo-untold.ts';

/** Most documents that one workspace may change, where `limits` says nothing else. */
const workspaceLimit = 10_000;
const mostWorkspaces = 10_000;
/** Rows dropped by one request. */
const atOnce = 2_000;

const held: { $in: State[] } = { $in: ['live', 'hidden'] };

/** How many documents a workspace has changed, tombstones included. */
export function countChanged({ rows }: Tables, calls: Calls, workspace: string): Promise<number> {
  if (workspace === '') return Promise.resolve(0);
  return calls.ask(() => rows.countDocuments({ w: workspace, s: held }));
}

/**
 * The room that each workspace has left. Counted when a tenth of what was left has been taken here, so that ten machines
 * together keep the limit; near it each new document is counted.
 */
export class Room {
  readonly #tables: Tables;
  readonly #calls: Calls;
  readonly #limits: Readonly<Record<string, number>>;
  readonly #known = new Map<string, { counted: number; taken: number }>();

  constructor(tables: Tables, calls: Calls, limits: Readonly<Record<string, number>>) {
    this.#tables = tables;
    this.#calls = calls;
    this.#limits = limits;
  }

  /** Takes room for one document more; gives what hands it back. @throws Problem `forbidden` when there is none. */
  async take(workspace: string): Promise<() => void> {
    const limit = this.#limits[workspace] ?? workspaceLimit;
    const known = this.#known.get(workspace);
    if (known === undefined || known.taken + 1 > (limit - known.counted) / 10) {
      const counted = await countChanged(this.#tables, this.#calls, workspace);
      if (this.#known.size >= mostWorkspaces) this.#known.clear();
      this.#known.set(workspace, { counted, taken: 0 });
      if (counted >= limit)
        throw new Problem(
          'forbidden',
          `This workspace may change at most ${limit} records: reset it or use another`,
        );
    }
    const taken = this.#known.get(workspace);
    if (taken !== undefined) taken.taken++;
    return () => {
      if (taken !== undefined) taken.taken--;
    };
  }

  /** Forgets a workspace that was reset. */
  forget(workspace: string): void {
    this.#known.delete(workspace);
  }
}

export interface ResetParts {
  readonly tables: Tables;
  readonly calls: Calls;
  readonly commits: Commits;
  readonly untold: Untold;
  readonly room: Room;
  readonly machine: string;
}

/** Drops all rows of a workspace; gives how many documents it had changed. The change that tells it lands first. */
export async function resetWorkspace(parts: ResetParts, workspace: string): Promise<number> {
  const { tables, calls, commits, untold, room, machine } = parts;
  if ((await countChanged(tables, calls, workspace)) === 0) return 0;
  const n = await commits.take();
  const pending = { n, v: 0, r: true, by: '', m: machine };
  const place = { _id: `//reset/${n}`, c: '', w: workspace, i: '' };
  const marker: Row = { ...place, s: 'dead', v: 0, n, x: '', k: [], p: [pending] };
  await calls.ask(() => tables.rows.collection.insertOne(marker as never)); // the driver's type wants ids of its own
  const dropped = await dropRows(tables, calls, workspace);
  room.forget(workspace);
  await untold.tell(marker, pending);
  return dropped;
}

/** Rows with outbox entries go when these have left. */
async function dropRows({ rows }: Tables, calls: Calls, workspace: string): Promise<number> {
  let dropped = 0;
  for (;;) {
    const some = await calls.ask(() =>
      rows.find({ w: workspace, s: held }, { _id: 1 }).limit(atOnce).lean<Pick<Row, '_id'>[]>(),
    );
    const these = { _id: { $in: some.map(({ _id }) => _id) }, s: held };
    const gone = await calls.ask(() => rows.deleteMany({ ...these, o: { $exists: false } }));
    const left = await calls.ask(() => rows.updateMany(these, { $set: { s: 'dead', x: '', k: [] }, $unset: { p: '' } })); // prettier-ignore
    dropped += gone.deletedCount + left.modifiedCount;
    if (some.length < atOnce) return dropped;
  }
}
