/**
 * Makes cross-organisation tokens: unsigned, as the older interfaces take them (`alg` none, the token ends with a dot), or
 * signed with a key of the system. Owns where each fact goes in either shape; whoever reads them is check-token.ts.
 */
import type { KeyObject } from 'node:crypto';
import { Problem } from '../../core/problem.ts';
import { lifetime, systems, type Profile, type Reason } from './claims.ts';
import { algorithmFor, signText, type Algorithm } from './signing.ts';

/** What a token is to say. */
export interface CrossOrganisationOrder {
  readonly profile: Profile;
  /** Address of the requesting system. */
  readonly issuer: string;
  /** The provider's base as the directory has it. */
  readonly audience: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly reason: Reason;
  /** `patient/*.read`; a `gp-connect` token has exactly one. */
  readonly scopes: readonly string[];
  readonly asid: string;
  readonly odsCode: string;
  /** For `gp-connect`; the ODS code when absent. */
  readonly organisationName?: string;
  /** The healthcare worker; absent for systems on their own and citizens. */
  readonly user?: OrderedUser | undefined;
  /** NHS number of the citizen who acts, and who acts for that citizen. */
  readonly patient?: string;
  readonly actor?: string;
  /** For `gp-connect`. */
  readonly device?: { readonly model: string; readonly version: string };
}

export interface OrderedUser {
  /** Role profile id. */
  readonly roleProfile: string;
  /** The rest is for `gp-connect`. National user id, and the system's own. */
  readonly id?: string;
  readonly localId?: string;
  readonly family?: string;
  readonly given?: string;
  readonly prefix?: string;
}

/** The key of the system; the algorithm follows from it unless told. */
export interface TokenKey {
  readonly privateKey: KeyObject;
  readonly algorithm?: Algorithm;
  readonly kid?: string;
}

/** The token. @throws Problem `invalid` for a key that no algorithm takes. */
export function makeCrossOrganisationToken(order: CrossOrganisationOrder, key?: TokenKey): string {
  const algorithm = key && (key.algorithm ?? algorithmFor(key.privateKey));
  if (key && algorithm === undefined)
    throw new Problem('invalid', 'The key must be RSA of 2,048 bits or more, P-256 or P-384');
  const kid = key?.kid === undefined ? {} : { kid: key.kid };
  const header = { alg: algorithm ?? 'none', typ: 'JWT', ...kid };
  const text = `${part(header)}.${part(claimsOf(order))}`;
  const signature = key && algorithm ? signText(text, key.privateKey, algorithm) : '';
  return `${text}.${signature}`;
}

/** The claims of a token, as they stand in it. */
export function claimsOf(order: CrossOrganisationOrder): Readonly<Record<string, unknown>> {
  const iat = Math.floor(order.now / 1000);
  const common = {
    ...{ iss: order.issuer, sub: subjectOf(order), aud: order.audience },
    ...{ iat, exp: iat + lifetime, reason_for_request: order.reason },
  };
  return order.profile === 'spine'
    ? { ...common, scope: order.scopes.join(' '), ...textsOf(order) }
    : { ...common, requested_scope: order.scopes.join(' '), ...resourcesOf(order) };
}

/** The worker, else the citizen, else the system itself. */
function subjectOf(order: CrossOrganisationOrder): string {
  const { user, patient, asid } = order;
  if (order.profile === 'gp-connect') return practitionerId(order);
  if (user) return `${systems.roleProfile}|${user.roleProfile}`;
  return patient === undefined ? `${systems.asid}|${asid}` : `${systems.patient}|${patient}`;
}

function textsOf({ asid, odsCode, user, patient, actor }: CrossOrganisationOrder) {
  return {
    requesting_system: `${systems.asid}|${asid}`,
    requesting_organization: `${systems.organisation}|${odsCode}`,
    ...(user ? { requesting_user: `${systems.roleProfile}|${user.roleProfile}` } : {}),
    ...(patient === undefined ? {} : { requesting_patient: `${systems.patient}|${patient}` }),
    ...(actor === undefined ? {} : { act: { sub: actor } }),
  };
}

function resourcesOf(order: CrossOrganisationOrder) {
  const { asid, odsCode, organisationName = odsCode, user } = order;
  const { model = 'Gatehouse', version = '1' } = order.device ?? {};
  const { family = 'System', given = 'Unattended', prefix = '' } = user ?? {};
  return {
    requesting_device: {
      resourceType: 'Device',
      identifier: [{ system: systems.asid, value: asid }],
      ...{ model, version },
    },
    requesting_organization: {
      resourceType: 'Organization',
      identifier: [{ system: systems.organisation, value: odsCode }],
      name: organisationName,
    },
    requesting_practitioner: {
      resourceType: 'Practitioner',
      id: practitionerId(order),
      identifier: [
        { system: systems.user, value: user?.id ?? unknown },
        { system: systems.roleProfile, value: user?.roleProfile ?? unknown },
      ],
      name: [{ family, given: [given], ...(prefix === '' ? {} : { prefix: [prefix] }) }],
    },
  };
}

function practitionerId({ user, asid }: CrossOrganisationOrder): string {
  return user?.localId ?? user?.id ?? user?.roleProfile ?? asid;
}

/** What stands where there is no national id. */
const unknown = 'UNK';

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
