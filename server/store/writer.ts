/**
 * The one writer as the rest of the process sees it: writes that arrive in one turn go to the thread together,
 * and while the thread syncs one batch the next gathers. Owns the queue and what a failed commit means.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Problem } from '../../core/problem.ts';
import type { Log } from '../../core/log.ts';
import type { BatchReply, WriterData } from './writer-thread.ts';
import type { Done, Outcome, Write } from './write-terms.ts';

/** Most writes in one commit, so that the first in it does not wait for a whole crowd. */
const largestBatch = 1000;

export interface Writer {
  /** Resolves when the write is on disk. @throws Problem: what the write was refused for, or `unavailable`. */
  write(write: Write): Promise<Done>;
  /** Whether nothing more can be written until the next start. */
  readonly stopped: boolean;
  /** Finishes what was asked for, then ends the thread. */
  close(): Promise<void>;
}

interface Waiting {
  readonly write: Write;
  readonly resolve: (done: Done) => void;
  readonly reject: (problem: Problem) => void;
}

/**
 * The writer of a store. Its thread starts at the first write, which waits for it; a store that is only read has none.
 * `landed` is called for each commit before those who wait for it go on.
 */
export function startWriter(
  data: WriterData,
  landed: (writes: readonly Write[], outcomes: readonly Outcome[]) => void,
  log: Log,
): Writer {
  let thread: Worker | undefined;
  let waiting: Waiting[] = [];
  let sent: readonly Waiting[] = [];
  let planned = false;
  let broken: Problem | undefined;
  let closing = false;
  let full = false;
  let ended: Promise<void> = Promise.resolve();

  const send = () => {
    planned = false;
    if (sent.length > 0) return;
    if (waiting.length > 0) {
      sent = waiting.slice(0, largestBatch);
      waiting = waiting.slice(largestBatch);
      thread ??= start();
      thread.postMessage(sent.map(({ write }) => write));
    } else if (closing && broken === undefined) thread?.postMessage('close');
    else if (closing) void thread?.terminate(); // a disk that failed is best left as it is
  };
  const plan = () => {
    if (planned || sent.length > 0) return;
    planned = true;
    setImmediate(send);
  };
  const stopWriting = (message: string, cause: unknown) => {
    if (broken === undefined)
      log.log('error', 'the store has stopped writing', { reason: message });
    broken ??= unavailable(
      'The store has stopped writing after a failed write; reads go on',
      cause,
    );
    const all = [...sent, ...waiting];
    sent = waiting = [];
    for (const { reject } of all) reject(broken);
  };

  const refuseForNow = (fault: 'full' | 'busy', message: string) => {
    const done = sent;
    sent = [];
    if (!full) log.log('error', 'the store cannot write', { reason: fault });
    full = true;
    const told =
      fault === 'full' ? 'The disk is full: nothing can be written' : 'The store is busy';
    const problem = unavailable(told, new Error(message));
    for (const { reject } of done) reject(problem);
  };
  const receive = (reply: BatchReply) => {
    if ('outcomes' in reply) {
      const done = sent;
      sent = [];
      if (full) log.log('warn', 'the store can write again');
      full = false;
      landed(
        done.map(({ write }) => write),
        reply.outcomes,
      );
      done.forEach((one, index) => {
        settle(one, reply.outcomes[index]);
      });
    } else if (reply.fault === 'full' || reply.fault === 'busy')
      refuseForNow(reply.fault, reply.message);
    else stopWriting(reply.message, new Error(reply.message));
    plan();
  };
  const start = () => {
    const started = startThread(data);
    started.on('message', receive);
    started.on('error', (error) => {
      stopWriting('the writer has ended', error);
    });
    ended = new Promise((resolve) => {
      started.once('exit', () => {
        resolve();
      });
    });
    return started;
  };

  return {
    get stopped() {
      return broken !== undefined;
    },
    write(write) {
      if (broken !== undefined) return Promise.reject(broken);
      if (closing) return Promise.reject(unavailable('The store is closed', undefined));
      return new Promise<Done>((resolve, reject) => {
        waiting.push({ write, resolve, reject });
        plan();
      });
    },
    close() {
      closing = true;
      if (waiting.length > 0) thread ??= start();
      plan();
      return ended;
    },
  };
}

function settle({ resolve, reject }: Waiting, outcome: Outcome | undefined): void {
  if (outcome === undefined) reject(new Problem('internal', 'The record could not be written'));
  else if ('kind' in outcome) reject(new Problem(outcome.kind, outcome.message));
  else resolve(outcome);
}

function unavailable(message: string, cause: unknown): Problem {
  return new Problem('unavailable', message, { cause, headers: { 'retry-after': '5' } });
}

/**
 * The thread runs beside this file: compiled, or as TypeScript through the same loader, which a thread must register itself.
 * The loader for `require` starts in a third of the time of the one for `import`.
 */
function startThread(data: WriterData): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./writer-thread.js', import.meta.url), { workerData: data });
  const loader = JSON.stringify(createRequire(import.meta.url).resolve('tsx/cjs/api'));
  const path = JSON.stringify(fileURLToPath(new URL('./writer-thread.ts', import.meta.url)));
  return new Worker(`require(${loader}).register(); require(${path});`, {
    eval: true,
    workerData: data,
    execArgv: [], // what the process was started with would load another loader, or read this as a module
  });
}
