/**
 * The launch page: a small EHR. A worker who signed in picks a patient and a registered app, and the app is opened with a
 * launch value that works once, for this worker, patient and app, within five minutes (SMART App Launch 2.2, EHR launch).
 */
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Client } from '../catalogue/catalogue.ts';
import type { Form } from './form.ts';
import { redirect } from './nhs-authorize.ts';
import { oauthError } from './oauth-error.ts';
import { SignInFault } from './relying-party.ts';
import { noteUser, seeOther } from './smart-answers.ts';
import { registeredScopes } from './smart-doors.ts';
import { launchPage, type LaunchFacts } from './smart-pages.ts';
import type { SmartParts } from './smart-parts.ts';
import { search } from './smart-proceed.ts';
import { endSession, sessionOf, type HeldSession } from './smart-sessions.ts';
import { away, leave, providerFor } from './smart-sign-in.ts';
import { ownForm, withCookies } from './smart-steps.ts';
import { digest, sameDigest } from './tokens.ts';

const launchLifetime = 300_000;

/** `GET /smart/launch`: the page, or first the way to sign in. */
export async function smartLaunchPage(parts: SmartParts, exchange: Exchange): Promise<Reply> {
  const session = await sessionOf(parts, exchange);
  if (!session) return signIn(parts, exchange);
  noteUser(exchange, undefined, session.user);
  return show(parts, exchange, session, {});
}

/** `POST /smart/launch`: a search, a launch, or the end of the session. */
export async function smartLaunch(parts: SmartParts, exchange: Exchange): Promise<Reply> {
  const form = await ownForm(parts, exchange);
  const session = await sessionOf(parts, exchange);
  if (!session) return seeOther(`${parts.base(exchange)}/launch`);
  noteUser(exchange, undefined, session.user);
  if (!sameDigest(digest(form.get('token') ?? ''), digest(session.formToken)))
    throw oauthError(403, 'access_denied', 'The form was not sent by a page of this session.', {
      rule: 'token of the form',
    });
  switch (form.get('do')) {
    case 'sign-out':
      return withCookies(
        seeOther(`${parts.base(exchange)}/launch`),
        await endSession(parts, session.secret),
      );
    case 'launch':
      return launch(parts, exchange, session, form);
    default:
      return show(parts, exchange, session, await search(parts, exchange, session.user, form));
  }
}

async function signIn(parts: SmartParts, exchange: Exchange): Promise<Reply> {
  parts.limiter.checkSignIn(exchange);
  const provider = providerFor(parts, 'nhs-cis2');
  const unavailable = (description: string) =>
    oauthError(503, 'temporarily_unavailable', description, { rule: 'identity provider' });
  if (!provider)
    throw unavailable('No identity provider for healthcare workers is configured here.');
  try {
    return await leave(parts, exchange, provider);
  } catch (error) {
    if (!(error instanceof SignInFault)) throw error;
    throw unavailable(`${away}.`);
  }
}

function show(
  parts: SmartParts,
  exchange: Exchange,
  { user, formToken }: HeldSession,
  shown: Pick<LaunchFacts, 'found' | 'fault'>,
): Reply {
  return launchPage({
    action: `${parts.base(exchange)}/launch`,
    token: formToken,
    user: `healthcare worker ${user.subject}`,
    apps: launchable(parts).map(({ app, registration }) => ({
      clientId: registration.clientId,
      name: app.name,
    })),
    ...shown,
  });
}

/** Opens the app. The patient is looked up again: what a form says is nobody's right to see. */
async function launch(
  parts: SmartParts,
  exchange: Exchange,
  session: HeldSession,
  form: Form,
): Promise<Reply> {
  const { user } = session;
  const client = launchable(parts).find(
    ({ registration }) => registration.clientId === form.get('app'),
  );
  const shown = await search(parts, exchange, user, form.get('patient') ?? '');
  const [patient] = shown.found ?? [];
  const url = client?.registration.launchUrl;
  if (!client || url === undefined)
    return show(parts, exchange, session, { ...shown, fault: 'Choose an application.' });
  if (!patient)
    return show(parts, exchange, session, { fault: shown.fault ?? 'Choose a patient.' });
  noteUser(exchange, client, user);
  const value = await parts.launches.issue(
    {
      environment: parts.environment,
      clientId: client.registration.clientId,
      ...{ issuer: user.issuer, subject: user.subject },
      context: { patient: patient.nhsNumber, encounter: parts.newId(), needPatientBanner: true },
    },
    parts.now() + launchLifetime,
  );
  return { ...redirect(url, { iss: parts.fhirBase(exchange), launch: value }), status: 303 };
}

/** The approved apps of this environment that may be launched. */
function launchable(parts: SmartParts): readonly Client[] {
  const { catalogue, environment } = parts;
  return [...catalogue.apps()].flatMap((app) => {
    const registration = app.registrations[environment];
    if (registration?.state !== 'approved' || registration.launchUrl === undefined) return [];
    const client = { app, registration, environment };
    const may =
      app.kinds.includes('point-of-care') &&
      registeredScopes(catalogue, client, environment).includes('launch');
    return may ? [client] : [];
  });
}
