/** The published description of a provider (OpenID Connect Discovery 1.0) and its key set (RFC 7517). */
import type { Handler } from '../../../core/exchange.ts';
import { knownAcrs } from './assurance.ts';
import { claimNames } from './claim-names.ts';
import { algorithmOf, assertionAlgorithms, scopesOf } from './kinds.ts';
import { paths, type SimulatedOptions } from './options.ts';

export function describeProvider({ kind, issuer }: SimulatedOptions): Handler {
  return () => {
    const at = (path: string) => issuer() + path;
    return Promise.resolve(
      json({
        issuer: issuer(),
        authorization_endpoint: at(paths.authorize),
        token_endpoint: at(paths.token),
        userinfo_endpoint: at(paths.userinfo),
        jwks_uri: at(paths.keys),
        scopes_supported: scopesOf(kind),
        response_types_supported: ['code'],
        response_modes_supported: ['query'],
        grant_types_supported:
          kind === 'nhs-cis2' ? ['authorization_code'] : ['authorization_code', 'refresh_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: [algorithmOf(kind)],
        token_endpoint_auth_methods_supported: [
          'client_secret_post',
          'client_secret_basic',
          'private_key_jwt',
        ],
        token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms(kind),
        code_challenge_methods_supported: ['S256'],
        claims_supported: claimNames(kind),
        claims_parameter_supported: false,
        request_parameter_supported: false,
        request_uri_parameter_supported: false,
        authorization_response_iss_parameter_supported: true,
        prompt_values_supported: ['none', 'login'],
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        ...(kind === 'nhs-cis2' ? { acr_values_supported: knownAcrs } : { vtr_supported: true }),
      }),
    );
  };
}

export function publishKeys({ keys }: SimulatedOptions): Handler {
  return async () => json({ keys: await keys.published() });
}

function json(value: unknown) {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' },
    body: JSON.stringify(value),
  };
}
