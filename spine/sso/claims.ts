/**
 * The words of the cross-organisation token: what a system tells another organisation's of itself, its organisation, its
 * user and why. Owns systems of identifiers, the two shapes in use and their claims.
 */

/** `spine`: identifiers as texts. `gp-connect`: FHIR resources within the token. */
export type Profile = 'spine' | 'gp-connect';

export const reasons = ['directcare', 'secondaryuses', 'patientaccess'] as const;
export type Reason = (typeof reasons)[number];

/** Systems of identifiers. */
export const systems = {
  asid: 'https://fhir.nhs.uk/Id/accredited-system',
  organisation: 'https://fhir.nhs.uk/Id/ods-organization-code',
  roleProfile: 'https://fhir.nhs.uk/Id/sds-role-profile-id',
  user: 'https://fhir.nhs.uk/Id/sds-user-id',
  /** As written here; both hosts and both schemes are read. */
  patient: 'https://fhir.nhs.uk/Id/nhs-number',
} as const;

/** Seconds between `iat` and `exp`, neither more nor less. */
export const lifetime = 300;

/** A token is sent with each call: longer ones are refused unread. In characters. */
export const longest = 8192;

/** Who asks. */
export interface Parties {
  /** The requesting system; of a `gp-connect` token only when its device tells. */
  readonly asid?: string;
  readonly odsCode: string;
  /** National user id of a healthcare worker, and the role that is acted in. */
  readonly userId?: string;
  readonly roleProfile?: string;
  /** NHS number of a citizen who acts. */
  readonly patient?: string;
  /** Who acts for that citizen, where somebody does. */
  readonly actor?: string;
}

/** What the reader of a token learns; asserted by the system that made it, not proved. */
export interface AssertedContext extends Parties {
  readonly profile: Profile;
  readonly issuer: string;
  readonly audience: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  readonly reason: Reason;
  readonly scopes: readonly string[];
  /** Whether a registered key of the system has signed it. */
  readonly signed: boolean;
}
