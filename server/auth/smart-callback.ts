/** Where identity providers send people back to: on to the app's request, or into the launch page. */
import type { Exchange, Reply } from '../../core/exchange.ts';
import { oauthError } from './oauth-error.ts';
import { noteUser, refuseApp, seeOther } from './smart-answers.ts';
import { through } from './smart-doors.ts';
import type { SmartParts } from './smart-parts.ts';
import { proceed } from './smart-proceed.ts';
import { openSession } from './smart-sessions.ts';
import { comeBack } from './smart-sign-in.ts';
import { withCookies } from './smart-steps.ts';

/** `GET /smart/callback`. The way's cookie is replaced, whatever comes of it (session fixation). */
export async function smartCallback(parts: SmartParts, exchange: Exchange): Promise<Reply> {
  const { step, forgotten, outcome } = await comeBack(parts, exchange);
  const reply = step.asked
    ? 'user' in outcome
      ? await proceed(parts, exchange, step.asked, outcome.user)
      : refuseApp(parts, exchange, step.asked, outcome.error, outcome.description)
    : await intoLaunchPage(parts, exchange, outcome);
  const set = reply.headers?.['set-cookie'] ?? [];
  return withCookies(reply, forgotten, ...(typeof set === 'string' ? [set] : set));
}

async function intoLaunchPage(
  parts: SmartParts,
  exchange: Exchange,
  outcome: Awaited<ReturnType<typeof comeBack>>['outcome'],
): Promise<Reply> {
  if (!('user' in outcome))
    throw oauthError(403, 'access_denied', 'Nobody was signed in.', {
      rule: 'sign-in at the launch page',
      found: outcome.error.slice(0, 100),
    });
  const { user } = outcome;
  noteUser(exchange, undefined, user);
  const left = through([], user);
  if ('refusal' in left || user.kind !== 'nhs-cis2')
    throw oauthError(403, 'access_denied', 'This sign-in is too weak to open records.', {
      rule: 'level of the sign-in',
      expected: 'aal2 or aal3',
      found: user.level,
    });
  const cookie = await openSession(parts, user);
  return withCookies(seeOther(`${parts.base(exchange)}/launch`), cookie);
}
