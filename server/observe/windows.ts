/**
 * The last minutes of all processes together, as alert rules and the status look at them: sums by Api and by App. Read from
 * the kept usage, each minute once it is settled. Owns how long what is remembered.
 */
import { addHistogram, emptyHistogram, type Histogram } from './histogram.ts';
import { beginOf, lengthOf, type UsageBucket, type UsageRow } from './usage-bucket.ts';
import type { UsageKeeper } from './usage-keeper.ts';

/** An Api in an environment, over some minutes. */
export interface ApiWindow {
  readonly api: string;
  readonly environment: string;
  calls: number;
  failed: number;
  /** Refused by a limit that all its callers share. */
  pooled: number;
  readonly times: Histogram;
  readonly overhead: Histogram;
}

/** An App in an environment, over some minutes. */
export interface AppWindow {
  readonly app: string;
  readonly environment: string;
  calls: number;
  limited: number;
}

export interface Windows {
  /** Takes in what has been kept since the last time. @throws Problem of the store */
  refresh(): Promise<void>;
  /** The last so many whole minutes and the one that runs; times for 15 minutes at most, the rest for six hours. */
  apis(minutes: number): readonly ApiWindow[];
  apps(minutes: number): readonly AppWindow[];
  /** Refused client assertions in each five minutes of the last day, the newest last. */
  rejections(): readonly number[];
}

/** A minute is read again so long after its end, for what other processes write late. Milliseconds. */
const settled = 2 * lengthOf.minute;
const timesKept = 16 * lengthOf.minute;
const callsKept = 6 * lengthOf.hour + lengthOf.minute;
const rejectionsKept = lengthOf.day;

interface Seen {
  readonly apis: Map<string, ApiWindow>;
  apps: Map<string, AppWindow>;
}

export function createWindows(keeper: Pick<UsageKeeper, 'read'>, now: () => number): Windows {
  const minutes = new Map<number, Seen>();
  const rejected = new Map<number, number>();
  let readFrom = 0;
  return {
    async refresh() {
      const end = now();
      const from = Math.max(readFrom, beginOf('minute', end - rejectionsKept));
      const young = await keeper.read('minute', from, end + 1);
      for (const at of minutes.keys()) if (at >= from) minutes.delete(at);
      for (const at of rejected.keys()) if (at >= from) rejected.delete(at);
      for (const bucket of young) take(minutes, rejected, bucket, end);
      readFrom = beginOf('minute', end - settled);
      forget(minutes, rejected, end);
    },
    apis: (count) => {
      const sums = new Map<string, ApiWindow>();
      for (const { apis } of lastOf(minutes, count, now()))
        for (const [name, one] of apis) addApi(sums, name, one);
      return [...sums.values()];
    },
    apps: (count) => {
      const sums = new Map<string, AppWindow>();
      for (const { apps } of lastOf(minutes, count, now()))
        for (const [name, { app, environment, calls, limited }] of apps) {
          const sum = sums.get(name) ?? { app, environment, calls: 0, limited: 0 };
          sums.set(name, sum);
          sum.calls += calls;
          sum.limited += limited;
        }
      return [...sums.values()];
    },
    rejections() {
      const counts = Array<number>(288).fill(0);
      for (const [at, count] of rejected) {
        const index = 287 - Math.floor((now() - at) / (5 * lengthOf.minute));
        if (index >= 0) counts[index] = (counts[index] ?? 0) + count;
      }
      return counts;
    },
  };
}

function lastOf(minutes: ReadonlyMap<number, Seen>, count: number, now: number): Seen[] {
  const from = beginOf('minute', now) - count * lengthOf.minute;
  return [...minutes].flatMap(([at, seen]) => (at >= from ? [seen] : []));
}

function take(
  minutes: Map<number, Seen>,
  rejected: Map<number, number>,
  bucket: UsageBucket,
  now: number,
): void {
  const { at } = bucket;
  if (bucket.rejected > 0) rejected.set(at, (rejected.get(at) ?? 0) + bucket.rejected);
  if (at < now - callsKept) return;
  let seen = minutes.get(at);
  if (!seen) minutes.set(at, (seen = { apis: new Map(), apps: new Map() }));
  for (const row of bucket.rows) takeRow(seen, row);
  for (const { api, environment, times } of bucket.overheads)
    addHistogram(apiOf(seen.apis, api, environment).overhead, times);
}

function takeRow({ apis, apps }: Seen, row: UsageRow): void {
  const { api, environment, app, calls, statusClass, limited = {} } = row;
  const sum = apiOf(apis, api, environment);
  sum.calls += calls;
  if (statusClass === '5xx') sum.failed += calls;
  addHistogram(sum.times, row.times);
  let refused = 0;
  for (const [limit, count] of Object.entries(limited)) {
    if (limit.startsWith('proxy_')) sum.pooled += count;
    else if (limit !== 'overload') refused += count;
  }
  if (app === '') return;
  const name = `${environment} ${app}`;
  const one = apps.get(name) ?? { app, environment, calls: 0, limited: 0 };
  apps.set(name, one);
  one.calls += calls;
  one.limited += refused;
}

function apiOf(apis: Map<string, ApiWindow>, api: string, environment: string): ApiWindow {
  const name = `${environment} ${api}`;
  let sum = apis.get(name);
  if (!sum) {
    const times = { times: emptyHistogram(), overhead: emptyHistogram() };
    apis.set(name, (sum = { ...{ api, environment, calls: 0, failed: 0, pooled: 0 }, ...times }));
  }
  return sum;
}

function addApi(sums: Map<string, ApiWindow>, name: string, one: ApiWindow): void {
  const sum = apiOf(sums, one.api, one.environment);
  sums.set(name, sum);
  sum.calls += one.calls;
  sum.failed += one.failed;
  sum.pooled += one.pooled;
  addHistogram(sum.times, one.times);
  addHistogram(sum.overhead, one.overhead);
}

/** Older minutes keep their counts only, in one empty histogram that all share. */
function forget(minutes: Map<number, Seen>, rejected: Map<number, number>, now: number): void {
  for (const [at, seen] of minutes) {
    if (at < now - callsKept) minutes.delete(at);
    else if (at < now - timesKept && seen.apps !== noApps) {
      seen.apps = noApps;
      for (const [name, one] of seen.apis)
        seen.apis.set(name, { ...one, times: noTimes, overhead: noTimes });
    }
  }
  for (const at of rejected.keys()) if (at < now - rejectionsKept) rejected.delete(at);
}

const noApps = new Map<string, AppWindow>();
const noTimes = emptyHistogram();
