/** What the simulated CIS2 says of a worker: in the id_token, and at userinfo by scope. */
import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { findWorker, nameOf, type Role, type Worker } from './identities.ts';
import type { Issue } from './issue-terms.ts';
import type { Granted, Provider, Session } from './state.ts';

/** The claims of an id_token, without nonce and times. */
export function cis2IdToken({ provider, session, from }: Issue, accessToken: string): JWTPayload {
  const { clientId, sid, authenticated, granted } = session;
  const { assurance, selectedRole } = workerGrant(granted);
  const code = from?.code;
  const state = from?.state;
  return {
    iss: provider.issuer(),
    sub: granted.username,
    aud: clientId,
    azp: clientId,
    jti: provider.clock.newId(),
    auth_time: Math.floor(authenticated / 1000),
    acr: assurance.acr,
    amr: [assurance.means],
    sid,
    at_hash: halfHash(accessToken),
    ...(code === undefined ? {} : { c_hash: halfHash(code) }),
    ...(state === undefined ? {} : { s_hash: halfHash(state) }),
    realm: '/NHSIdentity/Healthcare',
    tokenName: 'id_token',
    tokenType: 'JWTToken',
    auditTrackingId: `${provider.clock.newId()}-1`,
    'org.forgerock.openidconnect.ops': provider.clock.newId(),
    id_assurance_level: '3',
    authentication_assurance_level: String(assurance.level),
    ...(selectedRole === undefined ? {} : { selected_roleid: selectedRole }),
  };
}

/** The userinfo of a session, by its scopes. */
export function cis2UserInfo(
  { people }: Provider,
  { granted }: Session,
  scopes: readonly string[],
): Readonly<Record<string, unknown>> {
  const worker = findWorker(people, granted.username);
  if (!worker) return { sub: granted.username };
  const { roles, selectedRole } = workerGrant(granted);
  // `nhsperson` is the older scope that gives everything at once.
  const has = (scope: string) => scopes.includes(scope) || scopes.includes('nhsperson');
  return {
    sub: worker.username,
    nhsid_useruid: worker.username,
    uid: worker.username,
    idassurancelevel: '3',
    ...(has('profile') || has('nationalrbacaccess') ? profileOf(worker) : {}),
    ...(has('email') ? { email: worker.email } : {}),
    ...(has('professionalmemberships') ? worker.registers : {}),
    ...(has('associatedorgs') ? { nhsid_user_orgs: organisationsOf(roles) } : {}),
    ...(has('organisationalmemberships')
      ? { nhsid_org_memberships: organisationsOf(roles), nhsid_org_roles: orgRolesOf(roles) }
      : {}),
    ...(has('nationalrbacaccess') ? { nhsid_nrbac_roles: roles.map(rbacRole) } : {}),
    ...(selectedRole === undefined ? {} : { selected_roleid: selectedRole }),
  };
}

/** The left half of the hash that goes with RS256 (OpenID Connect Core 3.1.3.6). */
function halfHash(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');
}

function profileOf(worker: Worker): Readonly<Record<string, string>> {
  const { title, given, middle, family } = worker;
  return {
    name: nameOf(worker),
    display_name: nameOf(worker),
    title,
    given_name: given,
    ...(middle === undefined ? {} : { middle_names: middle }),
    family_name: family,
    initials: [given, middle ?? '', family].map((part) => part.slice(0, 1)).join(''),
  };
}

function organisationsOf(roles: readonly Role[]) {
  const byCode = new Map(roles.map(({ odsCode, orgName }) => [odsCode, orgName]));
  return [...byCode].map(([code, name]) => ({ org_code: code, org_name: name }));
}

function orgRolesOf(roles: readonly Role[]) {
  return roles.map(({ odsCode, orgName, name }) => ({
    org_code: odsCode,
    org_name: orgName,
    role_name: name,
  }));
}

function rbacRole({ id, code, name, odsCode, activities, workgroups }: Role) {
  return {
    person_orgid: `${id.slice(0, -1)}0`,
    person_roleid: id,
    org_code: odsCode,
    role_name: name,
    role_code: code,
    activities: (activities ?? []).map((each) => `Activity ${each}`),
    activity_codes: activities ?? [],
    workgroups: (workgroups ?? []).map((each) => `Workgroup ${each}`),
    workgroups_codes: workgroups ?? [],
    aow: [],
    aow_codes: [],
  };
}

function workerGrant({ worker }: Granted) {
  if (!worker) throw new Error('A session of CIS2 without a worker'); // judge.ts makes none
  return worker;
}
