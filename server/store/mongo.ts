/**
 * The store on MongoDB, for several machines at once: majority writes, one document a step, a feed that is polled; no
 * transactions, change streams or expiry by the server (docs/decisions/0018-mongodb-store.md). Joins the parts into the port.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Changes } from '../../core/store.ts';
import type { Log } from '../../core/log.ts';
import { Problem } from '../../core/problem.ts';
import { loadBulk, readMark, setMark } from './mongo-bulk.ts';
import { Calls, longest, pause } from './mongo-calls.ts';
import { mongoCollection } from './mongo-collection.ts';
import { countCommits } from './mongo-commits.ts';
import { connect } from './mongo-connection.ts';
import { changesOf, Feed } from './mongo-feed.ts';
import { delivered, outgoing } from './mongo-outbox.ts';
import { formatVersion, tablesOn, type Tables } from './mongo-rows.ts';
import { inTurn, turnCollection } from './mongo-turns.ts';
import { Untold } from './mongo-untold.ts';
import { countChanged, resetWorkspace, Room } from './mongo-workspaces.ts';
import type { WriteParts } from './mongo-writes.ts';
import type { Opening } from './recovery.ts';
import type { ServedStore } from './served.ts';

export interface MongoOptions {
  /** A MongoDB connection string with a database name. */
  readonly url: string;
  readonly log: Log;
  /** Milliseconds between looks for what other machines have changed. Default 200. */
  readonly pollEvery?: number;
  /** Milliseconds without any answer after which the server counts as away, and callers are told so. Default 900. */
  readonly silence?: number;
  /** How many records a workspace may change, by name, where that is not 10,000. */
  readonly limits?: Readonly<Record<string, number>>;
  /** The name of this machine, by which its own changes are told from others'. Default: the host's. */
  readonly machine?: string;
}

export interface MongoStore extends ServedStore {
  /** The changes that this machine has written, for its own audit; `latest` and `oldest` are those of all. */
  readonly ownChanges: Changes;
}

/**
 * Opens the store in a database, making what is missing.
 * @throws Problem `unavailable` when there is no server, it refuses us, or the data have a newer format.
 */
export async function openMongoStore(options: MongoOptions): Promise<MongoStore> {
  const { url, log, pollEvery = 200, silence = 900, limits = {}, machine = hostname() } = options;
  const connection = await connect(url);
  try {
    const tables = tablesOn(connection);
    const calls = new Calls(log, silence);
    await prepare(tables, calls);
    const commits = countCommits(tables, calls);
    const feed = new Feed(tables, calls, log, randomUUID());
    const untold = new Untold(tables, calls, feed);
    const room = new Room(tables, calls, limits);
    await feed.start();
    const opening = { lastCommit: await commits.last(), recovered: [], unindexed: false };
    const parts = { tables, calls, commits, feed, untold, room, machine };
    const follower = follow(parts, pollEvery);
    return storeOver(parts, opening, async () => {
      await follower();
      await connection.close();
    });
  } catch (error) {
    await connection.close(true);
    throw error;
  }
}

function storeOver(parts: WriteParts, opening: Opening, stop: () => Promise<void>): MongoStore {
  const { tables, calls, feed, machine } = parts;
  let closed: Promise<void> | undefined;
  return {
    opening,
    stopped: false,
    open: (definition) => mongoCollection(parts, definition, ''),
    counters: { add: (name, by = 1) => calls.within(() => add(tables, calls, name, by)) },
    changes: changesOf(feed, calls),
    ownChanges: changesOf(feed, calls, machine),
    outgoing: (topic, limit = 50) => calls.within(() => outgoing(tables, calls, topic, limit)),
    delivered: (id) => calls.within(() => delivered(tables, calls, id)),
    reset: (workspace) => calls.within(() => resetWorkspace(parts, workspace), longest.sweep),
    changed: (workspace) => calls.within(() => countChanged(tables, calls, workspace)),
    bulk: (definition, records, bulkOptions) => loadBulk(parts, definition, records, bulkOptions),
    mark: (name) => calls.within(() => readMark(parts, name)),
    setMark: (name, value) => calls.within(() => setMark(parts, name, value)),
    alone: (name, work) => inTurn(mongoCollection(parts, turnCollection, ''), name, work),
    close() {
      calls.close();
      closed ??= stop();
      return closed;
    },
  };
}

/** A step that was counted and whose answer was lost may be counted again by who asks again. */
async function add({ counters }: Tables, calls: Calls, name: string, by: number): Promise<number> {
  const row = await calls.ask(() =>
    counters
      .findOneAndUpdate(
        { _id: `counter ${name}` },
        { $inc: { v: by } },
        { upsert: true, returnDocument: 'after' },
      ) // prettier-ignore
      .lean(),
  );
  return row.v;
}

async function prepare({ rows, counters }: Tables, calls: Calls): Promise<void> {
  await calls.ask(() => rows.createIndexes());
  const format = await calls.ask(() =>
    counters
      .findOneAndUpdate(
        { _id: 'format' },
        { $setOnInsert: { v: formatVersion } },
        { upsert: true, returnDocument: 'after' },
      ) // prettier-ignore
      .lean(),
  );
  if (format.v > formatVersion)
    throw new Problem(
      'unavailable',
      `The store has data format ${format.v}, this version of Gatehouse knows formats up to ${formatVersion}: start a newer Gatehouse`,
    );
}

/** Looks for others' changes every so often, and every fifth time for what a dead writer has left. Gives what stops it. */
function follow({ feed, untold }: WriteParts, every: number): () => Promise<void> {
  let stopped = false;
  const loop = async () => {
    for (let round = 0; !stopped; round++) {
      await pause(every);
      // A store that is away is tried again at the next look.
      await feed.poll().catch(() => undefined);
      if (round % 5 === 0) await untold.sweep().catch(() => undefined);
    }
  };
  void loop();
  return async () => {
    stopped = true;
    await feed.close();
    await untold.settled();
  };
}
