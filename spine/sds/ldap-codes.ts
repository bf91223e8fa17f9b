/** Result codes (RFC 4511 appendix A), and which of them a Problem of the directory is answered with. */
import type { Problem, ProblemKind } from '../../core/problem.ts';

export const codes = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  timeLimitExceeded: 3,
  sizeLimitExceeded: 4,
  compareFalse: 5,
  compareTrue: 6,
  authMethodNotSupported: 7,
  adminLimitExceeded: 11,
  unavailableCriticalExtension: 12,
  noSuchAttribute: 16,
  undefinedAttributeType: 17,
  inappropriateMatching: 18,
  attributeOrValueExists: 20,
  noSuchObject: 32,
  invalidDNSyntax: 34,
  inappropriateAuthentication: 48,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
  objectClassViolation: 65,
  notAllowedOnNonLeaf: 66,
  notAllowedOnRDN: 67,
  entryAlreadyExists: 68,
  other: 80,
} as const;

export type CodeName = keyof typeof codes;

/** How an operation ended. The message may be read by anyone: nothing of the request's values is in it. */
export interface Outcome {
  readonly code: CodeName;
  readonly message: string;
  /** The nearest entry that is there, for noSuchObject. */
  readonly matchedDn?: string;
}

export const success: Outcome = { code: 'success', message: '' };

/** Ends an operation with a result other than success; caught where the operation was begun. */
export class LdapRefusal extends Error {
  readonly outcome: Outcome;

  constructor(code: CodeName, message: string, matchedDn?: string) {
    super(message);
    this.outcome = { code, message, ...(matchedDn === undefined ? {} : { matchedDn }) };
  }
}

/** What `add` and `modify` are told is `invalid` by the schema; a name or a filter that is `invalid` was sent in wrong form. */
const ofKind: Partial<Readonly<Record<ProblemKind, CodeName>>> = {
  invalid: 'invalidDNSyntax',
  'not-found': 'noSuchObject',
  forbidden: 'insufficientAccessRights',
  throttled: 'busy',
  unavailable: 'unavailable',
  'too-large': 'adminLimitExceeded',
  timeout: 'timeLimitExceeded',
};

/** The result that a Problem is told as. A fault of ours says nothing of itself. */
export function outcomeOf(
  problem: Problem,
  instead: Partial<Readonly<Record<ProblemKind, CodeName>>> = {},
): Outcome {
  const code = instead[problem.kind] ?? ofKind[problem.kind] ?? 'other';
  return { code, message: code === 'other' ? 'Something went wrong' : problem.message };
}
