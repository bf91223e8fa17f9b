/**
 * Sends what stands in a console: proves the caller as was chosen, gives it to the relay, and tells what came back or why
 * nothing did. Owns these steps; nothing of a proof goes to the page.
 */
import { randomUUID } from 'node:crypto';
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { FormRefused } from './form.ts';
import type { Move, SignedIn, Visit } from './page.ts';
import { code } from './parts.ts';
import type { RelayAnswer } from './relay.ts';
import { actorIn } from './teams.ts';
import { isSignIn } from './try-access.ts';
import { answerView } from './try-answer.ts';
import { clientOf, type Mine } from './try-choice.ts';
import type { Desk, TryParts } from './try-desk.ts';
import { provenFields, type Secrets, type TryRequest } from './try-request.ts';
import type { TokenWish } from './try-tokens.ts';

/** What is shown after a call: the request as it went out, and what came of it. */
export interface Shown {
  readonly answer?: Html;
  readonly request?: TryRequest;
}

/** @throws FormRefused when the caller cannot be proved as was chosen */
export async function send(parts: TryParts, visit: Visit, desk: Desk): Promise<Shown | Move> {
  if (!desk.request)
    throw new FormRefused([{ text: 'The path of this operation cannot be sent from here' }]);
  const request = withId(desk.request);
  try {
    const proven = await prove(parts, visit, desk);
    if ('to' in proven) return proven;
    const answer = await call(parts, visit, request, proven);
    const id = request.headers.find(([name]) => name.toLowerCase() === 'x-request-id')?.[1] ?? '';
    if (answer.status === 401 && proven.wish)
      await parts.tokens.forget(proven.wish.visit, proven.wish);
    return { request, answer: answerView(answer, `/explain/call?id=${encodeURIComponent(id)}`) };
  } catch (error) {
    const problem = Problem.from(error);
    if (!['upstream', 'unavailable', 'not-found'].includes(problem.kind)) throw error;
    return { request, answer: noAnswer(problem) };
  }
}

/** An id of the call, where nobody typed one. */
function withId(request: TryRequest): TryRequest {
  const has = request.headers.some(([name]) => name.toLowerCase() === 'x-request-id');
  return has
    ? request
    : { ...request, headers: [...request.headers, ['X-Request-ID', randomUUID()]] };
}

interface Proven extends Secrets {
  readonly identity?: { readonly certificate: string; readonly privateKey: string };
  readonly wish?: Omit<TokenWish, 'key'> & { readonly visit: SignedIn };
}

async function prove(parts: TryParts, visit: Visit, desk: Desk): Promise<Proven | Move> {
  const { access, mine, place } = desk.choice;
  const key =
    mine && visit.me
      ? await parts.keys.revealed(actorIn(mine.team, visit.me.actor), mine.subscription)
      : undefined;
  const base = key === undefined ? {} : { subscriptionKey: key };
  if (access === 'none') return base;
  if (!visit.me || !mine)
    throw new FormRefused([
      {
        field: 'access',
        text: visit.me
          ? 'Choose the subscription of an app that is to call so'
          : 'Sign in to call with an app of your own, or choose no authorisation',
      },
    ]);
  if (access === 'certificate') {
    const identity = await parts.keys.identity(mine.app, place.environment);
    if (!identity) throw lacking('Make a client certificate of the app first');
    return { ...base, identity };
  }
  return proveByToken(parts, { ...visit, me: visit.me }, desk, mine, base);
}

async function proveByToken(
  { hub, keys, tokens }: TryParts,
  visit: SignedIn,
  { choice, form }: Desk,
  mine: Mine,
  base: Secrets,
): Promise<Proven | Move> {
  const { access, place, testUser } = choice;
  const client = clientOf(hub, choice);
  const key = await keys.signingKey(mine.app, place.environment);
  if (!client || !key) throw lacking('Make a signing key of the app first');
  const by = isSignIn(access) ? access : 'app';
  const username = isSignIn(access) ? testUser?.username : undefined;
  const wish = { client, by, ...(username === undefined ? {} : { username }) } as const;
  const token = await tokens.find(visit, { ...wish, key });
  if (token === undefined && isSignIn(access))
    return { to: await tokens.leave(visit, client, access, form) };
  if (token === undefined) throw lacking('There is no token');
  return { ...base, token, wish: { ...wish, visit } };
}

function lacking(text: string): FormRefused {
  return new FormRefused([{ field: 'access', text }]);
}

function call(
  { hub }: TryParts,
  visit: Visit,
  request: TryRequest,
  proven: Proven,
): Promise<RelayAnswer> {
  const { environment, api, base, method, path, body } = request;
  return hub.tryIt.relay({
    ...{ environment, api, base, method, path, headers: provenFields(request, proven) },
    ...(body === undefined ? {} : { body }),
    caller: visit.call.address,
    ...(proven.identity ? { identity: proven.identity } : {}),
  });
}

function noAnswer({ message, code: reference }: Problem): Html {
  const known = reference !== undefined && /^[0-9a-f-]{36}$/i.test(reference);
  return html`<h2 tabindex="-1" id="answer-heading">No response</h2>
<p>${message}</p>
${known ? html`<p>Its message_id is ${code(reference)}: <a href="/explain/call?id=${reference}">look up why</a>.</p>` : undefined}`;
}
