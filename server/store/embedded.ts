/**
 * The embedded store: one SQLite file in a folder of this process alone. Joins the lock, what is recovered at opening,
 * the reads and the writer into the port of core/store.ts, and adds bulk loading, marks and backup.
 */
import { join } from 'node:path';
import type { Change, Collection, CollectionOf, Store } from '../../core/store.ts';
import type { Log } from '../../core/log.ts';
import { Problem } from '../../core/problem.ts';
import { loadInto } from './bulk.ts';
import type { BulkOptions } from './bulk.ts';
import { collectionIn, promised } from './collection.ts';
import type { Parts } from './collection.ts';
import { Overlays } from './overlays.ts';
import { Reads } from './reads.ts';
import { recover } from './recovery.ts';
import type { Opening } from './recovery.ts';
import { lockFolder, refuseHalfRestored, storeFile } from './folder.ts';
import { faultOf, openSqlite } from './sqlite.ts';
import { startWriter } from './writer.ts';
import type { Outcome, Write } from './write-terms.ts';

export interface EmbeddedOptions {
  /** The folder; made when it is not there. */
  readonly dir: string;
  /** Milliseconds that each sync is slowed down by, to measure how writers share syncs. Default 0. */
  readonly syncDelay?: number;
  /** How many records a workspace may change, by name, where that is not 10,000. */
  readonly limits?: Readonly<Record<string, number>>;
  readonly log?: Log;
}

export interface EmbeddedStore extends Store {
  /** What was found at opening. */
  readonly opening: Opening;
  /** Whether a failed write has stopped all writing until the next start; reads go on. */
  readonly stopped: boolean;
  /**
   * Puts many documents into the base whatever is there, without telling changes; gives how many.
   * New ones are found by key once all are loaded. A kill loses at most what `mark` does not cover.
   */
  bulk<T>(
    definition: CollectionOf<T>,
    records: Iterable<{ id: string; value: T }> | AsyncIterable<{ id: string; value: T }>,
    options?: BulkOptions,
  ): Promise<number>;
  /** A mark as it was last set; it tells a long job where to go on. */
  mark(name: string): Promise<string | undefined>;
  /** Sets a mark, or clears it with undefined. */
  setMark(name: string, value: string | undefined): Promise<void>;
  /** Copies the store as it is now into a new file while it serves. `progress` from 0 to 1. */
  backup(file: string, progress?: (part: number) => void): Promise<void>;
}

const silent: Log = { log: () => undefined, child: () => silent };

/**
 * Opens the store in a folder, bringing it to this program's format.
 * @throws Problem `unavailable` when the folder is in use, cannot be written, or holds a newer format or a damaged file.
 */
export async function openEmbeddedStore(options: EmbeddedOptions): Promise<EmbeddedStore> {
  const { dir, log = silent } = options;
  const unlock = lockFolder(dir);
  try {
    refuseHalfRestored(dir);
    const file = join(dir, storeFile);
    const opening = recover(file);
    for (const sentence of opening.recovered)
      log.log('warn', 'store opened', { recovered: sentence });
    return await storeOver(file, opening, unlock, options, log);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function storeOver(
  file: string,
  opening: Opening,
  unlock: () => void,
  { syncDelay = 0, limits = {} }: EmbeddedOptions,
  log: Log,
): Promise<EmbeddedStore> {
  const reads = new Reads(openSqlite(file, { readOnly: true }));
  const overlays = new Overlays(reads);
  const listeners = new Set<(changes: readonly Change[]) => void>();
  const tell = (changes: readonly Change[]) => {
    for (const listener of listeners) {
      try {
        listener(changes);
      } catch (error) {
        log.log('error', 'a listener to changes failed', { reason: Problem.from(error).message });
      }
    }
  };
  const landed = (writes: readonly Write[], outcomes: readonly Outcome[]) => {
    const changes: Change[] = [];
    writes.forEach((write, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined || 'kind' in outcome) return;
      overlays.landed(write, outcome);
      const change = toChange(write, outcome.value, outcome.commit);
      if (change !== undefined) changes.push(change);
    });
    if (changes.length > 0) tell(changes);
  };
  const writer = startWriter({ file, syncDelay, limits }, landed, log);
  const parts: Parts = { reads, writer, overlays };
  if (opening.unindexed) await writer.write({ kind: 'index' });
  let closed: Promise<void> | undefined;

  return {
    opening,
    get stopped() {
      return writer.stopped;
    },
    open: <T>(definition: CollectionOf<T>): Collection<T> => collectionIn(parts, definition, ''),
    counters: {
      add: async (name, by = 1) => (await writer.write({ kind: 'add', name, by })).value,
    },
    changes: {
      since: (cursor, limit = 1000) => promised(() => reads.changesSince(cursor, limit)),
      latest: () => promised(() => reads.lastCommit()),
      listen(fn) {
        listeners.add(fn);
        return () => {
          listeners.delete(fn);
        };
      },
    },
    outgoing: (topic, limit = 50) => promised(() => reads.outgoing(topic, limit)),
    delivered: async (id) => {
      await writer.write({ kind: 'delivered', id });
    },
    reset: async (workspace) => (await writer.write({ kind: 'reset', workspace })).value,
    changed: (workspace) => promised(() => overlays.changed(workspace)),
    bulk: (definition, records, bulkOptions) => loadInto(writer, definition, records, bulkOptions),
    mark: (name) => promised(() => reads.mark(name)),
    setMark: async (name, value) => {
      await writer.write({ kind: 'mark', name, value });
    },
    backup: (target, progress) => backup(file, target, progress),
    close() {
      closed ??= closeAll(parts, unlock);
      return closed;
    },
  };
}

async function closeAll({ writer, reads }: Parts, unlock: () => void): Promise<void> {
  await writer.close();
  reads.close();
  unlock();
}

async function backup(
  file: string,
  target: string,
  progress?: (part: number) => void,
): Promise<void> {
  // A connection of its own: it holds one snapshot all the while, and reads must go on seeing what lands.
  const source = openSqlite(file, { readOnly: true, cache: 8 });
  try {
    await source.backup(target, progress);
  } catch (cause) {
    const reason = faultOf(cause) === 'full' ? 'the disk is full' : 'the copy failed';
    throw new Problem('unavailable', `The store could not be copied: ${reason}`, { cause });
  } finally {
    source.close();
  }
}

/** What the feed says of a write; undefined for writes that change no document. A reset is one change without collection and id. */
function toChange(write: Write, version: number, commit: number): Change | undefined {
  const at = { cursor: commit, commit };
  switch (write.kind) {
    case 'put':
    case 'remove': {
      const { collection, workspace, id } = write;
      const by = write.kind === 'put' ? write.by : '';
      return { ...at, collection, workspace, id, version, by, removed: write.kind === 'remove' };
    }
    case 'reset':
      if (version === 0) return undefined;
      return {
        ...at,
        collection: '',
        workspace: write.workspace,
        id: '',
        version: 0,
        by: '',
        removed: true,
      };
    default:
      return undefined;
  }
}
