/**
 * What is found when a store is opened: what the last process left in the log, whether the file is whole,
 * and which format it has. Runs under the folder's lock, before anyone reads or writes.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
} from 'node:fs';
import { basename } from 'node:path';
import { Problem } from '../../core/problem.ts';
import { formatVersion, migrate } from './layout.ts';
import { faultOf, openSqlite } from './sqlite.ts';
import type { Sqlite } from './sqlite.ts';
import { inspectLog } from './write-ahead-log.ts';

/** The state in which a store was found. */
export interface Opening {
  /** The number of the last commit it holds; 0 when it is new. */
  readonly lastCommit: number;
  /** Sentences for the operator: what was recovered, cut or found damaged. Empty after an orderly stop. */
  readonly recovered: readonly string[];
  /** Whether a bulk load was cut before its index entries were written. */
  readonly unindexed: boolean;
}

/**
 * Recovers, checks and migrates the store file, or makes it.
 * @throws Problem `unavailable` that names the file when it cannot be used.
 */
export function recover(file: string): Opening {
  const { opening, logMoved } = bringUp(file);
  // Only now: with the log in the file, and with no connection open, whose locks reading the file would free.
  if (logMoved) refuseCutShort(file);
  return opening;
}

function bringUp(file: string): { opening: Opening; logMoved: boolean } {
  const recovered = readLog(file);
  let sqlite: Sqlite | undefined;
  try {
    sqlite = openSqlite(file, { cache: 8 });
    const found = migrate(sqlite);
    if (found > 0 && found < formatVersion)
      recovered.push(`The store was brought from data format ${found} to ${formatVersion}.`);
    const logMoved = moveLog(sqlite);
    if (!logMoved)
      recovered.push('The disk is full: what is stored can be read, but nothing can be written.');
    const meta = (name: string) =>
      Number(sqlite?.value(`SELECT value FROM meta WHERE name = '${name}'`));
    const unindexed = meta('unindexed') > 0;
    if (unindexed)
      recovered.push('A load was cut short: the records it had stored are indexed now.');
    return { opening: { lastCommit: meta('last_commit'), recovered, unindexed }, logMoved };
  } catch (error) {
    throw toProblem(file, error);
  } finally {
    sqlite?.close();
  }
}

/** Moves the log into the main file; false when the disk has no room for it, which must not stop the reading. */
function moveLog(sqlite: Sqlite): boolean {
  try {
    sqlite.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    return true;
  } catch (error) {
    if (faultOf(error) === 'full') return false;
    throw error;
  }
}

/** What the log of the last process holds, in words; a damaged one is kept aside, because SQLite drops it without a word. */
function readLog(file: string): string[] {
  const log = `${file}-wal`;
  if (!existsSync(log)) return [];
  const { commits, frames, torn, lostCommits } = inspectLog(readFileSync(log));
  const sentences: string[] = [];
  if (commits > 0)
    sentences.push(
      `${commits} commits (${frames} pages) were replayed from the log of the last process.`,
    );
  if (lostCommits > 0) {
    const kept = `${log}.damaged`;
    copyFileSync(log, kept);
    sentences.push(
      `The log ${basename(log)} is damaged after page ${frames}: ${lostCommits} later commits cannot be replayed. It is kept as ${basename(kept)}.`,
    );
  } else if (torn > 0)
    sentences.push(
      `A write cut off in the middle (${torn} pages) was dropped; it was never acknowledged.`,
    );
  return sentences;
}

/** SQLite opens a file that lacks its end and fails at the first read of it; the header says how long it must be. */
function refuseCutShort(file: string): void {
  const header = Buffer.alloc(100);
  const open = openSync(file, 'r');
  try {
    readSync(open, header, 0, header.length, 0);
  } finally {
    closeSync(open);
  }
  const pageSize = header.readUInt16BE(16);
  const pages = header.readUInt32BE(28);
  const there = Math.floor(statSync(file).size / pageSize);
  if (there < pages)
    throw new Problem(
      'unavailable',
      `The store file ${file} is cut short: ${there} of ${pages} pages are there. Restore a backup`,
    );
}

function toProblem(file: string, error: unknown): Problem {
  if (error instanceof Problem) return error;
  const messages: Readonly<Record<string, string>> = {
    damaged: `The store file ${file} is damaged or cut short: restore a backup`,
    'not-a-store': `The store file ${file} is damaged: it does not start like a store. Restore a backup`,
    'cannot-open': `The store file ${file} cannot be opened for writing`,
    full: `The disk of ${file} is full`,
    busy: `The store file ${file} is in use by another process`,
    io: `The store file ${file} cannot be read or written`,
  };
  const message = messages[faultOf(error)] ?? `The store file ${file} cannot be opened`;
  return new Problem('unavailable', message, { cause: error });
}
