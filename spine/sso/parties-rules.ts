/**
 * Who asks, as a cross-organisation token says it: system, organisation, and worker or citizen. Owns the rules of both
 * shapes, texts (`spine`) and resources (`gp-connect`), and that `sub` is one of those named.
 */
import { isNhsNumber } from '../../fhir/identifiers.ts';
import { systems, type Parties, type Profile } from './claims.ts';
import type { Claims } from './claims-rules.ts';
import { readResources } from './resource-rules.ts';
import { foundOf, TokenRefused } from './token-refused.ts';

/** Resources in a token make it one of `gp-connect`. */
export function profileOf(claims: Claims): Profile {
  const organisation = claims.requesting_organization;
  return claims.requesting_device !== undefined ||
    claims.requesting_practitioner !== undefined ||
    (typeof organisation === 'object' && organisation !== null)
    ? 'gp-connect'
    : 'spine';
}

/** @throws TokenRefused */
export function readParties(claims: Claims): Parties {
  return profileOf(claims) === 'spine' ? readTexts(claims) : readResources(claims);
}

function readTexts(claims: Claims): Parties {
  const asid = identifier(claims, 'requesting_system', [systems.asid], /^[0-9]{12}$/);
  const odsCode = identifier(
    ...([claims, 'requesting_organization', [systems.organisation], /^[A-Z0-9]{1,12}$/] as const),
  );
  const roleProfile = optional(claims, 'requesting_user', [systems.roleProfile], /^[0-9]{1,20}$/);
  const patient = optional(claims, 'requesting_patient', patientSystems, /^[0-9]{10}$/);
  if (patient !== undefined && !isNhsNumber(patient))
    throw new TokenRefused('requesting_patient', 'a valid NHS number', 'one that is not');
  checkPeople(claims, roleProfile, patient);
  checkSubject(claims, { asid, roleProfile, patient });
  const actor = actorIn(claims);
  return {
    ...{ asid, odsCode },
    ...(roleProfile === undefined ? {} : { roleProfile }),
    ...(patient === undefined ? {} : { patient }),
    ...(actor === undefined ? {} : { actor }),
  };
}

const patientSystems = ['http', 'https'].flatMap((scheme) =>
  ['uk', 'net'].map((end) => `${scheme}://fhir.nhs.${end}/Id/nhs-number`),
);

/** A citizen acts alone, and says so. */
function checkPeople(claims: Claims, user: string | undefined, patient: string | undefined): void {
  const own = claims.reason_for_request === 'patientaccess';
  if (user !== undefined && patient !== undefined)
    throw new TokenRefused('requesting_patient', 'nothing beside requesting_user', 'both');
  if (own && patient === undefined)
    throw new TokenRefused('requesting_patient', 'the citizen of patientaccess', 'nothing');
}

/** `system|value`. */
function identifier(
  claims: Claims,
  name: string,
  allowed: readonly string[],
  form: RegExp,
): string {
  const claim = claims[name];
  const text = typeof claim === 'string' && claim.length <= 300 ? claim : '';
  const bar = text.indexOf('|');
  const value = text.slice(bar + 1);
  if (bar > 0 && allowed.includes(text.slice(0, bar)) && form.test(value)) return value;
  const expected = `${allowed[0] ?? ''}| and what it identifies`;
  throw new TokenRefused(name, expected, foundOf(claim));
}

function optional(
  claims: Claims,
  name: string,
  allowed: readonly string[],
  form: RegExp,
): string | undefined {
  return claims[name] === undefined ? undefined : identifier(claims, name, allowed, form);
}

/** The worker, else the citizen, else the system: whole, or without its system of identifiers. */
function checkSubject(
  claims: Claims,
  named: {
    readonly asid: string;
    readonly roleProfile: string | undefined;
    readonly patient: string | undefined;
  },
): void {
  const [name, value] =
    named.roleProfile !== undefined
      ? (['requesting_user', named.roleProfile] as const)
      : named.patient !== undefined
        ? (['requesting_patient', named.patient] as const)
        : (['requesting_system', named.asid] as const);
  if (claims.sub === claims[name] || claims.sub === value) return;
  const found = claims.sub === undefined ? 'nothing' : 'another';
  throw new TokenRefused('sub', `the same as ${name}`, found);
}

function actorIn({ act }: Claims): string | undefined {
  if (act === undefined) return undefined;
  const sub: unknown = typeof act === 'object' && act !== null && 'sub' in act ? act.sub : act;
  if (typeof sub === 'string' && /^[\x21-\x7e]{1,200}$/.test(sub)) return sub;
  throw new TokenRefused('act', 'an object with sub', foundOf(act));
}
