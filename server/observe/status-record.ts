/**
 * What is kept of the status of Apis: how each is now, and for each day how many probes found it well. Owns the documents
 * and what availability is worked out of them.
 */
import type { CollectionOf, Store } from '../../core/store.ts';
import type { ApiState, Check } from './status-machine.ts';

/** A Proxy as it was found last. */
export interface FoundStatus {
  readonly api: string;
  readonly environment: string;
  readonly revision: number;
  /** The back end, as metrics call it. */
  readonly target: string;
  readonly state: ApiState;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly checked: number;
  readonly ping: Check;
  readonly health?: Check;
}

/** Either all that is current, or one day. */
export interface StatusDocument {
  readonly checked: number;
  /** By Proxy: how it is. */
  readonly current?: Readonly<Record<string, FoundStatus>>;
  /** By Proxy: how many probes passed, and how many there were. */
  readonly day?: Readonly<Record<string, readonly [passed: number, all: number]>>;
}

export const statusCollection: CollectionOf<StatusDocument> = { name: 'observe.status' };
export const currentId = 'current';

/** The id of a day, `day:2026-06-01`. */
export function dayId(time: number): string {
  return `day:${new Date(time).toISOString().slice(0, 10)}`;
}

export interface DayOfProbes {
  /** `2026-06-01`, in UTC. */
  readonly day: string;
  readonly probes: NonNullable<StatusDocument['day']>;
}

/** The last days that were probed, oldest first. */
export async function readDays(store: Store, now: number, days: number): Promise<DayOfProbes[]> {
  const collection = store.open(statusCollection);
  const ids = Array.from({ length: days }, (_, i) => dayId(now - (days - 1 - i) * 86_400_000));
  const found = await Promise.all(ids.map((id) => collection.get(id)));
  return found.flatMap((stored) =>
    stored?.value.day ? [{ day: stored.id.slice(4), probes: stored.value.day }] : [],
  );
}

/** What is promised. */
const promised = 0.999;

export interface Availability {
  /** `2026-06`. */
  readonly month: string;
  /** The part of the probes that passed, 0 to 1, cut to five digits. */
  readonly value: number;
  readonly target: number;
  readonly missed: boolean;
}

/** The part of probes of a Proxy that passed in a month; undefined without probes. */
export function availabilityOf(
  days: readonly DayOfProbes[],
  proxy: string,
  month: string,
): Availability | undefined {
  let [passed, all] = [0, 0];
  for (const { day, probes } of days) {
    if (!day.startsWith(month)) continue;
    const [good, of] = probes[proxy] ?? [0, 0];
    passed += good;
    all += of;
  }
  if (all === 0) return undefined;
  return { month, value: part(passed, all), target: promised, missed: passed / all < promised };
}

/** Never rounded up: 99.9996 % is not all of it. */
export function part(passed: number, all: number): number {
  return Math.floor((passed / all) * 100_000) / 100_000;
}
