/**
 * What an endpoint's answer, or its silence, means for a push: taken, once more, or never. The table of the broker's
 * contract; pure.
 */
import type { Outcome } from '../../core/outbox-runner.ts';
import { longestPause } from './subscriptions.ts';

/** What came of a call. */
export type PushResult =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly retryAfter?: string;
      /** At most its first two kilobytes. */
      readonly excerpt: string;
    }
  | { readonly kind: 'fault'; readonly fault: PushFault; readonly reason: string };

/**
 * `passing`: no connection, no answer in time, nothing sound, no such name. `trust`: a certificate that is not trusted or
 * bears another name, or an address that may not be called: a slip of the recipient's, which a person mends.
 */
export type PushFault = 'passing' | 'trust';

export interface Judged {
  readonly outcome: Outcome;
  /** Whether the endpoint is at fault, as its circuit counts it. */
  readonly isFault: boolean;
  /** Whether it wants no more at all. */
  readonly isGone?: true;
  /** Whether a person should look at once. */
  readonly isAlarm?: true;
}

const passing: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** @param attempts those made so far, this one included */
export function judge(result: PushResult, attempts: number, now: number): Judged {
  if (result.kind === 'fault') return judgeFault(result.fault, result.reason, attempts, now);
  const { status, retryAfter } = result;
  if (status >= 200 && status < 300) return { outcome: { kind: 'done' }, isFault: false };
  const reason = `the endpoint answered ${status}`;
  if (passing.has(status)) {
    const at = retryAfter === undefined ? undefined : retryTime(retryAfter, now);
    return {
      outcome: { kind: 'again', reason, ...(at === undefined ? {} : { at }) },
      isFault: status >= 500,
    };
  }
  if (status >= 300 && status < 400) return dead(`${reason}: redirects are not followed`);
  if (status === 410) return { ...dead(reason), isGone: true };
  if (status >= 400 && status < 500) return dead(reason);
  // 501, 505 and whatever else: nothing says that they end, so they are tried as a fault is.
  return { outcome: { kind: 'again', reason }, isFault: true };
}

function dead(reason: string): Judged {
  return { outcome: { kind: 'dead', reason }, isFault: false };
}

/** Pauses of the long schedule: from ten minutes, doubled, to six hours. */
const longFirst = 600_000;
const longMost = 6 * 3_600_000;

function judgeFault(fault: PushFault, reason: string, attempts: number, now: number): Judged {
  if (fault === 'passing') return { outcome: { kind: 'again', reason }, isFault: true };
  const pause = Math.min(longFirst * 2 ** Math.min(attempts - 1, 20), longMost);
  return { outcome: { kind: 'again', reason, at: now + pause }, isFault: true, isAlarm: true };
}

/** `Retry-After` in seconds or as a date (RFC 9110 10.2.3), no later than the longest pause. */
function retryTime(field: string, now: number): number | undefined {
  const text = field.trim();
  const at = /^\d{1,15}$/.test(text) ? now + Number(text) * 1_000 : Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at, now), now + longestPause);
}
