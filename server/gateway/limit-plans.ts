/**
 * Which limits the settings of a policy, an App and a Product come to: pure, so that calls and the look-up that explains
 * limits cannot tell different things. An App's own limit wins over its Product's, that over the platform's.
 */
import { Problem } from '../../core/problem.ts';
import type { App, Registration } from '../catalogue/apps.ts';
import type { Environment } from '../catalogue/environments.ts';
import type { Product, RateLimits } from '../catalogue/products.ts';
import { moreIn, policyItem, type ToldLimit } from './limit-fields.ts';
import { addressPrefix } from './limit-table.ts';
import { mostOf, usualBurst } from './limit-windows.ts';
import type { LimitRule, QuotaRule, SpikeRule } from './limits.ts';

/** What is counted apart: each App, all calls of the Proxy together, or each source address. */
export type By = 'app' | 'proxy' | 'address';

/** Where a limit was set. */
export type LimitSource = 'app' | 'product' | 'proxy' | 'platform';

/** A limit that applies, with all that is told of it made beforehand. */
export interface Limited extends ToldLimit {
  /** By what it counts here: a limit of Apps counts callers without one by address. */
  readonly by: By;
  readonly from: LimitSource;
  /** What a caller is told instead of the usual sentence. */
  readonly message?: string;
}

/** Who calls what. */
export interface LimitSubject {
  /** The id of the Proxy. */
  readonly proxy: string;
  readonly environment: Environment;
  /** Absent for calls of no registered App. */
  readonly app?: App | undefined;
  /** The Product by whose subscription it calls. */
  readonly product?: Product | undefined;
  /** The source address as it is counted. */
  readonly address: string;
}

/** One policy's share of the limits. */
export interface LimitPlan {
  /** What its answer depends on besides the Proxy. */
  readonly by: By;
  /** Every name its limits may have. */
  readonly names: readonly string[];
  /** `mark` tells its limits from those of the same name: empty, `-2`, `-3` … */
  limits(subject: LimitSubject, mark: string): readonly Limited[];
}

/** Settings of `quota`. */
export interface QuotaConfig {
  readonly limit: number;
  readonly interval?: number;
  readonly unit?: QuotaRule['unit'];
  readonly by?: By;
  readonly message?: string;
}

/** Settings of `spike-arrest`. */
export interface SpikeConfig {
  readonly rate: number;
  readonly per?: SpikeRule['per'];
  readonly burst?: number;
  readonly by?: By;
  readonly message?: string;
}

/** Settings of `concurrency`. */
export interface ConcurrencyConfig {
  readonly max: number;
  /** Seconds. */
  readonly lease?: number;
  readonly by?: By;
  readonly message?: string;
}

/** Settings of `product-limits`. */
export interface ProductLimitsConfig {
  /** For what neither the App nor the Product limits. */
  readonly defaults?: RateLimits;
}

/** Seconds after which a running call is no longer counted, where nothing else is set. */
export const usualLease = 60;

// The schemas of the policies describe these settings; whoever plans has checked them.
const planners: Readonly<Record<string, (config: never) => LimitPlan>> = {
  quota: (config: QuotaConfig) => plain(config, quotaRule(config)),
  'spike-arrest': (config: SpikeConfig) => plain(config, spikeRule(config)),
  concurrency: (config: ConcurrencyConfig) => plain(config, concurrencyRule(config)),
  'product-limits': productPlan,
};

/** Whether a policy of this name is one that only limits. */
export function isLimitPolicy(policy: string): boolean {
  return Object.hasOwn(planners, policy);
}

/**
 * The plan of a policy with checked settings.
 * @throws Problem `invalid` for a policy that is none of the limits
 */
export function planOf(policy: string, config: object): LimitPlan {
  const planner = isLimitPolicy(policy) ? planners[policy] : undefined;
  if (!planner) throw new Problem('invalid', `The policy ${policy} is no limit`);
  return planner(config as never); // checked against the policy's schema, which describes what the planner takes
}

function quotaRule({ limit, interval = 1, unit = 'minute' }: QuotaConfig): LimitRule {
  return { kind: 'quota', limit, interval, unit };
}

function spikeRule({ rate, per = 'second', burst }: SpikeConfig): LimitRule {
  return { kind: 'spike', rate, per, burst: burst ?? usualBurst(rate, per) };
}

function concurrencyRule({ max, lease = usualLease }: ConcurrencyConfig): LimitRule {
  return { kind: 'concurrency', max, lease: lease * 1000 };
}

/** A limit that the Proxy's definition sets. */
function plain(config: { by?: By; message?: string }, rule: LimitRule): LimitPlan {
  const { by = 'app', message } = config;
  const name = nameOf(by, rule);
  const who = ({ proxy, app, address }: LimitSubject): Who => {
    if (by === 'proxy') return { by, key: proxy };
    if (by === 'app' && app) return { by, key: `${proxy}:${app.id}` };
    return { by: 'address', key: `${proxy}:${address}` };
  };
  return {
    by,
    names: [name],
    limits: (subject, mark) => [limited(name + mark, rule, who(subject), 'proxy', message)],
  };
}

/** The limits of an App in a Product, over all Proxies of the Product in an environment. */
function productPlan({ defaults }: ProductLimitsConfig): LimitPlan {
  const kinds = [
    ['quota', ({ quota }: RateLimits) => quota && quotaRule(quota)],
    ['spikeArrest', ({ spikeArrest }: RateLimits) => spikeArrest && spikeRule(spikeArrest)],
    [
      'concurrency',
      ({ concurrency: max }: RateLimits) => (max === undefined ? max : concurrencyRule({ max })),
    ],
  ] as const;
  return {
    by: 'app',
    names: ['app', 'app-spike', 'concurrency'],
    limits(subject, mark) {
      const sources = sourcesOf(subject, defaults);
      return kinds.flatMap(([, ruleOf]) => {
        for (const [from, limits] of sources) {
          const rule = ruleOf(limits);
          if (rule) return [limited(nameOf('app', rule) + mark, rule, whoOf(subject), from)];
        }
        return [];
      });
    },
  };
}

/** Where a limit may be set, strongest first. */
function sourcesOf(
  { app, product, environment }: LimitSubject,
  defaults: RateLimits | undefined,
): readonly (readonly [LimitSource, RateLimits])[] {
  const registration: Registration | undefined = app?.registrations[environment];
  const own = product && registration?.limits?.[product.id];
  return [
    ...(own ? [['app', own] as const] : []),
    ...(product?.limits ? [['product', product.limits] as const] : []),
    ...(defaults ? [['platform', defaults] as const] : []),
  ];
}

interface Who {
  readonly by: By;
  readonly key: string;
}

/** An App and its Product count together; without a Product the App at this Proxy, without an App the address. */
function whoOf({ proxy, environment, app, product, address }: LimitSubject): Who {
  if (!app) return { by: 'address', key: `${proxy}:${address}` };
  return {
    by: 'app',
    key: product ? `${environment}:${app.id}:${product.id}` : `${proxy}:${app.id}`,
  };
}

/** `app`, `app-spike`, `concurrency`; `proxy`, `proxy-spike`, `proxy-concurrency`; and so for addresses. */
function nameOf(by: By, rule: LimitRule): string {
  if (rule.kind === 'quota') return by;
  if (rule.kind === 'spike') return `${by}-spike`;
  return by === 'app' ? 'concurrency' : `${by}-concurrency`;
}

function limited(
  name: string,
  rule: LimitRule,
  { by, key }: Who,
  from: LimitSource,
  message?: string,
): Limited {
  // The prefix keeps what strangers can make without number apart from what the catalogue bounds.
  const prefix = by === 'address' ? addressPrefix : '';
  const shape = rule.kind === 'quota' ? `quota-${rule.interval}-${rule.unit}` : rule.kind;
  return {
    ask: { key: `${prefix}${name}:${shape}:${key}`, name, rule },
    ...{ by, from, item: policyItem(name, rule), more: moreIn(rule), most: mostOf(rule) },
    ...(message === undefined ? {} : { message }),
  };
}
