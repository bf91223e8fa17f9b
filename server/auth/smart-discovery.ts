/**
 * The discovery documents of the SMART face, made from what is configured: `smart-configuration` beside the FHIR base
 * (SMART App Launch 2.2, conformance), OpenID Connect Discovery 1.0 and RFC 8414. Owns what is claimed, and claims nothing
 * that is not served.
 */
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { scopesOfSmartProducts } from './smart-doors.ts';
import { assertionAlgorithms, confidentialMethods } from './smart-clients.ts';
import type { ProviderKind } from './providers.ts';

/** What the documents are made from. */
export interface DiscoveryFacts {
  /** The absolute address of the face, which is the issuer. */
  readonly base: string;
  readonly catalogue: Catalogue;
  /** The kinds of people who can sign in here. */
  readonly kinds: readonly ProviderKind[];
  /** The face's address for mutual TLS; absent where nothing listens. */
  readonly tlsBase?: string | undefined;
}

/** What a server says of mutual TLS (RFC 8705 3.3 and 5). @param paths endpoints by their name, below the face */
export function mutualTlsMetadata(
  base: string | undefined,
  paths: Readonly<Record<string, string>>,
): object {
  if (base === undefined) return {};
  const aliases = Object.entries(paths).map(([name, path]) => [name, base + path]);
  return {
    tls_client_certificate_bound_access_tokens: true,
    mtls_endpoint_aliases: Object.fromEntries(aliases) as object,
  };
}

/** Of `<FHIR base>/.well-known/smart-configuration`. */
export function smartConfiguration(facts: DiscoveryFacts): object {
  return {
    ...common(facts),
    grant_types_supported: ['authorization_code', 'client_credentials'],
    token_endpoint_auth_methods_supported: methodsOf(facts),
    capabilities: capabilities(facts.kinds),
  };
}

/** Of OpenID Connect Discovery and RFC 8414, which say the same here. */
export function serverMetadata(facts: DiscoveryFacts): object {
  return {
    ...common(facts),
    userinfo_endpoint: `${facts.base}/userinfo`,
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    token_endpoint_auth_methods_supported: [...methodsOf(facts), 'none'],
    introspection_endpoint_auth_methods_supported: confidentialMethods,
    introspection_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    revocation_endpoint_auth_methods_supported: [...confidentialMethods, 'none'],
    revocation_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    response_modes_supported: ['query'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'fhirUser'],
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    authorization_response_iss_parameter_supported: true,
  };
}

/** A document as a reply, whatever Accept says. */
export function documentReply(exchange: Exchange, document: object): Reply {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' },
    ...(exchange.method === 'HEAD' ? {} : { body: JSON.stringify(document) }),
  };
}

function methodsOf({ tlsBase }: DiscoveryFacts): readonly string[] {
  return tlsBase === undefined ? confidentialMethods : [...confidentialMethods, 'tls_client_auth'];
}

function common({ base, catalogue, tlsBase }: DiscoveryFacts): object {
  return {
    ...mutualTlsMetadata(tlsBase, {
      token_endpoint: '/token',
      introspection_endpoint: '/introspect',
      revocation_endpoint: '/revoke',
      userinfo_endpoint: '/userinfo',
    }),
    issuer: base,
    jwks_uri: `${base}/jwks`,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    introspection_endpoint: `${base}/introspect`,
    revocation_endpoint: `${base}/revoke`,
    token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    scopes_supported: scopesOfSmartProducts(catalogue),
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
  };
}

function capabilities(kinds: readonly ProviderKind[]): readonly string[] {
  const workers = kinds.includes('nhs-cis2');
  const people = kinds.length > 0;
  return [
    ...(people ? ['launch-standalone', 'authorize-post'] : []),
    ...(workers ? ['launch-ehr'] : []),
    ...(people ? ['client-public'] : []),
    ...['client-confidential-symmetric', 'client-confidential-asymmetric'],
    ...(people ? ['sso-openid-connect', 'context-standalone-patient'] : []),
    ...(workers ? ['context-ehr-patient', 'context-ehr-encounter', 'context-banner'] : []),
    ...(people ? ['permission-offline', 'permission-patient'] : []),
    ...(workers ? ['permission-user'] : []),
    ...['permission-v1', 'permission-v2'],
  ];
}
