/**
 * Back-channel logout: the provider says that a session has ended, and everything it gave dies (OpenID Connect
 * Back-Channel Logout 1.0 2.4 to 2.8, with the national texts). Owns the rules of the logout token.
 */
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Families } from './families.ts';
import { FormFault, isForm, readForm } from './form.ts';
import { decodeJwt, textOf, type DecodedJwt } from './jwt.ts';
import type { Logouts } from './logouts.ts';
import { noStore, oauthError } from './oauth-error.ts';
import type { ProviderKeys } from './provider-keys.ts';
import type { IdentityProvider } from './providers.ts';
import type { Replay } from './replay.ts';
import { isSignedBy, selectKey, type SigningAlgorithm } from './signature.ts';

export interface LogoutOptions {
  readonly providers: () => readonly IdentityProvider[];
  readonly keys: ProviderKeys;
  readonly families: Families;
  readonly replay: Replay;
  readonly logouts: Logouts;
  readonly now: () => number;
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';
const algorithms: readonly SigningAlgorithm[] = ['RS256', 'RS512'];
/** Milliseconds that a logout token may be old. */
const oldest = 120_000;

/** `POST /oauth2/backchannel_logout`. */
export async function backchannelLogout(
  options: LogoutOptions,
  exchange: Exchange,
): Promise<Reply> {
  const { jwt, provider } = await verified(options, await logoutToken(exchange));
  const { claims } = jwt;
  const aud: readonly unknown[] = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  if (!aud.includes(provider.clientId)) throw refuse('Missing/invalid aud claim in JWT', 'aud');
  const sid = textOf(claims, 'sid');
  if (sid === undefined || sid === '') throw refuse('Missing sid claim in JWT', 'sid');
  const { events } = claims;
  if (typeof events !== 'object' || events === null || !Object.hasOwn(events, logoutEvent))
    throw refuse('Missing/invalid events claim in JWT', 'events');
  if (claims.nonce !== undefined) throw refuse('Prohibited nonce claim in JWT', 'nonce');
  await checkFresh(options, jwt, provider);
  // First, so that a code which is redeemed meanwhile finds it.
  await options.logouts.note(provider.issuer, sid);
  const ids = await options.families.bySession(provider.issuer, sid);
  if (ids.length === 0)
    throw oauthError(501, 'not_implemented', 'SID not found', { rule: 'sid known' });
  for (const id of ids) await options.families.kill(id, 'the provider ended the session');
  return {
    status: 200,
    headers: { ...noStore, 'content-type': 'application/json' },
    body: '{"success": true}',
  };
}

async function logoutToken(exchange: Exchange): Promise<string> {
  if (!isForm(exchange)) throw unverifiable('a form');
  try {
    return (await readForm(exchange)).get('logout_token') ?? '';
  } catch (error) {
    if (error instanceof FormFault) throw unverifiable(`form: ${error.kind}`);
    throw error;
  }
}

/** The token's content, once one of our providers is known to have signed it. */
async function verified(
  { providers, keys }: LogoutOptions,
  text: string,
): Promise<{ jwt: DecodedJwt; provider: IdentityProvider }> {
  const jwt = decodeJwt(text);
  if ('fault' in jwt) throw unverifiable('decodes', jwt.fault);
  const algorithm = algorithms.find((one) => one === jwt.header.alg);
  const kid = textOf(jwt.header, 'kid');
  const typ = textOf(jwt.header, 'typ');
  if (!algorithm || kid === undefined) throw unverifiable('alg and kid');
  if (jwt.header.typ !== undefined && !/^(logout\+jwt|jwt)$/i.test(typ ?? ''))
    throw unverifiable('typ');
  const issuer = textOf(jwt.claims, 'iss');
  const named = providers().find((one) => one.issuer === issuer);
  for (const provider of named ? [named] : providers()) {
    const known = await keys.keysOf(provider, kid).catch(() => []);
    const key = selectKey(known, kid, algorithm);
    if (!key || !isSignedBy(jwt, key, algorithm)) continue;
    if (provider !== named) throw refuse('Missing/invalid iss claim in JWT', 'iss');
    return { jwt, provider };
  }
  throw unverifiable('signature');
}

/** Ours beside the published rules: not older than two minutes, and used once. */
async function checkFresh(
  { replay, now }: LogoutOptions,
  { claims }: DecodedJwt,
  { issuer }: IdentityProvider,
): Promise<void> {
  const jti = textOf(claims, 'jti');
  const issued = typeof claims.iat === 'number' ? claims.iat * 1000 : 0;
  if (Math.abs(now() - issued) > oldest) throw unverifiable('iat within 2 minutes');
  if (jti === undefined || !(await replay.claim(issuer, jti, now() + 2 * oldest + 600_000)))
    throw unverifiable('jti unused');
}

function unverifiable(rule: string, found?: string) {
  return oauthError(400, 'bad_request', 'Unable to verify JWT', {
    rule,
    ...(found === undefined ? {} : { found }),
  });
}

function refuse(description: string, rule: string) {
  return oauthError(400, 'invalid_request', description, { rule });
}
