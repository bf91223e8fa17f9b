/**
 * What is kept of a certificate: issued here, or by an outside CA and registered. Owns the shape and its collection;
 * who may change it is in register.ts.
 */
import type { CollectionOf } from '../core/store.ts';

/** RFC 5280 5.3.1, those that an owner may give. */
export type RevocationReason =
  | 'unspecified'
  | 'keyCompromise'
  | 'affiliationChanged'
  | 'superseded'
  | 'cessationOfOperation'
  | 'certificateHold';

export interface CertificateRecord {
  /** SHA-256 of the DER form, base64url (RFC 8705 `x5t#S256`): the id. */
  readonly thumbprint: string;
  /** SHA-256 of the SubjectPublicKeyInfo, base64url. */
  readonly spki: string;
  /** Lower-case hex. */
  readonly serial: string;
  readonly subject: string;
  readonly issuer: string;
  readonly dnsNames: readonly string[];
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** When it came into the register; of two for one FQDN the later one has the greater. */
  readonly issuedAt: number;
  readonly state: 'active' | 'superseded' | 'revoked';
  readonly revoked?: {
    readonly reason: RevocationReason;
    readonly at: number;
    readonly by: string;
  };
  /** The name it speaks for, which is its CN. */
  readonly fqdn: string;
  readonly partyKey: string;
  readonly environment: string;
  /** The Deployment it belongs to. */
  readonly deployment: string;
  readonly profile: 'client' | 'endpoint' | 'server';
  readonly requestedBy: string;
  readonly approvedBy?: string;
  readonly pem: string;
}

export const certificateCollection: CollectionOf<CertificateRecord> = {
  name: 'certs.certificates',
  keys: (record) => ({
    all: [['all', String(record.notAfter).padStart(15, '0')]],
    deployment: [[record.deployment]],
    fqdn: [[record.environment, record.fqdn]],
    partyKey: [[record.environment, record.partyKey]],
    serial: [[record.environment, record.serial]],
    spki: [[record.spki]],
    state: [[record.environment, record.state]],
  }),
};
