/**
 * Scopes as Products list them: national ones (`urn:nhsd:apim:…`) and SMART ones. Owns what a Product may list, whether a
 * scope lets data be written, and which kinds of App it is for. What a token gets of them, the authorisation server says.
 */
import { Problem } from '../../core/problem.ts';
import type { AppKind } from './apps.ts';

/** In characters. */
const longest = 256;

const national =
  /^urn:nhsd:apim:(app:level[03]|user-nhs-cis2:aal[123]|user-nhs-id:aal[123]|user-nhs-login:P[059]):[a-z0-9][a-z0-9-]*$/;

/** SMART App Launch 2.2, 2: level, type, actions in their order or in the first version's words, and a filter. */
const clinical =
  /^(patient|user|system)\/([A-Z][A-Za-z]*|\*)\.(read|write|\*|(?=[cruds])c?r?u?d?s?)(\?[A-Za-z0-9_.=&:|/,%-]+)?$/;

const plain = new Set([
  'launch',
  'launch/patient',
  'launch/encounter',
  'openid',
  'fhirUser',
  'profile',
  'offline_access',
  'online_access',
]);

/** @throws Problem `invalid` for a text that is no scope. */
export function checkScope(scope: string): void {
  if (scope.length > longest)
    throw new Problem('invalid', `A scope has at most ${longest} characters`);
  if (national.test(scope) || clinical.test(scope) || plain.has(scope)) return;
  throw new Problem(
    'invalid',
    `"${scope}" is no scope: it must be urn:nhsd:apim:(app:level0|app:level3|user-nhs-cis2:aal1-3|user-nhs-id:aal1-3|user-nhs-login:P0,P5,P9):<api-name>, ` +
      'or of SMART App Launch such as patient/Patient.rs, launch/patient, openid',
  );
}

/**
 * Whether data can be written with it. A national scope does not say what its API offers, so all but level 0 count as
 * writing: the default errs on the side of a person who decides (R016).
 */
export function scopeWrites(scope: string): boolean {
  if (scope.startsWith('urn:')) return !scope.startsWith('urn:nhsd:apim:app:level0:');
  const letters = clinical.exec(scope)?.[3];
  return letters !== undefined && letters !== 'read' && /[cud*w]/.test(letters);
}

/** Kinds by the beginning of a scope. A scope that is not here (openid, launch) opens no data by itself. */
const kindsByStart: readonly (readonly [start: string, kinds: readonly AppKind[]])[] = [
  ['urn:nhsd:apim:app:', ['point-of-care', 'patient-facing', 'unattended']],
  ['urn:nhsd:apim:user-nhs-cis2:', ['point-of-care']],
  ['urn:nhsd:apim:user-nhs-id:', ['point-of-care']],
  ['urn:nhsd:apim:user-nhs-login:', ['patient-facing']],
  ['patient/', ['patient-facing', 'point-of-care']],
  ['user/', ['point-of-care']],
  ['system/', ['point-of-care', 'patient-facing', 'unattended']],
];

/** Whether an App of these kinds may act with this scope (R072). */
export function scopeFits(kinds: readonly AppKind[], scope: string): boolean {
  const fitting = kindsFor(scope);
  return fitting === undefined || fitting.some((kind) => kinds.includes(kind));
}

/**
 * Refuses an App at a Product of whose scopes none is for its kinds.
 * @throws Problem `unprocessable` that names the rule.
 */
export function checkFit(
  kinds: readonly AppKind[],
  productId: string,
  scopes: readonly string[],
): void {
  const opening = scopes.filter((scope) => kindsFor(scope) !== undefined);
  if (opening.length === 0 || opening.some((scope) => scopeFits(kinds, scope))) return;
  const wanted = [...new Set(opening.flatMap((scope) => kindsFor(scope) ?? []))];
  throw new Problem(
    'unprocessable',
    `An app's kinds decide its access modes: every scope of product ${productId} is for ${wanted.join(' or ')} apps, and this one is ${kinds.join(', ')}`,
    { code: 'KIND' },
  );
}

function kindsFor(scope: string): readonly AppKind[] | undefined {
  return kindsByStart.find(([start]) => scope.startsWith(start))?.[1];
}
