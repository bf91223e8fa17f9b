/**
 * The authorization endpoint of the SMART face (SMART App Launch 2.2, RFC 6749 4.1.1): checks what an app asks for and
 * sends the person to sign in. Owns the order of checks; a wrong client or redirect URI is told to the person, everything
 * else to the app.
 */
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Client } from '../catalogue/catalogue.ts';
import type { Form } from './form.ts';
import { noteClient, oauthError } from './oauth-error.ts';
import type { ProviderKind } from './providers.ts';
import { SignInFault } from './relying-party.ts';
import { clientOf, refuseApp } from './smart-answers.ts';
import { isState, readAsked } from './smart-asked.ts';
import { doorsFor } from './smart-doors.ts';
import { sessionOf } from './smart-sessions.ts';
import { choicePage } from './smart-pages.ts';
import type { SmartAsked, SmartParts } from './smart-parts.ts';
import { proceed } from './smart-proceed.ts';
import { away, leave, providerFor } from './smart-sign-in.ts';
import { bodyOf, issueStep, newBrowser, queryOf, takeStep, withCookies } from './smart-steps.ts';

/** `GET` and `POST /smart/authorize`. */
export async function smartAuthorize(parts: SmartParts, exchange: Exchange): Promise<Reply> {
  parts.limiter.checkSignIn(exchange);
  const form = exchange.method === 'POST' ? await bodyOf(exchange) : queryOf(exchange);
  const client = knownClient(parts, exchange, form);
  const redirectUri = knownRedirect(form, client);
  const state = form.get('state');
  const answerable = { redirectUri, ...(isState(state) ? { state } : {}) };
  const read = await readAsked(parts, form, client, redirectUri);
  if ('error' in read) return refuseApp(parts, exchange, answerable, read.error, read.description);
  return toSignIn(parts, exchange, client, read);
}

/** `GET /smart/sign-in`: the way chosen on the page that offers both. */
export async function smartChosen(parts: SmartParts, exchange: Exchange): Promise<Reply> {
  const query = queryOf(exchange);
  const { asked } = await takeStep(parts, exchange, query.get('step') ?? '', 'choose');
  const client = clientOf(parts, asked.clientId);
  const kind = query.get('with');
  const door = client && doorsFor(asked.scopes, client, false).find((one) => one === kind);
  if (!client || !door)
    throw oauthError(400, 'invalid_request', 'There is no such way to sign in.', { rule: 'with' });
  noteClient(exchange, client.app.id, client.app.name);
  return depart(parts, exchange, door, asked);
}

// ---- the person's browser goes on ----

async function toSignIn(
  parts: SmartParts,
  exchange: Exchange,
  client: Client,
  asked: SmartAsked,
): Promise<Reply> {
  const doors = doorsFor(asked.scopes, client, asked.launched !== undefined);
  const [door] = doors;
  if (!door)
    return refuseApp(
      parts,
      exchange,
      asked,
      'unauthorized_client',
      `the app is registered as ${client.app.kinds.join(', ')}, and these scopes need another kind`,
    );
  if (asked.launched) return atLaunch(parts, exchange, asked);
  if (asked.prompt === 'none')
    return refuseApp(parts, exchange, asked, 'login_required', 'somebody has to sign in and agree');
  if (doors.length === 1) return depart(parts, exchange, door, asked);
  const { flow, browser, setCookie } = newBrowser(parts);
  const { environment } = parts;
  const step = await issueStep(parts, { kind: 'choose', environment, flow, browser, asked });
  const ways = doors.map((kind) => ({
    kind,
    href: `${parts.base(exchange)}/sign-in?step=${step}&with=${kind}`,
  }));
  return withCookies(choicePage({ appName: client.app.name, ways }), setCookie);
}

/** Whoever launched is taken over from the launch page's session; anybody else has to sign in. */
async function atLaunch(parts: SmartParts, exchange: Exchange, asked: SmartAsked): Promise<Reply> {
  const user = (await sessionOf(parts, exchange))?.user;
  const { launched, prompt, maxAge } = asked;
  const same = user?.issuer === launched?.issuer && user?.subject === launched?.subject;
  const age = parts.now() / 1000 - (user?.authTime ?? 0);
  const fresh = prompt !== 'login' && (maxAge === undefined || age <= maxAge);
  if (prompt === 'none') {
    const error = user && same && fresh ? 'consent_required' : 'login_required';
    return refuseApp(parts, exchange, asked, error, 'somebody has to sign in and agree');
  }
  if (user && same && fresh) return proceed(parts, exchange, asked, user);
  return depart(parts, exchange, 'nhs-cis2', user ? { ...asked, prompt: 'login' } : asked);
}

async function depart(
  parts: SmartParts,
  exchange: Exchange,
  kind: ProviderKind,
  asked: SmartAsked,
): Promise<Reply> {
  const provider = providerFor(parts, kind);
  const unavailable = (why: string) =>
    refuseApp(parts, exchange, asked, 'temporarily_unavailable', why);
  if (!provider) return unavailable(`no identity provider for ${kind} is configured here`);
  try {
    return await leave(parts, exchange, provider, asked);
  } catch (error) {
    if (!(error instanceof SignInFault)) throw error;
    return unavailable(away);
  }
}

// ---- the checks before anything is known to be right: no redirect ----

function knownClient(parts: SmartParts, exchange: Exchange, form: Form): Client {
  const id = form.get('client_id') ?? '';
  const client = clientOf(parts, id);
  if (!client)
    throw oauthError(
      400,
      'invalid_request',
      'The application is not known here, or may not ask for access.',
      {
        rule: 'client_id',
        expected: `the client id of an approved app of environment ${parts.environment}`,
        found: id.slice(0, 100),
      },
    );
  noteClient(exchange, client.app.id, client.app.name);
  return client;
}

function knownRedirect(form: Form, { registration }: Client): string {
  const uri = form.get('redirect_uri') ?? '';
  if (!registration.redirectUris.includes(uri))
    throw oauthError(
      400,
      'invalid_request',
      'The address to go back to is not one that the application has registered.',
      {
        rule: 'redirect_uri',
        expected: `byte for byte one of: ${registration.redirectUris.join(', ') || 'none is registered'}`,
        found: uri.slice(0, 300),
      },
    );
  return uri;
}
