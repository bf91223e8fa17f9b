/**
 * Keeps usage in the store: each process writes the minutes it counted, one process adds them up to hours and days and
 * removes what is too old. Owns these writes; counting is usage-recorder.ts's, asking usage-query.ts's.
 */
import { Problem } from '../../core/problem.ts';
import type { Log } from '../../core/log.ts';
import type { Collection, Store } from '../../core/store.ts';
import {
  addUp,
  beginOf,
  bucketId,
  keptFor,
  lengthOf,
  usageCollection,
  type UsageBucket,
  type UsageUnit,
} from './usage-bucket.ts';
import type { Minute, UsageRecorder } from './usage-recorder.ts';

export interface UsageKeeper {
  /** Writes what was counted since the last time. What cannot be written stays for the next time. @throws Problem of the store */
  flush(): Promise<void>;
  /** Adds minutes up to hours, hours to days, and removes what is too old. For one process of an installation at a time. */
  rollUp(): Promise<void>;
  /** Buckets that began in `[from, to)`, oldest first. */
  read(unit: UsageUnit, from: number, to: number): Promise<UsageBucket[]>;
}

export interface UsageKeeperOptions {
  readonly store: Store;
  readonly recorder: UsageRecorder;
  readonly now: () => number;
  readonly log: Log;
}

/** A unit is added up so long after its end: by then every process has written its share. Milliseconds. */
const settled = 2 * lengthOf.minute;
/** Hours and days that are looked at again, for a share that came late. */
const again: Readonly<Record<'hour' | 'day', number>> = { hour: 3, day: 2 };
/** Those looked at in the first round after a start. */
const first: Readonly<Record<'hour' | 'day', number>> = { hour: 47, day: 14 };

export function createUsageKeeper({ store, recorder, now, log }: UsageKeeperOptions): UsageKeeper {
  const collection = store.open(usageCollection);
  const written = new WeakMap<Minute, Written>();
  let flushing: Promise<void> = Promise.resolve();
  let rounds = 0;
  const read = (unit: UsageUnit, from: number, to: number) => readAll(collection, unit, from, to);
  const write = async () => {
    for (const minute of recorder.minutes()) {
      const { over } = minute; // looked at first: what is counted afterwards would be lost
      await writeMinute(collection, written, minute);
      if (over) recorder.release(minute);
    }
  };
  return {
    read,
    flush() {
      flushing = flushing.catch(() => undefined).then(write);
      return flushing;
    },
    async rollUp() {
      const count = rounds++ === 0 ? first : again;
      try {
        await rollTo(collection, 'hour', 'minute', count.hour, now());
        await rollTo(collection, 'day', 'hour', count.day, now());
        for (const unit of ['minute', 'hour', 'day'] as const)
          await removeOld(collection, unit, now());
      } catch (error) {
        log.log('warn', 'usage could not be added up', { kind: Problem.from(error).kind });
      }
    },
  };
}

interface Written {
  readonly version: number;
  readonly changes: number;
}

async function writeMinute(
  collection: Collection<UsageBucket>,
  written: WeakMap<Minute, Written>,
  minute: Minute,
): Promise<void> {
  const before = written.get(minute) ?? { version: 0, changes: 0 };
  const { changes } = minute;
  if (changes === before.changes) return;
  const bucket = minute.bucket();
  const id = bucketId(bucket);
  const put = (expected: number) => collection.put(id, bucket, { expected });
  // A write that was not answered may have been done: only this process writes here, so it takes what is there as its own.
  const { version } = await put(before.version).catch(async (error: unknown) => {
    if (Problem.from(error).kind !== 'conflict') throw error;
    return put((await collection.get(id))?.version ?? 0);
  });
  written.set(minute, { version, changes });
}

/** Adds up each of the last units that is over, where its parts hold something else than was added before. */
async function rollTo(
  collection: Collection<UsageBucket>,
  unit: 'hour' | 'day',
  from: 'minute' | 'hour',
  units: number,
  now: number,
): Promise<void> {
  const end = beginOf(unit, now - settled);
  for (let at = end - units * lengthOf[unit]; at < end; at += lengthOf[unit]) {
    const sum = addUp(unit, at, await readAll(collection, from, at, at + lengthOf[unit]));
    const known = await collection.get(bucketId(sum));
    // Parts that have been removed meanwhile must not shrink what was added up when they were there.
    if (known && callsIn(known.value) >= callsIn(sum)) continue;
    await collection.put(bucketId(sum), sum, { expected: known?.version ?? 0 });
  }
}

function callsIn({ rows, rejected }: UsageBucket): number {
  return rows.reduce((sum, { calls }) => sum + calls, rejected);
}

async function removeOld(
  collection: Collection<UsageBucket>,
  unit: UsageUnit,
  now: number,
): Promise<void> {
  const to = new Date(now - keptFor[unit] - 1).toISOString();
  const { items } = await collection.find({ index: 'time', equals: [unit], to, limit: 500 });
  await Promise.all(items.map(({ id, version }) => collection.remove(id, version)));
}

async function readAll(
  collection: Collection<UsageBucket>,
  unit: UsageUnit,
  from: number,
  to: number,
): Promise<UsageBucket[]> {
  if (to <= from) return [];
  const found: UsageBucket[] = [];
  const range = {
    ...{ index: 'time', equals: [unit], limit: 500 },
    from: new Date(from).toISOString(),
    to: new Date(to - 1).toISOString(),
  };
  let after: string | undefined;
  do {
    const page = await collection.find({ ...range, ...(after === undefined ? {} : { after }) });
    for (const { value } of page.items) found.push(value);
    after = page.next;
  } while (after !== undefined);
  return found;
}
