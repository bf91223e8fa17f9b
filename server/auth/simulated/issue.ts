/** Making the tokens of a session, rehearsed faults included. What is in them is in the claims of each provider. */
import type { Stored } from '../../../core/store.ts';
import { cis2IdToken } from './cis2-claims.ts';
import type { Issue } from './issue-terms.ts';
import { lifetimesOf } from './kinds.ts';
import { loginAccessToken, loginIdToken } from './login-claims.ts';
import { digest, newSecret } from '../tokens.ts';
import type { Provider, Session, Token } from './state.ts';

/** The body of a token answer (RFC 6749 5.1, OpenID Connect Core 3.1.3.3). */
export async function issueTokens(
  provider: Provider,
  { id, value: session }: Stored<Session>,
  scopes: readonly string[],
  from: Issue['from'],
): Promise<Readonly<Record<string, unknown>>> {
  const { kind, clock, keys } = provider;
  const issue: Issue = { provider, session, scopes, now: Math.floor(clock.now() / 1000), from };
  const { access } = lifetimesOf(kind);
  const accessToken =
    kind === 'nhs-login' ? await keys.sign(await loginAccessToken(issue, access)) : newSecret();
  await keep(provider, id, session, accessToken, 'access', scopes, access);
  const refreshToken = kind === 'nhs-login' ? newSecret() : undefined;
  if (refreshToken !== undefined)
    await keep(provider, id, session, refreshToken, 'refresh', scopes, Infinity);
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: access,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    scope: scopes.join(' '),
    id_token: await idToken(issue, accessToken),
  };
}

async function idToken(issue: Issue, accessToken: string): Promise<string> {
  const { provider, session, now } = issue;
  const { kind, keys } = provider;
  const { fault } = session.granted;
  const lifetime = lifetimesOf(kind).idToken;
  const issued = fault === 'expired-token' ? now - 2 * lifetime : now;
  const claims = {
    ...(kind === 'nhs-login' ? await loginIdToken(issue) : cis2IdToken(issue, accessToken)),
    ...(issue.from && session.nonce !== undefined ? { nonce: session.nonce } : {}),
    ...(fault === 'wrong-nonce' ? { nonce: newSecret() } : {}),
    iat: issued,
    exp: issued + lifetime,
  };
  return fault === 'unknown-key' ? keys.signWithUnknownKey(claims) : keys.sign(claims);
}

/** Remembers a token by its hash; it never outlives its session. */
async function keep(
  { issuer, clock, state }: Provider,
  session: string,
  { ends }: Session,
  secret: string,
  kind: Token['kind'],
  scopes: readonly string[],
  seconds: number,
): Promise<void> {
  const end = Math.min(ends, clock.now() + seconds * 1000);
  const token: Token = { issuer: issuer(), ends: end, kind, session, scopes, spent: false };
  await state.tokens.put(digest(secret), token, { expected: 0 });
}
