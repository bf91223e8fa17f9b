/**
 * How limits are told in header fields: RateLimit-Policy and RateLimit of draft-ietf-httpapi-ratelimit-headers-11, as
 * structured fields (RFC 9651). The older fields of the same names mean different things to different readers and are not sent.
 */
import type { LimitAsk, LimitRule, LimitState } from './limits.ts';
import { gapOf, isAligned, spanOf, windowAt } from './limit-windows.ts';

export interface LimitFields extends Readonly<Record<string, string>> {
  readonly 'ratelimit-policy': string;
  readonly ratelimit: string;
}

/** What is told of a limit, made beforehand. */
export interface ToldLimit {
  readonly ask: LimitAsk;
  /** Its item of RateLimit-Policy. */
  readonly item: string;
  /** What remains when nothing has been taken. */
  readonly most: number;
  /** See `moreIn`. */
  readonly more: (now: number) => number;
}

/**
 * The fields of one answer. `RateLimit-Policy` keeps the order of the limits, so that it stays the same from answer to
 * answer; `RateLimit` begins with the limit that is closest to exhaustion.
 * @param now milliseconds since the epoch
 * @param policy what `policyField` gives, where it is known already
 */
export function limitFields(
  limited: readonly ToldLimit[],
  states: readonly LimitState[],
  now: number,
  policy = policyField(limited),
): LimitFields {
  const items = limited.map((one, index) => ({
    text: `"${one.ask.name}";${stateOf(one, states[index], now)}`,
    left: (states[index]?.remaining ?? 0) / one.most,
    reset: states[index]?.reset ?? 0,
  }));
  if (items.length > 1) items.sort((a, b) => a.left - b.left || b.reset - a.reset);
  return {
    'ratelimit-policy': policy,
    ratelimit: items.map(({ text }) => text).join(', '),
  };
}

/** The field RateLimit-Policy: the same for each call that these limits apply to. */
export function policyField(limited: readonly ToldLimit[]): string {
  return limited.map(({ item }) => item).join(', ');
}

/** `r` and, where it is known, `t`: seconds to more, or to the end of the time in which `r` may be used. */
function stateOf({ more }: ToldLimit, state: LimitState | undefined, now: number): string {
  const { remaining, reset } = state ?? { remaining: 0, reset: 0 };
  const t = reset > 0 ? reset : more(now);
  return t > 0 ? `r=${remaining};t=${t}` : `r=${remaining}`;
}

/**
 * A limit as an item of RateLimit-Policy: name, quota, window. A spike rule is told by what it gives at once and the time
 * in which it gives as much again, so that no more than the quota ever remains.
 */
export function policyItem(name: string, rule: LimitRule): string {
  switch (rule.kind) {
    case 'quota':
      return `"${name}";q=${rule.limit};w=${spanOf(rule) / 1000}`;
    case 'concurrency':
      return `"${name}";q=${rule.max};qu="concurrent-requests"`;
    case 'spike': {
      const gap = gapOf(rule);
      const window = Math.max(1, Math.ceil((gap * rule.burst) / 1000));
      return `"${name}";q=${Math.max(rule.burst, Math.floor((window * 1000) / gap))};w=${window}`;
    }
  }
}

/** How long, in whole seconds from a time, what remains of a limit is good for; 0 when that cannot be said. */
export function moreIn(rule: LimitRule): (now: number) => number {
  if (rule.kind === 'concurrency') return () => 0;
  if (rule.kind === 'spike') return constant(gapOf(rule));
  if (!isAligned(rule)) return constant(spanOf(rule));
  let window = windowAt(rule, 0);
  return (now) => {
    if (now < window.start || now >= window.end) window = windowAt(rule, now);
    return Math.ceil((window.end - now) / 1000);
  };
}

function constant(milliseconds: number): () => number {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  return () => seconds;
}
