/** What Try it asks of the rest of the platform: the relay, tokens as an app gets them, and people to sign in as. Only types. */
import type { Environment } from '../catalogue/environments.ts';
import type { Relay } from './relay.ts';

/** Whom somebody signs in with. */
export type SignInKind = 'nhs-cis2' | 'nhs-login';

/** A private key of an app, and the id under which its public half is registered. */
export interface SigningKey {
  readonly kid: string;
  /** PKCS#8 PEM. */
  readonly privateKey: string;
}

/** Who asks for a token. */
export interface TokenClient {
  readonly environment: Environment;
  readonly clientId: string;
  readonly key: SigningKey;
}

export interface GotToken {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
}

export interface TestUser {
  readonly username: string;
  readonly name: string;
  /** `AAL3`, `P9` */
  readonly level: string;
}

/** A sign-in at a provider on behalf of an app. */
export interface SignInAsked {
  readonly environment: Environment;
  readonly clientId: string;
  readonly kind: SignInKind;
}

/** Each @throws Problem `upstream` with what the endpoint said, its message_id in `code` */
export interface TryTokens {
  /** By a signed assertion (client credentials). */
  forApp(client: TokenClient): Promise<GotToken>;
  /** An id_token for an access token (token exchange). */
  forUser(client: TokenClient, idToken: string): Promise<GotToken>;
  /** Signs a test user in, as a browser would; gives the id_token. */
  signIn(asked: SignInAsked, username: string): Promise<string>;
  /** Where a browser goes to sign in; it comes back to `signedInPath`. */
  authorizeUrl(asked: SignInAsked, state: string, nonce: string): string;
  /** The id_token for the code that the browser came back with. */
  redeem(asked: SignInAsked, code: string, nonce: string): Promise<string>;
}

/** Where a sign-in at a provider comes back to. */
export const signedInPath = '/try/signed-in';

export interface TryPorts {
  readonly relay: Relay;
  readonly tokens: TryTokens;
  /** The first is the one that is offered; none where nobody is simulated. */
  testUsers(environment: Environment, kind: SignInKind): readonly TestUser[];
  /** Keys of the apps that come with a laptop installation. */
  shippedKey(appId: string, environment: Environment): SigningKey | undefined;
  /** A new key and a request for a certificate with this name. */
  certificateRequest(fqdn: string): Promise<{ readonly privateKey: string; readonly csr: string }>;
  /** Whether an environment can be called with a certificate. */
  listensForCertificates(environment: Environment): boolean;
  /** The address of an environment as callers use it; with a client certificate. */
  readonly address: (environment: Environment, path: string) => string;
  readonly mutualAddress: (environment: Environment, path: string) => string;
}
