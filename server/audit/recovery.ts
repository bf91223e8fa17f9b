/**
 * What links store and audit at start: writes that the audit does not know get an entry of kind `recovered`, and a
 * store that is behind its audit is named (docs/decisions/0005-audit-journal.md).
 */
import type { AuditEntry } from '../../core/audit.ts';
import type { Clock } from '../../core/clock.ts';
import type { Change, Changes } from '../../core/store.ts';
import type { OpenJournal } from './journal.ts';

/**
 * Enters each change that no entry accounts for: its call died between the commit and the audit, so nobody was told
 * of it. Call it before the first request. Gives how many were entered; rejects when the journal cannot be written.
 * `toPeople` names whom a change is about; a change about nobody is passed over.
 */
export async function recoverUnaudited(
  journal: Pick<OpenJournal, 'append' | 'seen'>,
  changes: Changes,
  clock: Clock,
  toPeople: (change: Change) => readonly string[] = peopleById,
): Promise<number> {
  const { seen } = journal;
  const from = await cursorBefore(changes, seen.floor);
  return enterMissing({ journal, changes, clock, from, seen, toPeople });
}

export interface Missing {
  /** Where entries go. */
  readonly journal: Pick<OpenJournal, 'append'>;
  readonly changes: Changes;
  readonly clock: Clock;
  /** The cursor after which changes are looked at. */
  readonly from: number;
  readonly seen: Pick<OpenJournal['seen'], 'has'>;
  readonly toPeople?: (change: Change) => readonly string[];
}

/** Enters each change after a cursor that `seen` does not know. Gives how many; rejects when the journal cannot be written. */
export async function enterMissing({
  journal,
  changes,
  clock,
  from,
  seen,
  toPeople = peopleById,
}: Missing): Promise<number> {
  let entered = 0;
  let cursor = from;
  for (;;) {
    const page = await changes.since(cursor);
    const last = page.at(-1);
    if (!last) return entered;
    cursor = last.cursor;
    const missing = page
      .map((change) => ({ change, people: toPeople(change) }))
      .filter(({ change, people }) => people.length > 0 && !seen.has(change.commit, people));
    await Promise.all(
      missing.map(({ change, people }) => journal.append(toEntry(change, people, clock.now()))),
    );
    entered += missing.length;
  }
}

/** A record of a person bears the NHS number as its id. */
function peopleById({ id }: Change): readonly string[] {
  return /^\d{10}$/.test(id) ? [id] : [];
}

const page = 1000;

/**
 * A cursor before the first change with a commit above `floor`, found from the newest end: old changes may be many. Those
 * the feed has dropped since are no loss: a call that died before its entry is among the last ones.
 */
async function cursorBefore(changes: Changes, floor: number): Promise<number> {
  const [latest, oldest] = await Promise.all([changes.latest(), changes.oldest()]);
  for (let back = page; latest - back > oldest; back *= 2) {
    const [first] = await changes.since(latest - back, 1);
    if (first && first.commit <= floor) return latest - back;
  }
  return oldest;
}

function toEntry(change: Change, people: readonly string[], at: number): AuditEntry {
  return {
    at,
    kind: 'recovered',
    api: '',
    environment: '',
    workspace: change.workspace,
    action: `${change.removed ? 'remove' : 'write'} ${change.collection}`,
    app: change.by,
    mode: '',
    user: '',
    role: '',
    purpose: '',
    people,
    status: 0,
    code: '',
    requestId: '',
    correlationId: '',
    address: '',
    commit: change.commit,
  };
}

/** The sentence that names a store behind its audit; undefined when it is not. */
export function behindAudit(storeCommit: number, auditCommit: number): string | undefined {
  if (storeCommit >= auditCommit) return undefined;
  return (
    `The store ends at commit ${storeCommit}, but the audit has an entry of commit ${auditCommit}: ` +
    `the store has lost ${auditCommit - storeCommit} or more acknowledged commits (restored from an older backup, or damaged). ` +
    `\`gatehouse audit search --kind access\` shows what was written.`
  );
}
