/** What the rules of client assertions share: the state they judge, and how they refuse. No rule. */
import type { Catalogue, Client } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/environments.ts';
import type { AssertionUses } from './assertion-uses.ts';
import type { decodeJwt, DecodedJwt } from './jwt.ts';
import type { KeySets } from './key-sets.ts';
import { oauthError } from './oauth-error.ts';
import { shownValue, type Rule, type Verdict } from './rules.ts';
import type { SigningAlgorithm, VerifyingKey } from './signature.ts';

export interface AssertionParts {
  readonly catalogue: Catalogue;
  readonly keySets: KeySets;
  readonly uses: AssertionUses;
  readonly now: () => number;
}

/** One assertion on its way through the rules; what they find out is kept on it. */
export interface AssertionState {
  readonly text: string;
  readonly environment: Environment;
  /** The addresses of this token endpoint; the first is the one to recommend. */
  readonly audiences: readonly string[];
  readonly parts: AssertionParts;
  /** The same text taken apart, where somebody has done that. */
  readonly decoded?: ReturnType<typeof decodeJwt>;
  jwt?: DecodedJwt;
  client?: Client;
  keys?: readonly VerifyingKey[];
  key?: VerifyingKey;
}

/** Seconds that clocks may differ. */
export const clockAllowance = 10;
export const longest = 300;
export const algorithm: SigningAlgorithm = 'RS512';

export type Refuse = Extract<Verdict, { ok: false }>['refuse'];

export const refuse =
  (status: number, description: string, error = 'invalid_request'): Refuse =>
  (reason) =>
    oauthError(status, error, description, reason);

export const inAssertion = 'in client_assertion JWT';
export const replayed = refuse(400, `Non-unique 'jti' claim ${inAssertion}`);
export const pass: Verdict = { ok: true };

/** Whether a number of seconds is good: with what is wrong for each way of being wrong. */
export function fail(
  expected: string,
  found: unknown,
  refusal: Refuse,
  corrected?: string,
): Verdict {
  return {
    ok: false,
    expected,
    found: shownValue(found),
    refuse: refusal,
    ...(corrected === undefined ? {} : { corrected }),
  };
}

export type AssertionRule = Rule<AssertionState>;

export function told(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? shownValue(seconds) : `${seconds} (${date.toISOString()})`;
}

/** The published text for an app that may not get tokens. */
export const notApproved = refuse(
  401,
  'The developer app associated with the API key is not approved or revoked',
  'access_denied',
);
