/**
 * The access token that is built of a role assertion: who the user is, in which role, through which system, and how sure that
 * is. Owns its claims, its making and its reading. There is one header that it may have, so that no token without this
 * signature, and none with another algorithm, gets any further (RFC 8725 3.1, RFC 9068 2).
 */
import type { KeyObject } from 'node:crypto';
import { JsonFault, parseJson } from '../../core/json.ts';
import type { RoleAssertion } from './role-assertion.ts';
import { isSignatureOf, signText } from './signing.ts';

/** What else goes in. */
export interface TokenFrame {
  readonly issuer: string;
  /** App and accredited system that it is for. */
  readonly appId: string;
  readonly asid: string;
  /** The session, at whose end the token ends too. */
  readonly session: string;
  /** Milliseconds since the epoch; the token counts until the earlier of ten minutes from now and `until`. */
  readonly now: number;
  readonly until: number;
  readonly id: string;
}

export interface SmartcardClaims {
  readonly iss: string;
  readonly sub: string;
  readonly client_id: string;
  readonly asid: string;
  readonly sid: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly auth_time: number;
  /** A smartcard is the third level. */
  readonly acr: 'aal3';
  readonly authentication_assurance_level: '3';
  readonly amr: readonly ['smartcard'];
  readonly name: string;
  readonly nhsid_useruid: string;
  readonly selected_roleid: string;
  readonly org_code: string;
  readonly org_name: string;
  readonly role_name: string;
  readonly role_code: string;
  readonly activity_codes: readonly string[];
  readonly workgroups: readonly string[];
  readonly aow: readonly string[];
}

export function claimsOfAssertion(assertion: RoleAssertion, frame: TokenFrame): SmartcardClaims {
  const { userId, name, selected } = assertion;
  const end = Math.min(frame.now + longestLife, frame.until);
  return {
    ...{ iss: frame.issuer, sub: userId, client_id: frame.appId, asid: frame.asid },
    ...{ sid: frame.session, jti: frame.id, iat: seconds(frame.now), exp: seconds(end) },
    ...{ auth_time: seconds(assertion.authenticated), acr: 'aal3', amr: ['smartcard'] },
    authentication_assurance_level: '3',
    ...{ name, nhsid_useruid: userId, selected_roleid: selected.id },
    ...{ org_code: selected.odsCode, org_name: selected.organisation },
    ...{ role_name: selected.jobRole, role_code: selected.jobRoleCode },
    ...{ activity_codes: selected.activities, workgroups: selected.workgroups },
    aow: selected.areas,
  };
}

/** @param key RSA, 2,048 bits or more */
export function signClaims(claims: SmartcardClaims, key: KeyObject): string {
  const text = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return `${text}.${signText(text, key, 'RS256')}`;
}

/** The claims of a token that this issuer has made; `expired`, or undefined for all else. */
export function readSmartcardToken(
  token: string,
  { now, issuer, key }: { readonly now: number; readonly issuer: string; readonly key: KeyObject },
): SmartcardClaims | 'expired' | undefined {
  const [head, body = '', signature = '', ...rest] = token.split('.', 4);
  if (token.length > longest || head !== header || rest.length > 0) return undefined;
  if (!isSignatureOf(`${header}.${body}`, signature, key, 'RS256')) return undefined;
  const claims = claimsIn(body);
  if (claims?.iss !== issuer) return undefined;
  return claims.exp <= seconds(now) ? 'expired' : claims;
}

const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'at+jwt' })).toString('base64url');
/** Milliseconds. */
const longestLife = 10 * 60_000;
const longest = 8192;

function claimsIn(body: string): SmartcardClaims | undefined {
  try {
    const limits = { depth: 4, members: 500 };
    return parseJson(Buffer.from(body, 'base64url'), limits) as SmartcardClaims; // signed: we made it
  } catch (error) {
    if (error instanceof JsonFault) return undefined;
    throw error;
  }
}

function seconds(time: number): number {
  return Math.floor(time / 1000);
}
