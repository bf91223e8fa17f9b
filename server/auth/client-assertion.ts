/**
 * Client assertions of the NHS face: signed JWTs that prove an application (RFC 7523 with the national profile).
 * Owns the rules in the published order, which decides the error of a request with several faults. The memory of `jti` is
 * read at its published place and written only when all else is good, so that a forger cannot spend somebody else's.
 */
import type { Problem } from '../../core/problem.ts';
import type { Client } from '../catalogue/catalogue.ts';
import * as claims from './assertion-claim-rules.ts';
import * as keys from './assertion-key-rules.ts';
import { replayed, type AssertionRule, type AssertionState } from './assertion-terms.ts';
import { textOf } from './jwt.ts';
import { enforce } from './rules.ts';

/** What an assertion proves, once. */
export interface Proven {
  readonly client: Client;
  /** The name of the family that this use may give: whoever puts it first has used the assertion. */
  readonly family: string;
  /** Spends the assertion although nothing was given. */
  burn(): Promise<void>;
}

/**
 * The client that an assertion proves.
 * @throws Problem with the published row of the first rule that fails; then nothing is spent.
 */
export async function proveByAssertion(state: AssertionState): Promise<Proven> {
  await enforce(assertionRules, state);
  const { client, jwt, parts } = state;
  if (!client || !jwt) throw new Error('the rules passed without finding a client');
  const { clientId } = client.registration;
  const jti = textOf(jwt.claims, 'jti') ?? '';
  return {
    client,
    family: parts.uses.familyFor(clientId, jti),
    burn: () =>
      parts.uses.burn(
        clientId,
        jti,
        Math.max(Number(jwt.claims.exp) * 1000 + 60_000, parts.now() + 600_000),
      ),
  };
}

/** The refusal of an assertion that somebody was faster to use. */
export function usedMeanwhile(): Problem {
  return replayed({ rule: 'jti unused', expected: 'a jti not used before' });
}

/** In the published order. */
export const assertionRules: readonly AssertionRule[] = [
  claims.decodes,
  claims.alg,
  claims.expired,
  claims.kid,
  claims.typ,
  claims.expThere,
  claims.expInteger,
  claims.issuer,
  claims.jtiThere,
  claims.jtiText,
  claims.jtiUnused,
  claims.expNear,
  claims.begun,
  keys.clientKnown,
  keys.keysThere,
  keys.keysReached,
  keys.kidFound,
  keys.signature,
  keys.audience,
  keys.approved,
];
