/**
 * The embedded store over several processes: the primary writes for all and says when something has landed; who serves
 * reads the file itself. Owns which commits each process asked for, because the audit must account for them should it die.
 */
import type { Change } from '../core/store.ts';
import type { Log } from '../core/log.ts';
import type { EmbeddedStore } from './store/embedded.ts';
import type { Opening } from './store/recovery.ts';
import { openWorkerStore, type WorkerStore } from './store/worker-store.ts';
import type { Done, Write } from './store/write-terms.ts';
import type { Channel } from './workers-channel.ts';

/** What a process must know to read beside the primary. */
export interface StoreFile {
  readonly file: string;
  readonly opening: Opening;
}

/** So many commits of one process are remembered: far more than it can have in flight. */
const mostCommits = 20_000;

export interface ServedWrites {
  /** Commits that this process asked for, the newest last; once all that it asked for has landed or failed. */
  commits(): Promise<readonly number[]>;
}

/** Writes for one serving process. */
export function serveWrites(channel: Channel, store: EmbeddedStore): ServedWrites {
  let commits: number[] = [];
  const running = new Set<Promise<unknown>>();
  channel.answer('store.write', (question) => {
    const writing = store.write(question as Write).then(({ value, commit, overlay }) => {
      commits.push(commit);
      if (commits.length >= 2 * mostCommits) commits = commits.slice(-mostCommits);
      return { value, commit, overlay };
    });
    running.add(writing);
    writing
      .catch(() => {
        if (store.stopped) channel.tell('store.stopped', true);
      })
      .finally(() => running.delete(writing))
      .catch(() => undefined);
    return writing;
  });
  return {
    async commits() {
      await Promise.allSettled(running);
      return commits;
    },
  };
}

/** Tells a serving process of each commit that changed something; gives the function that stops it. */
export function tellCommits(channel: Channel, store: EmbeddedStore): () => void {
  return store.changes.listen((changes: readonly Change[]) => {
    channel.tell('store.landed', changes.at(-1)?.cursor);
  });
}

/** The store of a serving process. @param lost called when only a fresh start of this process helps */
export function openStoreOver(
  channel: Channel,
  { file, opening }: StoreFile,
  log: Log,
  lost: () => void,
): WorkerStore {
  let stopped = false;
  const store = openWorkerStore({
    file,
    opening,
    log,
    lost,
    stopped: () => stopped,
    write: (write) => channel.ask('store.write', write) as Promise<Done>, // serveWrites answers with that
  });
  channel.hear('store.landed', () => {
    store.freshen();
  });
  channel.hear('store.stopped', () => {
    stopped = true;
  });
  return store;
}
