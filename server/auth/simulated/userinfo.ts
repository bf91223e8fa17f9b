/** The userinfo endpoint (OpenID Connect Core 5.3), and the note an application may keep about somebody at NHS login. */
import { randomBytes } from 'node:crypto';
import type { Exchange, Handler } from '../../../core/exchange.ts';
import { JsonFault, parseJson } from '../../../core/json.ts';
import { noStore, noteClient, oauthError } from '../oauth-error.ts';
import { cis2UserInfo } from './cis2-claims.ts';
import { loginSubject, loginUserInfo } from './login-claims.ts';
import { live, wins } from './keeping.ts';
import { digest } from '../tokens.ts';
import type { Provider, Session } from './state.ts';

const longestNote = 1024;
const year = 365 * 24 * 3600 * 1000;

/** Who the bearer of the token is, by the token's scopes. */
export function userinfo(provider: Provider): Handler {
  return async (exchange) => {
    const { session, scopes } = await bearerOf(provider, exchange);
    const claims =
      provider.kind === 'nhs-cis2'
        ? cis2UserInfo(provider, session, scopes)
        : loginUserInfo(provider, session, scopes, await noteOf(provider, session));
    return {
      status: 200,
      headers: { ...noStore, 'content-type': 'application/json' },
      body: JSON.stringify(claims),
    };
  };
}

/** Sets the note (`client_user_metadata`): empty clears it, `auto` makes a new one. */
export function setNote(provider: Provider): Handler {
  return async (exchange) => {
    const { session, scopes } = await bearerOf(provider, exchange);
    if (!scopes.includes('client_metadata'))
      throw unauthorised(403, 'insufficient_scope', 'The token lacks the scope client_metadata');
    const text = await noteIn(exchange);
    const { state, issuer, clock } = provider;
    const key = noteKey(provider, session);
    const before = await state.notes.get(key);
    const made = text === 'auto' ? randomBytes(16).toString('base64url') : text;
    const note = { issuer: issuer(), ends: clock.now() + year, text: made };
    if (!(await wins(state.notes.put(key, note, { expected: before?.version ?? 0 }))))
      throw oauthError(409, 'invalid_request', 'Somebody else is changing it; try again');
    return { status: 204, headers: noStore };
  };
}

async function bearerOf(
  { state, issuer, clock }: Provider,
  exchange: Exchange,
): Promise<{ readonly session: Session; readonly scopes: readonly string[] }> {
  const token = /^Bearer ([\w.~+/=-]{1,8192})$/i.exec(exchange.headers.authorization ?? '')?.[1];
  if (token === undefined)
    throw oauthError(401, 'invalid_request', 'A bearer token is missing', undefined, {
      'www-authenticate': 'Bearer realm="simulated"',
    });
  const now = clock.now();
  const found = await live(state.tokens, digest(token), issuer(), now);
  const session =
    found?.value.kind === 'access'
      ? await live(state.sessions, found.value.session, issuer(), now)
      : undefined;
  if (!found || !session || session.value.ended)
    throw unauthorised(401, 'invalid_token', 'The token is unknown, expired or revoked');
  noteClient(exchange, session.value.clientId);
  return { session: session.value, scopes: found.value.scopes };
}

async function noteIn({ body }: Exchange): Promise<string> {
  try {
    const value = parseJson(await body.bytes(16 * 1024), { depth: 4, members: 10 });
    if (typeof value === 'object' && value !== null && 'client_user_metadata' in value) {
      const { client_user_metadata: text } = value;
      if (typeof text === 'string' && text.length <= longestNote) return text;
    }
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
  }
  throw oauthError(
    400,
    'invalid_request',
    `The body must be JSON with client_user_metadata, a text of at most ${longestNote} characters`,
  );
}

async function noteOf(provider: Provider, session: Session): Promise<string | undefined> {
  const { state, issuer, clock } = provider;
  const found = await live(state.notes, noteKey(provider, session), issuer(), clock.now());
  return found?.value.text === '' ? undefined : found?.value.text;
}

function noteKey(provider: Provider, { clientId, granted }: Session): string {
  const sub = loginSubject(provider, granted);
  return digest(JSON.stringify([provider.issuer(), clientId, sub]));
}

function unauthorised(status: number, error: string, description: string) {
  return oauthError(status, error, description, undefined, {
    'www-authenticate': `Bearer realm="simulated", error="${error}"`,
  });
}
