/**
 * From a person who signed in to a code: what the sign-in leaves of the scopes, which patient is in context, and the
 * person's consent. Each page is a step that works once, in the browser that began.
 */
import type { Exchange, Reply } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { Client } from '../catalogue/catalogue.ts';
import type { LaunchContext, SignedIn } from './families.ts';
import type { Form } from './form.ts';
import { oauthError } from './oauth-error.ts';
import { answerApp, clientOf, noteUser, refuseApp } from './smart-answers.ts';
import { needsPatient, through } from './smart-doors.ts';
import { spaced } from './smart-page-parts.ts';
import { consentPage, patientPage } from './smart-pages.ts';
import type { AskedPatient, FoundPatient, SmartAsked, SmartParts, StepOf } from './smart-parts.ts';
import { forget, issueStep, newBrowser, ownForm, takeStep, withCookies } from './smart-steps.ts';

const codeLifetime = 60_000;

/** What comes after a sign-in: a patient is looked for, or consent asked, or the app refused. */
export async function proceed(
  parts: SmartParts,
  exchange: Exchange,
  asked: SmartAsked,
  user: SignedIn,
): Promise<Reply> {
  const client = clientOf(parts, asked.clientId);
  if (!client) throw gone();
  noteUser(exchange, client, user);
  const { launched } = asked;
  const refuse = (why: string) => refuseApp(parts, exchange, asked, 'access_denied', why);
  if (launched && (launched.issuer !== user.issuer || launched.subject !== user.subject))
    return refuse('the launch is that of another user');
  const left = through(asked.scopes, user);
  if ('refusal' in left) return refuse(left.refusal);
  const { scopes } = left;
  if (launched)
    return askConsent(parts, exchange, { client, asked, user, scopes, context: launched.context });
  if (!needsPatient(scopes))
    return askConsent(parts, exchange, { client, asked, user, scopes, context: {} });
  if (left.patient !== undefined) {
    const context = { patient: left.patient, needPatientBanner: true };
    return askConsent(parts, exchange, { client, asked, user, scopes, context });
  }
  return askPatient(parts, exchange, { client, asked, user });
}

interface Stands {
  readonly client: Client;
  readonly asked: SmartAsked;
  readonly user: SignedIn;
}

// ---- the patient ----

async function askPatient(
  parts: SmartParts,
  exchange: Exchange,
  { client, asked, user }: Stands,
  shown: { readonly fault?: string; readonly found?: readonly FoundPatient[] } = {},
  flow?: string,
): Promise<Reply> {
  const { setCookie, ...held } = newBrowser(parts, flow);
  const { environment } = parts;
  const step = await issueStep(parts, { kind: 'patient', environment, ...held, asked, user });
  const action = `${parts.base(exchange)}/patient`;
  return withCookies(
    patientPage({
      ...{ appName: client.app.name, action, step, redirectUri: asked.redirectUri },
      ...shown,
    }),
    setCookie,
  );
}

/** `POST /smart/patient`: a search, a choice, or no more of it. */
export async function smartPatient(parts: SmartParts, exchange: Exchange): Promise<Reply> {
  const form = await ownForm(parts, exchange);
  const step = await takeStep(parts, exchange, form.get('step') ?? '', 'patient');
  const { asked, user, flow } = step;
  const client = clientOf(parts, asked.clientId);
  if (!client) throw gone();
  noteUser(exchange, client, user);
  if (form.get('do') === 'cancel') {
    const reply = refuseApp(parts, exchange, asked, 'access_denied', 'no patient was chosen');
    return withCookies(reply, forget(parts, flow));
  }
  const stands = { client, asked, user };
  const chosen = form.get('patient');
  const shown = await search(parts, exchange, user, chosen ?? form);
  const [patient] = shown.found ?? [];
  if (chosen === undefined || patient === undefined)
    return askPatient(parts, exchange, stands, shown, flow);
  const left = through(asked.scopes, user);
  if ('refusal' in left) throw gone(); // it was looked at before the page
  const context = { patient: patient.nhsNumber, needPatientBanner: true };
  return askConsent(parts, exchange, { ...stands, scopes: left.scopes, context }, flow);
}

/** Looks for people as a form asks, or for one by number; what cannot be looked for is told in a sentence. */
export async function search(
  { findPatients }: Pick<SmartParts, 'findPatients'>,
  exchange: Exchange,
  user: SignedIn,
  form: Form | string,
): Promise<{ readonly fault?: string; readonly found?: readonly FoundPatient[] }> {
  const asked = typeof form === 'string' ? { nhsNumber: form } : readSearch(form);
  if (!asked) return { fault: 'Give an NHS number, or a family name and a date of birth.' };
  try {
    return { found: await findPatients(asked, user, exchange) };
  } catch (error) {
    const problem = Problem.from(error);
    if (problem.status >= 500) throw error;
    return { fault: problem.message };
  }
}

function readSearch(form: Form): AskedPatient | undefined {
  const nhsNumber = (form.get('number') ?? '').replace(/[ -]/g, '');
  if (nhsNumber !== '') return { nhsNumber };
  const family = form.get('family')?.trim() ?? '';
  const birthDate = form.get('birthdate')?.trim() ?? '';
  return family === '' || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(birthDate)
    ? undefined
    : { family, birthDate };
}

// ---- consent ----

interface Ready extends Stands {
  readonly scopes: readonly string[];
  readonly context: LaunchContext;
}

async function askConsent(
  parts: SmartParts,
  exchange: Exchange,
  { client, asked, user, scopes, context }: Ready,
  flow?: string,
): Promise<Reply> {
  const { setCookie, ...held } = newBrowser(parts, flow);
  const { environment } = parts;
  const step = await issueStep(parts, {
    kind: 'consent',
    ...{ environment, ...held, asked, user, scopes, context },
  });
  const page = consentPage({
    appName: client.app.name,
    action: `${parts.base(exchange)}/consent`,
    step,
    scopes,
    patient: patientWords(context, user),
    user: userWords(user),
    roles: rolesToPick(user),
    redirectUri: asked.redirectUri,
  });
  return withCookies(page, setCookie);
}

/** `POST /smart/consent`: the person's decision. */
export async function smartConsent(parts: SmartParts, exchange: Exchange): Promise<Reply> {
  const form = await ownForm(parts, exchange);
  const step = await takeStep(parts, exchange, form.get('step') ?? '', 'consent');
  const { asked, flow } = step;
  const client = clientOf(parts, asked.clientId);
  if (!client) throw gone();
  noteUser(exchange, client, step.user);
  const done = (reply: Reply) => withCookies(reply, forget(parts, flow));
  if (form.get('decision') !== 'allow')
    return done(refuseApp(parts, exchange, asked, 'access_denied', 'access was denied'));
  const user = inRole(step.user, form.get('role'));
  if (!user) return done(refuseApp(parts, exchange, asked, 'access_denied', 'no role was picked'));
  const code = await issueCode(parts, client, step, user);
  return done(answerApp(parts, exchange, asked, { code }));
}

function issueCode(
  { codes, now, environment }: SmartParts,
  { app, registration }: Client,
  { asked, scopes, context }: StepOf<'consent'>,
  user: SignedIn,
): Promise<string> {
  return codes.issue(
    {
      ...{ face: 'smart', environment, appId: app.id, clientId: registration.clientId },
      ...{ redirectUri: asked.redirectUri, challenge: asked.challenge, scopes, user },
      ...(Object.keys(context).length === 0 ? {} : { launch: context }),
      ...(asked.nonce === undefined ? {} : { nonce: asked.nonce }),
    },
    now() + codeLifetime,
  );
}

/** A worker with several roles acts in one, as a token is bound to it. */
function rolesToPick({ kind, roles = [], selectedRole }: SignedIn) {
  return kind === 'nhs-cis2' && selectedRole === undefined && roles.length > 1 ? roles : [];
}

function inRole(user: SignedIn, picked: string | undefined): SignedIn | undefined {
  const choices = rolesToPick(user);
  if (choices.length === 0) return user;
  const role = choices.find(({ id }) => id === picked);
  return role && { ...user, selectedRole: role.id };
}

function userWords(user: SignedIn): string {
  if (user.kind === 'nhs-cis2') return `healthcare worker ${user.subject}`;
  return user.actor === undefined ? 'a patient' : 'somebody who acts for another person';
}

function patientWords({ patient }: LaunchContext, user: SignedIn): string | undefined {
  if (patient === undefined) return undefined;
  if (user.kind === 'nhs-cis2') return spaced(patient);
  return user.actor === undefined ? 'you' : `the person you act for, ${spaced(patient)}`;
}

/** @returns the refusal of a step whose app has gone meanwhile. */
function gone(): Problem {
  return oauthError(400, 'invalid_request', 'The application may no longer ask for access.', {
    rule: 'app approved',
  });
}
