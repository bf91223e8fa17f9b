/**
 * What a caller is told who is refused by a limit: 429, the header fields, and a sentence. The published sentences of
 * national APIs are theirs to the letter; elsewhere the same words end with which limit it was and when it frees.
 */
import { Problem } from '../../core/problem.ts';
import type { LimitFields } from './limit-fields.ts';
import type { Limited } from './limit-plans.ts';
import type { LimitRule } from './limits.ts';

export interface Refusal {
  readonly limited: Limited;
  /** Whole seconds until a call is let in again. */
  readonly reset: number;
  readonly appName: string;
  /** Whether the face publishes its sentences, as national APIs do. */
  readonly published: boolean;
  readonly fields: LimitFields;
}

const page =
  'https://digital.nhs.uk/developer/guides-and-documentation/reference-guide#rate-limits';

/** The Problem of a refusal: `throttled`, with a Retry-After that is true (RFC 6585 4, RFC 9110 10.2.3). */
export function refusalOf(refusal: Refusal): Problem {
  const { fields, reset } = refusal;
  return new Problem('throttled', sentenceOf(refusal), {
    code: 'TOO_MANY_REQUESTS',
    headers: { 'retry-after': String(Math.max(1, reset)), ...fields },
  });
}

function sentenceOf({ limited, reset, appName, published }: Refusal): string {
  const { message, by, ask } = limited;
  const sentence = message ?? `${cause(by, ask.rule, appName)} and is being rate limited.`;
  if (published) return message ?? `${sentence} Please see: ${page} for more details.`;
  return `${sentence} The limit "${ask.name}" frees in ${Math.max(1, reset)} second(s).`;
}

function cause(by: Limited['by'], rule: LimitRule, appName: string): string {
  if (by === 'proxy') return 'This API is currently receiving a high volume of requests';
  const who = by === 'app' ? `Your application, ${appName},` : 'Your source address';
  switch (rule.kind) {
    case 'quota':
      return `${who} has exceeded its quota of ${rule.limit} requests every ${rule.interval} ${rule.unit}(s)`;
    case 'spike':
      return `${who} is sending requests faster than its limit of ${rule.rate} requests a ${rule.per}`;
    case 'concurrency':
      return `${who} has reached its limit of ${rule.max} requests at a time`;
  }
}
