/**
 * Whom a token of the SMART face makes of its caller at the FHIR base, and whom a worker on our own pages may look for.
 * Joins the authorisation server's words with those of the demographic service; owns the table of access modes between.
 */
import type { Patient } from 'fhir/r4.js';
import type { AccessMode, Caller, Exchange, Policy } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { parseSmartScope, toV2 } from '../core/smart-scopes.ts';
import { isNhsNumber } from '../fhir/identifiers.ts';
import { actingRole, rightsOf } from '../fhir/pds/access-modes.ts';
import type { Asking, Patients } from '../fhir/pds/patients.ts';
import { readCriteria } from '../fhir/pds/trace/search-query.ts';
import type { SignedIn } from './auth/families.ts';
import type { SmartTokenFacts } from './auth/smart-judge.ts';
import type { FindPatients, FoundPatient } from './auth/smart-parts.ts';

const privilegedScope = 'urn:nhsd:apim:app:level3:privileged-personal-demographics-service';

/** The caller that a token makes. @throws Problem 403 for an app without an ASID, and for scopes that open no mode. */
export function smartCaller(facts: SmartTokenFacts): Caller {
  const { asid } = facts.client.registration;
  if (asid === undefined)
    throw new Problem(
      'forbidden',
      'The application has no ASID, which calls of demographic records need: ask the operator for one',
    );
  return { ...namedCaller(facts), asid };
}

/** The same without a right, for the audit of a token that is refused. */
export function refusedSmartCaller(facts: SmartTokenFacts): Caller {
  return namedCaller(facts);
}

function namedCaller({ client, family, scopes, given }: SmartTokenFacts): Caller {
  const { app } = client;
  const { user, launch } = family;
  const mode = modeOf(user, given);
  const isPatient = mode === 'patient' && user?.nhsNumber !== undefined;
  return {
    ...{ appId: app.id, appName: app.name, mode, scopes },
    ...(user
      ? { userId: user.actor ?? user.nhsNumber ?? user.subject, signIn: signInOf(user) }
      : {}),
    ...(isPatient ? { nhsNumber: user.nhsNumber } : {}),
    smart: {
      scopes: resourceScopes(scopes),
      ...(launch?.patient === undefined ? {} : { patient: launch.patient }),
    },
    grants: rightsOf(client.registration.attributes, mode),
  };
}

function modeOf(user: SignedIn | undefined, given: ReadonlySet<string>): AccessMode {
  if (!user) return given.has(privilegedScope) ? 'privileged' : 'app';
  return user.kind === 'nhs-cis2' ? 'worker' : 'patient';
}

function resourceScopes(scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => parseSmartScope(scope) !== undefined).map(toV2);
}

function signInOf({ provider, issuer, level, roles, selectedRole }: SignedIn) {
  return {
    ...{ provider, issuer, level },
    ...(roles ? { roles } : {}),
    ...(selectedRole === undefined ? {} : { selectedRole }),
  };
}

/** A worker acts in the role picked at sign-in, or in the one that a header names. @throws as `actingRole` */
export const inActingRole: Policy = (next) => (exchange) => {
  const { caller, headers, facts } = exchange;
  if (caller?.mode !== 'worker') return next(exchange);
  const role = actingRole(caller, headers['nhsd-session-urid']);
  if (role === undefined) return next(exchange);
  const acting = { ...caller, role };
  facts.caller = acting;
  return next(exchange.with({ caller: acting }));
};

// ---- the search on our own pages ----

const mostFound = 20;

/** Looks among the records as they are in a workspace. */
export function patientFinder(patients: Patients, workspace: string): FindPatients {
  return async (asked, worker, exchange) => {
    const asking = askingAs(worker, workspace, exchange);
    if (!('nhsNumber' in asked)) return findByName(patients, asked, asking);
    if (!isNhsNumber(asked.nhsNumber)) return [];
    try {
      const { text } = await patients.retrieve(asked.nhsNumber, asking);
      return [toFound(JSON.parse(text) as Patient)]; // our own text of a Patient
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return [];
      throw error;
    }
  };
}

async function findByName(
  patients: Patients,
  { family, birthDate }: { readonly family: string; readonly birthDate: string },
  asking: Asking,
): Promise<readonly FoundPatient[]> {
  const query = new URLSearchParams({ family, birthdate: `eq${birthDate}` });
  const { found } = await patients.search(readCriteria(query, mostFound), asking, false);
  return found.map(({ resource }) => toFound(resource));
}

/** @throws Problem 403 when none of the worker's roles opens records. */
function askingAs(worker: SignedIn, workspace: string, { facts }: Exchange): Asking {
  const signIn = signInOf(worker);
  const caller: Caller = {
    ...{ appId: 'smart-launch', appName: 'Launch page', mode: 'worker', scopes: [], signIn },
    userId: worker.subject,
    grants: new Set(),
  };
  const { selectedRole, roles = [] } = signIn;
  const roleIds = selectedRole === undefined ? roles.map(({ id }) => id) : [selectedRole];
  const faults = roleIds.map((id) => roleFault(caller, id));
  const [first] = faults;
  if (first && faults.every((fault) => fault !== undefined)) throw first;
  facts.workspace = workspace;
  return { caller, workspace, requestId: '', facts };
}

function roleFault(caller: Caller, role: string): Problem | undefined {
  try {
    actingRole(caller, role);
    return undefined;
  } catch (error) {
    return Problem.from(error);
  }
}

function toFound({ id = '', name = [], birthDate = 'unknown' }: Patient): FoundPatient {
  const usual = name.find(({ use }) => use === 'usual') ?? name[0];
  const words = [...(usual?.given ?? []), usual?.family ?? ''].filter((word) => word !== '');
  return { nhsNumber: id, name: words.join(' ') || 'Name not shown', birthDate };
}
