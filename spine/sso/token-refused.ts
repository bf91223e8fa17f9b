/** Why a cross-organisation token is refused: the rule, what it expects and what was found, without anything of a patient. */
import { Problem } from '../../core/problem.ts';

export class TokenRefused extends Problem {
  /** The claim or the step that failed: `exp`, `signature`. */
  readonly rule: string;
  readonly expected: string;
  readonly found: string;

  constructor(
    rule: string,
    expected: string,
    found: string,
    code: 'BAD_REQUEST' | 'MISSING_OR_INVALID_HEADER' | 'ACCESS_DENIED' = 'BAD_REQUEST',
  ) {
    super(
      code === 'ACCESS_DENIED' ? 'forbidden' : 'invalid',
      `The token is refused by the rule ${rule}: expected ${expected}, found ${found}`,
      { code },
    );
    this.rule = rule;
    this.expected = expected;
    this.found = found;
  }
}

/** A token that cannot even be read. */
export function malformed(rule: string, expected: string, found: string): TokenRefused {
  return new TokenRefused(rule, expected, found, 'MISSING_OR_INVALID_HEADER');
}

/** What was found, as far as it can be shown: a text only in a form that holds nobody's data. */
export function foundOf(value: unknown, shown: RegExp = nothingShown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string')
    return value.length <= 300 && shown.test(value)
      ? value
      : `a text of ${value.length} characters in another form`;
  if (Array.isArray(value)) return 'a list';
  return value === null ? 'null' : typeof value === 'object' ? 'an object' : typeof value;
}

const nothingShown = /^(?!)/;

/** Words and codes of the standards; never a number as long as a patient's. */
export const plainWord = /^(?!.*\d{7})[A-Za-z0-9._*/ -]{1,100}$/;
/** An address without a query, in which nothing is a number as long as a patient's. */
export const plainAddress = /^(?!.*\d{7})https?:\/\/[A-Za-z0-9._:[\]~/-]{1,300}$/;
