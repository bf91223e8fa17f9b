/**
 * The token endpoint of the NHS face: signed JWT, code, refresh, exchange. Owns the published order of its checks and the
 * form of its answers, whose numbers are texts. What proves a client and what a grant does is elsewhere.
 */
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Catalogue, Client } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/environments.ts';
import type { Secrets } from '../catalogue/secrets.ts';
import { boundTo, provesByCertificate, type OwnerOfCertificate } from './client-certificate.ts';
import type { AssertionUses } from './assertion-uses.ts';
import { proveByAssertion, usedMeanwhile, type Proven } from './client-assertion.ts';
import { authenticateBySecret } from './client-secret.ts';
import {
  isConflict,
  type Family,
  type Grant,
  type Issued,
  type Lifetimes,
  type SignedIn,
} from './families.ts';
import { FormFault, isForm, readForm, type Form } from './form.ts';
import { GrantFault, type Grants } from './grants.ts';
import { decodeJwt, textOf } from './jwt.ts';
import type { KeySets } from './key-sets.ts';
import type { Limiter } from './limiter.ts';
import { noScopeLeft, scopesOfApp, scopesOfUser } from './nhs-scopes.ts';
import { noStore, noteClient, oauthError } from './oauth-error.ts';
import { judgeSubjectToken, type SubjectParts } from './subject-token.ts';
import { newFamilyId } from './tokens.ts';

export interface NhsTokenOptions {
  readonly environment: Environment;
  /** All addresses of this endpoint. */
  readonly audiences: () => readonly string[];
  readonly catalogue: Catalogue;
  readonly secrets: Secrets;
  readonly keySets: KeySets;
  readonly uses: AssertionUses;
  readonly grants: Grants;
  readonly subject: SubjectParts;
  readonly limiter: Limiter;
  readonly ownerOfCertificate: OwnerOfCertificate;
  readonly now: () => number;
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';

const accessLifetime = 600_000;
/** From the first issue on; refreshing never moves the end out. */
export const refreshLifetimes = { 'nhs-cis2': 12 * 3_600_000, 'nhs-login': 3_600_000 } as const;

/** `POST /oauth2/token`. */
export async function nhsToken(options: NhsTokenOptions, exchange: Exchange): Promise<Reply> {
  if (!isForm(exchange))
    throw invalid(
      415,
      'Content-Type header must be application/x-www-form-urlencoded',
      'content type',
    );
  const form = await formOf(exchange);
  const text = form.get('client_assertion');
  const assertion = text === undefined ? undefined : decodeJwt(text); // once: it costs as much as its signature
  const claimed = claimedClient(form, assertion);
  // What is no client id of ours may be anything, a secret too: it is not written down.
  if (options.catalogue.client(claimed)) noteClient(exchange, claimed);
  const call: Call = { options, exchange, form, claimed, assertion };
  switch (grantOf(form)) {
    case 'client_credentials':
      return clientCredentials(call);
    case 'authorization_code':
      return authorizationCode(call);
    case 'refresh_token':
      return refreshToken(call);
    case exchangeGrant:
      return tokenExchange(call);
    default:
      throw oauthError(400, 'unsupported_grant_type', 'grant_type is invalid', {
        rule: 'grant_type',
        expected: `client_credentials, authorization_code, refresh_token or ${exchangeGrant}`,
      });
  }
}

interface Call {
  readonly options: NhsTokenOptions;
  readonly exchange: Exchange;
  readonly form: Form;
  /** Whom the caller says to be; proves nothing. */
  readonly claimed: string;
  /** The client assertion taken apart, believed in nothing. */
  readonly assertion: Decoded | undefined;
}

type Decoded = ReturnType<typeof decodeJwt>;

/** For counting failures by client: who shares an address with others does not wait for what they do. */
function claimedClient(form: Form, assertion: Decoded | undefined): string {
  const named = form.get('client_id');
  if (named !== undefined || !assertion || 'fault' in assertion) return named ?? '';
  return textOf(assertion.claims, 'iss') ?? '';
}

function invalid(status: number, description: string, rule: string) {
  return oauthError(status, 'invalid_request', description, { rule });
}

async function formOf(exchange: Exchange): Promise<Form> {
  try {
    return await readForm(exchange);
  } catch (error) {
    if (error instanceof FormFault) throw invalid(400, error.message, `form: ${error.kind}`);
    throw error;
  }
}

/** The grant gate. A `subject_token_type` is a sign of exchange, and then nothing else will do. */
function grantOf(form: Form): string | undefined {
  const grant = form.get('grant_type');
  const type = form.get('subject_token_type');
  if (grant !== exchangeGrant && type !== undefined)
    throw invalid(400, 'grant_type is invalid', 'grant_type');
  if (grant === undefined && form.has('subject_token')) throw wrongSubjectType();
  if (grant === undefined) throw invalid(400, 'grant_type is missing', 'grant_type');
  if (grant === exchangeGrant && type !== idTokenType) throw wrongSubjectType();
  if (grant === exchangeGrant && !form.has('subject_token'))
    throw invalid(400, 'Missing subject_token', 'subject_token');
  return grant;
}

function wrongSubjectType() {
  return invalid(
    400,
    `missing or invalid subject_token_type - must be '${idTokenType}'`,
    'subject_token_type',
  );
}

// ---- the grants ----

async function clientCredentials(call: Call): Promise<Reply> {
  const { options } = call;
  return withAssertion(call, async ({ client, family, certificate }) => {
    const given = options.catalogue.scopes(client.app.id, options.environment);
    const scopes = scopesOfApp(given);
    if (scopes.length === 0) throw noScopeLeft(given, 'app:level3');
    const grant = {
      ...toGrant(options, client, 'client_credentials', scopes),
      ...binding(certificate),
    };
    return answer(call, await options.grants.forApp(grant, lifetimes(call, client), family));
  });
}

async function tokenExchange(call: Call): Promise<Reply> {
  const { options, form } = call;
  return withAssertion(call, async ({ client, family, certificate }) => {
    const text = form.get('subject_token') ?? '';
    const subject = await judgeSubjectToken(text, client, options.subject);
    const given = options.catalogue.scopes(client.app.id, options.environment);
    const scopes = scopesOfUser(given, client.app.kinds, subject.user);
    if (scopes.length === 0) throw noScopeLeft(given, subject.user.kind, subject.user.level);
    const grant = {
      ...toGrant(options, client, 'token_exchange', scopes),
      ...binding(certificate),
      user: subject.user,
    };
    const life = lifetimes(call, client, subject.user);
    const { key, ends } = subject;
    try {
      const issued = await options.grants.exchange(grant, life, key, ends, family);
      return await answer(call, issued, { issued_token_type: accessTokenType });
    } catch (error) {
      if (!(error instanceof GrantFault)) throw error;
      throw oauthError(400, 'invalid_grant', 'the session of the subject_token has ended', {
        rule: error.rule,
      });
    }
  });
}

/** Whatever comes of it, the assertion is spent: by the family it gives, or for nothing. */
async function withAssertion(
  call: Call,
  work: (proven: ProvenClient) => Promise<Reply>,
): Promise<Reply> {
  const proven = await provenByAssertion(call);
  try {
    return await work(proven);
  } catch (error) {
    if (isConflict(error)) throw usedMeanwhile();
    await proven.burn();
    throw error;
  }
}

async function authorizationCode(call: Call): Promise<Reply> {
  const { options, exchange, form } = call;
  const { client, certificate } = provenBySecret(call);
  const redirectUri = form.get('redirect_uri');
  if (redirectUri === undefined)
    throw invalid(400, 'redirect_uri is missing', 'redirect_uri there');
  if (!client.registration.redirectUris.includes(redirectUri)) throw wrongRedirect();
  const code = form.get('code');
  if (code === undefined) throw invalid(400, 'authorization_code is missing', 'code there');
  const verifier = form.get('code_verifier');
  try {
    const { issued, code: grant } = await options.grants.redeem({
      face: 'nhs',
      environment: options.environment,
      clientId: client.registration.clientId,
      code,
      redirectUri,
      ...(verifier === undefined ? {} : { verifier }),
      ...binding(certificate),
      lifetimes: ({ user }) => lifetimes(call, client, user),
    });
    const sid = options.environment === 'production' ? undefined : grant.user.sid;
    return await answer(call, issued, sid === undefined ? {} : { sid });
  } catch (error) {
    if (!(error instanceof GrantFault)) throw error;
    if (error.kind === 'redirect') throw wrongRedirect();
    options.limiter.failed(exchange, client.registration.clientId);
    throw oauthError(400, 'invalid_grant', 'authorization_code is invalid', { rule: error.rule });
  }
}

function wrongRedirect() {
  return oauthError(400, 'invalid_request', 'redirect_uri is invalid', {
    rule: 'redirect_uri',
    expected: 'byte for byte the redirect URI that was registered and sent to authorize',
  });
}

async function refreshToken(call: Call): Promise<Reply> {
  const { options, exchange, form } = call;
  const { client, certificate } = provenBySecret(call);
  const token = form.get('refresh_token');
  if (token === undefined) throw invalid(400, 'refresh_token is missing', 'refresh_token there');
  try {
    const issued = await options.grants.renew({
      face: 'nhs',
      environment: options.environment,
      clientId: client.registration.clientId,
      token,
      lifetimes: ({ user }) => lifetimes(call, client, user),
      ...binding(certificate),
      scopes: (family) => stillGiven(options, client, family),
    });
    return await answer(call, issued);
  } catch (error) {
    if (!(error instanceof GrantFault)) throw error;
    if (error.kind === 'refresh ended')
      throw oauthError(401, 'invalid_grant', 'refresh token refresh period has expired', {
        rule: error.rule,
      });
    options.limiter.failed(exchange, client.registration.clientId);
    throw oauthError(401, 'invalid_grant', 'refresh_token is invalid', { rule: error.rule });
  }
}

/** A refreshed token holds no scope that the app has lost since. */
function stillGiven(options: NhsTokenOptions, { app }: Client, family: Family): readonly string[] {
  const given = options.catalogue.scopes(app.id, options.environment);
  const scopes = family.scopes.filter((scope) => given.has(scope));
  if (scopes.length === 0) throw noScopeLeft(given, family.user?.kind ?? 'app', family.user?.level);
  return scopes;
}

// ---- who asks ----

/** A proof, and what tokens are bound to. */
type ProvenClient = Proven & Bound;

interface Bound {
  readonly certificate: string | undefined;
}

function binding(certificate: string | undefined): { certificate?: string } {
  return certificate === undefined ? {} : { certificate };
}

/** The client that proves itself with its certificate and nothing else; undefined where another proof is sent or needed. */
function certificateClient({ options, form }: Call): Client | undefined {
  const client = options.catalogue.client(form.get('client_id') ?? '');
  if (!provesByCertificate(client) || client.environment !== options.environment) return undefined;
  return form.has('client_assertion') || form.has('client_secret') ? undefined : client;
}

/** @throws Problem `invalid_client` for a certificate that proves nothing */
function provenByCertificate(call: Call, client: Client): Bound & { readonly client: Client } {
  const { options, exchange, claimed } = call;
  try {
    const certificate = boundTo(exchange, call.form, client, options.ownerOfCertificate);
    if (client.registration.state !== 'approved')
      throw oauthError(401, 'invalid_client', 'the app is not approved', { rule: 'app approved' });
    noteClient(exchange, client.app.id, client.app.name);
    options.limiter.checkClient(client.registration.clientId);
    return { client, certificate };
  } catch (error) {
    options.limiter.failedIfUnproven(exchange, claimed, error);
    throw error;
  }
}

async function provenByAssertion(call: Call): Promise<ProvenClient> {
  const { options, exchange, form } = call;
  const alone = certificateClient(call);
  if (alone) {
    // Each handshake is fresh: there is nothing to spend.
    const spent = { family: newFamilyId(), burn: () => Promise.resolve() };
    return { ...provenByCertificate(call, alone), ...spent };
  }
  if (form.get('client_assertion_type') !== assertionType)
    throw invalid(
      400,
      `Missing or invalid client_assertion_type - must be '${assertionType}'`,
      'client_assertion_type',
    );
  const text = form.get('client_assertion');
  if (text === undefined) throw invalid(400, 'Missing client_assertion', 'client_assertion there');
  const state = {
    text,
    environment: options.environment,
    audiences: options.audiences(),
    parts: options,
    ...(call.assertion ? { decoded: call.assertion } : {}),
  };
  const proven = await guarded(call, () => proveByAssertion(state));
  const { client } = proven;
  const named = form.get('client_id');
  if (named !== undefined && named !== client.registration.clientId)
    throw invalid(400, 'client_id does not match the client_assertion', 'client_id');
  noteClient(exchange, client.app.id, client.app.name);
  options.limiter.checkClient(client.registration.clientId);
  const certificate = await guarded(call, () =>
    Promise.resolve(boundTo(exchange, form, client, options.ownerOfCertificate)),
  );
  return { ...proven, certificate };
}

function provenBySecret(call: Call): Bound & { readonly client: Client } {
  const { options, exchange, form, claimed } = call;
  const alone = certificateClient(call);
  if (alone) return provenByCertificate(call, alone);
  if (exchange.headers.authorization !== undefined || form.has('client_assertion'))
    throw invalid(
      400,
      'only client_id and client_secret in the form are accepted here',
      'one authentication',
    );
  try {
    const client = authenticateBySecret(form, options.environment, options);
    noteClient(exchange, client.app.id, client.app.name);
    options.limiter.checkClient(client.registration.clientId);
    return { client, certificate: boundTo(exchange, form, client, options.ownerOfCertificate) };
  } catch (error) {
    options.limiter.failedIfUnproven(exchange, claimed, error);
    throw error;
  }
}

async function guarded<T>(
  { options, exchange, claimed }: Call,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    options.limiter.failedIfUnproven(exchange, claimed, error);
    throw error;
  }
}

// ---- what is answered ----

function toGrant(
  options: NhsTokenOptions,
  { app, registration }: Client,
  grant: string,
  scopes: readonly string[],
): Grant {
  const { environment } = options;
  return {
    face: 'nhs',
    environment,
    appId: app.id,
    clientId: registration.clientId,
    grant,
    scopes,
  };
}

/** Lifetimes of a grant; the test aids only shorten, and in production only where switched on for the app. */
function lifetimes({ options, form }: Call, { registration }: Client, user?: SignedIn): Lifetimes {
  const aided = options.environment !== 'production' || registration.switches.shorterLifetimes;
  const shorter = (name: string, longest: number) => {
    const text = aided ? (form.get(name) ?? '') : '';
    return /^[0-9]{1,12}$/.test(text) ? Math.min(longest, Math.max(1, Number(text))) : longest;
  };
  const access = shorter('_access_token_expiry_ms', accessLifetime);
  if (!user) return { access };
  const refresh = shorter('_refresh_tokens_validity_ms', refreshLifetimes[user.kind]);
  return { access, refresh: shorter('_refresh_token_expiry_ms', refresh) };
}

function answer(
  { options, exchange }: Call,
  issued: Issued,
  more: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const now = options.now();
  const { refresh } = issued.family;
  exchange.facts.commit = issued.commit;
  const body = {
    access_token: issued.accessToken,
    expires_in: seconds(issued.accessEnds - now),
    ...(issued.refreshToken !== undefined && refresh
      ? {
          refresh_token: issued.refreshToken,
          refresh_token_expires_in: seconds(refresh.ends - now),
          refresh_count: String(refresh.count),
        }
      : {}),
    token_type: 'Bearer',
    ...(refresh ? {} : { issued_at: String(now) }),
    ...more,
  };
  return Promise.resolve({
    status: 200,
    headers: { ...noStore, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** A second less than it lives, as the national service tells it. */
function seconds(milliseconds: number): string {
  return String(Math.max(0, Math.ceil(milliseconds / 1000) - 1));
}
