/** Verifying an RS512 assertion with jose and giving an opaque token, remembered in memory: the least a token costs. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { importJWK, jwtVerify, type JWK } from 'jose';

export interface Facts {
  readonly jwk: JWK;
  readonly audience: string;
  readonly clientId: string;
}

/** From the file named on the command line. */
export function readFacts(): Facts {
  return JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Facts; // written by bench/tokens.ts
}

/** Gives the body of the answer; rejects for an assertion that will not do. */
export async function issueWith({
  jwk,
  audience,
  clientId,
}: Facts): Promise<(assertion: string) => Promise<string>> {
  const key = await importJWK(jwk, 'RS512');
  const seen = new Set<string>();
  const tokens = new Map<string, number>();
  return async (assertion) => {
    const { payload } = await jwtVerify(assertion, key, {
      algorithms: ['RS512'],
      audience,
      issuer: clientId,
      subject: clientId,
      requiredClaims: ['jti', 'exp'],
    });
    const jti = payload.jti ?? '';
    if (seen.has(jti)) throw new Error('replayed');
    seen.add(jti);
    const token = randomBytes(32).toString('base64url');
    tokens.set(createHash('sha256').update(token).digest('base64url'), Date.now() + 600_000);
    return JSON.stringify({
      access_token: token,
      expires_in: '599',
      token_type: 'Bearer',
      issued_at: String(Date.now()),
    });
  };
}
