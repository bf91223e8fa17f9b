/**
 * What a developer may choose on the sign-in page beside the person, and the faults there are.
 * Owns reading the form; what comes of the choice is in judge.ts, and the faults of tokens in issue.ts.
 */
import type { Form } from '../form.ts';
import { toVector, knownVectors, type Vector } from './vectors.ts';
import type { ProviderKind } from './kinds.ts';

/** What can be made to go wrong, with the words of the page. */
const faults = {
  cancelled: 'The person cancels the sign-in',
  'consent-refused': 'The person refuses consent',
  locked: 'The account is locked',
  'server-error': 'The provider fails while signing in',
  'temporarily-unavailable': 'The provider is unavailable for the moment',
  'token-error': 'The token endpoint fails',
  slow: 'The token endpoint answers 15 seconds late',
  'expired-token': 'The id_token has expired',
  'wrong-nonce': 'The id_token has another nonce',
  'unknown-key': 'The id_token is signed with an unpublished key',
  'old-session': 'The person signed in two hours ago',
} as const;

export type Fault = keyof typeof faults;

/** What was chosen for one sign-in. */
export interface Choice {
  readonly username: string;
  /** `1`, `2`, `3` at CIS2. */
  readonly level?: 1 | 2 | 3 | undefined;
  readonly vector?: Vector | undefined;
  readonly roles?: 'none' | 'one' | 'many' | undefined;
  /** The role to act in. */
  readonly role?: string | undefined;
  /** Whether one who acts for somebody signs in for herself. */
  readonly self?: boolean | undefined;
  /** The step up was confirmed. */
  readonly steppedUp?: boolean | undefined;
  readonly fault?: Fault | undefined;
}

export interface Option {
  readonly value: string;
  readonly text: string;
}

/** The faults that this kind of provider has. */
export function faultOptions(kind: ProviderKind): readonly Option[] {
  return Object.entries(faults)
    .filter(([value]) => value !== 'consent-refused' || kind === 'nhs-login')
    .map(([value, text]) => ({ value, text }));
}

/** The levels to choose from. */
export function levelOptions(kind: ProviderKind): readonly Option[] {
  const values = kind === 'nhs-cis2' ? ['AAL1', 'AAL2', 'AAL3'] : knownVectors;
  return values.map((value) => ({ value, text: value }));
}

export const roleOptions: readonly Option[] = [
  { value: 'none', text: 'No role' },
  { value: 'one', text: 'One role' },
  { value: 'many', text: 'Several roles' },
];

/** The choice in a form, on top of what was chosen before; a sentence when a field holds something else. */
export function readChoice(
  form: Form,
  kind: ProviderKind,
  before: Choice | undefined,
): Choice | { readonly wrong: string } {
  if (form.has('cancel'))
    return { ...before, username: before?.username ?? '', fault: 'cancelled' };
  const username = before?.username ?? form.get('username')?.trim() ?? '';
  const level = form.get('level');
  const roles = form.get('roles');
  const fault = form.get('fault');
  if (level !== undefined && !levelOptions(kind).some(({ value }) => value === level))
    return { wrong: 'Choose a level from the list' };
  if (roles !== undefined && roles !== 'none' && roles !== 'one' && roles !== 'many')
    return { wrong: 'Choose the number of roles from the list' };
  if (fault !== undefined && !isFault(fault, kind))
    return { wrong: 'Choose what goes wrong from the list' };
  return {
    ...before,
    username,
    ...(level === undefined ? {} : levelChoice(level)),
    ...(roles === undefined ? {} : { roles }),
    ...(form.has('role') ? { role: form.get('role') } : {}),
    ...(form.get('for') === 'self' ? { self: true } : {}),
    ...(form.has('stepup') ? { steppedUp: true } : {}),
    ...(fault === undefined ? {} : { fault }),
  };
}

function levelChoice(level: string): Partial<Choice> {
  const vector = toVector(level);
  if (vector) return { vector };
  return { level: level === 'AAL3' ? 3 : level === 'AAL2' ? 2 : 1 };
}

function isFault(text: string, kind: ProviderKind): text is Fault {
  return faultOptions(kind).some(({ value }) => value === text);
}
