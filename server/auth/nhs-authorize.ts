/**
 * Combined sign-in of the NHS face: authorize, the leg to the identity provider, and the callback (RFC 6749 4.1 with the
 * national profile, where `scope` picks the provider). Owns the order of checks and what goes back to the app.
 */
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Catalogue, Client } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/environments.ts';
import { notApproved } from './assertion-terms.ts';
import type { Cookies } from './cookies.ts';
import { FormFault, parseForm, type Form } from './form.ts';
import type { CodeGrant } from './grants.ts';
import type { Limiter } from './limiter.ts';
import { kindFor, noScopeLeft, scopesOfUser } from './nhs-scopes.ts';
import { noStore, noteClient, oauthError, type Reason } from './oauth-error.ts';
import { oneTimeCollection, type OneTimes } from './one-time.ts';
import type { IdentityProvider, ProviderKind } from './providers.ts';
import type { ProviderKeys } from './provider-keys.ts';
import { SignInFault, type RelyingParty, type SignInResult } from './relying-party.ts';
import type { Sealer } from './sealing.ts';
import { judgeDelegation } from './subject-token.ts';
import { digest, newSecret, sameDigest } from './tokens.ts';

/** A sign-in on its way: what the app asked for, and what the provider's answer must fit. */
export interface NhsSignIn {
  readonly environment: Environment;
  readonly face: string;
  readonly provider: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** The app's own, given back byte for byte. */
  readonly state: string;
  readonly nonce: string;
  readonly maxAge: number;
  /** Hash of what the browser holds. */
  readonly browser: string;
  readonly challenge?: string;
}

export const nhsSignInCollection = oneTimeCollection<NhsSignIn>('auth.nhs-sign-ins');

export interface NhsAuthorizeOptions {
  readonly environment: Environment;
  readonly face: string;
  /** The absolute address of this face. */
  readonly base: (exchange: Exchange) => string;
  readonly catalogue: Catalogue;
  readonly providers: () => readonly IdentityProvider[];
  readonly relyingParty: RelyingParty;
  readonly signIns: OneTimes<NhsSignIn>;
  readonly codes: OneTimes<CodeGrant>;
  readonly cookies: Cookies;
  readonly sealer: Sealer;
  readonly providerKeys: ProviderKeys;
  readonly limiter: Limiter;
  readonly now: () => number;
}

/** People type slowly. */
const signInLifetime = 600_000;
const codeLifetime = 300_000;
const standardMaxAge = 300;

/** `GET /oauth2/authorize`. */
export async function nhsAuthorize(
  options: NhsAuthorizeOptions,
  exchange: Exchange,
): Promise<Reply> {
  options.limiter.checkSignIn(exchange);
  const form = queryOf(exchange);
  const client = clientOf(options, exchange, form);
  const redirectUri = redirectOf(form, client);
  const state = form.get('state');
  const toApp = (error: string, description: string) =>
    redirect(redirectUri, {
      error,
      error_description: description,
      ...(state === undefined ? {} : { state }),
    });
  if (state === undefined) return toApp('invalid_request', 'state is missing');
  if (state.length > longestState) return toApp('invalid_request', 'state is too long');
  const type = form.get('response_type');
  if (type === undefined) return toApp('invalid_request', 'response_type is missing');
  if (type !== 'code') return toApp('unsupported_response_type', 'response_type is invalid');
  const challenge = form.get('code_challenge');
  const wrong = challengeFault(form);
  if (wrong !== undefined) return toApp('invalid_request', wrong);
  const kind = kindOf(form.get('scope'));
  const provider = options.providers().find((one) => one.kind === kind);
  if (!client.app.kinds.includes(kindFor(kind)))
    return toApp(
      'unauthorized_client',
      `the app is not registered as ${kindFor(kind)}, which sign-in by ${kind} needs`,
    );
  if (!provider)
    return toApp(
      'temporarily_unavailable',
      `no identity provider for ${kind} is configured in this environment`,
    );
  return leave(
    options,
    exchange,
    form,
    { client, redirectUri, state, provider, ...(challenge ? { challenge } : {}) },
    toApp,
  );
}

const longestState = 4096;

interface Asked {
  readonly client: Client;
  readonly redirectUri: string;
  readonly state: string;
  readonly provider: IdentityProvider;
  readonly challenge?: string;
}

/** To the provider, with a state of ours that only this browser can come back with. */
async function leave(
  options: NhsAuthorizeOptions,
  exchange: Exchange,
  form: Form,
  { client, redirectUri, state, provider, challenge }: Asked,
  toApp: (error: string, description: string) => Reply,
): Promise<Reply> {
  const nonce = newSecret();
  const browser = newSecret();
  const maxAge = maxAgeOf(form.get('max_age'));
  const ours = await options.signIns.issue(
    {
      environment: options.environment,
      face: options.face,
      provider: provider.name,
      clientId: client.registration.clientId,
      ...{ redirectUri, state, nonce, maxAge },
      browser: digest(browser),
      ...(challenge === undefined ? {} : { challenge }),
    },
    options.now() + signInLifetime,
  );
  try {
    const location = await options.relyingParty.begin(provider, {
      redirectUri: `${options.base(exchange)}/callback`,
      state: ours,
      nonce,
      extra: extraOf(form, provider, maxAge),
    });
    const cookie = options.cookies.set(cookieOf(ours), browser, signInLifetime / 1000);
    return { status: 302, headers: { ...noStore, location, 'set-cookie': cookie } };
  } catch (error) {
    if (!(error instanceof SignInFault)) throw error;
    return toApp('temporarily_unavailable', 'the identity provider cannot be reached');
  }
}

/** Several sign-ins may run in one browser, each with a cookie of its own. */
function cookieOf(state: string): string {
  return `sign-in-${digest(state).slice(0, 10).replaceAll('_', 'x')}`;
}

function extraOf(form: Form, provider: IdentityProvider, maxAge: number): Record<string, string> {
  const extra: Record<string, string> = { max_age: String(maxAge) };
  const prompt = form.get('prompt');
  if (prompt !== undefined) extra.prompt = prompt;
  const hint = form.get('login_hint');
  if (hint !== undefined) extra.login_hint = hint;
  const acr = form.get('acr_values') ?? provider.acr;
  if (provider.kind === 'nhs-cis2' && acr !== '') extra.acr_values = acr;
  return extra;
}

function maxAgeOf(text: string | undefined): number {
  return text !== undefined && /^[0-9]{1,6}$/.test(text) ? Number(text) : standardMaxAge;
}

// ---- the checks before anything is known to be right: no redirect ----

function queryOf({ rawQuery }: Exchange): Form {
  try {
    return parseForm(rawQuery);
  } catch (error) {
    if (error instanceof FormFault) {
      // One with a line break is none that was registered, and is told so as any other.
      const brokenUri = error.kind === 'text' && error.parameter === 'redirect_uri';
      const description = brokenUri ? 'redirect_uri is invalid' : error.message;
      throw oauthError(400, 'invalid_request', description, { rule: `query: ${error.kind}` });
    }
    throw error;
  }
}

function clientOf(
  { catalogue, environment }: NhsAuthorizeOptions,
  exchange: Exchange,
  form: Form,
): Client {
  const id = form.get('client_id');
  if (id === undefined)
    throw oauthError(401, 'invalid_request', 'client_id is missing', { rule: 'client_id there' });
  const client = catalogue.client(id);
  if (client?.environment !== environment)
    throw oauthError(401, 'invalid_request', 'client_id is invalid', {
      rule: 'client_id',
      expected: `a client id of environment ${environment}`,
      found: id.slice(0, 100),
    });
  noteClient(exchange, client.app.id, client.app.name);
  if (client.registration.state !== 'approved')
    throw notApproved({
      rule: 'app approved',
      expected: 'approved',
      found: client.registration.state,
    });
  return client;
}

function redirectOf(form: Form, { registration }: Client): string {
  const uri = form.get('redirect_uri');
  if (uri === undefined)
    throw oauthError(400, 'invalid_request', 'redirect_uri is missing', {
      rule: 'redirect_uri there',
    });
  if (!registration.redirectUris.includes(uri))
    throw oauthError(400, 'invalid_request', 'redirect_uri is invalid', {
      rule: 'redirect_uri',
      expected: `byte for byte one of: ${registration.redirectUris.join(', ') || 'none is registered'}`,
      found: uri.slice(0, 300),
    });
  return uri;
}

/** PKCE is optional on this face; once a challenge is given it counts (RFC 7636 4.3). */
function challengeFault(form: Form): string | undefined {
  const challenge = form.get('code_challenge');
  if (challenge === undefined)
    return form.has('code_challenge_method') ? 'code_challenge is missing' : undefined;
  if (form.get('code_challenge_method') !== 'S256') return 'code_challenge_method must be S256';
  return /^[A-Za-z0-9_-]{43}$/.test(challenge)
    ? undefined
    : 'code_challenge must be 43 characters of base64url';
}

/** The parameter `scope` picks the provider; it asks for no scope. */
function kindOf(scope: string | undefined): ProviderKind {
  return (scope ?? '').split(' ').includes('nhs-login') ? 'nhs-login' : 'nhs-cis2';
}

// ---- the way back ----

/** `GET /oauth2/callback`. */
export async function nhsCallback(
  options: NhsAuthorizeOptions,
  exchange: Exchange,
): Promise<Reply> {
  const form = queryOf(exchange);
  const state = form.get('state') ?? '';
  const signIn = await takeSignIn(options, exchange, state);
  const forget = options.cookies.set(cookieOf(state), '', 0);
  const client = options.catalogue.client(signIn.clientId);
  const provider = options.providers().find(({ name }) => name === signIn.provider);
  if (!client || !provider) throw invalidState({ rule: 'client and provider still there' });
  noteClient(exchange, client.app.id, client.app.name);
  const reply = await finish(options, exchange, { signIn, client, provider, state });
  return { ...reply, headers: { ...reply.headers, 'set-cookie': forget } };
}

interface Returned {
  readonly signIn: NhsSignIn;
  readonly client: Client;
  readonly provider: IdentityProvider;
  readonly state: string;
}

async function finish(
  options: NhsAuthorizeOptions,
  exchange: Exchange,
  back: Returned,
): Promise<Reply> {
  const { signIn } = back;
  const toApp = (parameters: Record<string, string>) =>
    redirect(signIn.redirectUri, { ...parameters, state: signIn.state });
  try {
    const result = await options.relyingParty.finish(back.provider, {
      redirectUri: `${options.base(exchange)}/callback`,
      query: exchange.rawQuery,
      state: back.state,
      nonce: signIn.nonce,
      // NHS login takes no notice of it and tells no time of sign-in.
      ...(back.provider.kind === 'nhs-cis2' ? { maxAge: signIn.maxAge } : {}),
    });
    return toApp({ code: await issueCode(options, back, result) });
  } catch (error) {
    if (!(error instanceof SignInFault)) throw error;
    return answerFault(error, toApp);
  }
}

/** What the provider refused is the app's to handle; what cannot be believed goes no further. */
function answerFault(
  fault: SignInFault,
  toApp: (parameters: Record<string, string>) => Reply,
): Reply {
  switch (fault.kind) {
    case 'refused':
      return toApp({
        error: fault.error,
        ...(fault.description === ''
          ? {}
          : { error_description: safeDescription(fault.description) }),
      });
    case 'unreachable':
      return toApp({
        error: 'temporarily_unavailable',
        error_description: 'the identity provider cannot be reached',
      });
    case 'aud':
      throw oauthError(400, 'invalid_request', "Invalid 'aud' claim in external ID token JWT", {
        rule: 'aud',
      });
    case 'iss':
      throw oauthError(400, 'invalid_request', 'Invalid iss claim in external ID token JWT', {
        rule: 'iss',
      });
    case 'answer':
      throw oauthError(
        400,
        'invalid_request',
        'The answer of the identity provider cannot be verified',
        {
          rule: 'answer of the provider',
          found: fault.message,
        },
      );
  }
}

/** Of RFC 6749 4.1.2.1's characters only. */
function safeDescription(text: string): string {
  return text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, ' ').slice(0, 200);
}

async function issueCode(
  options: NhsAuthorizeOptions,
  { signIn, client }: Returned,
  { user: signedIn, claims, accessToken }: SignInResult,
): Promise<string> {
  const actor = await judgeDelegation(claims, ({ clientId }) => [clientId], {
    providers: options.providers,
    keys: options.providerKeys,
    now: options.now,
  });
  const user = actor === undefined ? signedIn : { ...signedIn, actor };
  const given = options.catalogue.scopes(client.app.id, options.environment);
  const scopes = scopesOfUser(given, client.app.kinds, user);
  if (scopes.length === 0) throw noScopeLeft(given, user.kind, user.level);
  const grant: CodeGrant = {
    face: 'nhs',
    environment: options.environment,
    appId: client.app.id,
    clientId: client.registration.clientId,
    redirectUri: signIn.redirectUri,
    scopes,
    user,
    // Read again by userinfo, which only this provider has.
    ...(user.kind === 'nhs-cis2'
      ? {
          sealed: options.sealer.seal(
            JSON.stringify({ provider: signIn.provider, accessToken }),
            user.subject,
          ),
        }
      : {}),
    ...(signIn.challenge === undefined ? {} : { challenge: signIn.challenge }),
  };
  return options.codes.issue(grant, options.now() + codeLifetime);
}

async function takeSignIn(
  options: NhsAuthorizeOptions,
  exchange: Exchange,
  state: string,
): Promise<NhsSignIn> {
  const found = await options.signIns.find(state);
  const browser = options.cookies.read(exchange, cookieOf(state));
  // A stranger's browser does not spend it either.
  if (!found || browser === undefined || !sameDigest(digest(browser), found.value.browser))
    throw invalidState({
      rule: found ? 'the browser that began the sign-in' : 'state known',
      expected: found
        ? 'the cookie set at authorize'
        : 'a state given out within the last 10 minutes',
    });
  if (found.value.environment !== options.environment || found.value.face !== options.face)
    throw invalidState({ rule: 'state of this face' });
  const taken = await options.signIns.take(state, 'callback');
  if (taken.state !== 'taken')
    throw invalidState({ rule: 'state not used, not past its end', found: taken.state });
  return taken.value;
}

function invalidState(reason: Reason) {
  return oauthError(400, 'invalid_request', 'Invalid state parameter.', reason);
}

/** Adds the parameters to an app's address, whatever query that has. */
export function redirect(uri: string, parameters: Readonly<Record<string, string>>): Reply {
  const [target = '', fragment] = uri.split('#', 2);
  const query = Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  const location = `${target}${target.includes('?') ? '&' : '?'}${query}${fragment === undefined ? '' : `#${fragment}`}`;
  return { status: 302, headers: { ...noStore, location } };
}
