/** The names of the claims that each provider may give, for its description. */
import type { ProviderKind } from './kinds.ts';

const common = ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'nonce', 'auth_time', 'sid'];

export function claimNames(kind: ProviderKind): readonly string[] {
  return kind === 'nhs-cis2'
    ? [
        ...common,
        'azp',
        'acr',
        'amr',
        'at_hash',
        'c_hash',
        's_hash',
        'authentication_assurance_level',
        'id_assurance_level',
        'selected_roleid',
        'name',
        'given_name',
        'family_name',
        'email',
        'uid',
        'nhsid_useruid',
        'nhsid_nrbac_roles',
        'nhsid_org_memberships',
        'nhsid_org_roles',
        'nhsid_user_orgs',
      ]
    : [
        ...common,
        'vot',
        'vtm',
        'act',
        'identity_proofing_level',
        'nhs_number',
        'birthdate',
        'family_name',
        'given_name',
        'email',
        'email_verified',
        'phone_number',
        'phone_number_verified',
        'phone_number_pds_matched',
        'landline_number',
        'gp_registration_details',
        'gp_integration_credentials',
        'client_user_metadata',
      ];
}
