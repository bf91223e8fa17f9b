/**
 * What the simulated NHS login says of a patient: in the id_token, the access token, and at userinfo by scope.
 * For one who acts for another the tokens are about the other, and `act` carries who acts (RFC 8693 4.1).
 */
import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { findPatient, type Patient } from './identities.ts';
import type { Issue } from './issue-terms.ts';
import { lifetimesOf } from './kinds.ts';
import type { Granted, PatientGrant, Provider, Session } from './state.ts';
import { hasSecondFactor, identityLevelOf } from './vectors.ts';

/** The claims of an id_token, without nonce and times. */
export async function loginIdToken(issue: Issue): Promise<JWTPayload> {
  const { provider, session, scopes } = issue;
  return {
    ...coreOf(issue, subjectOf(provider, session.granted)),
    ...profileClaims(subjectOf(provider, session.granted), grantOf(session.granted), scopes),
    ...(await actorOf(issue)),
  };
}

/** The claims of an access token. */
export async function loginAccessToken(issue: Issue, seconds: number): Promise<JWTPayload> {
  const { provider, session, scopes, now } = issue;
  return {
    ...coreOf(issue, subjectOf(provider, session.granted)),
    iat: now,
    exp: now + seconds,
    scope: scopes.join(' '),
    reason_for_request: 'patientaccess',
    ...(await actorOf(issue)),
  };
}

/** The userinfo of a session, by its scopes; what is not known is left out. */
export function loginUserInfo(
  provider: Provider,
  { granted, clientId }: Session,
  scopes: readonly string[],
  note: string | undefined,
): Readonly<Record<string, unknown>> {
  const patient = subjectOf(provider, granted);
  const grant = grantOf(granted);
  const has = (scope: string) => scopes.includes(scope);
  const { email, phone, landline, practice } = patient;
  return {
    iss: provider.issuer(),
    aud: clientId,
    sub: subOf(patient),
    ...profileClaims(patient, grant, scopes),
    ...(has('profile_extended') ? { given_name: patient.given } : {}),
    ...(has('email') && email !== undefined ? { email, email_verified: true } : {}),
    ...(has('phone') && phone !== undefined
      ? { phone_number: phone, phone_number_verified: true, phone_number_pds_matched: 'true' }
      : {}),
    ...(has('landline') && landline !== undefined ? { landline_number: landline } : {}),
    ...(has('gp_registration_details') && practice !== undefined
      ? { gp_registration_details: { gp_ods_code: practice } }
      : {}),
    ...(has('gp_integration_credentials') ? linkageOf(patient, grant) : {}),
    ...(has('client_metadata') && note !== undefined ? { client_user_metadata: note } : {}),
  };
}

/** The subject claim of a session: an opaque name that stays the same. */
export function loginSubject(provider: Provider, granted: Granted): string {
  return subOf(subjectOf(provider, granted));
}

/** Whom a session is about: who signed in, or whom that person acts for. */
function subjectOf({ people }: Provider, granted: Granted): Patient {
  return patientOf({ people }, grantOf(granted).actsFor ?? granted.username);
}

function subOf({ username }: Patient): string {
  const hex = createHash('sha256').update(`nhs-login ${username}`).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-');
}

function coreOf({ provider, session }: Issue, patient: Patient): JWTPayload {
  const { vot, held } = grantOf(session.granted);
  return {
    iss: provider.issuer(),
    sub: subOf(patient),
    aud: session.clientId,
    jti: provider.clock.newId(),
    sid: session.sid,
    auth_time: Math.floor(session.authenticated / 1000),
    vot,
    vtm: `${provider.issuer()}/trustmark`,
    identity_proofing_level: identityLevelOf(held),
  };
}

function profileClaims(
  { family, birthDate, nhsNumber }: Patient,
  { held }: PatientGrant,
  scopes: readonly string[],
): JWTPayload {
  const profile = scopes.includes('profile');
  if (!profile && !scopes.includes('basic_demographics')) return {};
  const level = identityLevelOf(held);
  return {
    family_name: family,
    birthdate: birthDate,
    identity_proofing_level: level,
    ...(profile && nhsNumber !== undefined && level !== 'P0' ? { nhs_number: nhsNumber } : {}),
  };
}

/** `act`: a token about the person who acts, signed like any other. */
async function actorOf(issue: Issue): Promise<{ readonly act?: { readonly sub: string } }> {
  const { provider, session, scopes, now } = issue;
  const grant = grantOf(session.granted);
  if (grant.actsFor === undefined) return {};
  const actor = patientOf(provider, session.granted.username);
  const sub = await provider.keys.sign({
    ...coreOf(issue, actor),
    ...profileClaims(actor, grant, scopes),
    iat: now,
    exp: now + lifetimesOf('nhs-login').idToken,
  });
  return { act: { sub } };
}

/** How an app of the practice's system links the patient; only for people whose identity and device are sure. */
function linkageOf({ username, practice }: Patient, { held, vot }: PatientGrant) {
  if (practice === undefined || identityLevelOf(held) !== 'P9' || !hasSecondFactor(vot)) return {};
  const digits = createHash('sha256').update(`linkage ${username}`).digest('hex');
  return {
    gp_integration_credentials: {
      gp_user_id: digits.slice(0, 10),
      gp_linkage_key: digits.slice(10, 22),
      gp_ods_code: practice,
    },
  };
}

function patientOf({ people }: Pick<Provider, 'people'>, username: string): Patient {
  const patient = findPatient(people, username);
  if (!patient) throw new Error('A session of a person who is no longer known');
  return patient;
}

function grantOf({ patient }: Granted): PatientGrant {
  if (!patient) throw new Error('A session of NHS login without a patient'); // judge.ts makes none
  return patient;
}
