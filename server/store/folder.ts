/** The data folder: what its files are called, and the lock that gives it to one process. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../core/problem.ts';
import { lockFile } from './sqlite.ts';

/** The store's file in its folder. */
export const storeFile = 'store.db';
/** Held while a process has the folder open. */
export const lockName = 'lock.db';
/** Where a restore gathers its files; while it is there the folder holds no whole data. */
export const restoringName = '.restoring';

/**
 * Takes a data folder for this process alone; gives the function that frees it. The system frees it if the process is killed.
 * @throws Problem `unavailable` when another process has it, or it cannot be written.
 */
export function lockFolder(dir: string): () => void {
  let unlock;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    unlock = lockFile(join(dir, lockName));
  } catch (cause) {
    throw new Problem('unavailable', `The data folder ${dir} cannot be written`, { cause });
  }
  if (unlock === undefined)
    throw new Problem('unavailable', `The data folder ${dir} is in use by another process`);
  return unlock;
}

/** @throws Problem `unavailable` when a restore into the folder was cut short. */
export function refuseHalfRestored(dir: string): void {
  if (existsSync(join(dir, restoringName)))
    throw new Problem(
      'unavailable',
      `A restore into ${dir} was cut short: run gatehouse restore --force again`,
    );
}
