/**
 * Judges cross-organisation tokens: every rule in its order, the first that fails is the refusal. Owns the order and what the
 * call itself must agree with. What comes out is asserted by the calling system and trusted as far as that system is: its
 * certificate was judged before.
 */
import type { AssertedContext, Parties } from './claims.ts';
import * as rules from './claims-rules.ts';
import { profileOf, readParties } from './parties-rules.ts';
import { readParts, type PartsOptions } from './token-parts.ts';
import { TokenRefused } from './token-refused.ts';

/** What the call around the token is known to be. */
export interface TokenExpectations extends Partial<PartsOptions> {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Addresses of the API that is called. */
  readonly expectedAudience: string | readonly string[];
  /** The ASID of the call, and the ODS code of its organisation; absent: nobody has proved them. */
  readonly asid?: string;
  readonly odsCode?: string;
  /** Whether the call reads or writes; absent: any scope will do. */
  readonly access?: 'read' | 'write';
  /** The scopes of an interface that has its own; absent: those that all have in common. */
  readonly scopes?: readonly string[];
}

/** @param expected unsigned tokens are taken unless it says otherwise. @throws TokenRefused */
export async function checkCrossOrganisationToken(
  text: string,
  expected: TokenExpectations,
): Promise<AssertedContext> {
  const { unsigned = true, keyOf } = expected;
  const { claims, signed } = await readParts(text, {
    unsigned,
    ...(keyOf === undefined ? {} : { keyOf }),
  });
  rules.checkMembers(claims);
  const profile = profileOf(claims);
  const issuer = rules.readIssuer(claims);
  const audience = rules.readAudience(claims, [expected.expectedAudience].flat());
  const issuedAt = rules.readTimes(claims, expected.now);
  const reason = rules.readReason(claims);
  const scopes = rules.readScopes(claims, profile === 'gp-connect', expected.scopes);
  const parties = readParties(claims);
  checkCall(parties, expected);
  rules.checkAccess(scopes, expected.access);
  return { profile, issuer, audience, issuedAt, reason, scopes, ...parties, signed };
}

/** The token is of the system that calls. */
function checkCall({ asid, odsCode }: Parties, expected: TokenExpectations): void {
  if (expected.asid !== undefined && asid !== undefined && asid !== expected.asid)
    throw new TokenRefused('asid', `that of the call, ${expected.asid}`, asid, 'ACCESS_DENIED');
  if (expected.odsCode !== undefined && odsCode !== expected.odsCode.toUpperCase())
    throw new TokenRefused(
      ...(['organisation', `that of the ASID, ${expected.odsCode}`, odsCode] as const),
      'ACCESS_DENIED',
    );
}
