/**
 * The work of the one process that observes for the installation: it probes, judges alerts, delivers and adds up. Made when a
 * process takes the lease, dropped when it loses it. Owns what is done in which round.
 */
import type { Log } from '../../core/log.ts';
import { Problem } from '../../core/problem.ts';
import type { Store } from '../../core/store.ts';
import type { AlertBook } from './alert-book.ts';
import type { AlertDelivery } from './alert-delivery.ts';
import { createAlertEngine } from './alert-engine.ts';
import type { PlatformHealth } from './alert-signals.ts';
import type { Mailbox } from './mailbox.ts';
import { createStatusWatch, type Instance } from './status-watch.ts';
import type { UsageKeeper } from './usage-keeper.ts';
import { createWindows } from './windows.ts';

export interface Charge {
  /** Each 15 s: pings, alerts, notifications, mail. Never rejects. */
  look(): Promise<void>;
  /** Each 60 s: back ends. Never rejects. */
  healths(): Promise<void>;
  /** Each 10 min: usage is added up, what is old removed. Never rejects. */
  tidy(): Promise<void>;
}

export interface ChargeOptions {
  readonly store: Store;
  readonly now: () => number;
  readonly log: Log;
  readonly keeper: UsageKeeper;
  readonly book: AlertBook;
  readonly delivery: AlertDelivery;
  readonly mailbox: Mailbox;
  readonly instances: () => readonly Instance[];
  /** How the platform itself is. Never rejects. */
  readonly health: () => Promise<PlatformHealth>;
}

export function createCharge(options: ChargeOptions): Charge {
  const { now, keeper, book, delivery, mailbox } = options;
  const windows = createWindows(keeper, now);
  const traffic = () =>
    new Map(windows.apis(5).map((one) => [`${one.environment} ${one.api}`, one]));
  let recent = traffic();
  const watch = createStatusWatch({
    ...options,
    traffic: (api, environment) => recent.get(`${environment} ${api}`) ?? { calls: 0, failed: 0 },
  });
  const engine = createAlertEngine({
    ...options,
    receivers: (rule, app) => book.receivers(rule, app),
    direct: (due) => delivery.direct(due),
  });
  const attempt = (what: string, work: () => Promise<void>) => attemptOf(options.log, what, work);
  return {
    async look() {
      await attempt('the last calls could not be read', () => windows.refresh());
      recent = traffic();
      await attempt('the status could not be kept', () => watch.pings());
      const [rules, health] = [await book.rules(), await options.health()];
      await attempt('alerts could not be judged', () =>
        engine.tick(rules, { windows, status: watch.found(), health }),
      );
      await attempt('notifications could not be read', () => delivery.deliver());
      await attempt('mail could not be read', () => mailbox.post());
    },
    healths: () => attempt('back ends could not be asked', () => watch.healths()),
    async tidy() {
      await keeper.rollUp();
      await attempt('old mail could not be removed', () => mailbox.sweep());
    },
  };
}

async function attemptOf(log: Log, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    log.log('warn', what, { kind: Problem.from(error).kind });
  }
}
