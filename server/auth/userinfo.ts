/** Userinfo of the NHS face: what CIS2 tells of the worker behind a combined sign-in, asked for with CIS2's own token. */
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/environments.ts';
import { bearerOf } from '../../core/bearer.ts';
import { mayBeUsed } from './client-certificate.ts';
import type { Families, Family } from './families.ts';
import { noStore, noteClient, oauthError } from './oauth-error.ts';
import type { IdentityProvider } from './providers.ts';
import { SignInFault, type RelyingParty } from './relying-party.ts';
import type { Sealer } from './sealing.ts';
import { Problem } from '../../core/problem.ts';

export interface UserinfoOptions {
  readonly environment: Environment;
  readonly catalogue: Catalogue;
  readonly families: Families;
  readonly providers: () => readonly IdentityProvider[];
  readonly relyingParty: RelyingParty;
  readonly sealer: Sealer;
}

/** `GET /oauth2/userinfo`. */
export async function userinfo(options: UserinfoOptions, exchange: Exchange): Promise<Reply> {
  const family = await familyOf(options, exchange);
  noteClient(exchange, family.appId);
  const { user, sealed } = family;
  const opened =
    sealed === undefined ? undefined : options.sealer.open(sealed, user?.subject ?? '');
  if (user?.kind !== 'nhs-cis2' || opened === undefined) throw notCombined();
  // sealed by nhs-authorize.ts, in this form
  const kept = JSON.parse(opened) as { provider: string; accessToken: string };
  const provider = options.providers().find(({ name }) => name === kept.provider);
  if (!provider) throw notCombined();
  try {
    const told = await options.relyingParty.userinfo(provider, kept.accessToken, user.subject);
    return {
      status: 200,
      headers: { ...noStore, 'content-type': 'application/json' },
      body: JSON.stringify(told),
    };
  } catch (error) {
    if (!(error instanceof SignInFault)) throw error;
    if (error.kind === 'unreachable')
      throw new Problem('unavailable', 'The identity provider cannot be reached', {
        headers: { 'retry-after': '5' },
      });
    throw invalidToken('the provider no longer accepts the sign-in');
  }
}

async function familyOf(
  { families, environment, catalogue }: UserinfoOptions,
  exchange: Exchange,
): Promise<Family> {
  const bearer = bearerOf(exchange);
  if ('fault' in bearer) throw invalidToken(bearer.fault);
  const judged = await families.judge(bearer.token);
  if (judged.state === 'expired') throw invalidToken('Access Token expired');
  if (
    judged.state !== 'live' ||
    judged.family.environment !== environment ||
    judged.family.face !== 'nhs' ||
    !mayBeUsed(judged.family.certificate, exchange) ||
    catalogue.client(judged.family.clientId)?.registration.state !== 'approved'
  )
    throw invalidToken('Invalid Access Token');
  return judged.family;
}

function invalidToken(description: string) {
  return oauthError(
    401,
    'invalid_token',
    description,
    { rule: 'access token' },
    {
      'www-authenticate': 'Bearer realm="userinfo", error="invalid_token"',
    },
  );
}

function notCombined() {
  return oauthError(
    400,
    'invalid_request',
    'The Userinfo endpoint is only supported for Combined Auth integrations. Currently this is only for NHS CIS2 authentications - for more guidance see https://digital.nhs.uk/developer/guides-and-documentation/security-and-authorisation/user-restricted-restful-apis-nhs-cis2-combined-authentication-and-authorisation',
    { rule: 'combined sign-in by CIS2' },
  );
}
