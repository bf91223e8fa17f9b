/**
 * The thread of the one writer: takes batches, commits each with one sync, answers with one message.
 * Started by writer.ts; what a batch does is in writes.ts.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { faultOf, openSqlite } from './sqlite.ts';
import type { Fault, Sqlite } from './sqlite.ts';
import { Writes } from './writes.ts';
import type { Outcome, Write } from './write-terms.ts';

/** What the thread is given. */
export interface WriterData {
  readonly file: string;
  /** Milliseconds to sleep at each sync, to show what a slow disk does. */
  readonly syncDelay: number;
  /** How many records a workspace may change, by name, where that is not 10,000. */
  readonly limits: Readonly<Record<string, number>>;
}

/** The answer to a batch: an outcome for each write, or why nothing of it is on disk. */
export type BatchReply =
  { readonly outcomes: readonly Outcome[] } | { readonly fault: Fault; readonly message: string };

/** Roughly how many pages of the log are filled before it is moved into the main file: 4,000 of 8 KiB. */
const pagesBeforeCheckpoint = 4000;

serve(workerData as WriterData); // writer.ts starts this file with exactly that

function serve({ file, syncDelay, limits }: WriterData): void {
  const sqlite = openSqlite(file, { cache: 32, temporary: 'file' });
  const writes = new Writes(sqlite, limits);
  let pages = 0;
  const sleep = (syncs: number) => {
    if (syncDelay > 0)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, syncs * syncDelay);
  };
  const checkpoint = () => {
    writes.checkpoint();
    sleep(2); // it syncs the log and then the main file
    pages = 0;
  };

  parentPort?.on('message', (batch: readonly Write[] | 'close') => {
    if (batch === 'close') {
      close(writes, sqlite);
      return;
    }
    parentPort?.postMessage(replyTo(() => applyOrSplit(writes, batch, sleep)));
    pages += estimatePages(batch);
    if (pages < pagesBeforeCheckpoint) return;
    const failed = replyTo(() => {
      checkpoint();
      return [];
    });
    // A checkpoint that fails for want of room is tried again; any other failure must stop the writing.
    if ('fault' in failed && failed.fault !== 'full' && failed.fault !== 'busy')
      parentPort?.postMessage(failed);
  });
}

function close(writes: Writes, sqlite: Sqlite): void {
  try {
    writes.checkpoint('TRUNCATE');
  } catch {
    // The log stays and is replayed at the next start: nothing is lost by it.
  } finally {
    sqlite.close();
    parentPort?.close();
  }
}

function replyTo(work: () => readonly Outcome[]): BatchReply {
  try {
    return { outcomes: work() };
  } catch (error) {
    return {
      fault: faultOf(error),
      message: error instanceof Error ? error.message : String(error),
    };
  }
}

/** One commit for all; if a write breaks it for a reason of its own, one commit each, so that only that write fails. */
function applyOrSplit(
  writes: Writes,
  batch: readonly Write[],
  sleep: (syncs: number) => void,
): readonly Outcome[] {
  const beforeCommit = () => {
    sleep(1);
  };
  try {
    return writes.apply(batch, beforeCommit);
  } catch (error) {
    if (batch.length === 1 || (faultOf(error) !== 'other' && faultOf(error) !== 'damaged'))
      throw error;
    return batch.map((write) => applyAlone(writes, write, beforeCommit));
  }
}

function applyAlone(writes: Writes, write: Write, beforeCommit: () => void): Outcome {
  try {
    const [outcome] = writes.apply([write], beforeCommit);
    if (outcome !== undefined) return outcome;
  } catch (error) {
    if (faultOf(error) !== 'other' && faultOf(error) !== 'damaged') throw error;
  }
  return { kind: 'internal', message: 'The record could not be written' };
}

function estimatePages(batch: readonly Write[]): number {
  let pages = 2;
  for (const write of batch) {
    if (write.kind === 'put') pages += 3 + write.text.length / 8000;
    else if (write.kind === 'bulk') pages += write.documents.length;
    else pages += 2;
  }
  return pages;
}
