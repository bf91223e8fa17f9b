/** What a token's grant tells its app of the launch (SMART App Launch 2.2, token response). Owns the names of members. */
import type { Family, SignedIn } from './families.ts';

export function launchMembers({ launch, user }: Pick<Family, 'launch' | 'user'>): object {
  if (!launch) return {};
  const { patient, encounter, intent, needPatientBanner } = launch;
  return {
    ...(patient === undefined ? {} : { patient }),
    ...(encounter === undefined ? {} : { encounter }),
    ...(intent === undefined ? {} : { intent }),
    ...(needPatientBanner === undefined ? {} : { need_patient_banner: needPatientBanner }),
    ...(encounter === undefined ? {} : organisationOf(user)),
  };
}

/** In a launch from here the app learns in which organisation the worker acts. */
function organisationOf(user: SignedIn | undefined): object {
  const { roles = [], selectedRole } = user ?? {};
  const role =
    roles.find(({ id }) => id === selectedRole) ?? (roles.length === 1 ? roles[0] : undefined);
  if (!role || role.odsCode === '') return {};
  const identifier = {
    system: 'https://fhir.nhs.uk/Id/ods-organization-code',
    value: role.odsCode,
  };
  return { fhirContext: [{ type: 'Organization', identifier }] };
}
