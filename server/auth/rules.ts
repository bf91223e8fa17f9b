/**
 * Rules in order: each looks at what was sent and at what the rules before it found. A token endpoint stops at the first
 * that fails, the doctor goes on and tells all. Owns the running; the rules stand with their subject.
 */
import type { Problem } from '../../core/problem.ts';
import type { Reason } from './oauth-error.ts';

/** What one rule says of a state `S`. */
export type Verdict =
  | { readonly ok: true; readonly found?: string | (() => string) }
  | {
      readonly ok: false;
      readonly expected: string;
      /** Absent when there was nothing. Claims and names only, never a token or key. */
      readonly found?: string;
      /** The value that would have passed, where one can be told. */
      readonly corrected?: string;
      /** The refusal, given the reason. */
      readonly refuse: (reason: Reason) => Problem;
    };

export interface Rule<S> {
  readonly name: string;
  /** The rule as a sentence for people. */
  readonly says: string;
  /** Undefined when an earlier failure leaves nothing to judge. */
  readonly judge: (state: S) => Verdict | undefined | Promise<Verdict | undefined>;
}

/** One line of the doctor's report. */
export interface Finding {
  readonly rule: string;
  readonly says: string;
  readonly result: 'pass' | 'fail' | 'not checked';
  readonly expected?: string;
  readonly found?: string;
  readonly corrected?: string;
  /** The error and description that a token endpoint answers, of a rule that failed. */
  readonly error?: string;
}

/** Runs the rules and throws the refusal of the first that fails. */
export async function enforce<S>(rules: readonly Rule<S>[], state: S): Promise<void> {
  for (const rule of rules) {
    const judged = rule.judge(state);
    // Most rules answer at once; awaiting those would cost more than judging.
    const verdict = judged instanceof Promise ? await judged : judged;
    if (verdict?.ok !== false) continue;
    throw verdict.refuse({
      rule: rule.name,
      expected: verdict.expected,
      ...(verdict.found === undefined ? {} : { found: verdict.found }),
    });
  }
}

/** Runs all rules and tells what each says. */
export async function report<S>(rules: readonly Rule<S>[], state: S): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { name: rule, says, judge } of rules) {
    const verdict = await judge(state);
    if (!verdict) findings.push({ rule, says, result: 'not checked' });
    else if (verdict.ok) findings.push({ rule, says, result: 'pass', ...shown(verdict) });
    else {
      const { message, code = '' } = verdict.refuse({ rule });
      findings.push({
        rule,
        says,
        result: 'fail',
        ...shown(verdict),
        error: `${code}: ${message}`,
      });
    }
  }
  return findings;
}

function shown(verdict: Verdict): Partial<Finding> {
  const found = typeof verdict.found === 'function' ? verdict.found() : verdict.found;
  return {
    ...(found === undefined ? {} : { found }),
    ...(verdict.ok ? {} : { expected: verdict.expected }),
    ...(!verdict.ok && verdict.corrected !== undefined ? { corrected: verdict.corrected } : {}),
  };
}

/** A value as it may be shown in a finding: short, one line, printable. */
export function shownValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // eslint-disable-next-line no-control-regex -- what is taken out are control characters
  const printable = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?');
  return printable.length > 200
    ? `${printable.slice(0, 200)}… (${text.length} characters)`
    : printable;
}
