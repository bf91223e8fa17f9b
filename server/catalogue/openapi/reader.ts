/**
 * Reads documents of any size without holding up the process: small ones at once, all others in a thread of their own with
 * limits of memory and time, a few at once. Owns threads, limits and the queue; what is done in there is reading.ts's.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Problem } from '../../../core/problem.ts';
import type { OpenApiDocument } from './document.ts';
import type { ReadOptions } from './read.ts';
import type { ReadingTask } from './reader-thread.ts';
import { readAndJudge, type ReadingDone, type ReadingRefused } from './reading.ts';

export interface DocumentReader {
  /**
   * @throws Problem `invalid` with line or place and reason, or that it takes too much to be read; `unavailable` when too
   * many wait
   */
  read(text: string, options?: ReadOptions): Promise<ReadWhole>;
}

export interface ReadWhole extends ReadingDone {
  readonly value: OpenApiDocument;
}

/** Characters up to which a document is read at once: some ten milliseconds whatever it is. */
const atOnceUpTo = 8 * 1024;

interface ReaderLimits {
  /** Threads at a time, and documents that may wait for one. */
  readonly threads: number;
  readonly waiting: number;
  /** Milliseconds for one document. */
  readonly patience: number;
}

const usual: ReaderLimits = { threads: 2, waiting: 20, patience: 20_000 };
const memory = { maxOldGenerationSizeMb: 256 };

export function createDocumentReader(limits: ReaderLimits = usual): DocumentReader {
  const waiting: (() => void)[] = [];
  let running = 0;
  const turn = async (): Promise<void> => {
    if (running < limits.threads) running++;
    else if (waiting.length >= limits.waiting)
      throw new Problem('unavailable', 'Too many documents are being read; try again soon', {
        headers: { 'retry-after': '5' },
      });
    else await new Promise<void>((resolve) => waiting.push(resolve)); // the turn is handed over
  };
  const ended = () => {
    const next = waiting.shift();
    if (next) next();
    else running--;
  };
  return {
    async read(text, options = {}) {
      if (text.length <= atOnceUpTo) return whole(readAndJudge(text, options));
      await turn();
      try {
        return whole(await inThread({ text, options }, limits.patience));
      } finally {
        ended();
      }
    },
  };
}

function whole(read: ReadingDone | ReadingRefused): ReadWhole {
  if ('refused' in read) throw new Problem('invalid', read.refused);
  // The text was written of a document that was read; parsing it takes a hundredth of reading it.
  return { ...read, value: JSON.parse(read.text) as OpenApiDocument };
}

async function inThread(
  task: ReadingTask,
  patience: number,
): Promise<ReadingDone | ReadingRefused> {
  const worker = startThread(task);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Problem('invalid', 'The document takes too long to read: split it'));
      }, patience);
      worker.once('message', resolve);
      worker.once('error', (cause: Error & { readonly code?: string }) => {
        reject(
          cause.code === 'ERR_WORKER_OUT_OF_MEMORY'
            ? new Problem('invalid', 'The document needs too much memory to be read: split it')
            : new Problem('internal', 'The document could not be read', { cause }),
        );
      });
      worker.once('exit', () => {
        reject(new Problem('internal', 'The document could not be read'));
      });
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

/** From the sources the thread needs the loader that the process has. */
function startThread(task: ReadingTask): Worker {
  const options = { workerData: task, resourceLimits: memory };
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./reader-thread.js', import.meta.url), options);
  const loader = JSON.stringify(createRequire(import.meta.url).resolve('tsx/cjs/api'));
  const path = JSON.stringify(fileURLToPath(new URL('./reader-thread.ts', import.meta.url)));
  return new Worker(`require(${loader}).register(); require(${path});`, {
    ...options,
    eval: true,
    execArgv: [], // what the process was started with would load another loader, or read this as a module
  });
}
