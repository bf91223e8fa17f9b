/**
 * Several chains of one installation: each process writes its own. Owns what must be known of the others when one opens
 * the audit, and what is entered for a process that died between a commit and its entry.
 */
import type { Clock } from '../../core/clock.ts';
import type { Changes } from '../../core/store.ts';
import { openJournal, type JournalOptions, type OpenJournal } from './journal.ts';
import type { SeenCommits } from './opening.ts';
import { enterMissing } from './recovery.ts';
import { chainsIn } from './segment.ts';

/** Which commits are accounted for. */
export type Seen = Pick<SeenCommits, 'floor' | 'has'>;

export interface OtherChains {
  /** What opening them found and did, in sentences. */
  readonly recovered: readonly string[];
  readonly lastCommit: number;
  readonly seen: readonly Seen[];
}

/**
 * Brings the end of every chain but one in order and closes it again. Only while no process has any of them open.
 * Rejects as openJournal does.
 */
export async function settleOthers(options: JournalOptions, own = 'main'): Promise<OtherChains> {
  const recovered: string[] = [];
  const seen: Seen[] = [];
  let lastCommit = 0;
  for (const chain of (await chainsIn(options.dir)).filter((name) => name !== own)) {
    const journal = await openJournal({ ...options, chain });
    await journal.close();
    recovered.push(...journal.recovered);
    seen.push(journal.seen);
    lastCommit = Math.max(lastCommit, journal.lastCommit);
  }
  return { recovered, lastCommit, seen };
}

/** What any of several chains accounts for. */
export function seenByAny(chains: readonly Seen[]): Seen {
  const floor = Math.max(0, ...chains.map((one) => one.floor));
  return {
    floor,
    has: (commit, people) => commit <= floor || chains.some((one) => one.has(commit, people)),
  };
}

/**
 * Enters into `journal` what a process that is gone wrote without an entry in its own chain. Gives how many were entered.
 * @param commits what it asked for, in any order
 */
export async function settleDead(
  options: JournalOptions & { readonly chain: string; readonly clock: Clock },
  commits: readonly number[],
  journal: Pick<OpenJournal, 'append'>,
  changes: Changes,
): Promise<number> {
  if (commits.length === 0) return 0;
  const dead = await openJournal(options);
  await dead.close();
  const asked = new Set(commits);
  return enterMissing({
    journal,
    changes,
    clock: options.clock,
    from: commits.reduce((least, one) => Math.min(least, one)) - 1,
    seen: { has: (commit, people) => !asked.has(commit) || dead.seen.has(commit, people) },
  });
}
