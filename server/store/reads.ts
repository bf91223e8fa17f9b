/**
 * Reading: documents and pages of them as a view sees them, each checked against its checksum.
 * Synchronous on a read-only connection, because such a query is cheaper than a message to a thread.
 */
import type { Change, Outgoing } from '../../core/store.ts';
import { Problem } from '../../core/problem.ts';
import { checksum } from './checksum.ts';
import type { Position, Range } from './keys.ts';
import { faultOf } from './sqlite.ts';
import type { Row, Sqlite, Statement } from './sqlite.ts';

/** A document as read; `row` names it in messages, which may not hold its id. */
export interface Read {
  readonly id: string;
  readonly version: number;
  readonly commit: number;
  readonly text: string;
}

export interface Hit extends Read {
  readonly at: Position;
}

const columns = 'd.row, d.id, d.version, d.commit_number, d.removed, d.crc, d.text';
const inRange = 'idx = ?1 AND (key, id) > (?2, ?3) AND key < ?4';

export class Reads {
  readonly #sqlite: Sqlite;
  readonly #numbers = new Map<string, number>();
  readonly #get: Statement;
  readonly #find: Statement;
  readonly #findOver: Statement;
  readonly #collection: Statement;
  readonly #index: Statement;
  readonly #workspace: Statement;
  readonly #changedIds: Statement;
  readonly #size: Statement;
  readonly #overlaySize: Statement;
  readonly #changes: Statement;
  readonly #meta: Statement;
  readonly #outgoing: Statement;
  readonly #mark: Statement;

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite;
    this.#get = sqlite.prepare(
      `SELECT ${columns} FROM documents d WHERE collection = ? AND workspace = ? AND id = ?`,
    );
    this.#find = sqlite.prepare(
      `SELECT k.key AS at_key, k.id AS at_id, ${columns} FROM keys k LEFT JOIN documents d ON d.row = k.row
       WHERE k.idx = ?1 AND k.workspace = 0 AND (k.key, k.id) > (?2, ?3) AND k.key < ?4
       ORDER BY k.key, k.id LIMIT ?5`,
    );
    this.#findOver = sqlite.prepare(
      `SELECT u.key AS at_key, u.id AS at_id, ${columns} FROM (
         SELECT key, id, row FROM keys k WHERE workspace = 0 AND ${inRange} AND NOT EXISTS (
           SELECT 1 FROM documents o WHERE o.collection = ?6 AND o.workspace = ?7 AND o.id = k.id)
         UNION ALL SELECT key, id, row FROM keys WHERE workspace = ?7 AND ${inRange}
         ORDER BY 1, 2 LIMIT ?5) u
       LEFT JOIN documents d ON d.row = u.row ORDER BY u.key, u.id`,
    );
    this.#collection = sqlite.prepare('SELECT number FROM collections WHERE name = ?');
    this.#index = sqlite.prepare('SELECT number FROM indexes WHERE collection = ? AND name = ?');
    this.#workspace = sqlite.prepare('SELECT number FROM workspaces WHERE name = ?');
    this.#changedIds = sqlite.prepare(
      'SELECT collection, id FROM documents WHERE workspace = ? AND workspace > 0',
    );
    this.#size = sqlite.prepare('SELECT size FROM collections WHERE number = ?');
    this.#overlaySize = sqlite.prepare(
      `SELECT coalesce(sum((removed = 0) - (EXISTS (SELECT 1 FROM documents b
         WHERE b.collection = ?1 AND b.workspace = 0 AND b.id = o.id))), 0) AS size
       FROM documents o WHERE collection = ?1 AND workspace = ?2`,
    );
    this.#changes = sqlite.prepare(
      'SELECT * FROM changes WHERE commit_number > ? ORDER BY commit_number LIMIT ?',
    );
    this.#meta = sqlite.prepare('SELECT value FROM meta WHERE name = ?');
    this.#outgoing = sqlite.prepare(
      'SELECT id, topic, body FROM outbox WHERE topic = ? ORDER BY id LIMIT ?',
    );
    this.#mark = sqlite.prepare('SELECT value FROM marks WHERE name = ?');
  }

  /** The number of a collection; undefined while nothing was ever written to it. */
  collection(name: string): number | undefined {
    return this.#number(`c ${name}`, () => this.#collection.get(name));
  }

  index(collection: number, name: string): number | undefined {
    return this.#number(`i ${collection} ${name}`, () => this.#index.get(collection, name));
  }

  /** The number of a workspace now; it may get another after a reset. */
  workspace(name: string): number | undefined {
    const found = this.#workspace.get(name)?.number;
    return found === undefined ? undefined : Number(found);
  }

  /** Which documents a workspace holds itself, by the number of their collection. */
  changedIds(workspace: number): readonly { readonly collection: number; readonly id: string }[] {
    const rows = this.#changedIds.all(workspace);
    return rows.map(({ collection, id }) => ({ collection: Number(collection), id: String(id) }));
  }

  /** The document of one view's own; 'removed' for a tombstone. @throws Problem `internal` when it is damaged. */
  get(
    name: string,
    collection: number,
    workspace: number,
    id: string,
  ): Read | 'removed' | undefined {
    const row = this.#safely(() => this.#get.get(collection, workspace, id));
    return row === undefined ? undefined : toRead(name, row, id);
  }

  /** Whether a view has a row of its own for a document, a tombstone or a damaged one too. */
  holds(collection: number, workspace: number, id: string): boolean {
    return this.#get.get(collection, workspace, id) !== undefined;
  }

  /** Hits of a range in key order. `workspace` 0 for the base alone. */
  find(
    name: string,
    place: { readonly collection: number; readonly index: number; readonly workspace: number },
    { above, below }: Range,
    limit: number,
  ): readonly Hit[] {
    const { collection, index, workspace } = place;
    const rows = this.#safely(() =>
      workspace === 0
        ? this.#find.all(index, above.key, above.id, below, limit)
        : this.#findOver.all(index, above.key, above.id, below, limit, collection, workspace),
    );
    return rows.map((row) => toHit(name, row));
  }

  /** The number of documents of a view. */
  count(collection: number, workspace: number): number {
    const base = Number(this.#size.get(collection)?.size);
    if (workspace === 0) return base;
    return base + Number(this.#overlaySize.get(collection, workspace)?.size);
  }

  /** @throws Problem `gone` when some of them are no longer kept. */
  changesSince(cursor: number, limit: number): readonly Change[] {
    if (cursor < this.#metaValue('pruned'))
      throw new Problem(
        'gone',
        'Changes from so long ago are no longer kept: read everything again',
      );
    return this.#changes.all(cursor, limit).map(toChange);
  }

  /** All changes after this cursor, at most `limit`; dear only when there are some. @throws Problem as changesSince. */
  newChanges(cursor: number, limit: number): readonly Change[] {
    const rows = this.#changes.all(cursor, limit);
    return rows.length === 0 ? [] : this.changesSince(cursor, limit);
  }

  /** Changes up to this cursor may be gone. */
  oldestChange(): number {
    return this.#metaValue('pruned');
  }

  lastCommit(): number {
    return this.#metaValue('last_commit');
  }

  outgoing(topic: string, limit: number): readonly Outgoing[] {
    return this.#outgoing
      .all(topic, limit)
      .map((row) => ({ id: Number(row.id), topic, body: String(row.body) }));
  }

  mark(name: string): string | undefined {
    const found = this.#mark.get(name)?.value;
    return found === undefined ? undefined : String(found);
  }

  /** Copies the store as it is now into a new file. */
  backup(file: string, progress?: (part: number) => void): Promise<void> {
    return this.#sqlite.backup(file, progress);
  }

  close(): void {
    this.#sqlite.close();
  }

  #metaValue(name: string): number {
    return Number(this.#meta.get(name)?.value);
  }

  #number(key: string, find: () => Row | undefined): number | undefined {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const found = find()?.number;
    if (found === undefined) return undefined;
    this.#numbers.set(key, Number(found));
    return Number(found);
  }

  #safely<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      const fault = faultOf(cause);
      if (fault !== 'damaged' && fault !== 'not-a-store') throw cause;
      throw new Problem('internal', 'The store file is damaged: run gatehouse check', { cause });
    }
  }
}

function toHit(name: string, row: Row): Hit {
  const at = { key: String(row.at_key), id: String(row.at_id) };
  const read = row.row === null ? undefined : toRead(name, row, at.id);
  if (read === undefined || read === 'removed')
    throw damaged(name, 'an index entry without its document', row);
  return { ...read, at };
}

/** @throws Problem `internal` when the checksum is not that of the row. */
function toRead(name: string, row: Row, id: string): Read | 'removed' {
  const version = Number(row.version);
  const commit = Number(row.commit_number);
  const removed = row.removed === 1;
  const text = String(row.text);
  if (checksum(id, version, commit, removed, text) !== row.crc)
    throw damaged(name, `row ${String(row.row)}`, row);
  return removed ? 'removed' : { id, version, commit, text };
}

function damaged(name: string, where: string, { row }: Row): Problem {
  return new Problem('internal', `A stored record is damaged: collection ${name}, ${where}`, {
    code: 'STORE_DAMAGED',
    cause: new Error(`checksum or index of row ${String(row)} in ${name}`),
  });
}

function toChange(row: Row): Change {
  const cursor = Number(row.commit_number);
  return {
    cursor,
    collection: String(row.collection),
    workspace: String(row.workspace),
    id: String(row.id),
    version: Number(row.version),
    commit: cursor,
    by: String(row.asked_by),
    removed: row.removed === 1,
  };
}
