/**
 * The hashes of keys that were used lately, so that a call does not pay for one. Bounded, in memory, and only of keys that
 * there are: a flood of invented ones drives nothing out.
 */
import type { GatewayServices } from '../policy.ts';

export interface RecentHashes {
  /** The hash of a key that was put here; undefined when it was not, or long ago. */
  get(key: string): string | undefined;
  put(key: string, hash: string): void;
}

/** One for all Proxies of a gateway. */
export function recentHashesOf(services: GatewayServices): RecentHashes {
  let recent = known.get(services);
  if (!recent) known.set(services, (recent = recentHashes(mostKept)));
  return recent;
}

const known = new WeakMap<GatewayServices, RecentHashes>();
const mostKept = 20_000;

/** Two halves: when one is full it becomes the older, and the older before it is dropped. What is used moves on. */
export function recentHashes(most: number): RecentHashes {
  let newer = new Map<string, string>();
  let older = new Map<string, string>();
  const put = (key: string, hash: string) => {
    if (newer.size >= most / 2) {
      older = newer;
      newer = new Map();
    }
    newer.set(key, hash);
  };
  return {
    put,
    get(key) {
      const hash = newer.get(key);
      if (hash !== undefined) return hash;
      const old = older.get(key);
      if (old !== undefined) put(key, old);
      return old;
    },
  };
}
