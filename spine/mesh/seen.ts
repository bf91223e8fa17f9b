/**
 * When a mailbox was last used, and by which client: operators ask for it. Written at most once a minute for each mailbox and
 * process, beside the answer and never ahead of it; a kill may lose the last minute.
 */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Store } from '../../core/store.ts';
import { mailboxKey, type MeshCaller } from './mailboxes.ts';

export interface Seen {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** As `mex-clientversion` said; empty where no call has said one. */
  readonly client: string;
}

const seenCollection: CollectionOf<Seen> = { name: 'mesh.seen' };

export interface SeenKeeper {
  /** Notes a call. @param client as the call said, if it said one */
  note(caller: MeshCaller, client: string | undefined): void;
  get(environment: string, mailbox: string): Promise<Seen | undefined>;
}

const writtenEvery = 60_000;
const mostKnown = 10_000;

export function openSeen(store: Store, now: () => number): SeenKeeper {
  const collection = store.open(seenCollection);
  const known = new Map<string, Seen>();
  const write = async (key: string, client: string | undefined, at: number) => {
    const stored = await collection.get(key);
    const seen = { at, client: client ?? stored?.value.client ?? '' };
    known.set(key, seen);
    await collection.put(key, seen, { expected: stored?.version ?? 0 });
  };
  return {
    note({ environment, mailbox }, said) {
      const key = mailboxKey(environment, mailbox.id);
      const client = said?.trim().slice(0, 100);
      const before = known.get(key);
      const isNews = client !== undefined && client !== before?.client;
      const at = now();
      if (before && !isNews && Math.abs(at - before.at) < writtenEvery) return;
      if (known.size >= mostKnown) known.clear();
      known.set(key, { at, client: client ?? before?.client ?? '' });
      write(key, client, at).catch((error: unknown) => {
        // Another process has noted it, or there is no room for it: the next call tries again.
        if (!(error instanceof Problem && error.kind === 'conflict')) known.delete(key);
      });
    },
    async get(environment, mailbox) {
      return (await collection.get(mailboxKey(environment, mailbox)))?.value;
    },
  };
}
