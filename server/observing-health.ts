/** How the platform itself is, over all processes of this machine: audit, store, mail. Owns the look. */
import { Problem } from '../core/problem.ts';
import type { OpenJournal } from './audit/journal.ts';
import type { PlatformHealth } from './observe/alert-signals.ts';
import type { Mailbox } from './observe/mailbox.ts';
import { currentId, statusCollection } from './observe/status-record.ts';
import type { Peers } from './process-role.ts';
import type { ServedStore } from './store/served.ts';

export interface HealthParts {
  readonly store: ServedStore;
  readonly journal: OpenJournal;
  readonly peers: Peers;
  /** Absent where no mail server is configured: then mail that waits is no fault. */
  readonly mailbox: Mailbox | undefined;
}

/** How the audit of one process is. */
export interface AuditFacts {
  readonly ok: boolean;
  /** Entries refused since its start. */
  readonly refused: number;
}

export const auditTopic = 'observe.audit';

export function auditOf({ journal }: Pick<HealthParts, 'journal'>): AuditFacts {
  return { ok: !journal.failed, refused: journal.counts.refused };
}

/** Looks, each time anew; what was refused is told as the difference from the look before. */
export function healthLook(parts: HealthParts): () => Promise<PlatformHealth> {
  let refusedBefore: number | undefined;
  return async () => {
    const audits = [auditOf(parts), ...(await othersOf(parts.peers))];
    const refused = audits.reduce((sum, one) => sum + one.refused, 0);
    const more = Math.max(0, refused - (refusedBefore ?? refused)); // a process that has gone takes its count along
    refusedBefore = refused;
    const mail = await parts.mailbox?.standing().catch(() => undefined);
    return {
      audit: { ok: audits.every(({ ok }) => ok), refused: more },
      store: await storeAnswers(parts.store),
      ...(mail ? { mail } : {}),
    };
  };
}

async function othersOf(peers: Peers): Promise<readonly AuditFacts[]> {
  const answers = await peers.gather(auditTopic, undefined).catch(() => []);
  return answers as readonly AuditFacts[]; // what `auditOf` of the same program gives
}

/** Milliseconds. */
const patience = 5_000;

async function storeAnswers(store: ServedStore): Promise<boolean> {
  if (store.stopped) return false;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(reject, patience, new Problem('timeout', 'The store does not answer'));
  });
  try {
    await Promise.race([store.open(statusCollection).get(currentId), late]);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
