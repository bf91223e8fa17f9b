/**
 * The limits of the process that counts: in memory and kept over a restart, or in slices through the store where several
 * machines serve. Who asks that process from another is workers-limits.ts's affair.
 */
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Config } from './config.ts';
import { createLimitCounters } from './gateway/limit-counters.ts';
import { keepLimits } from './gateway/limit-keeper.ts';
import { createLimitSlices } from './gateway/limit-slices.ts';
import type { Limits } from './gateway/limits.ts';
import type { ServedStore } from './store/served.ts';

export interface KeptLimits {
  readonly limits: Limits;
  /** Saves what there is to be saved and stops; before the store is closed. */
  close(): Promise<void>;
}

export async function openLimits(
  { mongoUrl }: Config,
  store: ServedStore,
  clock: Clock,
  log: Log,
): Promise<KeptLimits> {
  const now = () => clock.now();
  if (mongoUrl !== '') {
    const limits = createLimitSlices({ store, now, me: clock.newId(), log });
    return {
      limits,
      close: () => {
        limits.close();
        return Promise.resolve();
      },
    };
  }
  const counters = createLimitCounters({ now });
  const keeper = await keepLimits({ store, counters, log });
  return { limits: counters, close: () => keeper.close() };
}
