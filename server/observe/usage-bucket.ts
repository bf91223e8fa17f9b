/**
 * Usage as it is kept: what was called in one minute, hour or day, in rows that can be added. Owns the shape, its keys and
 * adding; nothing of a call but who, what, how it ended and how long it took is in it.
 */
import type { CollectionOf } from '../../core/store.ts';
import { addHistogram, type Histogram } from './histogram.ts';
import { otherOperation, type StatusClass } from './operation.ts';

export type UsageUnit = 'minute' | 'hour' | 'day';

/** Milliseconds. */
export const lengthOf: Readonly<Record<UsageUnit, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** How long buckets of a unit are kept. Milliseconds. */
export const keptFor: Readonly<Record<UsageUnit, number>> = {
  minute: 48 * lengthOf.hour,
  hour: 90 * lengthOf.day,
  day: 3 * 365 * lengthOf.day,
};

/** Calls of one App by one Product to one operation that ended alike. App and Product are empty where there was none. */
export interface UsageRow {
  readonly app: string;
  readonly product: string;
  readonly api: string;
  readonly environment: string;
  readonly operation: string;
  readonly statusClass: StatusClass;
  calls: number;
  bytes: number;
  /** Answers 502, 503 and 504: the back end did not answer, or not in time. */
  unanswered: number;
  readonly times: Histogram;
  /** How many each limit refused, by its label. */
  limited?: Record<string, number>;
}

export interface UsageBucket {
  readonly unit: UsageUnit;
  /** When it began: milliseconds since the epoch, at the beginning of a unit. */
  readonly at: number;
  /** Which process counted; empty where those of all were added. */
  readonly process: string;
  readonly rows: readonly UsageRow[];
  /** What the gateway added to back ends, by Api and environment. */
  readonly overheads: readonly OverheadRow[];
  /** Client assertions refused. */
  readonly rejected: number;
}

export interface OverheadRow {
  readonly api: string;
  readonly environment: string;
  readonly times: Histogram;
}

export const usageCollection: CollectionOf<UsageBucket> = {
  name: 'observe.usage',
  keys: ({ unit, at }) => ({ time: [[unit, new Date(at).toISOString()]] }),
};

/** The id of the bucket that one process counts, or, with an empty name, that holds what all counted. */
export function bucketId({
  unit,
  at,
  process,
}: Pick<UsageBucket, 'unit' | 'at' | 'process'>): string {
  const id = `${unit}:${new Date(at).toISOString()}`;
  return process === '' ? id : `${id}:${process}`;
}

/** When the unit began that holds this time. */
export function beginOf(unit: UsageUnit, time: number): number {
  return Math.floor(time / lengthOf[unit]) * lengthOf[unit];
}

/** Rows of different names in one bucket, at most; those beyond are told by Api alone. */
export const mostRows = 4_000;

/** All that these buckets hold, in one of a longer unit. */
export function addUp(unit: UsageUnit, at: number, buckets: readonly UsageBucket[]): UsageBucket {
  const rows = new Map<string, UsageRow>();
  const overheads = new Map<string, OverheadRow>();
  for (const bucket of buckets) {
    for (const row of bucket.rows) addRow(rows, row);
    for (const { api, environment, times } of bucket.overheads) {
      const known = overheads.get(`${environment} ${api}`);
      if (known) addHistogram(known.times, times);
      else overheads.set(`${environment} ${api}`, { api, environment, times: copy(times) });
    }
  }
  const rejected = buckets.reduce((sum, bucket) => sum + bucket.rejected, 0);
  return {
    unit,
    at,
    process: '',
    rows: [...rows.values()],
    overheads: [...overheads.values()],
    rejected,
  };
}

function addRow(rows: Map<string, UsageRow>, row: UsageRow): void {
  const name = nameOf(row);
  const known = rows.get(name);
  if (known) addTo(known, row);
  else if (rows.size < mostRows)
    rows.set(name, { ...row, times: copy(row.times), ...limitedOf(row) });
  else {
    const folded = { ...row, app: '', product: '', operation: otherOperation };
    const there = rows.get(nameOf(folded));
    if (there) addTo(there, row);
    else rows.set(nameOf(folded), { ...folded, times: copy(row.times), ...limitedOf(row) });
  }
}

function nameOf({ app, product, api, environment, operation, statusClass }: UsageRow): string {
  return [app, product, api, environment, operation, statusClass].join('\n');
}

function addTo(to: UsageRow, more: UsageRow): void {
  to.calls += more.calls;
  to.bytes += more.bytes;
  to.unanswered += more.unanswered;
  addHistogram(to.times, more.times);
  if (more.limited) to.limited = addCounts(to.limited, more.limited);
}

/** Counts by name, added. */
export function addCounts(
  to: Readonly<Record<string, number>> | undefined,
  more: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum: Record<string, number> = { ...to };
  for (const [name, value] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + value;
  return sum;
}

function limitedOf({ limited }: UsageRow): Pick<UsageRow, 'limited'> {
  return limited ? { limited: { ...limited } } : {};
}

function copy({ counts, sum }: Histogram): Histogram {
  return { counts: [...counts], sum };
}
