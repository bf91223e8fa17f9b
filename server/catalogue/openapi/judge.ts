/**
 * Whether a document is fit for publishing (R113): every rule of judge-rules.ts is asked of every place it is about, and
 * the score is the part that holds. Owns the score, waivers and the threshold.
 */
import { listOf, objectOf, textOf, type OpenApiDocument } from './document.ts';
import { verdictsOf } from './judge-rules.ts';
import type { Verdict } from './verdict.ts';

export interface Judgement {
  /** Whether it may be published: a score of at least 90, and no rule broken that has no exception. */
  readonly fit: boolean;
  /** Percent of what was asked that holds, rounded down; what is waived counts as holding. */
  readonly score: number;
  /** What does not hold, at most 200; those without which there is no publishing come first. */
  readonly reasons: readonly Reason[];
  /** Waivers that were used, and for how many places. */
  readonly waived: readonly {
    readonly rule: string;
    readonly reason: string;
    readonly places: number;
  }[];
}

export interface Reason {
  /** JSON pointer. */
  readonly path: string;
  readonly rule: string;
  readonly message: string;
  /** Nothing with this is published, whatever the score. */
  readonly required: boolean;
}

/** In percent. */
export const leastScore = 90;

const mostReasons = 200;

/** Rules that keep readers safe: nobody waives those. */
const unwaivable = new Set(['no-script', 'no-remote-references']);

/** Waivers stand in the document: `x-gatehouse: { waivers: [{ rule, reason }] }`. */
export function judgeForPublishing(document: OpenApiDocument): Judgement {
  const waivers = waiversOf(document);
  const verdicts = verdictsOf(document);
  const failed = verdicts.filter(({ holds }) => !holds);
  const open = failed.filter(({ rule }) => !waivers.has(rule));
  const held = verdicts.length - open.length;
  const score = verdicts.length === 0 ? 0 : Math.floor((100 * held) / verdicts.length);
  const reasons = open.map(toReason).sort((a, b) => Number(b.required) - Number(a.required));
  return {
    fit: score >= leastScore && !reasons.some(({ required }) => required),
    score,
    reasons: reasons.slice(0, mostReasons),
    waived: [...waivers].map(([rule, reason]) => ({
      rule,
      reason,
      places: failed.filter((one) => one.rule === rule).length,
    })),
  };
}

function waiversOf(document: OpenApiDocument): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const one of listOf(objectOf(document['x-gatehouse']).waivers)) {
    const { rule, reason } = objectOf(one);
    const why = textOf(reason)?.trim();
    if (typeof rule === 'string' && why && !unwaivable.has(rule))
      found.set(rule, why.slice(0, 500));
  }
  return found;
}

function toReason({ path, rule, message, required }: Verdict): Reason {
  return { path, rule, message, required };
}
