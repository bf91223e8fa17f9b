/**
 * The tables of the store file, as the list of steps that made them, and the one number that says how many were taken.
 * Owns format versions and migration; what is read and written in the tables is in reads.ts and writes.ts.
 */
import { Problem } from '../../core/problem.ts';
import type { Sqlite } from './sqlite.ts';

/** Marks the file as ours: "Gate" in ASCII. */
const applicationId = 0x47617465;

/** Step n brings format n to format n + 1. Never change one that was released: add another. */
export const migrations: readonly string[] = [
  // 1: documents with their index entries, overlays, counters, outbox and changes.
  `CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
   INSERT INTO meta VALUES ('last_commit', 0), ('pruned', 0), ('last_workspace', 0), ('unindexed', 0);
   CREATE TABLE collections (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL DEFAULT 0);
   CREATE TABLE indexes (number INTEGER PRIMARY KEY, collection INTEGER NOT NULL, name TEXT NOT NULL,
     UNIQUE (collection, name));
   CREATE TABLE workspaces (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
   CREATE TABLE documents (row INTEGER PRIMARY KEY, collection INTEGER NOT NULL, workspace INTEGER NOT NULL,
     id TEXT NOT NULL, version INTEGER NOT NULL, commit_number INTEGER NOT NULL, removed INTEGER NOT NULL,
     crc INTEGER NOT NULL, keys TEXT NOT NULL, text TEXT NOT NULL);
   CREATE UNIQUE INDEX documents_by_id ON documents (collection, workspace, id);
   CREATE INDEX documents_of_workspace ON documents (workspace) WHERE workspace > 0;
   CREATE TABLE keys (idx INTEGER NOT NULL, workspace INTEGER NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL,
     row INTEGER NOT NULL, PRIMARY KEY (idx, workspace, key, id)) WITHOUT ROWID;
   CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, body TEXT NOT NULL);
   CREATE INDEX outbox_by_topic ON outbox (topic, id);
   CREATE TABLE changes (commit_number INTEGER PRIMARY KEY, collection TEXT NOT NULL, workspace TEXT NOT NULL,
     id TEXT NOT NULL, version INTEGER NOT NULL, removed INTEGER NOT NULL);`,
  // 2: who asked for each change, and the marks of long loads.
  `ALTER TABLE changes ADD COLUMN asked_by TEXT NOT NULL DEFAULT '';
   CREATE TABLE marks (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`,
];

/** The format this program writes. */
export const formatVersion = migrations.length;

/**
 * Brings a file to this program's format, each step in a transaction of its own, so that a kill between leaves a store that opens.
 * Gives the format it had; 0 for a new file.
 * @throws Problem `unavailable` for a newer format or a file that is not ours.
 */
export function migrate(sqlite: Sqlite): number {
  const found = formatOf(sqlite);
  migrations.slice(found).forEach((step, index) => {
    sqlite.exec(
      `BEGIN EXCLUSIVE; ${step} PRAGMA user_version=${found + index + 1}; PRAGMA application_id=${applicationId}; COMMIT`,
    );
  });
  return found;
}

/** The format of an open file. @throws Problem `unavailable` as migrate. */
export function formatOf(sqlite: Sqlite): number {
  const found = Number(sqlite.value('PRAGMA user_version'));
  const application = Number(sqlite.value('PRAGMA application_id'));
  if (
    application !== applicationId &&
    Number(sqlite.value('SELECT count(*) FROM sqlite_schema')) > 0
  )
    throw new Problem('unavailable', 'The store file is a database of another program');
  if (found > formatVersion)
    throw new Problem(
      'unavailable',
      `The store has data format ${found}, this version of Gatehouse knows formats up to ${formatVersion}: start a newer Gatehouse or restore an older backup`,
    );
  return found;
}
