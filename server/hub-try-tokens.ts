/**
 * Tokens for Try it, got the way an app gets them: over HTTP from this server's own endpoints, with an assertion signed here
 * and a sign-in at a simulated provider. Owns these requests; where tokens are kept is the hub's.
 */
import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { Problem } from '../core/problem.ts';
import type { Addresses } from './addresses.ts';
import { decodeJwt, textOf } from './auth/jwt.ts';
import type { ProviderFetch } from './auth/relying-party.ts';
import { paths } from './auth/simulated/options.ts';
import {
  signedInPath,
  type GotToken,
  type SignInAsked,
  type TokenClient,
  type TryTokens,
} from './portal/try-ports.ts';
import { realmPath } from './simulated-sign-in.ts';

export interface TryTokensOptions {
  readonly addresses: Addresses;
  readonly clock: Clock;
  /** Calls by public addresses; this server's own are reached on its port. */
  readonly call: ProviderFetch;
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token';

export function tryTokens(options: TryTokensOptions): TryTokens {
  const { addresses } = options;
  const redirectUri = () => addresses.root + signedInPath;
  const redeem = async (asked: SignInAsked, code: string, nonce: string) => {
    const secret = await clientSecret(options, asked);
    const answer = await post(
      options,
      addresses.root + realmPath(asked.kind, asked.environment) + paths.token,
      {
        ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri() },
        ...{ client_id: asked.clientId, client_secret: secret },
      },
    );
    const idToken = memberOf(answer, 'id_token');
    const jwt = decodeJwt(idToken);
    if ('fault' in jwt || textOf(jwt.claims, 'nonce') !== nonce)
      throw new Problem('upstream', 'The provider answered with the sign-in of somebody else');
    return idToken;
  };
  const authorizeUrl = (asked: SignInAsked, state: string, nonce: string) => {
    const query = new URLSearchParams({
      ...{ client_id: asked.clientId, redirect_uri: redirectUri(), response_type: 'code' },
      ...{ scope: 'openid profile', state, nonce },
    });
    return `${addresses.root}${realmPath(asked.kind, asked.environment)}${paths.authorize}?${query.toString()}`;
  };
  return {
    redeem,
    authorizeUrl,
    forApp: (client) => token(options, client, { grant_type: 'client_credentials' }),
    forUser: (client, idToken) =>
      token(options, client, {
        ...{ grant_type: exchangeGrant, subject_token: idToken, subject_token_type: idTokenType },
      }),
    async signIn(asked, username) {
      const [state, nonce] = [randomUUID(), randomUUID()];
      const url = `${authorizeUrl(asked, state, nonce)}&${new URLSearchParams({ login_hint: username }).toString()}`;
      const { headers } = await options.call(url, get({}));
      const back = new URL(headers.get('location') ?? addresses.root);
      const code = back.searchParams.get('code');
      if (code !== null && back.searchParams.get('state') === state)
        return redeem(asked, code, nonce);
      const why = back.searchParams.get('error_description') ?? back.searchParams.get('error');
      throw new Problem(
        'upstream',
        `The sign-in of the test user ended: ${said(why ?? 'the provider asks for more')}`,
      );
    },
  };
}

/** What an app has for a secret at the simulated providers. */
async function clientSecret(
  { addresses, call }: TryTokensOptions,
  asked: SignInAsked,
): Promise<string> {
  const url = addresses.of(asked.environment, '/mock-jwks/keycloak-client-credentials');
  const response = await call(url, get({ apikey: asked.clientId }));
  const credentials = (await membersOf(response)).cis2;
  if (typeof credentials === 'object' && credentials !== null && 'client_secret' in credentials)
    return String(credentials.client_secret);
  throw new Problem(
    'upstream',
    'The simulated sign-in does not know this app: it must be approved in this environment',
  );
}

function get(headers: Record<string, string>) {
  return { method: 'GET', headers, redirect: 'manual', body: undefined } as const;
}

async function token(
  options: TryTokensOptions,
  client: TokenClient,
  grant: Readonly<Record<string, string>>,
): Promise<GotToken> {
  const url = options.addresses.of(client.environment, '/oauth2/token');
  const answer = await post(options, url, {
    ...grant,
    client_assertion_type: assertionType,
    client_assertion: assertionOf(client, url, Math.floor(options.clock.now() / 1000)),
  });
  return { token: memberOf(answer, 'access_token'), expiresIn: Number(answer.expires_in) || 0 };
}

/** Good for a minute (RFC 7523 3). */
function assertionOf({ clientId, key }: TokenClient, aud: string, now: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: clientId, sub: clientId, aud, jti: randomUUID(), iat: now, exp: now + 60 };
  const signed = `${part({ alg: 'RS512', typ: 'JWT', kid: key.kid })}.${part(claims)}`;
  const signature = sign('sha512', Buffer.from(signed), createPrivateKey(key.privateKey));
  return `${signed}.${signature.toString('base64url')}`;
}

type Members = Readonly<Record<string, unknown>>;

async function post(
  { call }: TryTokensOptions,
  url: string,
  fields: Readonly<Record<string, string>>,
): Promise<Members> {
  const response = await call(url, {
    ...{ method: 'POST', redirect: 'manual', body: new URLSearchParams(fields) },
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  const answer = await membersOf(response);
  if (response.status === 200) return answer;
  const what = [answer.error, answer.error_description].filter((one) => typeof one === 'string');
  throw new Problem(
    'upstream',
    `${new URL(url).pathname} answered ${response.status}: ${said(what.join(', '))}`,
    typeof answer.message_id === 'string' ? { code: said(answer.message_id) } : {},
  );
}

async function membersOf(response: Response): Promise<Members> {
  try {
    const value: unknown = await response.json();
    return typeof value === 'object' && value !== null ? (value as Members) : {}; // an object, as just seen
  } catch {
    return {};
  }
}

function memberOf(answer: Members, name: string): string {
  const value = answer[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new Problem('upstream', `The answer has no ${name}`);
}

/** What another said, on one short line. */
function said(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, ' ').slice(0, 300);
}
