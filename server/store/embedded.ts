/**
 * The embedded store: one SQLite file in a folder of this process alone. Joins the lock, what is recovered at opening,
 * the reads and the writer into the port of core/store.ts, and adds bulk loading, marks and backup.
 */
import { join } from 'node:path';
import type { Change } from '../../core/store.ts';
import type { Log } from '../../core/log.ts';
import { Problem } from '../../core/problem.ts';
import type { Parts } from './collection.ts';
import { createFeed } from './feed.ts';
import { storeOver } from './over-parts.ts';
import { Overlays } from './overlays.ts';
import { Reads } from './reads.ts';
import { recover } from './recovery.ts';
import type { Opening } from './recovery.ts';
import type { ServedStore } from './served.ts';
import { lockFolder, othersGone, refuseHalfRestored, storeFile } from './folder.ts';
import { faultOf, openSqlite } from './sqlite.ts';
import { startWriter } from './writer.ts';
import type { Done, Outcome, Write } from './write-terms.ts';

export interface EmbeddedOptions {
  /** The folder; made when it is not there. */
  readonly dir: string;
  /** Milliseconds that each sync is slowed down by, to measure how writers share syncs. Default 0. */
  readonly syncDelay?: number;
  /** How many records a workspace may change, by name, where that is not 10,000. */
  readonly limits?: Readonly<Record<string, number>>;
  readonly log?: Log;
}

export interface EmbeddedStore extends ServedStore {
  /** The file, for processes that read it beside this one. */
  readonly file: string;
  /** A write of another process; resolves when it is on disk and told. @throws Problem: what it was refused for. */
  write(write: Write): Promise<Done>;
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
    await othersGone(dir);
    const file = join(dir, storeFile);
    const opening = recover(file);
    for (const sentence of opening.recovered)
      log.log('warn', 'store opened', { recovered: sentence });
    return await openOver(file, opening, unlock, options, log);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openOver(
  file: string,
  opening: Opening,
  unlock: () => void,
  { syncDelay = 0, limits = {} }: EmbeddedOptions,
  log: Log,
): Promise<EmbeddedStore> {
  const reads = new Reads(openSqlite(file, { readOnly: true }));
  const overlays = new Overlays(reads);
  const feed = createFeed(log);
  const landed = (writes: readonly Write[], outcomes: readonly Outcome[]) => {
    const changes: Change[] = [];
    writes.forEach((write, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined || 'kind' in outcome) return;
      overlays.landed(write, outcome);
      const change = toChange(write, outcome.value, outcome.commit);
      if (change !== undefined) changes.push(change);
    });
    if (changes.length > 0) feed.tell(changes);
  };
  const writer = startWriter({ file, syncDelay, limits }, landed, log);
  const parts: Parts = { reads, writer, overlays };
  if (opening.unindexed) await writer.write({ kind: 'index' });
  let closed: Promise<void> | undefined;
  const store = storeOver(parts, feed, opening);

  return {
    ...store,
    file,
    get stopped() {
      return writer.stopped;
    },
    write: (write) => writer.write(write),
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
