/**
 * The steps of a person's way: each is a secret in a form or address that works once, good only in the browser that
 * holds the cookie of the way, and only when sent from one of our own pages. Owns that binding; what a step is for, its
 * own file says.
 */
import type { Exchange, Reply } from '../../core/exchange.ts';
import { FormFault, isForm, parseForm, readForm, type Form } from './form.ts';
import { oauthError, type Reason } from './oauth-error.ts';
import type { SmartParts, SmartStep, StepOf } from './smart-parts.ts';
import { digest, newSecret, sameDigest } from './tokens.ts';

/** People type slowly. */
const stepLifetime = 600_000;

/** The browser side of a way: its cookie and what is kept of it. */
export interface Browser {
  readonly flow: string;
  readonly browser: string;
  readonly setCookie: string;
}

/** A new value for the browser, for a new way or, after a sign-in, for one that goes on (session fixation). */
export function newBrowser({ cookies }: Pick<SmartParts, 'cookies'>, flow = newFlow()): Browser {
  const secret = newSecret();
  const setCookie = cookies.set(cookieOf(flow), secret, stepLifetime / 1000);
  return { flow, browser: digest(secret), setCookie };
}

/** The cookie's removal, when a way ends. */
export function forget({ cookies }: Pick<SmartParts, 'cookies'>, flow: string): string {
  return cookies.set(cookieOf(flow), '', 0);
}

/** Keeps a step; gives its secret. */
export function issueStep({ steps, now }: SmartParts, step: SmartStep): Promise<string> {
  return steps.issue(step, now() + stepLifetime);
}

/** Takes the step of a secret. @throws Problem 400 for one made up, used, past its end, or of another browser. */
export async function takeStep<K extends SmartStep['kind']>(
  parts: SmartParts,
  exchange: Exchange,
  secret: string,
  kind: K,
): Promise<StepOf<K>> {
  const found = await parts.steps.find(secret);
  const held = found && parts.cookies.read(exchange, cookieOf(found.value.flow));
  // A stranger's browser does not spend it either.
  if (!found || held === undefined || !sameDigest(digest(held), found.value.browser))
    throw invalidStep(kind, {
      rule: found ? 'the browser that began' : 'step known',
      expected: found
        ? 'the cookie that was set when it began'
        : 'a value given out within the last 10 minutes',
    });
  if (found.value.environment !== parts.environment || found.value.kind !== kind)
    throw invalidStep(kind, { rule: 'step of this place' });
  const taken = await parts.steps.take(secret, kind);
  if (taken.state !== 'taken')
    throw invalidStep(kind, { rule: 'step not used, not past its end', found: taken.state });
  return taken.value as StepOf<K>; // its kind was looked at above, and a document's value never changes its kind
}

/** The query as a form. @throws Problem 400 */
export function queryOf({ rawQuery }: Exchange): Form {
  return read(() => parseForm(rawQuery), 'query');
}

/** The form in the body. @throws Problem 400 or 415 */
export async function bodyOf(exchange: Exchange): Promise<Form> {
  if (!isForm(exchange))
    throw oauthError(
      415,
      'invalid_request',
      'Content-Type must be application/x-www-form-urlencoded',
      { rule: 'content type' },
    );
  try {
    return await readForm(exchange);
  } catch (error) {
    throw toProblem(error, 'form');
  }
}

/** The form of one of our own pages. @throws Problem 403 when another page sent it. */
export async function ownForm(parts: SmartParts, exchange: Exchange): Promise<Form> {
  const { origin } = exchange.headers;
  const own = new URL(parts.base(exchange)).origin;
  const from = exchange.headers['sec-fetch-site'] ?? 'same-origin';
  if ((origin !== undefined && origin !== own) || from !== 'same-origin')
    throw oauthError(403, 'access_denied', 'The form was not sent by a page of this server.', {
      rule: 'origin of the form',
      expected: own,
      found: (origin ?? from).slice(0, 200),
    });
  return bodyOf(exchange);
}

/** A reply that also sets cookies. */
export function withCookies(reply: Reply, ...cookies: readonly string[]): Reply {
  return { ...reply, headers: { ...reply.headers, 'set-cookie': cookies } };
}

function newFlow(): string {
  return newSecret().slice(0, 12).replaceAll('_', 'x');
}

function cookieOf(flow: string): string {
  return `smart-${flow}`;
}

function invalidStep(kind: SmartStep['kind'], reason: Reason) {
  return oauthError(
    400,
    'invalid_request',
    kind === 'sign-in'
      ? 'Invalid state parameter.'
      : 'This page has been answered already, is too old, or belongs to another browser.',
    reason,
  );
}

function read<T>(work: () => T, what: string): T {
  try {
    return work();
  } catch (error) {
    throw toProblem(error, what);
  }
}

function toProblem(error: unknown, what: string): unknown {
  return error instanceof FormFault
    ? oauthError(400, 'invalid_request', error.message, { rule: `${what}: ${error.kind}` })
    : error;
}
