/**
 * Whether a caller may do an operation of the SMART base, and to whom: the access mode's table and the granted scopes
 * together, so that a scope never opens what the mode does not. Rules about records (restricted people, fields a patient
 * may change) are behind the port Patients.
 */
import type { Patient } from 'fhir/r4.js';
import type { AccessMode, Caller } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { grantedFilters, type SmartFilter, type SmartLevel } from '../../core/smart-scopes.ts';
import { modesOfLevel, type SmartOperation } from './operations.ts';

/** What one caller may reach with one operation. Filters as `grantedFilters` gives them: none is no access. */
export interface Access {
  readonly operation: SmartOperation;
  readonly mode: AccessMode;
  /** On anyone's record. */
  readonly everyone: readonly SmartFilter[];
  /** On the record of the patient in context. */
  readonly own: readonly SmartFilter[];
  /** The patient in context: an NHS number. */
  readonly patient: string | undefined;
}

/**
 * @throws Problem 401 without a SMART token; 403 when the operation is closed to the caller's mode, or no scope of the token
 *   allows it (with `insufficient_scope` and the scope that would, RFC 6750 3.1).
 */
export function accessTo(operation: SmartOperation, caller: Caller | undefined): Access {
  if (!caller) throw unauthenticated('Missing Authorization header');
  const { mode, smart } = caller;
  if (!smart) throw unauthenticated('Invalid Access Token', 'invalid_token');
  const usable = operation.levels.filter((level) => modesOfLevel[level].includes(mode));
  if (usable.length === 0)
    throw new Problem('forbidden', `This operation is not open to ${modeWords[mode]}`);
  const filtersAt = (level: SmartLevel) =>
    usable.includes(level)
      ? grantedFilters(smart.scopes, level, operation.type, operation.action)
      : [];
  const everyone = [...filtersAt('user'), ...filtersAt('system')];
  const own = filtersAt('patient');
  if (everyone.length === 0 && own.length === 0) throw insufficientScope(operation, mode);
  return { operation, mode, everyone, own, patient: contextOf(caller) };
}

/**
 * The filters on this person's record, one of which it must match in whole.
 * @throws Problem 403 when the caller reaches the patient in context alone and this is somebody else.
 */
export function reach(access: Access, nhsNumber: string): readonly SmartFilter[] {
  const { everyone, own, patient } = access;
  const filters = patient !== undefined && nhsNumber === patient ? [...everyone, ...own] : everyone;
  if (filters.length === 0) throw onlyOwn(access);
  return filters;
}

/** The filters on people found by their data. @throws Problem 403 when the caller reaches one patient alone. */
export function reachEveryone(access: Access): readonly SmartFilter[] {
  if (access.everyone.length === 0) throw onlyOwn(access);
  return access.everyone;
}

/** Whether the Patient, as it is shown to the caller, matches one of the filters. */
export function matches(
  filters: readonly SmartFilter[],
  patient: Pick<Patient, 'gender'>,
): boolean {
  return filters.some((filter) =>
    filter.every(([name, value]) => name === 'gender' && hasGender(value, patient.gender)),
  );
}

/** The scope that would do for this mode: `user/Patient.r`. */
export function scopeFor({ levels, type, action }: SmartOperation, mode: AccessMode): string {
  const order: readonly SmartLevel[] = ['user', 'system', 'patient'];
  const level = order.find((each) => levels.includes(each) && modesOfLevel[each].includes(mode));
  return `${level ?? 'user'}/${type}.${action}`;
}

const modeWords: Readonly<Record<AccessMode, string>> = {
  worker: 'healthcare workers',
  app: 'applications on their own',
  privileged: 'applications on their own',
  patient: 'patients',
};

/** A patient signed in is in context of nobody else, whatever the token says. */
function contextOf({ mode, nhsNumber, smart }: Caller): string | undefined {
  if (mode === 'patient' && smart?.patient !== nhsNumber) return undefined;
  return smart?.patient;
}

const genderSystem = 'http://hl7.org/fhir/administrative-gender';

/** A token search value (R4 search 2.1.1.4.10): `code` or `system|code`, several after commas. */
function hasGender(value: string, gender: string | undefined): boolean {
  if (gender === undefined) return false;
  return value.split(',').some((each) => each === gender || each === `${genderSystem}|${gender}`);
}

function unauthenticated(message: string, error?: string): Problem {
  const challenge = error === undefined ? 'Bearer' : `Bearer error="${error}"`;
  return new Problem('unauthenticated', message, { headers: { 'www-authenticate': challenge } });
}

function insufficientScope(
  operation: SmartOperation,
  mode: AccessMode,
  message = `This operation needs the scope ${scopeFor(operation, mode)}`,
): Problem {
  const scope = scopeFor(operation, mode);
  return new Problem('forbidden', message, {
    headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  });
}

/** No scope would let a patient reach somebody else; a worker might have been given one. */
function onlyOwn({ operation, mode, patient }: Access): Problem {
  const message =
    patient === undefined
      ? 'The token has a patient-level scope and no patient in context'
      : 'The token reaches the record of the patient in context alone';
  return mode === 'worker' && operation.levels.includes('user')
    ? insufficientScope(operation, mode, message)
    : new Problem('forbidden', message);
}
