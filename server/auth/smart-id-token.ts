/** The id_token of the SMART face (OpenID Connect Core 2, SMART App Launch 2.2 fhirUser), signed RS256. Owns its claims. */
import type { SignedIn } from './families.ts';
import { fhirUserOf, subOf } from './smart-doors.ts';
import type { SigningKeys } from './signing-keys.ts';

export interface IdTokenFacts {
  readonly issuer: string;
  readonly fhirBase: string;
  readonly clientId: string;
  readonly user: SignedIn;
  readonly scopes: readonly string[];
  readonly nonce?: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const lifetime = 600;

export async function makeIdToken(keys: SigningKeys, facts: IdTokenFacts): Promise<string> {
  const { issuer, clientId, user, scopes, nonce } = facts;
  const now = Math.floor(facts.now / 1000);
  const claims = {
    ...{ iss: issuer, sub: subOf(user), aud: clientId, iat: now, exp: now + lifetime },
    ...(user.authTime === undefined ? {} : { auth_time: user.authTime }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(scopes.includes('fhirUser') ? { fhirUser: fhirUserOf(user, facts.fhirBase) } : {}),
  };
  const kid = await keys.current('RS256');
  const signed = [{ alg: 'RS256', typ: 'JWT', kid }, claims].map(encode).join('.');
  return `${signed}.${(await keys.sign(kid, signed)).toString('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
