/**
 * Usage and limits on pages: a curve as SVG with its table, and each limit in words. Owns how they look; what was counted
 * and which limits apply the platform tells.
 */
import { html, type Html, type Part } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import type { Environment } from '../catalogue/environments.ts';
import type { RateLimits } from '../catalogue/products.ts';
import type { Actor } from '../catalogue/roles.ts';
import type { Hub } from './hub-parts.ts';
import { proxiesOf } from './app-reach.ts';
import { table, time } from './parts.ts';

/** What is asked about. */
export interface UsageOf {
  readonly app?: string;
  readonly product: string;
  readonly environment?: Environment;
}

interface UsageTold {
  readonly totals: { readonly calls: number; readonly limited: Readonly<Record<string, number>> };
  readonly series: readonly {
    readonly at: string;
    readonly calls: number;
    readonly statuses: Readonly<Record<string, number>>;
    readonly limited: Readonly<Record<string, number>>;
  }[];
}

const hour = 3_600_000;
/** The steps of the curve: a day by the hour. */
const steps = 24;

/** The calls of a day by the hour, drawn and as a table. */
export async function usageShown(hub: Hub, actor: Actor, of: UsageOf): Promise<Html> {
  const now = hub.clock.now();
  const begin = Math.floor(now / hour) * hour - (steps - 1) * hour;
  let told: UsageTold;
  try {
    // As server/observe/usage-query.ts answers it.
    told = (await hub.administration.insight.usage(actor, { ...of, from: begin })) as UsageTold;
  } catch (error) {
    if (Problem.from(error).kind !== 'unavailable') throw error;
    return html`<p>Usage cannot be told at the moment.</p>`;
  }
  const hours = Array.from({ length: steps }, (_, i) => begin + i * hour).map((at) => {
    const parts = told.series.filter((one) => Math.floor(Date.parse(one.at) / hour) * hour === at);
    return {
      at,
      calls: sum(parts.map(({ calls }) => calls)),
      failed: sum(parts.map(({ statuses }) => (statuses['4xx'] ?? 0) + (statuses['5xx'] ?? 0))),
      limited: sum(parts.flatMap(({ limited }) => Object.values(limited))),
    };
  });
  const { calls } = told.totals;
  const rows = hours
    .filter((one) => one.calls > 0)
    .map(({ at, calls: some, failed, limited }) => [time(at), some, failed, limited]);
  return html`<p>${calls} calls in the last 24 hours, ${sum(Object.values(told.totals.limited))} of them refused by a limit.</p>
${curve(hours)}
${rows.length === 0 ? undefined : table('Calls by the hour', ['Hour from', 'Calls', 'Of them failed', 'Refused by a limit'], rows)}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

const width = 720;
const height = 160;

/** Bars that need no colour to be told apart; the table says the same. */
function curve(hours: readonly { readonly at: number; readonly calls: number }[]): Html {
  const most = Math.max(1, ...hours.map(({ calls }) => calls));
  const step = width / hours.length;
  const bars = hours.map(({ calls }, i) => {
    const tall = Math.round((calls / most) * height);
    return html`<rect x="${(i * step + 2).toFixed(1)}" y="${height - tall}" width="${(step - 4).toFixed(1)}" height="${tall}" />`;
  });
  const label = `Calls by the hour over the last 24 hours; the most in an hour are ${Math.max(0, ...hours.map(({ calls }) => calls))}`;
  return html`<svg class="hub-curve" viewBox="0 0 ${width} ${height + 2}" role="img" aria-label="${label}"><g class="hub-curve__bars">${bars}</g><line class="hub-curve__base" x1="0" y1="${height + 1}" x2="${width}" y2="${height + 1}" /></svg>
<p class="hub-curve__legend">24 hours ago to now, at most ${most} an hour.</p>`;
}

/** The limits that a Product sets, in words. */
export function limitWords({ quota, spikeArrest, concurrency }: RateLimits): readonly string[] {
  return [
    ...(quota ? [`${quota.limit} calls ${span(quota.interval, quota.unit)}`] : []),
    ...(spikeArrest ? [`${spikeArrest.rate} calls a ${spikeArrest.per}, smoothed`] : []),
    ...(concurrency === undefined ? [] : [`${concurrency} calls at a time`]),
  ];
}

function span(interval: number, unit: string): string {
  return interval === 1 ? `a ${unit}` : `in ${interval} ${unit}s`;
}

interface LimitTold {
  readonly name: string;
  readonly rule:
    | {
        readonly kind: 'quota';
        readonly limit: number;
        readonly interval: number;
        readonly unit: string;
      }
    | { readonly kind: 'spike'; readonly rate: number; readonly per: string }
    | { readonly kind: 'concurrency'; readonly max: number };
  readonly source: string;
  readonly remaining?: number;
  readonly frees?: number;
}

/** Each limit that applies to an App at the APIs of a Product, and how it stands now. */
export async function limitsShown(
  hub: Hub,
  actor: Actor,
  { app, product, environment }: Required<UsageOf>,
  apis: readonly string[],
): Promise<Html> {
  const rows: Part[][] = [];
  const proxies = apis.flatMap((api) => proxiesOf(hub, api, environment));
  for (const { api, name } of proxies) {
    try {
      // As server/gateway/limit-report.ts answers it.
      const { items } = (await hub.administration.insight.limits(actor, {
        ...{ app, api, environment, name, product },
      })) as { readonly items: readonly LimitTold[] };
      for (const one of items)
        rows.push(limitRow(name === api ? (hub.catalogue.api(api)?.title ?? api) : name, one));
    } catch (error) {
      if (!['unavailable', 'not-found'].includes(Problem.from(error).kind)) throw error;
    }
  }
  if (rows.length === 0) return html`<p>No limit applies to it here.</p>`;
  return table('Limits that apply', ['API', 'Limit', 'Set by', 'Left now'], rows);
}

function limitRow(api: string, { name, rule, source, remaining, frees }: LimitTold): Part[] {
  const words =
    rule.kind === 'quota'
      ? `${rule.limit} calls ${span(rule.interval, rule.unit)}`
      : rule.kind === 'spike'
        ? `${rule.rate} calls a ${rule.per}, smoothed`
        : `${rule.max} calls at a time`;
  const left = html`${remaining ?? 'Counted by address'}${frees === undefined ? undefined : html`, more from ${time(frees)}`}`;
  return [api, html`${words} (${name})`, source, left];
}
