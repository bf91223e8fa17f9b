/**
 * Whom a listener believes: the authorities and lists of its environments, and what happens when a list is too old. OpenSSL
 * then refuses everybody below that authority; for a time of grace the listener looks at the records alone instead. Owns
 * that time and its alarms.
 */
import { readList } from '../certs/crl.ts';
import { pemBlocks } from '../certs/pem.ts';
import type { Log } from '../core/log.ts';
import type { Trust } from './tls-material.ts';

export interface TrustSource {
  /** PEM of each authority. */
  authorities(environment: string): readonly string[];
  /** PEM of each list. */
  lists(environment: string): readonly string[];
}

export interface TrustOptions {
  readonly source: TrustSource;
  readonly environments: readonly string[];
  /** Milliseconds for which a list that has ended does not close the listener. */
  readonly grace: number;
  readonly log: Log;
  readonly now: () => number;
}

export interface ListenerTrust {
  /** As it is now. */
  current(): Trust;
  /** Whether `current` would be another one than at its last call, only because time has passed. */
  isDue(): boolean;
}

const hour = 60 * 60_000;

export function createTrust({
  source,
  environments,
  grace,
  log,
  now,
}: TrustOptions): ListenerTrust {
  const known = new Map<string, number>();
  let inGrace = false;
  let told = -Infinity;
  const endOf = (pem: string): number => {
    let end = known.get(pem);
    if (end === undefined) known.set(pem, (end = nextUpdateOf(pem)));
    return end;
  };
  const listsNow = () => environments.flatMap((environment) => source.lists(environment));
  const isGrace = (lists: readonly string[]): boolean => {
    const time = now();
    return lists.some((pem) => endOf(pem) <= time && time < endOf(pem) + grace);
  };
  const tell = (lists: readonly string[]) => {
    const stale = lists.filter((pem) => endOf(pem) <= now()).length;
    if (stale === 0 || now() - told < hour) return;
    told = now();
    log.log('error', 'a revocation list has ended', {
      environments: environments.join(', '),
      lists: stale,
      closed: !inGrace,
    });
  };
  return {
    current() {
      const lists = listsNow();
      for (const pem of known.keys()) if (!lists.includes(pem)) known.delete(pem);
      inGrace = isGrace(lists);
      tell(lists);
      return {
        authorities: environments.flatMap((environment) => source.authorities(environment)),
        lists: inGrace ? [] : lists,
      };
    },
    isDue() {
      const lists = listsNow();
      tell(lists);
      return isGrace(lists) !== inGrace;
    },
  };
}

/** Milliseconds since the epoch; 0 for what cannot be read. */
function nextUpdateOf(pem: string): number {
  try {
    const [block] = pemBlocks(pem);
    return block ? readList(block.der).nextUpdate : 0;
  } catch {
    return 0;
  }
}
