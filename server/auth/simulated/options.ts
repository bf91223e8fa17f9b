/** What a simulated provider is made of, and what it knows of the applications that send people to it. Only types. */
import type { Clock } from '../../../core/clock.ts';
import type { Store } from '../../../core/store.ts';
import type { VerifyingKey } from '../signature.ts';
import type { Identities } from './identities.ts';
import type { SimulatedKeys } from './keys.ts';
import type { ProviderKind } from './kinds.ts';

/** An application as the provider knows it (the relying party). */
export interface SimulatedClient {
  readonly clientId: string;
  readonly name: string;
  /** Compares in constant time. */
  secretMatches(secret: string): boolean;
  /** Public keys for `private_key_jwt`. */
  keys(): Promise<readonly VerifyingKey[]>;
  /** Compared byte for byte. */
  readonly redirectUris: readonly string[];
  /** Where its back-channel logout listens. */
  readonly logoutUri?: string;
  /** Scopes it is given without asking, as the national mock's clients are. */
  readonly defaultScopes?: readonly string[];
}

export interface SimulatedOptions {
  readonly kind: ProviderKind;
  /** The issuer, without a trailing slash; the path of an exchange is relative to it. */
  readonly issuer: () => string;
  readonly people: Identities;
  readonly clients: (clientId: string) => SimulatedClient | undefined;
  readonly keys: SimulatedKeys;
  readonly store: Store;
  readonly clock: Clock;
  /** Sends a form to another server and gives the status it answers; may reject when nobody answers. */
  readonly post: (url: string, form: string) => Promise<number>;
  /** Waits so many milliseconds: how a slow answer is rehearsed. */
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** The addresses of a provider, in the national mock's layout. */
export const paths = {
  discovery: '/.well-known/openid-configuration',
  authorize: '/protocol/openid-connect/auth',
  token: '/protocol/openid-connect/token',
  keys: '/protocol/openid-connect/certs',
  userinfo: '/protocol/openid-connect/userinfo',
  answer: '/login-actions/authenticate',
  sessions: '/sessions',
  logout: '/sessions/logout',
  rotate: '/sessions/rotate',
} as const;
