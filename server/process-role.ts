/**
 * What a process of an installation does, and what it shares with the others: one alone does everything; with `--workers`
 * a primary keeps what there is once and serves nothing, and workers serve. Owns the words for it, and which APIs belong
 * to which role.
 */
import type { OpenJournal } from './audit/journal.ts';
import type { Mount } from './mount-table.ts';
import type { Limits } from './gateway/limits.ts';
import type { ServedStore } from './store/served.ts';

/**
 * all: one process. serving: it listens, and keeps nothing that there is once. keeping: it has timers, default data and
 * keys of first start, and does not listen.
 */
export type Part = 'all' | 'serving' | 'keeping';

/** What lasts, as this process has it. */
export interface OpenedData {
  readonly store: ServedStore;
  readonly journal: OpenJournal;
  /** Takes in what other processes have written; called before a call is looked at. Absent where nobody else writes. */
  readonly freshen?: () => void;
}

/** The other processes of this installation on this machine. */
export interface Peers {
  /** Tells all others; nobody answers, and who is away hears nothing. */
  tell(topic: string, news: unknown): void;
  hear(topic: string, fn: (news: unknown) => void): void;
  /** Asks all others; who does not answer within a second is left out. */
  gather(topic: string, question: unknown): Promise<readonly unknown[]>;
  /** Says what `gather` of another process gets here. */
  answer(topic: string, fn: (question: unknown) => unknown): void;
  /** Does this work while no other process does work of the same name; those who wait get their turn in order. */
  inTurn<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Limits that count once for all of them. @param own what this process counts by itself */
  limits(own: Limits): Limits;
}

/** A process without others. */
export function alone(): Peers {
  const turns = createTurns();
  return {
    tell: () => undefined,
    hear: () => undefined,
    gather: () => Promise.resolve([]),
    answer: () => undefined,
    inTurn: (name, work) => turns.take(name, work),
    limits: (own) => own,
  };
}

/** Lets work of one name pass one at a time, in order. */
function createTurns(): {
  take<T>(name: string, work: () => Promise<T>): Promise<T>;
} {
  const last = new Map<string, Promise<unknown>>();
  return {
    take(name, work) {
      const before = last.get(name) ?? Promise.resolve();
      const mine = before.then(work, work);
      const settled = mine.catch(() => undefined);
      last.set(name, settled);
      void settled.then(() => {
        if (last.get(name) === settled) last.delete(name);
      });
      return mine;
    },
  };
}

/** Which parts of an installation run: the APIs and their tokens, or pages and management. */
export type Role = 'gateway' | 'hub' | 'all';

/** What the hub serves, by the name of the API; the rest is the gateway's. */
const ofTheHub: ReadonlySet<string> = new Set(['management', 'portal']);

/** The mounts of a role. */
export function mountsOf(role: Role, mounts: readonly Mount[]): readonly Mount[] {
  if (role === 'all') return mounts;
  return mounts.filter(({ api }) => ofTheHub.has(api) === (role === 'hub'));
}
