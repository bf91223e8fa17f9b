/** Why a role assertion is refused: the rule, what it expects and what was found, without anything of a person. */
import { Problem } from '../../core/problem.ts';
import { foundOf } from './token-refused.ts';

export class AssertionRefused extends Problem {
  /** `xml`, `signature`, `conditions`, … */
  readonly rule: string;
  readonly expected: string;
  readonly found: string;

  constructor(rule: string, expected: string, found: string) {
    super(
      'forbidden',
      `The role assertion is refused by the rule ${rule}: expected ${expected}, found ${found}`,
      { code: 'ROLE_ASSERTION' },
    );
    this.rule = rule;
    this.expected = expected;
    this.found = found;
  }
}

/** Names of XML and of algorithms as they are found; never a value. */
export function shown(value: string | undefined): string {
  return foundOf(value, /^(?!.*\d{7})[A-Za-z0-9:/#._-]{1,100}$/);
}
