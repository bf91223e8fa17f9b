/**
 * The grant engine: @node-oauth/oauth2-server runs the grants of the token endpoint, behind our own client authentication
 * and in front of our own dialects. The only door to that library. What it does badly is guarded here
 * (docs/decisions/0015): it sees no query, no credentials and no header of the caller, one client that is authenticated
 * already, and a model made for this one request whose steps are atomic.
 */
import OAuth2Server from '@node-oauth/oauth2-server';

export type GrantType =
  | 'client_credentials'
  | 'authorization_code'
  | 'refresh_token'
  | 'urn:ietf:params:oauth:grant-type:token-exchange';

/** What the engine needs to know of a stored code. */
export interface EngineCode {
  readonly clientId: string;
  readonly redirectUri: string;
  /** S256 of the verifier; without it a verifier is refused. */
  readonly challenge?: string;
}

/** The steps of one grant, each atomic. Only those its grant type needs are called. */
export interface GrantSteps<T> {
  readonly findCode?: () => Promise<EngineCode | undefined>;
  /** True for exactly one of all who try. */
  readonly takeCode?: () => Promise<boolean>;
  readonly findRefresh?: () => Promise<{ readonly clientId: string } | undefined>;
  /** True for exactly one of all who try. */
  readonly takeRefresh?: () => Promise<boolean>;
  /** Keeps and gives what was granted. */
  readonly save: () => Promise<T>;
}

export interface GrantRequest<T> {
  readonly grant: GrantType;
  /** Authenticated by us for this request. */
  readonly clientId: string;
  readonly parameters: {
    readonly code?: string;
    readonly redirect_uri?: string;
    readonly code_verifier?: string;
    readonly refresh_token?: string;
  };
  readonly steps: GrantSteps<T>;
}

export interface GrantEngine {
  /** Runs one grant. @throws GrantRefused when the grant's own rules refuse it; whatever a step throws. */
  token<T>(request: GrantRequest<T>): Promise<T>;
}

/** A refusal by the engine, with the code of RFC 6749 5.2. */
export class GrantRefused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'GrantRefused';
    this.code = code;
  }
}

/** Token exchange as an extension grant: all its checks are ours and done before. */
class ExchangeGrant extends OAuth2Server.AbstractGrantType {
  async handle(_request: OAuth2Server.Request, client: OAuth2Server.Client) {
    // the constructor of the library keeps the model it was given
    const { model } = this as unknown as { model: OAuth2Server.BaseModel };
    return model.saveToken({ accessToken: '', client, user }, client, user);
  }
}

/** Tickets never leave this file, so they need only differ. */
let tickets = 0;
const user = { kind: 'checked before' };
const lifetimes = { accessTokenLifetime: 600, refreshTokenLifetime: 600 };
const options: OAuth2Server.TokenOptions = {
  ...lifetimes, // not used: our own records hold the real ends
  extendedGrantTypes: { 'urn:ietf:params:oauth:grant-type:token-exchange': ExchangeGrant },
};

export const nodeOAuthEngine: GrantEngine = {
  async token<T>({ grant, clientId, parameters, steps }: GrantRequest<T>): Promise<T> {
    // Stands for the credentials, which were judged already: without it the model knows no client.
    const ticket = `ticket-${++tickets}`;
    const run = new Run(grant, clientId, ticket, steps);
    const request = new OAuth2Server.Request({
      method: 'POST',
      query: {},
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '1' },
      body: { ...parameters, grant_type: grant, client_id: clientId, client_secret: ticket },
    });
    try {
      await new OAuth2Server({ model: run }).token(request, new OAuth2Server.Response({}), options);
    } catch (error) {
      if (run.fault !== undefined) throw run.fault.error;
      if (error instanceof OAuth2Server.OAuthError && error.code < 500)
        throw new GrantRefused(error.name, error.message);
      throw error;
    }
    if (run.saved === undefined) throw new Error('the engine ended without saving a grant');
    return run.saved.value;
  },
};

/** The library's model for one request. Its members are named as the library wants them. */
class Run<T>
  implements
    OAuth2Server.AuthorizationCodeModel,
    OAuth2Server.RefreshTokenModel,
    OAuth2Server.ClientCredentialsModel
{
  readonly #never = () => Promise.reject(new Error('not used by the token endpoint'));
  readonly saveAuthorizationCode = this.#never;
  readonly getAccessToken = this.#never;
  saved: { readonly value: T } | undefined;
  /** What a step threw: the library would wrap it. */
  fault: { readonly error: unknown } | undefined;
  readonly #client: OAuth2Server.Client;
  readonly #ticket: string;
  readonly #steps: GrantSteps<T>;

  constructor(grant: GrantType, clientId: string, ticket: string, steps: GrantSteps<T>) {
    this.#client = { id: clientId, grants: [grant], ...lifetimes };
    this.#ticket = ticket;
    this.#steps = steps;
  }

  getClient(id: string, secret: string) {
    // Never judges a secret: with a verifier the library would ask for the client without one.
    const known = id === this.#client.id && secret === this.#ticket;
    return Promise.resolve(known ? this.#client : (false as const));
  }

  async getAuthorizationCode(authorizationCode: string) {
    const found = await this.#step(this.#steps.findCode);
    if (!found) return false as const;
    return {
      authorizationCode,
      // Whether it has ended was judged by our own clock.
      expiresAt: new Date(Date.now() + 60_000),
      redirectUri: found.redirectUri,
      client: { id: found.clientId, grants: [] },
      user,
      ...(found.challenge === undefined
        ? {}
        : { codeChallenge: found.challenge, codeChallengeMethod: 'S256' }),
    };
  }

  async revokeAuthorizationCode() {
    return (await this.#step(this.#steps.takeCode)) === true;
  }

  async getRefreshToken(refreshToken: string) {
    const found = await this.#step(this.#steps.findRefresh);
    if (!found) return false as const;
    return { refreshToken, client: { id: found.clientId, grants: [] }, user };
  }

  async revokeToken() {
    return (await this.#step(this.#steps.takeRefresh)) === true;
  }

  getUserFromClient() {
    return Promise.resolve(user);
  }

  /** Scopes are granted by our own rules before; the library never sees any. */
  validateScope() {
    return Promise.resolve(['granted before']);
  }

  /** Tokens are made where they are kept; these are never used. */
  generateAccessToken() {
    return Promise.resolve('made where it is kept');
  }
  generateRefreshToken() {
    return Promise.resolve('made where it is kept');
  }

  async saveToken(_token: unknown, client: OAuth2Server.Client) {
    const value = await this.#step(this.#steps.save);
    if (value === undefined) throw new Error('a grant cannot be saved');
    this.saved = { value };
    return { accessToken: 'made where it is kept', client, user };
  }

  async #step<R>(step: (() => Promise<R>) | undefined): Promise<R | undefined> {
    try {
      return await step?.();
    } catch (error) {
      this.fault = { error };
      throw error;
    }
  }
}
