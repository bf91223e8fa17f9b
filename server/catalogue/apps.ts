/**
 * Apps: consumers' applications. An App is the OAuth client, once per environment (its registrations).
 * Owns the shape and the collection; who may change what is in administration, what is read on each call in catalogue.ts.
 */
import type { CollectionOf } from '../../core/store.ts';
import type { Environment } from './environments.ts';
import type { RateLimits } from './products.ts';

/** What an App is for; it decides which access modes are open to it (R072). */
export type AppKind = 'point-of-care' | 'patient-facing' | 'unattended';

export interface App {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** ODS code of the organisation that answers for it. */
  readonly owner: string;
  readonly kinds: readonly AppKind[];
  /** Whom to write to; never shown to others. */
  readonly contact: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly registrations: Readonly<Partial<Record<Environment, Registration>>>;
  /** It was deleted: it is registered nowhere, and here only so that what speaks of it can still name it. */
  readonly ended?: { readonly by: string; readonly at: number };
}

/** An App in one environment: its credentials and facts there. */
export interface Registration {
  /** The OAuth client id, which is the API key: an identifier, no proof. Unique over all environments. */
  readonly clientId: string;
  readonly state: 'pending' | 'approved' | 'revoked';
  /** At most two live ones, so that one can be replaced without a gap. */
  readonly secrets: readonly Secret[];
  /** The public keys that its assertions are checked with. */
  readonly keys: RegisteredKeys | undefined;
  /** Compared byte for byte. */
  readonly redirectUris: readonly string[];
  /** Web origins that may call from a browser, beside those of the redirect URIs. */
  readonly origins: readonly string[];
  /** Where an EHR launch opens it (SMART App Launch). */
  readonly launchUrl?: string;
  /** How it authenticates on the SMART face; `none` is a public client. */
  readonly smartAuthentication: 'none' | 'client_secret_basic' | 'private_key_jwt';
  /** The client ids it has at identity providers of its own, for the exchange of id_tokens. */
  readonly providerClients: readonly ProviderClient[];
  /** 12 digits; absent until one is given. */
  readonly asid?: string;
  readonly partyKey?: string;
  /**
   * How its client certificate counts at token endpoints (RFC 8705 2): alone, or beside the secret or assertion that it
   * proves itself with. Absent: it is not asked for.
   */
  readonly tlsClientAuth?: 'alone' | 'beside';
  /** The DNS name that this certificate must bear; in lower case. Absent: any of a deployment of the App. */
  readonly tlsClientAuthSanDns?: string;
  /** Whether its access tokens are good on connections with the certificate they were asked for with alone (RFC 8705 3). */
  readonly tlsClientCertificateBoundAccessTokens?: boolean;
  /** Settings by agreement, such as `pds.app-restricted.update`. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Limits of its own, by Product: they win over the Product's. */
  readonly limits?: Readonly<Record<string, RateLimits>>;
  /** Test aids; off in production unless switched on. */
  readonly switches: { readonly shorterLifetimes: boolean };
}

export interface ProviderClient {
  readonly provider: 'nhs-cis2' | 'nhs-login';
  readonly clientId: string;
}

/** A client secret as kept: a keyed hash, never the secret. */
export interface Secret {
  readonly id: string;
  /** HMAC-SHA-256 with the platform's pepper, base64url. */
  readonly hash: string;
  readonly created: number;
  /** When it stops working; absent while it is current. */
  readonly ends?: number;
}

/** Public keys, by value or by the address of a key set (never both, RFC 7591 2). */
export type RegisteredKeys =
  | { readonly kind: 'value'; readonly keys: readonly PublicJwk[] }
  | { readonly kind: 'url'; readonly url: string };

/** A public key as registered (RFC 7517): checked at the door, so readers may rely on it. */
export interface PublicJwk {
  readonly kty: 'RSA' | 'EC';
  readonly kid: string;
  readonly use?: string;
  readonly alg?: string;
  readonly n?: string;
  readonly e?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
}

export const appCollection: CollectionOf<App> = {
  name: 'catalogue.apps',
  keys: (app) => ({
    all: [['all']],
    owner: app.ended ? [] : [[app.owner]],
    clientId: Object.values(app.registrations).map(({ clientId }) => [clientId]),
  }),
};
