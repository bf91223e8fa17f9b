/** In what the two providers differ as a whole: the algorithm, how long things live, what scopes and clients they know. */

export type ProviderKind = 'nhs-cis2' | 'nhs-login';

/** What a provider signs with. */
export function algorithmOf(kind: ProviderKind): 'RS256' | 'RS512' {
  return kind === 'nhs-cis2' ? 'RS256' : 'RS512';
}

/** What a client may sign its assertion with. */
export function assertionAlgorithms(kind: ProviderKind): readonly ('RS256' | 'RS512')[] {
  return kind === 'nhs-cis2' ? ['RS256', 'RS512'] : ['RS512'];
}

/** Seconds that things live. */
export interface Lifetimes {
  readonly signIn: number;
  readonly code: number;
  readonly idToken: number;
  readonly access: number;
  /** The whole session, and with it the refreshing. */
  readonly session: number;
}

export function lifetimesOf(kind: ProviderKind): Lifetimes {
  return kind === 'nhs-cis2'
    ? { signIn: 600, code: 300, idToken: 3600, access: 12 * 3600, session: 12 * 3600 }
    : { signIn: 600, code: 600, idToken: 3600, access: 300, session: 30 * 24 * 3600 };
}

/** The scopes of a provider; others are passed over (OpenID Connect Core 3.1.2.1). */
export function scopesOf(kind: ProviderKind): readonly string[] {
  return kind === 'nhs-cis2'
    ? [
        'openid',
        'profile',
        'email',
        'nhsperson',
        'associatedorgs',
        'nationalrbacaccess',
        'professionalmemberships',
        'organisationalmemberships',
        'selectedrole',
      ]
    : [
        'openid',
        'profile',
        'basic_demographics',
        'profile_extended',
        'email',
        'phone',
        'landline',
        'gp_registration_details',
        'gp_integration_credentials',
        'client_metadata',
      ];
}
