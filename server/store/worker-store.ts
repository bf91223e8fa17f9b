/**
 * The store as a process sees it that serves beside the one with the folder: it reads the file itself, sends its writes
 * to that process, and follows the changes of all by the feed in the file, so nothing has to be told for it to be right.
 */
import type { Log } from '../../core/log.ts';
import { Problem } from '../../core/problem.ts';
import { createFeed } from './feed.ts';
import { Overlays } from './overlays.ts';
import { storeOver } from './over-parts.ts';
import { Reads } from './reads.ts';
import type { Opening } from './recovery.ts';
import type { ServedStore } from './served.ts';
import { openSqlite } from './sqlite.ts';
import type { Writer } from './writer.ts';

export interface WorkerStoreOptions {
  /** The store's file, which another process has open for writing. */
  readonly file: string;
  /** What that process found when it opened it. */
  readonly opening: Opening;
  /** Sends a write to that process. @throws Problem: what it was refused for. */
  readonly write: Writer['write'];
  /** Whether that process has stopped writing. */
  readonly stopped: () => boolean;
  /** Called once when changes were missed that are no longer kept: only a fresh start helps. */
  readonly lost: (problem: Problem) => void;
  readonly log: Log;
}

export interface WorkerStore extends ServedStore {
  /**
   * Takes in what has landed since it was last asked, here and elsewhere, and tells those who listen: one cheap look at
   * the file when nothing has. Called before a call is looked at, what others were told before is known to it. Never throws.
   */
  freshen(): void;
}

/** @throws what the driver throws when the file cannot be read. */
export function openWorkerStore(options: WorkerStoreOptions): WorkerStore {
  const { log } = options;
  const reads = new Reads(openSqlite(options.file, { readOnly: true }));
  const feed = createFeed(log);
  const overlays = new Overlays(reads, takeIn);
  let cursor = reads.lastCommit();
  let closed = false;

  function takeIn(): void {
    if (closed) return;
    for (;;) {
      const changes = newChanges();
      const last = changes.at(-1);
      if (last === undefined) return;
      cursor = last.cursor; // first: who is told may read, and come back here
      for (const change of changes) overlays.follow(change);
      feed.tell(changes);
      if (changes.length < most) return;
    }
  }
  const newChanges = () => {
    try {
      return reads.newChanges(cursor, most);
    } catch (error) {
      const problem = Problem.from(error);
      if (problem.kind === 'gone') options.lost(problem);
      throw error;
    }
  };
  const writer: Writer = {
    get stopped() {
      return options.stopped();
    },
    async write(write) {
      try {
        return await options.write(write);
      } finally {
        takeIn(); // whoever waits for it must find it known here, and learn what it lost against
      }
    },
    close: () => Promise.resolve(),
  };
  return {
    ...storeOver({ reads, writer, overlays }, feed, options.opening),
    get stopped() {
      return options.stopped();
    },
    freshen() {
      try {
        takeIn();
      } catch (error) {
        log.log('error', 'changes could not be read', { reason: Problem.from(error).message });
      }
    },
    close() {
      if (!closed) reads.close();
      closed = true;
      return Promise.resolve();
    },
  };
}

const most = 1000;
