/** Opens what lasts: the store and the audit of this process, each saying what it found. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AuditEntry } from '../core/audit.ts';
import type { Clock } from '../core/clock.ts';
import type { Logging } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import { seenByAny, settleOthers } from './audit/chains.ts';
import { openJournal, type JournalOptions } from './audit/journal.ts';
import { behindAudit, recoverUnaudited } from './audit/recovery.ts';
import type { Config } from './config.ts';
import { openStore } from './opened-store.ts';
import type { OpenedData } from './process-role.ts';
import type { EmbeddedStore } from './store/embedded.ts';

/** What the process that has the data folder opens. */
export interface MainData extends OpenedData {
  /** The store where it is the embedded one: processes that serve beside this one read its file. */
  readonly embedded?: EmbeddedStore;
}

/** Store and audit, each saying what it found; writes that the audit misses are entered now. */
export async function openData(
  config: Config,
  clock: Clock,
  log: Logging,
  say: (line: string) => void,
): Promise<MainData> {
  const dir = resolve(config.dataDir);
  makeFolder(dir);
  const { ownChanges, ...opened } = await openStore(config, clock, log);
  const { store } = opened;
  for (const line of store.opening.recovered) say(`Store: ${line}`);
  try {
    const options = journalOptions(config, clock, log);
    const others = await settleOthers(options);
    const journal = await openJournal(options);
    for (const line of [...others.recovered, ...journal.recovered]) say(`Audit: ${line}`);
    const audited = Math.max(others.lastCommit, journal.lastCommit);
    const behind = behindAudit(store.opening.lastCommit, audited);
    if (behind !== undefined) {
      say(behind);
      log.log('error', behind);
    }
    const known = {
      append: (entry: AuditEntry) => journal.append(entry),
      seen: seenByAny([journal.seen, ...others.seen]),
    };
    const entered = await recoverUnaudited(known, ownChanges, clock);
    if (entered > 0) say(`Audit: ${entered} writes without an entry were entered as recovered.`);
    return { ...opened, journal };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Where this installation's audit is; the chain of this process is `main` unless it is given another. */
export function journalOptions(config: Config, clock: Clock, log: Logging): JournalOptions {
  const dir = resolve(config.dataDir);
  return {
    dir: join(dir, 'audit'),
    heads: resolve(config.auditHeadsDir),
    keys: join(dir, 'keys'),
    clock,
    log,
  };
}

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 }); // it holds records, the audit and its key
  } catch (cause) {
    throw new Problem(
      'unavailable',
      `DATA_DIR is "${dir}" but cannot be made or written. Give a folder that this user may write to.`,
      { cause },
    );
  }
}
