/**
 * The NHS face of the authorisation server as a table: `/oauth2`, and `/oauth2-mock` beside it where identity providers
 * are simulated. Same paths, verbs and bodies as the national service; discovery documents are an extra of ours.
 */
import { assemble, type Exchange, type Handler, type Reply } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { routes } from '../../core/routes.ts';
import { backchannelLogout, type LogoutOptions } from './logout.ts';
import { nhsAuthorize, nhsCallback, type NhsAuthorizeOptions } from './nhs-authorize.ts';
import { mutualTlsMetadata } from './smart-discovery.ts';
import { nhsToken, type NhsTokenOptions } from './nhs-token.ts';
import { oauthError, oauthErrors, type EdgeOptions } from './oauth-error.ts';
import { sameDigest, digest } from './tokens.ts';
import { userinfo, type UserinfoOptions } from './userinfo.ts';
import type { Policy } from '../../core/exchange.ts';

export interface NhsFaceOptions {
  readonly token: NhsTokenOptions;
  readonly authorize: NhsAuthorizeOptions;
  readonly userinfo: UserinfoOptions;
  readonly logout: LogoutOptions;
  readonly edge: EdgeOptions;
  /** Writes the audit; stands behind the error edge. */
  readonly audited: Policy;
  readonly version: string;
  /** Whether everything that tokens rest on can be used. Throws when not. */
  readonly check: () => Promise<void>;
  /** The key of `/_status`. */
  readonly statusKey: string;
  /** The face's address for mutual TLS; undefined where nothing listens. */
  readonly tlsBase?: (exchange: Exchange) => string | undefined;
}

/** The face without its base: `/token`, `/authorize` … */
export function nhsFace(options: NhsFaceOptions): Handler {
  const open = {
    'GET /_ping': () => Promise.resolve(json(200, ping(options))),
    'GET /_status': (x: Exchange) => status(options, x),
    'GET /.well-known/openid-configuration': (x: Exchange) =>
      Promise.resolve(discovery(options, x)),
  };
  const audited = {
    'POST /token': (x: Exchange) => nhsToken(options.token, x),
    'GET /authorize': (x: Exchange) => nhsAuthorize(options.authorize, x),
    'GET /callback': (x: Exchange) => nhsCallback(options.authorize, x),
    'GET /userinfo': (x: Exchange) => userinfo(options.userinfo, x),
    'POST /backchannel_logout': (x: Exchange) => backchannelLogout(options.logout, x),
  };
  const judged = options.audited(routes(audited, { notFound, notAllowed }));
  const table = routes(open, { notFound: judged, notAllowed: judged });
  return assemble([oauthErrors(options.edge)], table);
}

const notFound = () =>
  Promise.reject(oauthError(404, 'invalid_request', 'Not Found', { rule: 'path' }));

/** The national service answers another verb with an empty text. */
const notAllowed = (_exchange: Exchange, allowed: readonly string[]): Promise<Reply> =>
  Promise.resolve({
    status: 405,
    headers: {
      'content-type': 'text/plain',
      allow: allowed.join(', '),
      'cache-control': 'no-store',
    },
    body: '',
  });

function ping({ version }: NhsFaceOptions) {
  return { version, revision: version, releaseId: version, commitId: version };
}

async function status(options: NhsFaceOptions, { headers }: Exchange): Promise<Reply> {
  if (!sameDigest(digest(headers.apikey ?? ''), digest(options.statusKey)))
    throw oauthError(401, 'Access Denied', 'Invalid api key for _status monitoring endpoint', {
      rule: 'apikey',
    });
  const failed = await options.check().then(
    () => undefined,
    (error: unknown) => Problem.from(error).message,
  );
  const outcome = failed === undefined ? 'pass' : 'fail';
  return json(200, {
    status: outcome,
    ...ping(options),
    checks: { 'store:status': { status: outcome, outcome: failed ?? 'store and audit answer' } },
  });
}

/** OpenID Connect Discovery 1.0 and RFC 8414: an extra, for the national service publishes neither. */
function discovery({ authorize, tlsBase }: NhsFaceOptions, exchange: Exchange): Reply {
  const base = authorize.base(exchange);
  const tls = tlsBase?.(exchange);
  return json(200, {
    issuer: base,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    userinfo_endpoint: `${base}/userinfo`,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:token-exchange',
    ],
    scopes_supported: ['nhs-cis2', 'nhs-login'],
    token_endpoint_auth_methods_supported: [
      'private_key_jwt',
      'client_secret_post',
      ...(tls === undefined ? [] : ['tls_client_auth']),
    ],
    token_endpoint_auth_signing_alg_values_supported: ['RS512'],
    code_challenge_methods_supported: ['S256'],
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    ...mutualTlsMetadata(tls, { token_endpoint: '/token', userinfo_endpoint: '/userinfo' }),
  });
}

function json(statusCode: number, value: object): Reply {
  return {
    status: statusCode,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  };
}
