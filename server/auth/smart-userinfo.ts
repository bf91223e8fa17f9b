/** Userinfo of the SMART face (OpenID Connect Core 5.3): who is behind a token that holds `openid`. */
import { bearerOf } from '../../core/bearer.ts';
import type { Exchange, Reply } from '../../core/exchange.ts';
import { mayBeUsed } from './client-certificate.ts';
import { noStore, oauthError } from './oauth-error.ts';
import { noteUser } from './smart-answers.ts';
import { fhirUserOf, subOf } from './smart-doors.ts';
import type { JudgeSmartToken } from './smart-judge.ts';
import type { SmartParts } from './smart-parts.ts';

/** `GET` and `POST /smart/userinfo`. */
export async function smartUserinfo(
  parts: SmartParts,
  judge: JudgeSmartToken,
  exchange: Exchange,
): Promise<Reply> {
  const bearer = bearerOf(exchange);
  if ('fault' in bearer) throw refused(401, 'invalid_token', bearer.fault);
  const judged = await judge(bearer.token);
  if (judged.state !== 'live' || !mayBeUsed(judged.certificate, exchange))
    throw refused(401, 'invalid_token', 'the access token is not known, has ended or was revoked');
  const { family, scopes, client } = judged.facts;
  const { user } = family;
  if (!user || !scopes.includes('openid'))
    throw refused(403, 'insufficient_scope', 'the token does not hold openid');
  noteUser(exchange, client, user);
  const claims = {
    sub: subOf(user),
    ...(scopes.includes('fhirUser')
      ? { fhirUser: fhirUserOf(user, parts.fhirBase(exchange)) }
      : {}),
  };
  return {
    status: 200,
    headers: { ...noStore, 'content-type': 'application/json' },
    body: JSON.stringify(claims),
  };
}

function refused(status: number, error: string, description: string) {
  const challenge = `Bearer realm="smart", error="${error}"${status === 403 ? ', scope="openid"' : ''}`;
  return oauthError(
    status,
    error,
    description,
    { rule: 'access token' },
    {
      'www-authenticate': challenge,
    },
  );
}
