/**
 * Fires alerts and resolves them: a condition must hold for its time, fires once, and resolves once it has been gone for two
 * looks. What is told lands in the outbox with the alert itself, in one write: a kill loses none and repeats none. Owns this
 * course; conditions are alert-signals.ts's, delivery alert-delivery.ts's.
 */
import { Problem } from '../../core/problem.ts';
import type { Log } from '../../core/log.ts';
import type { Store, Stored } from '../../core/store.ts';
import {
  alertCollection,
  alertId,
  notificationOf,
  notifyTopic,
  type Alert,
  type Due,
  type Receiver,
} from './alert-record.ts';
import type { AlertRule } from './alert-rules.ts';
import { breachesOf, type Breach, type Signals } from './alert-signals.ts';

export interface AlertEngine {
  /** Looks at all rules once. Never rejects for the store: what cannot be kept is told directly, and kept later. */
  tick(rules: readonly AlertRule[], signals: Signals): Promise<void>;
}

export interface AlertEngineOptions {
  readonly store: Store;
  readonly now: () => number;
  readonly log: Log;
  /** Who is told of a rule that fired or resolved. Must work from memory while the store is away. */
  readonly receivers: (rule: AlertRule, app: string | undefined) => readonly Receiver[];
  /** Tells somebody without the outbox, once, as well as that can be done: for while the store is away. */
  readonly direct: (due: Due) => Promise<void>;
}

/** A rule and subject that is watched. */
interface Watched {
  rule: AlertRule;
  breach: Breach;
  readonly since: number;
  /** Looks in a row that found it gone. */
  gone: number;
  /** As it is kept, once it fires; version 0 while it could not be. */
  alert?: Alert;
  version: number;
  /** Whether those who are to know were told without the outbox. */
  told: boolean;
}

const looksToResolve = 2;

export function createAlertEngine(options: AlertEngineOptions): AlertEngine {
  const watched = new Map<string, Watched>();
  let loaded = false;
  /** What fired before this process watched goes on. */
  const load = async (rules: readonly AlertRule[]) => {
    if (loaded) return;
    for (const stored of await firing(options.store)) resume(watched, rules, stored, options.now());
    loaded = true;
  };
  return {
    async tick(rules, signals) {
      await load(rules).catch((error: unknown) => {
        options.log.log('warn', 'alerts could not be read', { kind: Problem.from(error).kind });
      });
      const seen = new Set<string>();
      for (const rule of rules) {
        if (!rule.enabled) continue;
        for (const breach of breachesOf(rule, signals)) {
          const id = alertId(rule.id, breach.subject);
          seen.add(id);
          await holds(options, watched, id, rule, breach);
        }
      }
      for (const [id, one] of watched) if (!seen.has(id)) await isGone(options, watched, id, one);
    },
  };
}

async function firing(store: Store): Promise<readonly Stored<Alert>[]> {
  const collection = store.open(alertCollection);
  return (await collection.find({ index: 'state', equals: ['firing'], limit: 1000 })).items;
}

function resume(
  watched: Map<string, Watched>,
  rules: readonly AlertRule[],
  { id, value: alert, version }: Stored<Alert>,
  now: number,
): void {
  const { rule: name, subject, text, severity, app } = alert;
  const rule = rules.find((one) => one.id === name) ?? {
    // The rule has been removed meanwhile: its alert is resolved, and told to all.
    ...{ id: name, kind: 'audit' as const, enabled: false, severity, for: 0, settings: {} },
  };
  const breach = { subject, text, ...(app === undefined ? {} : { app }) };
  if (!watched.has(id))
    watched.set(id, { rule, breach, since: now, gone: 0, alert, version, told: false });
}

async function holds(
  options: AlertEngineOptions,
  watched: Map<string, Watched>,
  id: string,
  rule: AlertRule,
  breach: Breach,
): Promise<void> {
  const now = options.now();
  const one: Watched = watched.get(id) ?? {
    ...{ rule, breach, since: now, gone: 0, version: 0, told: false },
  };
  watched.set(id, one);
  Object.assign(one, { rule, breach, gone: 0 });
  if (one.alert && one.version > 0) return;
  if (now - one.since < rule.for * 1000) return;
  await fire(options, one, id, now);
}

async function fire(
  options: AlertEngineOptions,
  one: Watched,
  id: string,
  now: number,
): Promise<void> {
  const { rule, breach } = one;
  const { text, subject, app } = breach;
  const base = one.alert ?? {
    ...{ rule: rule.id, subject, severity: rule.severity, state: 'firing' as const, text },
    ...{ episode: 1, fired: now },
    ...(app === undefined ? {} : { app }),
  };
  one.alert = base;
  try {
    const before = await options.store.open(alertCollection).get(id);
    if (before?.value.state === 'firing') {
      // Another process has told it already.
      Object.assign(one, { alert: before.value, version: before.version });
      return;
    }
    // While it was told directly it bore this number already.
    if (!one.told) one.alert = { ...base, episode: (before?.value.episode ?? 0) + 1 };
    one.version = await keep(options, one, id, before?.version ?? 0);
  } catch (error) {
    await tellDirectly(options, one, error);
  }
}

async function isGone(
  options: AlertEngineOptions,
  watched: Map<string, Watched>,
  id: string,
  one: Watched,
): Promise<void> {
  if (!one.alert) {
    watched.delete(id);
    return;
  }
  if (++one.gone < looksToResolve) return;
  one.alert = { ...one.alert, state: 'resolved', resolved: one.alert.resolved ?? options.now() };
  try {
    const now = await options.store.open(alertCollection).get(id);
    const settled = now?.value.state === 'resolved' && one.version > 0;
    one.told = false;
    if (!settled) await keep(options, one, id, now?.version ?? 0);
    watched.delete(id);
  } catch (error) {
    options.log.log('warn', 'an alert could not be resolved yet', {
      ...{ alert: id, kind: Problem.from(error).kind },
    });
  }
}

/** Puts it down, with a notification for everybody concerned unless they have been told. Gives the version. */
async function keep(
  { store, receivers, now, log }: AlertEngineOptions,
  { alert, rule, told }: Watched,
  id: string,
  expected: number,
): Promise<number> {
  if (!alert) return 0;
  const dues = told ? [] : duesOf(alert, receivers(rule, alert.app), now());
  const outbox = dues.map((due) => ({ topic: notifyTopic, body: JSON.stringify(due) }));
  const stored = await store.open(alertCollection).put(id, alert, { expected, outbox });
  log.log('warn', `an alert is ${alert.state}`, { alert: id, severity: alert.severity });
  return stored.version;
}

function duesOf(alert: Alert, to: readonly Receiver[], at: number): readonly Due[] {
  const notification = notificationOf(alert);
  return to.map((one) => ({ to: one, notification, at }));
}

async function tellDirectly(
  options: AlertEngineOptions,
  one: Watched,
  error: unknown,
): Promise<void> {
  const { alert, rule, told } = one;
  options.log.log('error', 'an alert fires and cannot be kept', {
    ...{ alert: rule.id, kind: Problem.from(error).kind },
  });
  if (!alert || told || Problem.from(error).kind === 'conflict') return;
  one.told = true;
  const dues = duesOf(alert, options.receivers(rule, alert.app), options.now());
  await Promise.allSettled(dues.map((due) => options.direct(due)));
}
