/**
 * Who a token makes of its caller, for PDS: the access mode from the scopes, and the rights from the app's settings
 * (pds-fhir 1.4). Owns that table; whether the token lives was found out before.
 */
import type { AccessMode, Caller, SignIn } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { isNhsNumber } from '../identifiers.ts';
import * as errors from './errors.ts';

/** What a live token says of its grant. */
export interface TokenFacts {
  readonly appId: string;
  readonly appName: string;
  readonly asid?: string;
  readonly scopes: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly signIn?: SignIn;
  readonly userId?: string;
  readonly nhsNumber?: string;
  /** NHS login's vector of trust. */
  readonly vot?: string;
}

/** Who held a token that PDS refuses: for the audit, without any right. */
export function refusedCaller({ appId, appName, scopes, signIn, userId }: TokenFacts): Caller {
  const mode = !signIn ? 'app' : signIn.level.startsWith('p') ? 'patient' : 'worker';
  return {
    ...{ appId, appName, mode, scopes, grants: new Set<string>() },
    ...(userId === undefined ? {} : { userId }),
  };
}

const api = 'personal-demographics-service';

/** Scope to mode, the first that fits; P0 and P5 are recognised only to be refused. */
const modes: readonly (readonly [string, AccessMode | 'refused'])[] = [
  [`urn:nhsd:apim:user-nhs-login:p0:${api}`, 'refused'],
  [`urn:nhsd:apim:user-nhs-login:p5:${api}`, 'refused'],
  [`urn:nhsd:apim:user-nhs-login:p9:${api}`, 'patient'],
  [`urn:nhsd:apim:user-nhs-cis2:aal3:${api}`, 'worker'],
  [`urn:nhsd:apim:user-nhs-cis2:aal2:${api}`, 'worker'],
  [`urn:nhsd:apim:user-nhs-id:aal3:${api}`, 'worker'],
  [`${api}:user-restricted`, 'worker'],
  [`urn:nhsd:apim:app:level3:privileged-${api}`, 'privileged'],
  [`urn:nhsd:apim:app:level3:${api}`, 'app'],
];

/** P9 is more than who somebody is: the second factor counts too. */
const vectors = ['P9.Cp.Cd', 'P9.Cp.Ck', 'P9.Cm'];

/**
 * The caller that a token makes.
 * @throws Problem 401 when its products do not cover PDS, 403 for a patient below P9.
 */
export function pdsCaller(facts: TokenFacts): Caller {
  const held = new Set(facts.scopes.map((scope) => scope.toLowerCase()));
  const mode = modes.find(([scope]) => held.has(scope))?.[1];
  if (mode === undefined)
    throw new Problem('unauthenticated', 'Invalid API call as no apiproduct match found');
  if (mode === 'refused') throw errors.patientForbidden();
  const { appId, appName, scopes, asid, signIn, userId } = facts;
  return {
    ...{ appId, appName, mode, scopes },
    ...(asid === undefined ? {} : { asid }),
    ...(mode === 'worker' && signIn ? { signIn } : {}),
    ...(mode === 'worker' && userId !== undefined ? { userId } : {}),
    ...(mode === 'patient' ? patientOf(facts) : {}),
    grants: rightsOf(facts.attributes, mode),
  };
}

function patientOf({ nhsNumber, vot, signIn, userId }: TokenFacts): Partial<Caller> {
  if (nhsNumber === undefined || !isNhsNumber(nhsNumber) || !vectors.includes(vot ?? ''))
    throw errors.patientForbidden();
  return { nhsNumber, userId: userId ?? nhsNumber, ...(signIn ? { signIn } : {}) };
}

/** The rights that come with a mode, and those agreed on with the app, as its settings tell. */
export function rightsOf(
  attributes: TokenFacts['attributes'],
  mode: AccessMode,
): ReadonlySet<string> {
  const custom = (attributes['pds.custom-attributes'] ?? '').split(/[\s,]+/);
  const agreed = (name: string) => attributes[`pds.${name}`] === 'true';
  return new Set([
    ...custom.filter((one) => mayBeAgreed.has(one)),
    ...(mode === 'patient' || agreed('coverage') ? ['coverage'] : []),
    ...(agreed('restricted-update') ? ['restricted-update'] : []),
    ...(mode === 'app' && agreed('app-restricted.update') ? ['app-restricted-update'] : []),
  ]);
}

const mayBeAgreed = new Set([
  'return-empty-address-lines',
  'return-confidential-reason-for-removal',
  'return-nhs-record-sharing-consent',
]);

/** National job roles that manage identities and never open a record (ours: live decides by activities we do not have). */
const withoutPatientAccess = new Set(['R5080']);

/** The role a worker acts in. @throws Problem 400 for a role that is missing, no number, or somebody else's; 403 for one without access. */
export function actingRole(caller: Caller, header: string | undefined): string | undefined {
  if (header !== undefined && !/^[0-9]{1,20}$/.test(header)) throw errors.invalidRole(header);
  const { signIn } = caller;
  if (!signIn) return header; // the open lane: nobody vouches for a role there
  const { roles, selectedRole } = signIn;
  // An exchanged id_token tells no roles: then nobody vouches for one, but for the role picked at sign-in.
  if (header !== undefined && header !== selectedRole && (selectedRole !== undefined || !roles))
    throw errors.invalidRole(header);
  const role = header ?? selectedRole ?? (roles?.length === 1 ? roles[0]?.id : undefined);
  if (role === undefined && roles && roles.length > 1) throw errors.invalidRole('');
  const known = roles?.find(({ id }) => id === role);
  if (role !== undefined && roles && !known) throw errors.invalidRole(role);
  if (known && withoutPatientAccess.has(jobRole(known.code)))
    throw errors.roleForbidden(known.name);
  return role;
}

/** The R part of `S….:G….:R….`. */
function jobRole(code: string): string {
  return code.split(':').at(-1) ?? '';
}
