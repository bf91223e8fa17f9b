/** The thread that reads one large document and ends. Started by reader.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ReadOptions } from './read.ts';
import { readAndJudge } from './reading.ts';

/** What the thread is given. */
export interface ReadingTask {
  readonly text: string;
  readonly options: ReadOptions;
}

const { text, options } = workerData as ReadingTask; // as reader.ts gives it
parentPort?.postMessage(readAndJudge(text, options));
