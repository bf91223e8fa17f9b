/**
 * Counts usage in memory, minute by minute. Owns the counting and its bound; keeping what was counted is usage-keeper.ts's.
 */
import type { HeardCall, Place } from './heard.ts';
import { count, emptyHistogram, type Histogram } from './histogram.ts';
import type { ApiMeter, Series } from './meters.ts';
import { isHealthCheck, limitLabel, otherOperation } from './operation.ts';
import { beginOf, mostRows, type UsageBucket, type UsageRow } from './usage-bucket.ts';

export interface UsageRecorder {
  /** Counts a call where the meters counted it. */
  record(series: Series, call: HeardCall): void;
  /** Counts a refused client assertion. */
  rejected(): void;
  /** The minutes that were counted and not let go yet, oldest first. */
  minutes(): readonly Minute[];
  /** Lets a minute go. One that is not over stays. */
  release(minute: Minute): void;
}

/** A minute as it is being counted. */
export interface Minute {
  readonly at: number;
  /** Rises with each thing counted. */
  readonly changes: number;
  readonly over: boolean;
  bucket(): UsageBucket;
}

export interface UsageRecorderOptions extends Place {
  /** Whether an id is that of an App; calls of others are counted without one. */
  readonly isApp: (id: string) => boolean;
}

/** Minutes in memory while they cannot be kept; the oldest are given up. */
const mostMinutes = 120;

export function createUsageRecorder(options: UsageRecorderOptions): UsageRecorder {
  const { now } = options;
  const minutes = new Map<number, Counted>();
  let current: Counted | undefined;
  const open = (): Counted => {
    const at = beginOf('minute', now());
    if (current?.at === at) return current;
    current = minutes.get(at) ?? newMinute(at, options);
    minutes.set(at, current);
    for (const oldest of minutes.keys()) {
      if (minutes.size <= mostMinutes) break;
      minutes.delete(oldest);
    }
    return current;
  };
  return {
    record(series, call) {
      if (isHealthCheck(call.facts.route)) return;
      const minute = open();
      minute.changes++;
      take(rowOf(minute, series, call, options), call);
      const { target } = call.facts;
      if (target)
        count(
          overheadOf(minute, series.meter),
          Math.max(0, call.milliseconds - target.milliseconds),
        );
    },
    rejected() {
      const minute = open();
      minute.changes++;
      minute.rejected++;
    },
    minutes: () => [...minutes.values()],
    release({ at, over }) {
      if (over) minutes.delete(at);
    },
  };
}

interface Counted extends Minute {
  changes: number;
  rejected: number;
  /** How many rows there are. */
  size: number;
  /** By where the meters counted, then by App and Product. */
  readonly rows: Map<Series, Map<string, UsageRow>>;
  /** What is too much to be told apart, by Api, App and class. */
  readonly folded: Map<string, UsageRow>;
  readonly overheads: Map<ApiMeter, Histogram>;
}

function newMinute(at: number, { now, process }: Place): Counted {
  return {
    ...{ at, changes: 0, rejected: 0, size: 0 },
    rows: new Map(),
    folded: new Map(),
    overheads: new Map(),
    get over() {
      return beginOf('minute', now()) > at;
    },
    bucket() {
      const { rows, folded, overheads, rejected } = this;
      return {
        ...{ unit: 'minute', at, process, rejected },
        rows: [...[...rows.values()].flatMap((apps) => [...apps.values()]), ...folded.values()],
        overheads: [...overheads].map(([{ api, environment }, times]) => ({
          api,
          environment,
          times,
        })),
      };
    },
  };
}

function rowOf(
  minute: Counted,
  series: Series,
  { facts }: HeardCall,
  { isApp }: UsageRecorderOptions,
): UsageRow {
  const app = facts.caller?.appId ?? '';
  const product = facts.product ?? '';
  let apps = minute.rows.get(series);
  if (!apps) minute.rows.set(series, (apps = new Map<string, UsageRow>()));
  const name = product === '' ? app : `${app}\n${product}`;
  const known = apps.get(name);
  if (known) return known;
  const who = app === '' || isApp(app) ? app : '';
  if (minute.size >= mostRows) return foldedRow(minute, series, who);
  const at = who === app ? name : '';
  let row = apps.get(at);
  if (!row) {
    minute.size++;
    apps.set(at, (row = newRow(series, who, at === '' ? '' : product)));
  }
  return row;
}

function foldedRow(minute: Counted, { meter, statusClass }: Series, app: string): UsageRow {
  const { api, environment } = meter;
  const who = minute.folded.size < mostRows ? app : '';
  const name = [environment, api, statusClass, who].join('\n');
  let row = minute.folded.get(name);
  if (!row)
    minute.folded.set(
      name,
      (row = newRow({ meter, statusClass, operation: otherOperation }, who, '')),
    );
  return row;
}

function newRow(
  { meter, operation, statusClass }: Pick<Series, 'meter' | 'operation' | 'statusClass'>,
  app: string,
  product: string,
): UsageRow {
  const { api, environment } = meter;
  return {
    ...{ app, product, api, environment, operation, statusClass },
    ...{ calls: 0, bytes: 0, unanswered: 0, times: emptyHistogram() },
  };
}

function take(row: UsageRow, { facts, sent, milliseconds }: HeardCall): void {
  row.calls++;
  row.bytes += sent.bytes;
  if (sent.status >= 502 && sent.status <= 504) row.unanswered++;
  count(row.times, milliseconds);
  if (facts.limit === undefined) return;
  const name = limitLabel(facts.limit);
  row.limited ??= {};
  row.limited[name] = (row.limited[name] ?? 0) + 1;
}

function overheadOf({ overheads }: Counted, meter: ApiMeter): Histogram {
  let times = overheads.get(meter);
  if (!times) overheads.set(meter, (times = emptyHistogram()));
  return times;
}
