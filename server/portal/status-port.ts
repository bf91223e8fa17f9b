/** What the pages of status and operations are told by the platform. Owns these shapes; server/hub-status.ts gives them. */
import type { Environment } from '../catalogue/environments.ts';

export type ApiState = 'operational' | 'degraded' | 'partial outage' | 'major outage' | 'unknown';

/** An Api in an environment as the health checks of the gateway found it last. */
export interface InstanceStatus {
  readonly proxy: string;
  readonly api: string;
  readonly environment: string;
  readonly state: ApiState;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly checked: number;
  /** Of this month; absent until something was checked in it. */
  readonly availability?: Availability;
}

export interface Availability {
  /** `2026-06`. */
  readonly month: string;
  /** The part of the checks that passed, 0 to 1. */
  readonly value: number;
  readonly target: number;
  readonly missed: boolean;
}

export interface InstanceHistory extends InstanceStatus {
  /** Newest first; those that were checked at all. */
  readonly months: readonly Availability[];
  /** The last 90 days, oldest first, with those on which nothing was checked. */
  readonly days: readonly DayOfChecks[];
}

export interface DayOfChecks {
  /** `2026-06-01`. */
  readonly day: string;
  readonly passed: number;
  readonly all: number;
}

export interface StatusPort {
  /** All that runs, kept for some seconds. */
  instances(): Promise<readonly InstanceStatus[]>;
  history(api: string): Promise<readonly InstanceHistory[]>;
  /** The Apps that have called since a time; of all Apis when none is named. */
  callers(question: CallersQuestion): Promise<readonly string[]>;
}

export interface CallersQuestion {
  readonly api?: string;
  readonly environment: Environment;
  /** Milliseconds since the epoch. */
  readonly from: number;
}

/** What operators look at. */
export interface OperationsPort {
  /** @throws Problem `unavailable` while the store is away */
  usage(question: UsageAsked): Promise<UsageFigures>;
  /** Those that fire, newest first, then those of the last day. */
  alerts(): Promise<readonly AlertShown[]>;
  /** Deliveries of the outbox by state. */
  messages(): Promise<readonly QueueShown[]>;
  mail(): Promise<MailShown>;
  /** What waits in mailboxes, by environment. */
  mailboxes(): Promise<readonly MailboxesShown[]>;
}

export interface UsageAsked {
  readonly api?: string;
  readonly environment?: Environment;
  readonly from: number;
  readonly to: number;
}

export interface UsageFigures {
  readonly step: 'minute' | 'hour' | 'day';
  readonly totals: CallFigures;
  readonly series: readonly ({ readonly at: string } & CallFigures)[];
  readonly by: {
    readonly api: readonly ShareFigures[];
    readonly app: readonly ShareFigures[];
  };
}

export interface CallFigures {
  readonly calls: number;
  /** By status class: `2xx`. */
  readonly statuses: Readonly<Record<string, number>>;
  /** How many each limit refused. */
  readonly limited: Readonly<Record<string, number>>;
  /** Milliseconds. */
  readonly p50?: number;
  readonly p95?: number;
}

export interface ShareFigures {
  readonly name: string;
  readonly calls: number;
  readonly failed: number;
  readonly limited: number;
}

export interface AlertShown {
  readonly rule: string;
  readonly subject: string;
  readonly severity: string;
  readonly state: 'firing' | 'resolved';
  readonly text: string;
  readonly fired: number;
}

export interface QueueShown {
  readonly state: string;
  readonly count: number;
  /** Whether there are more than were counted. */
  readonly more: boolean;
  /** When the oldest was handed in. */
  readonly oldest?: number;
}

export interface MailShown {
  /** Of the last hour. */
  readonly sent: number;
  readonly failed: number;
  /** For how long the oldest has waited, milliseconds; 0: none waits. */
  readonly oldest: number;
}

export interface MailboxesShown {
  readonly environment: string;
  readonly count: number;
  readonly oldest?: number;
}
