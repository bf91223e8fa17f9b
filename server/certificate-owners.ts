/** Whose a certificate is: the Deployment it was issued for, and the App of that. Held in memory, as the store has them. */
import type { OwnerOfCertificate } from './auth/client-certificate.ts';
import { deploymentCollection, type Deployment } from './catalogue/systems/deployments.ts';
import type { PlatformCertificates } from './certificate-authority.ts';
import type { FindRecord } from './certificate-gate.ts';
import { mirrored } from './mirrored.ts';
import type { ServedStore } from './store/served.ts';

export interface CertificateOwners {
  /** A certificate's record as it is now. @throws Problem `unavailable` when nobody knows what was revoked */
  readonly record: FindRecord;
  deployment(id: string): Deployment | undefined;
  /** The App of a certificate that is good now, while its Deployment is live. */
  readonly ownerOf: OwnerOfCertificate;
}

export async function openCertificateOwners(
  store: ServedStore,
  certificates: Pick<PlatformCertificates, 'register' | 'lists'>,
): Promise<CertificateOwners> {
  const { held } = await mirrored(store, deploymentCollection);
  const record = recordsOf(certificates);
  return {
    record,
    deployment: (id) => held.get(id),
    ownerOf({ thumbprint }) {
      const found = record(thumbprint);
      if (found?.state !== 'active') return undefined;
      const deployment = held.get(found.deployment);
      return deployment?.state === 'live' ? deployment.app : undefined;
    },
  };
}

/** A record that an outside authority's list names is as good as revoked. */
function recordsOf({
  register,
  lists,
}: Pick<PlatformCertificates, 'register' | 'lists'>): FindRecord {
  return (thumbprint) => {
    const { record } = register.judge(thumbprint);
    if (record?.state !== 'active') return record;
    const { environment, issuer, serial } = record;
    return lists.isListedOutside(environment, issuer, serial)
      ? { ...record, state: 'revoked' }
      : record;
  };
}
