/**
 * The words of the role assertion: what the security broker tells of a smartcard session, in SAML 1.1 (its namespaces say
 * 1.0). Owns names and shapes; writing and reading are in the files beside it.
 */

export const samlUri = 'urn:oasis:names:tc:SAML:1.0:assertion';
export const samlpUri = 'urn:oasis:names:tc:SAML:1.0:protocol';
/** The namespace of the attributes. */
export const attributeUri = 'http://www.syntegra.com';
export const confirmationMethod = 'urn:com:sun:identity';
export const authenticationMethod = 'urn:com:sun:identity:ExtendedLoginModule';

/** An assertion counts from three minutes before it was made until one minute after; milliseconds. */
export const validBefore = 3 * 60_000;
export const validAfter = 60_000;

/** For whom an assertion is: the system that asked. An URI, as SAML wants it. */
export function audienceOf(asid: string): string {
  return `urn:oid:1.2.826.0.1285.0.2.0.107.${asid}`;
}

/** One role of the session's user. */
export interface AssertedRole {
  /** Role profile id. */
  readonly id: string;
  readonly odsCode: string;
  readonly organisation: string;
  /** `"Area":"Group":"Role"`, and `S….:G….:R….`. */
  readonly jobRole: string;
  readonly jobRoleCode: string;
  /** `B0020` and kin. */
  readonly activities: readonly string[];
  readonly workgroups: readonly string[];
  readonly areas: readonly string[];
}

export interface RoleAssertion {
  readonly id: string;
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly issued: number;
  readonly authenticated: number;
  readonly audience?: string;
  readonly userId: string;
  /** Family name first. */
  readonly name: string;
  /** 0 live, 1 training. */
  readonly mode: '0' | '1';
  /** All roles, in their order, and the one chosen for the session, which is among them. */
  readonly roles: readonly AssertedRole[];
  readonly selected: AssertedRole;
}
