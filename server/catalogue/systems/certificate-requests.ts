/** Certificates that were asked for in production and wait for a second person. Owns the shape and the collection. */
import type { CollectionOf } from '../../../core/store.ts';
import type { Given } from './system-hooks.ts';

export interface CertificateRequest {
  readonly id: string;
  /** Id of the Deployment. */
  readonly deployment: string;
  readonly given: Given;
  readonly profile: 'client' | 'endpoint';
  /** Thumbprint of the certificate that it renews. */
  readonly renews?: string;
  readonly requestedBy: string;
  /** Milliseconds since the epoch. */
  readonly requested: number;
  /** `approved` while it is being issued. */
  readonly state: 'requested' | 'approved' | 'issued' | 'rejected';
  readonly decidedBy?: string;
  readonly decided?: number;
  /** Why it was rejected. */
  readonly reason?: string;
  /** Of the certificate that was issued. */
  readonly thumbprint?: string;
}

export const certificateRequestCollection: CollectionOf<CertificateRequest> = {
  name: 'catalogue.certificate-requests',
  keys: ({ deployment, state }) => ({ all: [['all']], deployment: [[deployment, state]] }),
};
