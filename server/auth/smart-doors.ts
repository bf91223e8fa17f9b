/**
 * Which sign-in leads to which scopes on the SMART face, and who somebody is to an app. Owns that table: a scope never
 * opens more than the door one came through (SMART App Launch 2.2 with the national access modes).
 */
import { grantScopes, parseSmartScope } from '../../core/smart-scopes.ts';
import type { Catalogue, Client } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/environments.ts';
import { scopeFits } from '../catalogue/scopes.ts';
import type { SignedIn } from './families.ts';
import { kindFor } from './nhs-scopes.ts';
import type { ProviderKind } from './providers.ts';
import { digest } from './tokens.ts';

/** The scopes that an app's products and kinds allow it on this face. */
export function registeredScopes(
  catalogue: Catalogue,
  { app }: Client,
  environment: Environment,
): readonly string[] {
  return [...catalogue.scopes(app.id, environment)].filter(
    (scope) => !scope.startsWith('urn:') && scopeFits(app.kinds, scope),
  );
}

/** All scopes of this face that some product gives. */
export function scopesOfSmartProducts(catalogue: Catalogue): readonly string[] {
  const all = [...catalogue.products()].flatMap(({ scopes }) => scopes);
  return [...new Set(all.filter((scope) => !scope.startsWith('urn:')))].sort();
}

/** What an app with a person may be granted of what it asked. `launched`: an EHR opened it. */
export function scopesWithPerson(
  asked: readonly string[],
  registered: readonly string[],
  launched: boolean,
): readonly string[] {
  return grantScopes(asked, registered).filter(
    (scope) =>
      !scope.startsWith('system/') &&
      (launched || (scope !== 'launch' && scope !== 'launch/encounter')),
  );
}

/** What an application on its own may be granted. */
export function scopesAlone(
  asked: readonly string[],
  registered: readonly string[],
): readonly string[] {
  return grantScopes(asked, registered).filter((scope) => scope.startsWith('system/'));
}

/** The providers that a person may sign in by for these scopes; none when the app is not of the kind. */
export function doorsFor(
  scopes: readonly string[],
  { app }: Client,
  launched: boolean,
): readonly ProviderKind[] {
  const workerOnly = launched || scopes.some((scope) => scope.startsWith('user/'));
  const doors: readonly ProviderKind[] = workerOnly ? ['nhs-cis2'] : ['nhs-cis2', 'nhs-login'];
  return doors.filter((kind) => app.kinds.includes(kindFor(kind)));
}

/** What the way somebody signed in leaves of the scopes, and the patient that follows from it; or why nothing is left. */
export type Through =
  { readonly scopes: readonly string[]; readonly patient?: string } | { readonly refusal: string };

export function through(scopes: readonly string[], user: SignedIn): Through {
  if (user.kind === 'nhs-cis2') {
    return ['aal2', 'aal3'].includes(user.level)
      ? { scopes }
      : {
          refusal: `a sign-in at ${user.level || 'no level'} is too weak, this needs aal2 or aal3`,
        };
  }
  const { nhsNumber } = user;
  if (nhsNumber !== undefined && /^[0-9]{10}$/.test(nhsNumber) && isSure(user))
    return { scopes: scopes.filter((scope) => !scope.startsWith('user/')), patient: nhsNumber };
  const left = scopes.filter((scope) => scope === 'openid' || scope === 'fhirUser');
  return left.includes('openid')
    ? { scopes: left }
    : {
        refusal: `an identity proved to ${user.level.toUpperCase() || 'no level'} opens no record, P9 does`,
      };
}

/** Whether some scope reaches one patient, who must then be known. */
export function needsPatient(scopes: readonly string[]): boolean {
  return scopes.some(
    (scope) => scope === 'launch/patient' || parseSmartScope(scope)?.level === 'patient',
  );
}

/** P9 is more than who somebody is: the second factor counts too. */
function isSure({ level, vot }: SignedIn): boolean {
  return level === 'p9' && ['P9.Cp.Cd', 'P9.Cp.Ck', 'P9.Cm'].includes(vot ?? '');
}

// ---- who somebody is to an app ----

/** The `sub` of somebody: who signed in, also where the sign-in is about somebody else. */
export function subOf({ subject, issuer, actor }: SignedIn): string {
  return actor === undefined ? subject : digest(`${issuer} acts ${actor}`);
}

/** The `fhirUser` of somebody as an absolute URL: Practitioner, Patient, RelatedPerson, or Person below P9. */
export function fhirUserOf(user: SignedIn, base: string): string {
  if (user.kind === 'nhs-cis2') return `${base}/Practitioner/${toId(user.subject)}`;
  if (user.actor !== undefined) return `${base}/RelatedPerson/${toId(subOf(user))}`;
  return user.nhsNumber !== undefined && isSure(user)
    ? `${base}/Patient/${user.nhsNumber}`
    : `${base}/Person/${toId(user.subject)}`;
}

/** A FHIR id (R4 datatypes, id): the text itself where it is one. */
function toId(text: string): string {
  return /^[A-Za-z0-9.-]{1,64}$/.test(text)
    ? text
    : Buffer.from(digest(text), 'base64url').toString('hex');
}
