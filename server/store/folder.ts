/** The data folder: what its files are called, and the lock that gives it to one process. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Problem } from '../../core/problem.ts';
import { lockFile } from './sqlite.ts';

/** The store's file in its folder. */
export const storeFile = 'store.db';
/** Held while a process has the folder open. */
export const lockName = 'lock.db';
/** Held together by all processes that serve beside the one with the folder; they may outlive it by a moment. */
export const besideName = 'lock.db.beside';
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

/** Says that this process works in the folder beside the one that has it; gives the function that ends that. */
export function joinFolder(dir: string): () => void {
  const leave = lockFile(join(dir, besideName), 'shared');
  if (leave === undefined)
    throw new Problem('unavailable', `The data folder ${dir} is being opened by another process`);
  return leave;
}

/**
 * Waits until no process of an earlier start works in the folder any more: they end when the one that had it has died.
 * @throws Problem `unavailable` when one is still there after `patience` milliseconds.
 */
export async function othersGone(dir: string, patience = 5_000): Promise<void> {
  const file = join(dir, besideName);
  if (!existsSync(file)) return;
  for (let waited = 0; waited < patience; waited += 50) {
    const unlock = lockFile(file);
    unlock?.();
    if (unlock) return;
    await wait(50);
  }
  throw new Problem(
    'unavailable',
    `The data folder ${dir} is in use by a process that was started before`,
  );
}

/** @throws Problem `unavailable` when a restore into the folder was cut short. */
export function refuseHalfRestored(dir: string): void {
  if (existsSync(join(dir, restoringName)))
    throw new Problem(
      'unavailable',
      `A restore into ${dir} was cut short: run gatehouse restore --force again`,
    );
}
