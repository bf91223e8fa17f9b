/** The end of a sign-in: a session and a code for the application, or its error, and the way back there. */
import type { Reply } from '../../../core/exchange.ts';
import type { AskedFault } from './asked.ts';
import { browserCookie, rememberBrowser } from './browser.ts';
import { digest, newSecret } from '../tokens.ts';
import { lifetimesOf } from './kinds.ts';
import type { Asked, Granted, Provider } from './state.ts';

/** Opens the session and sends the person back with a code. */
export async function complete(
  provider: Provider,
  asked: Asked,
  granted: Granted,
  authenticated = provider.clock.now(),
): Promise<Reply> {
  const { kind, issuer, clock, state } = provider;
  const now = clock.now();
  const lifetimes = lifetimesOf(kind);
  const { clientId, redirectUri, scopes, nonce, challenge } = asked;
  const sid = clock.newId();
  const session = digest(sid);
  const code = newSecret();
  const ends = now + lifetimes.session * 1000;
  await state.sessions.put(
    session,
    {
      issuer: issuer(),
      ends,
      sid,
      clientId,
      scopes,
      nonce,
      granted,
      began: now,
      authenticated: granted.fault === 'old-session' ? authenticated - 7_200_000 : authenticated,
    },
    { expected: 0 },
  );
  await state.codes.put(
    digest(code),
    {
      issuer: issuer(),
      ends: now + lifetimes.code * 1000,
      session,
      clientId,
      redirectUri,
      challenge,
      state: asked.state,
      spent: false,
    },
    { expected: 0 },
  );
  const cookie = browserCookie(provider, await rememberBrowser(provider, session, ends));
  return redirect(provider, asked, { code }, { 'set-cookie': cookie });
}

/** Sends the person back with an error (OpenID Connect Core 3.1.2.6). */
export function sendBack(
  provider: Provider,
  asked: Asked,
  { error, description }: AskedFault,
): Reply {
  return redirect(provider, asked, { error, error_description: description });
}

/** Back to the application, with its state as it came and the issuer (RFC 9207). */
function redirect(
  { issuer }: Provider,
  { redirectUri, state }: Asked,
  members: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const answer = new URLSearchParams(members);
  if (state !== undefined) answer.set('state', state);
  answer.set('iss', issuer());
  const location = `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${answer.toString()}`;
  return {
    status: 302,
    headers: {
      location,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      ...headers,
    },
  };
}
