/**
 * Which process does what an installation does once: probing, judging alerts, sending mail. It holds a document for a while
 * and renews it; when it goes, another takes over. Owns the document; works over several machines as over several processes.
 */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Store } from '../../core/store.ts';
import type { Place } from './heard.ts';

export interface Lease {
  /** Takes or renews it; gives whether this process holds it. While the store is away it stays as it was. */
  tend(): Promise<boolean>;
  /** Gives it back, so that another need not wait. */
  release(): Promise<void>;
}

interface Held {
  readonly holder: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

const leaseCollection: CollectionOf<Held> = { name: 'observe.lease' };
const id = 'observing';
/** So long after its last renewal another may take it. Milliseconds; clocks of machines may differ by a part of it. */
const length = 45_000;

export function createLease(store: Store, { process, now }: Place): Lease {
  const collection = store.open(leaseCollection);
  let held = false;
  return {
    async tend() {
      try {
        const found = await collection.get(id);
        const own = found?.value.holder === process;
        if (found && !own && found.value.until >= now()) return (held = false);
        if (found && own && found.value.until - now() > length / 2) return (held = true);
        const mine = { holder: process, until: now() + length };
        await collection.put(id, mine, { expected: found?.version ?? 0 });
        return (held = true);
      } catch (error) {
        if (Problem.from(error).kind === 'conflict') held = false;
        return held;
      }
    },
    async release() {
      if (!held) return;
      held = false;
      const found = await collection.get(id).catch(() => undefined);
      if (found?.value.holder === process)
        await collection.remove(id, found.version).catch(() => undefined);
    },
  };
}
