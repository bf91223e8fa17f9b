/**
 * Introspection (RFC 7662) and revocation (RFC 7009) on the SMART face. Owns who may ask about which token: an app about
 * its own, and a resource server about those of its organisation, or about all by agreement (setting `smart.introspect`).
 */
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Client } from '../catalogue/catalogue.ts';
import type { Family } from './families.ts';
import type { Form } from './form.ts';
import { noStore, oauthError } from './oauth-error.ts';
import { authenticateSmartClient, countCall } from './smart-clients.ts';
import { launchMembers } from './smart-context.ts';
import { fhirUserOf, subOf } from './smart-doors.ts';
import type { JudgeSmartToken } from './smart-judge.ts';
import type { SmartParts } from './smart-parts.ts';
import { bodyOf } from './smart-steps.ts';
import { smartAccessLifetimes } from './smart-token.ts';
import { digest, sameDigest } from './tokens.ts';

/** `POST /smart/introspect`. */
export async function smartIntrospect(
  parts: SmartParts,
  judge: JudgeSmartToken,
  exchange: Exchange,
): Promise<Reply> {
  const form = await bodyOf(exchange);
  const { client, method } = await authenticateSmartClient(parts, exchange, form);
  // Anybody can name a public client: that would open the tokens of all who use it to guessing.
  if (method === 'none')
    throw oauthError(401, 'invalid_client', 'a client without credentials may not introspect', {
      rule: 'method',
    });
  const token = tokenIn(form);
  const found = (await accessToken(judge, token)) ?? (await refreshToken(parts, token));
  return found && maySee(parts, client, found.family)
    ? json({ active: true, ...describe(parts, exchange, found) })
    : json({ active: false });
}

interface FoundToken {
  readonly family: Family;
  readonly scopes: readonly string[];
  /** Milliseconds since the epoch. */
  readonly ends: number;
  readonly issued?: number;
}

async function accessToken(judge: JudgeSmartToken, text: string): Promise<FoundToken | undefined> {
  const judged = await judge(text);
  if (judged.state !== 'live') return undefined;
  const { family, scopes } = judged.facts;
  const { ends } = judged.token;
  const lifetime = family.user ? smartAccessLifetimes.user : smartAccessLifetimes.app;
  return { family, scopes, ends, issued: ends - lifetime };
}

async function refreshToken(
  { families, catalogue, environment }: SmartParts,
  text: string,
): Promise<FoundToken | undefined> {
  const found = await families.findRefresh(text);
  if (found.state !== 'current') return undefined;
  const family = found.stored.value;
  const client = catalogue.client(family.clientId);
  if (family.face !== 'smart' || family.environment !== environment) return undefined;
  if (client?.registration.state !== 'approved') return undefined;
  return { family, scopes: family.scopes, ends: family.refresh?.ends ?? 0 };
}

function maySee({ catalogue }: SmartParts, asker: Client, family: Family): boolean {
  if (asker.app.id === family.appId) return true;
  if (asker.registration.attributes['smart.introspect'] === 'all') return true;
  return catalogue.app(family.appId)?.owner === asker.app.owner;
}

function describe(
  parts: SmartParts,
  exchange: Exchange,
  { family, scopes, ends, issued }: FoundToken,
): object {
  const { user } = family;
  const openid = user && family.scopes.includes('openid');
  return {
    scope: scopes.join(' '),
    client_id: family.clientId,
    exp: Math.floor(ends / 1000),
    ...(issued === undefined
      ? { iat: Math.floor(family.created / 1000) }
      : { iat: Math.floor(issued / 1000), token_type: 'Bearer' }),
    ...launchMembers(family),
    // RFC 8705 3.2
    ...(family.certificate === undefined ? {} : { cnf: { 'x5t#S256': family.certificate } }),
    ...(openid
      ? {
          iss: parts.base(exchange),
          sub: subOf(user),
          ...(family.scopes.includes('fhirUser')
            ? { fhirUser: fhirUserOf(user, parts.fhirBase(exchange)) }
            : {}),
        }
      : {}),
  };
}

/** `POST /smart/revoke`: the same answer whatever became of it, so that nothing is learned of others' tokens. */
export async function smartRevoke(parts: SmartParts, exchange: Exchange): Promise<Reply> {
  const form = await bodyOf(exchange);
  const proven = await authenticateSmartClient(parts, exchange, form);
  countCall(parts, exchange, proven);
  const { client } = proven;
  const token = tokenIn(form);
  const found = await parts.families.familyOf(token);
  if (found && isOwn(parts, client, found.family)) {
    if (isRefresh(found.family, token))
      await parts.families.kill(found.id, 'its refresh token was revoked');
    else await parts.families.revokeAccess(token);
  }
  return { status: 200, headers: noStore };
}

function isOwn({ environment }: SmartParts, { registration }: Client, family: Family): boolean {
  return (
    family.clientId === registration.clientId &&
    family.face === 'smart' &&
    family.environment === environment
  );
}

function isRefresh({ refresh }: Family, token: string): boolean {
  const hash = digest(token);
  return [refresh?.hash ?? '', ...(refresh?.spent ?? [])].some((one) => sameDigest(one, hash));
}

function tokenIn(form: Form): string {
  const token = form.get('token');
  if (token === undefined)
    throw oauthError(400, 'invalid_request', 'token is missing', { rule: 'token there' });
  return token;
}

function json(value: object): Reply {
  return {
    status: 200,
    headers: { ...noStore, 'content-type': 'application/json' },
    body: JSON.stringify(value),
  };
}
