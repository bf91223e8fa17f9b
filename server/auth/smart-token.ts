/**
 * The token endpoint of the SMART face (SMART App Launch 2.2, RFC 6749 4 and 6): code, refresh, and backend services.
 * Owns which client may use which grant, and the form of answers; what a grant does is in grants.ts.
 */
import type { Exchange, Reply } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { grantScopes, parseScopeList, toV2 } from '../../core/smart-scopes.ts';
import type { Family, Issued, Lifetimes, SignedIn } from './families.ts';
import type { Form } from './form.ts';
import { GrantFault, type CodeGrant } from './grants.ts';
import { refreshLifetimes } from './nhs-token.ts';
import { noStore, oauthError } from './oauth-error.ts';
import { authenticateSmartClient, countCall, type ProvenClient } from './smart-clients.ts';
import { launchMembers } from './smart-context.ts';
import { registeredScopes, scopesAlone } from './smart-doors.ts';
import { makeIdToken } from './smart-id-token.ts';
import type { SmartParts } from './smart-parts.ts';
import { bodyOf } from './smart-steps.ts';

/** Milliseconds an access token lives: with a person, and of an application on its own. */
export const smartAccessLifetimes = { user: 600_000, app: 300_000 } as const;

interface Call {
  readonly parts: SmartParts;
  readonly exchange: Exchange;
  readonly form: Form;
  readonly proven: ProvenClient;
}

/** `POST /smart/token`. */
export async function smartToken(parts: SmartParts, exchange: Exchange): Promise<Reply> {
  const form = await bodyOf(exchange);
  const run = grantIn(form);
  const proven = await authenticateSmartClient(parts, exchange, form);
  countCall(parts, exchange, proven);
  return run({ parts, exchange, form, proven });
}

const grants: Readonly<Record<string, (call: Call) => Promise<Reply>>> = {
  authorization_code: byCode,
  refresh_token: byRefresh,
  client_credentials: alone,
};

function grantIn(form: Form): (call: Call) => Promise<Reply> {
  const name = form.get('grant_type');
  if (name === undefined) throw invalid('grant_type is missing', 'grant_type');
  const run = Object.hasOwn(grants, name) ? grants[name] : undefined;
  if (!run)
    throw oauthError(400, 'unsupported_grant_type', 'grant_type is not supported', {
      rule: 'grant_type',
      expected: Object.keys(grants).join(', '),
    });
  return run;
}

function invalid(description: string, rule: string): Problem {
  return oauthError(400, 'invalid_request', description, { rule });
}

// ---- with a person ----

async function byCode({ parts, exchange, form, proven }: Call): Promise<Reply> {
  const { clientId } = proven.client.registration;
  const code = form.get('code');
  if (code === undefined) throw invalid('code is missing', 'code there');
  const redirectUri = form.get('redirect_uri');
  if (redirectUri === undefined) throw invalid('redirect_uri is missing', 'redirect_uri there');
  const verifier = form.get('code_verifier');
  return refusing(parts, exchange, clientId, async () => {
    const { issued, code: grant } = await parts.grants.redeem({
      face: 'smart',
      environment: parts.environment,
      ...{ clientId, code, redirectUri },
      ...(verifier === undefined ? {} : { verifier }),
      ...binding(proven),
      lifetimes: ({ user, scopes }) => lifetimesFor(user, scopes),
    });
    const scopes = issued.family.scopes;
    const idToken = scopes.includes('openid')
      ? { id_token: await idTokenFor(parts, exchange, grant) }
      : {};
    return answer(parts, exchange, issued, scopes, idToken);
  });
}

function idTokenFor(parts: SmartParts, exchange: Exchange, grant: CodeGrant): Promise<string> {
  const { clientId, user, scopes, nonce } = grant;
  return makeIdToken(parts.signingKeys, {
    ...{ issuer: parts.base(exchange), fhirBase: parts.fhirBase(exchange) },
    ...{ clientId, user, scopes, now: parts.now() },
    ...(nonce === undefined ? {} : { nonce }),
  });
}

async function byRefresh({ parts, exchange, form, proven }: Call): Promise<Reply> {
  const { clientId } = proven.client.registration;
  const token = form.get('refresh_token');
  if (token === undefined) throw invalid('refresh_token is missing', 'refresh_token there');
  const asked = scopeParameter(form);
  let scopes: readonly string[] = [];
  return refusing(parts, exchange, clientId, async () => {
    const issued = await parts.grants.renew({
      face: 'smart',
      environment: parts.environment,
      ...{ clientId, token },
      ...binding(proven),
      lifetimes: ({ user, scopes: original }) => lifetimesFor(user, original),
      scopes: (family) =>
        (scopes = stillGiven(parts, proven, partOf(family, asked), family.scopes)),
    });
    return answer(parts, exchange, issued, scopes);
  });
}

/** The scopes asked for at a refresh, every one of which the original grant must hold (RFC 6749 6). */
function partOf(family: Family, asked: readonly string[] | undefined): readonly string[] {
  if (!asked) return family.scopes;
  const more = asked.filter((scope) => {
    const held = grantScopes([scope], family.scopes);
    return held.length !== 1 || toV2(held[0] ?? '') !== toV2(scope);
  });
  if (more.length > 0)
    throw invalidScope('more scope than was granted cannot be had by a refresh', family.scopes);
  return grantScopes(asked, family.scopes);
}

/** A refreshed token holds no scope that the app has lost since. */
function stillGiven(
  parts: SmartParts,
  { client }: ProvenClient,
  scopes: readonly string[],
  original: readonly string[],
): readonly string[] {
  const left = grantScopes(scopes, registeredScopes(parts.catalogue, client, parts.environment));
  if (left.length === 0) throw invalidScope('the app has lost these scopes', original);
  return left;
}

async function refusing(
  { limiter }: SmartParts,
  exchange: Exchange,
  clientId: string,
  work: () => Promise<Reply>,
): Promise<Reply> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GrantFault)) throw error;
    if (error.kind === 'code' || error.kind === 'refresh') limiter.failed(exchange, clientId);
    throw oauthError(400, 'invalid_grant', faultWords[error.kind], { rule: error.rule });
  }
}

const faultWords: Readonly<Record<GrantFault['kind'], string>> = {
  code: 'the code is not known, was used before, is too old, or its verifier is wrong',
  redirect: 'redirect_uri is not the one that the code was asked for with',
  refresh: 'the refresh token is not known or was used before',
  'refresh ended': 'the refresh token has ended',
  session: 'the sign-in has ended',
};

/** A refresh token ends when the national lifetime of the sign-in does, from the first issue on. */
function lifetimesFor(user: SignedIn | undefined, scopes: readonly string[]): Lifetimes {
  const stays = scopes.includes('offline_access') || scopes.includes('online_access');
  return {
    access: smartAccessLifetimes.user,
    ...(user && stays ? { refresh: refreshLifetimes[user.kind] } : {}),
  };
}

// ---- an application on its own: backend services ----

async function alone({ parts, exchange, form, proven }: Call): Promise<Reply> {
  const { client, method } = proven;
  if (method !== 'private_key_jwt' && method !== 'tls_client_auth')
    throw oauthError(
      400,
      'unauthorized_client',
      'this grant needs a client that signs assertions',
      {
        rule: 'method',
        expected: 'private_key_jwt or tls_client_auth',
      },
    );
  const asked = scopeParameter(form);
  if (!asked) throw invalidScope('scope is missing', []);
  const registered = registeredScopes(parts.catalogue, client, parts.environment);
  const scopes = scopesAlone(asked, registered);
  if (scopes.length === 0)
    throw invalidScope(
      'none of the scopes can be granted to this app on its own',
      registered.filter((scope) => scope.startsWith('system/')),
    );
  const grant = {
    face: 'smart' as const,
    environment: parts.environment,
    grant: 'client_credentials',
    appId: client.app.id,
    clientId: client.registration.clientId,
    scopes,
    ...binding(proven),
  };
  const issued = await parts.grants.forApp(grant, { access: smartAccessLifetimes.app });
  return answer(parts, exchange, issued, scopes);
}

function binding({ certificate }: ProvenClient): { certificate?: string } {
  return certificate === undefined ? {} : { certificate };
}

// ---- scopes and answers ----

function scopeParameter(form: Form): readonly string[] | undefined {
  const text = form.get('scope');
  if (text === undefined) return undefined;
  try {
    return parseScopeList(text);
  } catch (error) {
    throw invalidScope(Problem.from(error).message, []);
  }
}

function invalidScope(description: string, possible: readonly string[]): Problem {
  const expected = possible.join(' ').slice(0, 500);
  return oauthError(400, 'invalid_scope', description, {
    rule: 'scope',
    ...(expected === '' ? {} : { expected }),
  });
}

function answer(
  { now }: SmartParts,
  exchange: Exchange,
  issued: Issued,
  scopes: readonly string[],
  more: object = {},
): Reply {
  exchange.facts.commit = issued.commit;
  const body = {
    access_token: issued.accessToken,
    token_type: 'Bearer',
    expires_in: Math.max(0, Math.floor((issued.accessEnds - now()) / 1000)),
    scope: scopes.join(' '),
    ...(issued.refreshToken === undefined ? {} : { refresh_token: issued.refreshToken }),
    ...launchMembers(issued.family),
    ...more,
  };
  return {
    status: 200,
    headers: { ...noStore, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}
