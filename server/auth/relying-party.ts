/**
 * Our side towards identity providers: the code flow with openid-client, which checks state, nonce, issuer, audience,
 * algorithm, times and the signature. The only door to that library. What a sign-in is for, the faces know.
 */
import { createPrivateKey, webcrypto } from 'node:crypto';
import * as oidc from 'openid-client';
import type { SignedIn } from './families.ts';
import type { IdentityProvider, ProviderAuthentication } from './providers.ts';
import { toSignedIn } from './signed-in.ts';

export interface SignInStart {
  /** Where the provider sends the person back to. */
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  /** Sent as they are: `acr_values`, `prompt`, `max_age`, `login_hint`, `vtr`. */
  readonly extra: Readonly<Record<string, string>>;
}

export interface SignInEnd {
  readonly redirectUri: string;
  /** The query that came back. */
  readonly query: string;
  readonly state: string;
  readonly nonce: string;
  /** Seconds, when it was asked for. */
  readonly maxAge?: number;
}

export interface SignInResult {
  readonly user: SignedIn;
  readonly claims: Readonly<Record<string, unknown>>;
  /** The provider's own access token. */
  readonly accessToken: string;
}

export interface RelyingParty {
  /** The address to send the browser to. @throws SignInFault `unreachable` */
  begin(provider: IdentityProvider, start: SignInStart): Promise<string>;
  /** Who signed in. @throws SignInFault */
  finish(provider: IdentityProvider, end: SignInEnd): Promise<SignInResult>;
  /** What the provider tells of the person. @throws SignInFault `unreachable` or `refused` */
  userinfo(provider: IdentityProvider, accessToken: string, subject: string): Promise<object>;
}

/** Why a sign-in did not work: the provider is away, refused it, or its answer cannot be believed. */
export class SignInFault extends Error {
  readonly kind: 'unreachable' | 'refused' | 'aud' | 'iss' | 'answer';
  /** The provider's own error code, such as `access_denied`. */
  readonly error: string;
  readonly description: string;
  constructor(kind: SignInFault['kind'], message: string, error = '', description = '') {
    super(message);
    this.name = 'SignInFault';
    this.kind = kind;
    this.error = error;
    this.description = description;
  }
}

export type ProviderFetch = (url: string, init: oidc.CustomFetchOptions) => Promise<Response>;

/** @param fetch how providers are called: within a time, no redirects. */
export function createRelyingParty(fetch: ProviderFetch): RelyingParty {
  const known = new Map<string, Promise<oidc.Configuration>>();
  const configure = (provider: IdentityProvider) => {
    const key = `${provider.name} ${provider.issuer} ${provider.clientId}`;
    let found = known.get(key);
    if (!found) {
      found = discover(provider, fetch);
      known.set(key, found);
      // A provider that was away is asked again at the next sign-in.
      found.catch(() => known.delete(key));
    }
    return translated(found);
  };
  return {
    async begin(provider, { redirectUri, state, nonce, extra }) {
      const parameters = {
        ...extra,
        scope: provider.scope,
        redirect_uri: redirectUri,
        state,
        nonce,
      };
      const configuration = await configure(provider);
      // Rejects when the provider publishes no such address.
      const building = Promise.resolve().then(
        () => oidc.buildAuthorizationUrl(configuration, parameters).href,
      );
      return translated(building);
    },
    async finish(provider, { redirectUri, query, state, nonce, maxAge }) {
      const configuration = await configure(provider);
      const url = new URL(redirectUri);
      url.search = query;
      const tokens = await translated(
        oidc.authorizationCodeGrant(configuration, url, {
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
          ...(maxAge === undefined ? {} : { maxAge }),
        }),
      );
      const claims = tokens.claims();
      if (!claims) throw new SignInFault('answer', 'the provider gave no id_token');
      const userinfo = configuration.serverMetadata().userinfo_endpoint
        ? await translated(oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub))
        : undefined;
      return {
        user: toSignedIn(provider, claims, userinfo),
        claims,
        accessToken: tokens.access_token,
      };
    },
    userinfo: async (provider, accessToken, subject) =>
      translated(oidc.fetchUserInfo(await configure(provider), accessToken, subject)),
  };
}

async function discover(
  provider: IdentityProvider,
  fetch: ProviderFetch,
): Promise<oidc.Configuration> {
  const issuer = new URL(provider.issuer);
  const plainHttp: readonly ((configuration: oidc.Configuration) => void)[] =
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the simulated providers of a laptop are without TLS
    issuer.protocol === 'http:' ? [oidc.allowInsecureRequests] : [];
  const found = await oidc.discovery(issuer, provider.clientId, undefined, oidc.None(), {
    execute: [...plainHttp],
    [oidc.customFetch]: fetch,
    timeout: patience,
  });
  const told: unknown = JSON.parse(JSON.stringify(found.serverMetadata())); // without its functions
  const configuration = new oidc.Configuration(
    // The list is ours, whatever the provider offers: both are met at either kind (RFC 8725 3.1).
    { ...(told as oidc.ServerMetadata), id_token_signing_alg_values_supported: ['RS256', 'RS512'] },
    provider.clientId,
    { [oidc.clockTolerance]: 10 },
    await authenticate(provider),
  );
  configuration[oidc.customFetch] = fetch;
  configuration.timeout = patience;
  // The library would believe an id_token that came over TLS without looking at its signature.
  for (const extend of [...plainHttp, oidc.enableNonRepudiationChecks]) extend(configuration);
  return configuration;
}

/** Seconds. */
const patience = 10;

async function authenticate({ authentication, kind }: IdentityProvider): Promise<oidc.ClientAuth> {
  switch (authentication.method) {
    case 'client_secret_post':
      return oidc.ClientSecretPost(authentication.secret);
    case 'client_secret_basic':
      return oidc.ClientSecretBasic(authentication.secret);
    case 'private_key_jwt': {
      const key = await importKey(authentication);
      // Known when an assertion is made: NHS login wants its token address as audience, the library puts the issuer.
      let tokenUrl: string | undefined;
      const toTokenUrl: oidc.ModifyAssertionFunction = (_header, payload) => {
        if (kind === 'nhs-login' && tokenUrl !== undefined) payload.aud = tokenUrl;
      };
      const build = oidc.PrivateKeyJwt(
        { key, kid: authentication.kid },
        { [oidc.modifyAssertion]: toTokenUrl },
      );
      return (server, client, body, headers) => {
        tokenUrl = server.token_endpoint;
        // eslint-disable-next-line @typescript-eslint/no-confusing-void-expression -- it is a promise, whatever its type says
        return build(server, client, body, headers);
      };
    }
  }
}

function importKey({
  key,
  alg,
}: Extract<ProviderAuthentication, { method: 'private_key_jwt' }>): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(key).export({ format: 'der', type: 'pkcs8' });
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: `SHA-${alg.slice(2)}` };
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}

/** The library's errors as ours: which of them it was, and nothing of a token. */
async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toFault(error);
  }
}

interface ClaimFault {
  readonly cause?: { readonly claim?: string };
}

function toFault(error: unknown): unknown {
  if (error instanceof SignInFault) return error;
  if (error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError)
    return new SignInFault(
      error instanceof oidc.AuthorizationResponseError ? 'refused' : 'answer',
      `the provider answered ${error.error}`,
      error.error,
      error.error_description ?? '',
    );
  const { code, cause } = error as { code?: string; cause?: ClaimFault }; // as the library documents them
  // Its own error stands within, and tells the claim one level further down.
  const claim = code === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED' ? cause?.cause?.claim : undefined;
  if (claim === 'aud') return new SignInFault('aud', 'the id_token is for somebody else');
  if (claim === 'iss') return new SignInFault('iss', 'the id_token is of another issuer');
  if (code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT')
    return new SignInFault('unreachable', 'the provider was not done in time');
  if (code?.startsWith('OAUTH_') === true)
    return new SignInFault('answer', `the provider's answer was refused: ${code}`);
  if (error instanceof TypeError || (error instanceof Error && error.name === 'TimeoutError'))
    return new SignInFault('unreachable', 'the provider cannot be reached');
  return error instanceof oidc.ClientError
    ? new SignInFault('answer', "the provider's answer was refused")
    : error;
}
