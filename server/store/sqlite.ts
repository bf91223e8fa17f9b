/**
 * The only door to SQLite: opening with the pragmas this store rests on, statements, backup, and what an error means.
 * Knows no table of ours; those are in layout.ts.
 */
import { DatabaseSync, backup } from '@photostructure/sqlite';
import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';

/** What may be bound or come back. No booleans or bigints: every number here is below 2^53. */
export type Cell = string | number | null | Uint8Array;
export type Row = Readonly<Record<string, Cell>>;

/** A prepared statement; prepare once and keep it. */
export interface Statement {
  get(...parameters: Cell[]): Row | undefined;
  all(...parameters: Cell[]): readonly Row[];
  iterate(...parameters: Cell[]): Iterable<Row>;
  /** The number of rows changed. */
  run(...parameters: Cell[]): number;
}

/** One connection. Every method is synchronous except `backup`, and throws what the driver throws. */
export interface Sqlite {
  prepare(sql: string): Statement;
  exec(sql: string): void;
  /** The single value of a pragma or of a query of one cell. */
  value(sql: string): Cell | undefined;
  /** Copies the store as it is at this moment into a new file while others go on writing. `progress` from 0 to 1. */
  backup(file: string, progress?: (part: number) => void): Promise<void>;
  close(): void;
}

export interface OpenOptions {
  readonly readOnly?: boolean;
  /** Page cache of this connection in MiB; default 64. */
  readonly cache?: number;
  /** Where sorting goes that does not fit; default memory. */
  readonly temporary?: 'memory' | 'file';
}

/** Opens a file with the settings that durability and memory figures rest on; makes it if it may write. */
export function openSqlite(
  file: string,
  { readOnly = false, cache = 64, temporary = 'memory' }: OpenOptions = {},
): Sqlite {
  const database = new DatabaseSync(file, { readOnly, timeout: 5000 });
  try {
    if (!readOnly) {
      // The page size must come before WAL or it is ignored.
      database.exec(
        'PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=67108864',
      );
      // The driver's standard in WAL is NORMAL, which loses acknowledged commits at a power cut.
      // Checkpoints are ours: SQLite hides a failed sync when it makes them itself.
      database.exec('PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0');
    }
    database.exec(
      `PRAGMA mmap_size=0; PRAGMA cache_size=${-1024 * cache}; PRAGMA temp_store=${temporary}`,
    );
    return connection(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Locks a folder by a transaction on this file, which the system frees whenever the process ends: an exclusive one, or one
 * that several may hold while none has it exclusively.
 * Gives the function that unlocks; undefined when another holds it.
 */
export function lockFile(
  file: string,
  how: 'exclusive' | 'shared' = 'exclusive',
): (() => void) | undefined {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec(
      how === 'exclusive' ? 'BEGIN EXCLUSIVE' : 'BEGIN; SELECT count(*) FROM sqlite_schema',
    );
  } catch (error) {
    database.close();
    if (faultOf(error) === 'busy') return undefined;
    throw error;
  }
  return () => {
    end(database);
  };
}

/** Closes; statements still in memory keep a connection alive, and with it the locks of a transaction not ended first. */
function end(database: DatabaseSyncInstance): void {
  if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
  database.close();
}

function connection(database: DatabaseSyncInstance): Sqlite {
  const prepare = (sql: string) => statement(database.prepare(sql));
  return {
    prepare,
    exec: (sql) => {
      database.exec(sql);
    },
    value(sql) {
      const row = prepare(sql).get();
      return row === undefined ? undefined : Object.values(row)[0];
    },
    backup: (file, progress) => copy(database, file, progress),
    close: () => {
      end(database);
    },
  };
}

function statement(prepared: StatementSyncInstance): Statement {
  // The driver types rows as any; its cells are these types because no column is read as bigint.
  return {
    get: (...parameters) => prepared.get(...parameters) as Row | undefined,
    all: (...parameters) => prepared.all(...parameters) as Row[],
    iterate: (...parameters) => prepared.iterate(...parameters) as Iterable<Row>,
    run: (...parameters) => prepared.run(...parameters).changes,
  };
}

async function copy(
  database: DatabaseSyncInstance,
  file: string,
  progress: (part: number) => void = () => undefined,
): Promise<void> {
  // A read transaction held around it keeps one snapshot; else each commit of a writer would start the copy again.
  database.exec('BEGIN');
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    await backup(database, file, {
      rate: 1000,
      progress: ({ totalPages, remainingPages }) => {
        progress(1 - remainingPages / Math.max(1, totalPages));
      },
    });
  } finally {
    database.exec('COMMIT');
  }
}

/** What an error of SQLite means for us; `other` for anything else. */
export type Fault = 'full' | 'busy' | 'damaged' | 'not-a-store' | 'io' | 'cannot-open' | 'other';

const faults: Readonly<Record<number, Fault>> = {
  5: 'busy',
  6: 'busy',
  8: 'cannot-open', // READONLY
  10: 'io',
  11: 'damaged',
  13: 'full',
  14: 'cannot-open',
  26: 'not-a-store',
};

/** Errors of the system that mean no room: ENOSPC, EFBIG, EDQUOT. SQLite reports some of them as input or output errors. */
const noRoom = new Set([28, 27, 122]);
/** SQLITE_IOERR_SHMSIZE: the shared memory file could not grow, which is again no room. */
const sharedMemorySize = 4874;

/** Which fault a thrown value stands for. */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return 'other';
  // The driver puts these numbers on its errors; anything else has neither.
  const { errcode, systemErrno } = error as { errcode?: number; systemErrno?: number };
  if (errcode === undefined) return 'other';
  if (errcode === sharedMemorySize) return 'full';
  if (errcode % 256 === 10 && systemErrno !== undefined && noRoom.has(systemErrno)) return 'full';
  return faults[errcode % 256] ?? 'other';
}
