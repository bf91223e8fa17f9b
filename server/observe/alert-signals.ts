/**
 * What each kind of alert rule finds wrong now: pure functions over the last minutes and the state of the platform. Owns the
 * conditions; how long one must hold, and who is told, is alert-engine.ts's.
 */
import { quantile, totalOf, type Histogram } from './histogram.ts';
import { settingOf, type AlertKind, type AlertRule } from './alert-rules.ts';
import type { FoundStatus } from './status-record.ts';
import type { ApiWindow, AppWindow, Windows } from './windows.ts';

/** Something that is as it should not be. */
export interface Breach {
  /** What is concerned: a Proxy, an Api and environment, an App; the same name as long as it lasts. */
  readonly subject: string;
  /** A sentence with figures, for a person; no patient data, no caller's text. */
  readonly text: string;
  /** The App whose team is told as well. */
  readonly app?: string;
}

/** What is known of the platform itself. */
export interface PlatformHealth {
  /** Whether the audit can be written in every process, and how many entries were refused since the last look. */
  readonly audit: { readonly ok: boolean; readonly refused: number };
  /** Whether the store answers and takes writes. */
  readonly store: boolean;
  /** Absent where no mail server is configured. */
  readonly mail?: { readonly sent: number; readonly failed: number; readonly oldest: number };
}

export interface Signals {
  readonly windows: Pick<Windows, 'apis' | 'apps' | 'rejections'>;
  readonly status: ReadonlyMap<string, FoundStatus>;
  readonly health: PlatformHealth;
}

/** What a rule finds wrong now. */
export function breachesOf(rule: AlertRule, signals: Signals): readonly Breach[] {
  return judges[rule.kind](rule, signals);
}

type Judge = (rule: AlertRule, signals: Signals) => readonly Breach[];

const judges: Readonly<Record<AlertKind, Judge>> = {
  'api-down': (rule, { status }) =>
    [...status].flatMap(([proxy, one]) =>
      one.state === 'major outage' && concerns(rule, one)
        ? [{ subject: proxy, text: `${one.api} in ${one.environment} is down` }]
        : [],
    ),
  'error-budget': (rule, { windows }) => {
    const long = windows.apis(settingOf(rule, 'long'));
    const short = windows.apis(settingOf(rule, 'short'));
    return eachApi(rule, long, (window) => {
      const recent = short.find(
        ({ api, environment }) => api === window.api && environment === window.environment,
      );
      const limit = ((100 - settingOf(rule, 'target')) / 100) * settingOf(rule, 'burn');
      if (!recent || failedShare(recent) <= limit || failedShare(window) <= limit) return undefined;
      return `${percent(failedShare(window))} of calls failed in ${settingOf(rule, 'long')} minutes, ${percent(failedShare(recent))} in ${settingOf(rule, 'short')}`;
    });
  },
  slow: (rule, { windows }) =>
    eachApi(rule, windows.apis(5), ({ times }) => tooSlow(rule, times, 'answers take')),
  overhead: (rule, { windows }) =>
    eachApi(rule, windows.apis(5), ({ overhead }) => tooSlow(rule, overhead, 'the gateway adds')),
  'pooled-limit': (rule, { windows }) =>
    eachApi(rule, windows.apis(5), ({ pooled, calls }) =>
      pooled / calls > settingOf(rule, 'percent') / 100
        ? `${percent(pooled / calls)} of calls were refused by a limit that all callers share`
        : undefined,
    ),
  'app-throttled': (rule, { windows }) =>
    windows.apps(5).flatMap((window) => throttled(rule, window)),
  'auth-failures': (rule, { windows }) => authFailures(rule, windows.rejections()),
  audit: (_rule, { health }) =>
    health.audit.ok && health.audit.refused === 0
      ? []
      : [{ subject: 'audit', text: 'The audit cannot be written; calls that need it are refused' }],
  'store-away': (_rule, { health }) =>
    health.store
      ? []
      : [{ subject: 'store', text: 'The store does not answer or takes no writes' }],
  mail: (rule, { health }) => mailFailing(rule, health.mail),
};

function eachApi(
  rule: AlertRule,
  windows: readonly ApiWindow[],
  judge: (window: ApiWindow) => string | undefined,
): readonly Breach[] {
  return windows.flatMap((window) => {
    if (window.calls < settingOf(rule, 'calls') || !concerns(rule, window)) return [];
    const text = judge(window);
    const { api, environment } = window;
    return text === undefined
      ? []
      : [{ subject: `${environment}.${api}`, text: `${api} in ${environment}: ${text}` }];
  });
}

function concerns(
  rule: AlertRule,
  { api, environment }: { readonly api: string; readonly environment: string },
): boolean {
  return (rule.apis?.includes(api) ?? true) && isIn(rule, environment);
}

function isIn({ environments }: AlertRule, environment: string): boolean {
  const places: readonly string[] | undefined = environments;
  return places?.includes(environment) ?? true;
}

function failedShare({ failed, calls }: ApiWindow): number {
  return calls === 0 ? 0 : failed / calls;
}

function tooSlow(rule: AlertRule, times: Histogram, what: string): string | undefined {
  const p95 = quantile(times, 0.95) ?? 0;
  if (totalOf(times) < settingOf(rule, 'calls') || p95 <= settingOf(rule, 'p95')) return undefined;
  return `${what} ${Math.round(p95)} ms at the 95th percentile; ${settingOf(rule, 'p95')} are allowed`;
}

function throttled(rule: AlertRule, { app, environment, calls, limited }: AppWindow): Breach[] {
  if (calls < settingOf(rule, 'calls') || !isIn(rule, environment)) return [];
  if (limited / calls <= settingOf(rule, 'percent') / 100) return [];
  const text = `${percent(limited / calls)} of the calls of app ${app} in ${environment} were refused by its limits`;
  return [{ subject: `${environment}.${app}`, text, app }];
}

function authFailures(rule: AlertRule, counts: readonly number[]): readonly Breach[] {
  const now = counts.at(-1) ?? 0;
  const sorted = counts.slice(0, -1).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  if (now < settingOf(rule, 'least') || now <= median * settingOf(rule, 'times')) return [];
  const text = `${now} client assertions were refused in five minutes; the median of the day is ${median}`;
  return [{ subject: 'assertions', text }];
}

function mailFailing(rule: AlertRule, mail: PlatformHealth['mail']): readonly Breach[] {
  if (!mail) return [];
  const { sent, failed, oldest } = mail;
  if (failed > 0 && failed / (sent + failed) > settingOf(rule, 'percent') / 100)
    return [{ subject: 'mail', text: `${failed} of ${sent + failed} messages failed in an hour` }];
  if (oldest <= settingOf(rule, 'minutes') * 60_000) return [];
  return [
    { subject: 'mail', text: `A message has waited for ${Math.floor(oldest / 60_000)} minutes` },
  ];
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}
