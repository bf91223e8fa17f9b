/**
 * All that is done with the text of a document before it is kept, as one step of plain values in and out, so that it may be
 * done in a thread. Owns what comes out of it.
 */
import { Problem } from '../../../core/problem.ts';
import { specificationId } from '../specification-id.ts';
import { judgeForPublishing, type Judgement } from './judge.ts';
import { readOpenApi, type ReadOptions } from './read.ts';

export interface ReadingDone {
  /** SHA-256 of `text`, hex. */
  readonly id: string;
  /** JSON. */
  readonly text: string;
  readonly warnings: readonly string[];
  readonly judgement: Judgement;
}

/** Why it cannot be read. */
export interface ReadingRefused {
  readonly refused: string;
}

/** @throws nothing but what is a fault of ours */
export function readAndJudge(text: string, options: ReadOptions): ReadingDone | ReadingRefused {
  try {
    const read = readOpenApi(text, options);
    const judgement = judgeForPublishing(read.document);
    return { id: specificationId(read.text), text: read.text, warnings: read.warnings, judgement };
  } catch (error) {
    if (!(error instanceof Problem) || error.kind !== 'invalid') throw error;
    return { refused: error.message };
  }
}
