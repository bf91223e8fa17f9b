/**
 * What was called, as it is asked for: totals, a course over time, and shares by App, Product, Api and operation. Owns which
 * buckets answer a question; who may ask is the catalogue's.
 */
import { Problem } from '../../core/problem.ts';
import type { UsageQuery } from '../catalogue/deployment-hooks.ts';
import { addHistogram, emptyHistogram, quantile, totalOf, type Histogram } from './histogram.ts';
import { operationOf } from './operation.ts';
import {
  addCounts,
  beginOf,
  keptFor,
  lengthOf,
  type UsageBucket,
  type UsageRow,
  type UsageUnit,
} from './usage-bucket.ts';
import type { UsageKeeper } from './usage-keeper.ts';

/** What is asked; the organisation is that of the App. */
export interface UsageQuestion extends UsageQuery {
  readonly organisation?: string;
}

export interface UsageAnswer {
  /** ISO times; the end is not included. */
  readonly from: string;
  readonly to: string;
  readonly step: UsageUnit;
  readonly totals: UsageTotals;
  /** Steps with calls only, oldest first. */
  readonly series: readonly ({ readonly at: string } & UsageTotals)[];
  /** The most called, at most 50 of each. */
  readonly by: Readonly<
    Record<'app' | 'product' | 'api' | 'environment' | 'operation', readonly UsageShare[]>
  >;
}

export interface UsageTotals {
  readonly calls: number;
  /** Calls by status class: `2xx`. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly bytes: number;
  /** How many each limit refused: `app_quota`. */
  readonly limited: Readonly<Record<string, number>>;
  /** Milliseconds, estimated from classes; absent without calls. */
  readonly p50?: number;
  readonly p95?: number;
  readonly mean?: number;
}

export interface UsageShare {
  readonly name: string;
  readonly calls: number;
  readonly failed: number;
  readonly limited: number;
}

export interface UsageQueryOptions {
  readonly keeper: Pick<UsageKeeper, 'read'>;
  /** Makes every process write what it has counted. */
  readonly flush: () => Promise<void>;
  readonly now: () => number;
  /** The organisation of an App. */
  readonly ownerOf: (app: string) => string | undefined;
}

const usualSpan = 24 * lengthOf.hour;
const mostShares = 50;

/** Answers questions. @throws Problem `invalid` for a range that is none or too long, `unavailable` while the store is away */
export function usageQuery(
  options: UsageQueryOptions,
): (question: UsageQuestion) => Promise<UsageAnswer> {
  return async (question) => {
    const now = options.now();
    const { to = now + 1, from = to - usualSpan } = question;
    if (!(from < to)) throw new Problem('invalid', 'from must be before to');
    if (to - from > keptFor.day)
      throw new Problem('invalid', 'The range may be three years at most');
    await options.flush();
    const step = stepOf(from, to, now);
    const begin = beginOf(step, from);
    const buckets = await bucketsOf(options.keeper, step, begin, to, now);
    const wanted = filterOf(question, options);
    return answer(buckets, wanted, { step, from: begin, to });
  };
}

/** Whose calls are asked for. */
export interface CallersQuestion {
  /** Absent: all. */
  readonly api?: string;
  readonly environment: string;
  /** Milliseconds since the epoch. */
  readonly from: number;
}

/** The Apps that called since a time, however many. @throws Problem `unavailable` while the store is away */
export async function callersOf(
  { keeper, now, flush }: Omit<UsageQueryOptions, 'ownerOf'>,
  { api, environment, from }: CallersQuestion,
): Promise<readonly string[]> {
  await flush();
  const to = now() + 1;
  const step = stepOf(from, to, now());
  const buckets = await bucketsOf(keeper, step, beginOf(step, from), to, now());
  const apps = buckets.flatMap(({ rows }) =>
    rows.filter((row) => row.environment === environment && (api === undefined || row.api === api)),
  );
  return [...new Set(apps.map(({ app }) => app).filter((app) => app !== ''))];
}

/** The shortest steps that are kept long enough and are not too many. */
function stepOf(from: number, to: number, now: number): UsageUnit {
  const fits = (unit: 'minute' | 'hour') => from >= now - keptFor[unit] + lengthOf.hour;
  if (to - from <= 6 * lengthOf.hour && fits('minute')) return 'minute';
  return to - from <= 31 * lengthOf.day && fits('hour') ? 'hour' : 'day';
}

/** Buckets of a unit, and those of the shorter one wherever they have not been added up yet. */
async function bucketsOf(
  keeper: UsageQueryOptions['keeper'],
  unit: UsageUnit,
  from: number,
  to: number,
  now: number,
): Promise<UsageBucket[]> {
  const found = await keeper.read(unit, from, to);
  if (unit === 'minute') return found;
  const shorter = unit === 'day' ? 'hour' : 'minute';
  const there = new Set(found.map(({ at }) => at));
  let missing = Math.max(from, beginOf(unit, now - keptFor[shorter]));
  while (missing < to && there.has(missing)) missing += lengthOf[unit];
  const parts = await bucketsOf(keeper, shorter, missing, to, now);
  return [...found, ...parts.filter(({ at }) => !there.has(beginOf(unit, at)))];
}

function filterOf(
  question: UsageQuestion,
  { ownerOf }: UsageQueryOptions,
): (row: UsageRow) => boolean {
  const { app, product, api, environment, organisation } = question;
  const operation = question.operation === undefined ? undefined : operationOf(question.operation);
  return (row) =>
    (app === undefined || row.app === app) &&
    (product === undefined || row.product === product) &&
    (api === undefined || row.api === api) &&
    (environment === undefined || row.environment === environment) &&
    (operation === undefined || row.operation === operation) &&
    (organisation === undefined || ownerOf(row.app) === organisation);
}

function answer(
  buckets: readonly UsageBucket[],
  wanted: (row: UsageRow) => boolean,
  { step, from, to }: { readonly step: UsageUnit; readonly from: number; readonly to: number },
): UsageAnswer {
  const total = emptySum();
  const steps = new Map<number, Sum>();
  const shares = {
    ...{ app: newShares(), product: newShares(), api: newShares() },
    ...{ environment: newShares(), operation: newShares() },
  };
  for (const { at, rows } of buckets)
    for (const row of rows) {
      if (!wanted(row)) continue;
      const begin = beginOf(step, at);
      const here = steps.get(begin) ?? emptySum();
      steps.set(begin, here);
      addRow(total, row);
      addRow(here, row);
      for (const name of ['app', 'product', 'api', 'environment', 'operation'] as const)
        addShare(shares[name], row[name], row);
    }
  const { app, product, api, environment, operation } = shares;
  return {
    ...{ from: iso(from), to: iso(to), step, totals: totalsOf(total) },
    series: [...steps]
      .sort(([a], [b]) => a - b)
      .map(([at, sum]) => ({ at: iso(at), ...totalsOf(sum) })),
    by: {
      ...{ app: most(app), product: most(product), api: most(api) },
      ...{ environment: most(environment), operation: most(operation) },
    },
  };
}

interface Sum {
  calls: number;
  bytes: number;
  statuses: Record<string, number>;
  limited: Record<string, number>;
  readonly times: Histogram;
}

function emptySum(): Sum {
  return { calls: 0, bytes: 0, statuses: {}, limited: {}, times: emptyHistogram() };
}

function addRow(sum: Sum, row: UsageRow): void {
  sum.calls += row.calls;
  sum.bytes += row.bytes;
  sum.statuses[row.statusClass] = (sum.statuses[row.statusClass] ?? 0) + row.calls;
  if (row.limited) sum.limited = addCounts(sum.limited, row.limited);
  addHistogram(sum.times, row.times);
}

function totalsOf({ calls, bytes, statuses, limited, times }: Sum): UsageTotals {
  const [p50, p95] = [quantile(times, 0.5), quantile(times, 0.95)];
  const total = totalOf(times);
  return {
    ...{ calls, statuses, bytes, limited },
    ...(p50 === undefined || p95 === undefined
      ? {}
      : { p50: round(p50), p95: round(p95), mean: round((times.sum * 1000) / total) }),
  };
}

interface Share {
  calls: number;
  failed: number;
  limited: number;
}

function newShares(): Map<string, Share> {
  return new Map();
}

function addShare(shares: Map<string, Share>, name: string, row: UsageRow): void {
  if (name === '') return;
  const share = shares.get(name) ?? { calls: 0, failed: 0, limited: 0 };
  shares.set(name, share);
  share.calls += row.calls;
  if (row.statusClass === '5xx') share.failed += row.calls;
  for (const value of Object.values(row.limited ?? {})) share.limited += value;
}

function most(shares: ReadonlyMap<string, Share>): readonly UsageShare[] {
  return [...shares]
    .map(([name, share]) => ({ name, ...share }))
    .sort((a, b) => b.calls - a.calls || a.name.localeCompare(b.name))
    .slice(0, mostShares);
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
