/**
 * The token endpoint: a code, or at NHS login a refresh token, for tokens (RFC 6749 4.1.3 and 6).
 * Each works once, whoever comes at the same moment; a second use ends the session, so that what was stolen is worth nothing.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Handler, Reply } from '../../../core/exchange.ts';
import type { Stored } from '../../../core/store.ts';
import { isForm, readForm, type Form } from '../form.ts';
import { noStore, noteClient, oauthError } from '../oauth-error.ts';
import { authenticateClient } from './client-authentication.ts';
import { issueTokens } from './issue.ts';
import { endSession, live, wins } from './keeping.ts';
import { digest } from '../tokens.ts';
import type { Code, Provider, Session, Token } from './state.ts';

/** How late a rehearsed slow answer comes, in milliseconds. */
const late = 15_000;

export function token(provider: Provider): Handler {
  return async (exchange) => {
    if (!isForm(exchange))
      throw oauthError(
        400,
        'invalid_request',
        'The body must be application/x-www-form-urlencoded',
      );
    const form = await readForm(exchange);
    const grant = form.get('grant_type');
    if (grant === undefined) throw oauthError(400, 'invalid_request', 'grant_type is missing');
    const client = await authenticateClient(provider, exchange, form);
    noteClient(exchange, client.clientId, client.name);
    if (grant === 'authorization_code') return redeemCode(provider, form, client.clientId);
    if (grant === 'refresh_token' && provider.kind === 'nhs-login')
      return refresh(provider, form, client.clientId);
    throw oauthError(400, 'unsupported_grant_type', 'This grant_type is not supported');
  };
}

async function redeemCode(provider: Provider, form: Form, clientId: string): Promise<Reply> {
  const { state } = provider;
  const secret = required(form, 'code');
  const redirectUri = required(form, 'redirect_uri');
  const code = await live(state.codes, digest(secret), provider.issuer(), provider.clock.now());
  if (code?.value.clientId !== clientId) throw invalidGrant('code');
  await refuseSecondUse(provider, code);
  if (code.value.redirectUri !== redirectUri)
    throw oauthError(400, 'invalid_grant', 'redirect_uri is not that of the authorization request');
  await spend(provider, code, state.codes);
  checkVerifier(code.value, form.get('code_verifier'));
  const session = await sessionOf(provider, code.value.session, 'code');
  const { fault } = session.value.granted;
  if (fault === 'slow') await provider.sleep(late);
  if (fault === 'token-error') return failing(provider);
  const { scopes } = session.value;
  return json(
    await issueTokens(provider, session, scopes, { code: secret, state: code.value.state }),
  );
}

async function refresh(provider: Provider, form: Form, clientId: string): Promise<Reply> {
  const { state } = provider;
  const key = digest(required(form, 'refresh_token'));
  const found = await live(state.tokens, key, provider.issuer(), provider.clock.now());
  if (found?.value.kind !== 'refresh') throw invalidGrant('refresh_token');
  const session = await sessionOf(provider, found.value.session, 'refresh_token');
  if (session.value.clientId !== clientId) throw invalidGrant('refresh_token');
  await refuseSecondUse(provider, found);
  const asked = form.get('scope')?.split(' ') ?? found.value.scopes;
  if (!asked.every((scope) => found.value.scopes.includes(scope)))
    throw oauthError(400, 'invalid_scope', 'scope is wider than what was granted');
  await spend(provider, found, state.tokens);
  return json(await issueTokens(provider, session, asked, undefined));
}

type Spendable = Code | Token;

async function refuseSecondUse(provider: Provider, { value }: Stored<Spendable>): Promise<void> {
  if (!value.spent) return;
  await endSession(provider.state, value.session, provider.issuer());
  throw invalidGrant('kind' in value ? 'refresh_token' : 'code');
}

/** Marks as used; exactly one of those who try at once gets past. */
async function spend<T extends Spendable>(
  provider: Provider,
  { id, version, value }: Stored<T>,
  collection: { put(id: string, value: T, options: { expected: number }): Promise<unknown> },
): Promise<void> {
  const spent = { ...value, spent: true };
  if (await wins(collection.put(id, spent, { expected: version }))) return;
  await refuseSecondUse(provider, { id, version, value: spent, commit: 0, text: '' });
}

/** A challenge makes the verifier compulsory, and none forbids it (RFC 7636 4.6, RFC 9700 2.1.1). */
function checkVerifier({ challenge }: Code, verifier: string | undefined): void {
  if (challenge === undefined && verifier === undefined) return;
  if (challenge === undefined || verifier === undefined || !/^[\w.~-]{43,128}$/.test(verifier))
    throw oauthError(400, 'invalid_grant', 'code_verifier does not go with the code_challenge');
  const given = createHash('sha256').update(verifier).digest();
  const known = Buffer.from(challenge, 'base64url');
  if (known.length !== given.length || !timingSafeEqual(known, given))
    throw oauthError(400, 'invalid_grant', 'code_verifier does not go with the code_challenge');
}

async function sessionOf(
  { state, issuer, clock }: Provider,
  key: string,
  what: string,
): Promise<Stored<Session>> {
  const session = await live(state.sessions, key, issuer(), clock.now());
  if (!session || session.value.ended) throw invalidGrant(what);
  return session;
}

function required(form: Form, name: string): string {
  const value = form.get(name);
  if (value === undefined) throw oauthError(400, 'invalid_request', `${name} is missing`);
  return value;
}

function invalidGrant(what: string) {
  return oauthError(400, 'invalid_grant', `${what} is unknown, used, ended, or another client's`);
}

/** The rehearsed failure: NHS login answers every fault of this endpoint with 400. */
function failing({ kind }: Provider): Reply {
  return json(
    { error: 'server_error', error_description: 'The provider failed, as rehearsed' },
    kind === 'nhs-login' ? 400 : 500,
  );
}

function json(value: unknown, status = 200): Reply {
  return {
    status,
    headers: { ...noStore, 'content-type': 'application/json' },
    body: JSON.stringify(value),
  };
}
