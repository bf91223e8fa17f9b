/**
 * Alert rules as data: what each kind looks at, its settings, and the rules there are until somebody changes them. Owns the
 * shape and the defaults; judging is alert-signals.ts's, firing alert-engine.ts's.
 */
import type { CollectionOf } from '../../core/store.ts';
import type { Environment } from '../catalogue/environments.ts';

/** How loudly it is told: page a person now, a ticket for working hours, a notice, or the security team. */
export const severities = ['page', 'ticket', 'notice', 'security'] as const;
export type Severity = (typeof severities)[number];

/** The kinds of rules with their settings and what these mean, each with its default. */
export const alertKinds = {
  'api-down': {},
  'error-budget': {
    /** Per cent of calls that are to succeed. */
    target: 99.9,
    /** How many times faster than allowed failures use the budget up, over both windows. */
    burn: 14,
    /** Minutes. */
    short: 5,
    long: 60,
    /** With fewer calls in the long window nothing is said. */
    calls: 20,
  },
  /** The 95th percentile of the whole time, in milliseconds, over five minutes. */
  slow: { p95: 1_000, calls: 20 },
  /** The same of what the gateway adds to the back end. */
  overhead: { p95: 50, calls: 20 },
  /** Per cent of an Api's calls refused by a limit that all callers share, over five minutes. */
  'pooled-limit': { percent: 1, calls: 20 },
  /** Per cent of an App's calls refused by a limit of its own, over five minutes. */
  'app-throttled': { percent: 20, calls: 20 },
  /** Refused client assertions in five minutes against the median of the day; fewer than `least` are never many. */
  'auth-failures': { times: 5, least: 20 },
  audit: {},
  'store-away': {},
  /** Per cent of messages of the last hour that could not be sent; minutes that one may wait. */
  mail: { percent: 5, minutes: 10 },
} as const satisfies Readonly<Record<string, Readonly<Record<string, number>>>>;

export type AlertKind = keyof typeof alertKinds;

export const kindNames = Object.keys(alertKinds) as readonly AlertKind[]; // a constant: it has no other keys

export interface AlertRule {
  readonly id: string;
  readonly kind: AlertKind;
  readonly enabled: boolean;
  readonly severity: Severity;
  /** Seconds for which the condition must hold before it fires. */
  readonly for: number;
  /** Those of its kind that differ from the default. */
  readonly settings: Readonly<Record<string, number>>;
  /** Where it looks; everywhere when absent. */
  readonly environments?: readonly Environment[];
  readonly apis?: readonly string[];
  /** Ids of those who are told; all when absent. */
  readonly receivers?: readonly string[];
}

/** Rules that were changed or added; a default one is kept only once it differs. */
export const ruleCollection: CollectionOf<AlertRule> = {
  name: 'observe.alert-rules',
  keys: () => ({ all: [['all']] }),
};

/** @param production the environment in which an outage counts: production, on a laptop the sandbox. */
export function defaultRules(production: Environment): readonly AlertRule[] {
  const live = { environments: [production] };
  return [
    rule('api-down', 'api-down', 'page', 0, live),
    rule('error-budget-fast', 'error-budget', 'page', 0, live),
    rule('error-budget-slow', 'error-budget', 'ticket', 0, {
      ...live,
      settings: { burn: 6, short: 30, long: 360 },
    }),
    rule('slow', 'slow', 'ticket', 600, live),
    rule('overhead', 'overhead', 'ticket', 600, live),
    rule('pooled-limit', 'pooled-limit', 'ticket', 600),
    rule('app-throttled', 'app-throttled', 'notice', 900),
    rule('auth-failures', 'auth-failures', 'security', 0),
    rule('audit', 'audit', 'page', 0),
    rule('store-away', 'store-away', 'page', 60),
    rule('mail', 'mail', 'ticket', 0),
  ];
}

function rule(
  id: string,
  kind: AlertKind,
  severity: Severity,
  seconds: number,
  more: Partial<AlertRule> = {},
): AlertRule {
  return { id, kind, enabled: true, severity, for: seconds, settings: {}, ...more };
}

/** A setting of a rule, or its kind's default. */
export function settingOf({ kind, settings }: AlertRule, name: string): number {
  const standard: Readonly<Record<string, number>> = alertKinds[kind];
  return settings[name] ?? standard[name] ?? 0;
}
