/** Answers that go back to an app by the person's browser (RFC 6749 4.1.2, RFC 9207): always with state and issuer. */
import type { Exchange, Reply } from '../../core/exchange.ts';
import { noteClient } from './oauth-error.ts';
import type { SignedIn } from './families.ts';
import { redirect } from './nhs-authorize.ts';
import type { SmartAsked, SmartParts } from './smart-parts.ts';
import type { Client } from '../catalogue/catalogue.ts';

export type Answerable = Pick<SmartAsked, 'redirectUri'> & { readonly state?: string };

/** Back to the app with these parameters. After a form the browser must not send it on (RFC 9700 4.12). */
export function answerApp(
  { base }: Pick<SmartParts, 'base'>,
  exchange: Exchange,
  { redirectUri, state }: Answerable,
  parameters: Readonly<Record<string, string>>,
): Reply {
  const reply = redirect(redirectUri, {
    ...parameters,
    ...(state === undefined ? {} : { state }),
    iss: base(exchange),
  });
  if (parameters.error !== undefined) exchange.facts.code ??= parameters.error;
  return { ...reply, status: exchange.method === 'POST' ? 303 : 302 };
}

/** Back to the app with an error. */
export function refuseApp(
  parts: Pick<SmartParts, 'base'>,
  exchange: Exchange,
  asked: Answerable,
  error: string,
  description: string,
): Reply {
  // Of RFC 6749 4.1.2.1's characters only.
  const told = description.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, ' ').slice(0, 200);
  return answerApp(parts, exchange, asked, { error, error_description: told });
}

/** To one of our own pages, by GET. */
export function seeOther(location: string): Reply {
  return { status: 303, headers: { location, 'cache-control': 'no-store' } };
}

/** Whom a call is about, for the audit. */
export function noteUser(exchange: Exchange, client: Client | undefined, user: SignedIn): void {
  noteClient(exchange, client?.app.id ?? 'smart-launch', client?.app.name ?? 'Launch page');
  const { caller } = exchange.facts;
  if (!caller) return;
  exchange.facts.caller = {
    ...caller,
    mode: user.kind === 'nhs-cis2' ? 'worker' : 'patient',
    userId: user.actor ?? user.nhsNumber ?? user.subject,
  };
}

/** The client of a step, while it may still ask; undefined once it may not. */
export function clientOf(
  { catalogue, environment }: Pick<SmartParts, 'catalogue' | 'environment'>,
  clientId: string,
): Client | undefined {
  const client = catalogue.client(clientId);
  return client?.environment === environment && client.registration.state === 'approved'
    ? client
    : undefined;
}
