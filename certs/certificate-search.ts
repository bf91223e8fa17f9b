/** Finds certificates in the register by what is known of them. Owns which index is asked. */
import type { Collection, Page } from '../core/store.ts';
import type { CertificateRecord } from './certificate-record.ts';

export interface CertificateQuery {
  readonly environment?: string;
  readonly deployment?: string;
  readonly fqdn?: string;
  readonly partyKey?: string;
  readonly state?: CertificateRecord['state'];
}

/** All that fit, the one that ends last first; for a query without a part, all that have not ended. */
export async function findCertificates(
  certificates: Collection<CertificateRecord>,
  query: CertificateQuery,
  now: number,
): Promise<readonly CertificateRecord[]> {
  const found: CertificateRecord[] = [];
  for (let after: string | undefined = ''; after !== undefined;) {
    const asked = { ...indexFor(query, now), limit: 500 };
    const page: Page<CertificateRecord> = await certificates.find(
      after === '' ? asked : { ...asked, after },
    );
    for (const { value } of page.items) if (fits(value, query)) found.push(value);
    after = page.next;
  }
  return found.sort((a, b) => b.notAfter - a.notAfter);
}

/** The narrowest index for a query. */
function indexFor(
  { environment, deployment, fqdn, partyKey, state }: CertificateQuery,
  now: number,
) {
  if (deployment !== undefined) return { index: 'deployment', equals: [deployment] };
  if (environment !== undefined && fqdn !== undefined)
    return { index: 'fqdn', equals: [environment, fqdn] };
  if (environment !== undefined && partyKey !== undefined)
    return { index: 'partyKey', equals: [environment, partyKey] };
  if (environment !== undefined && state !== undefined)
    return { index: 'state', equals: [environment, state] };
  const narrow = environment ?? fqdn ?? partyKey ?? state;
  const from = narrow === undefined ? { from: String(now).padStart(15, '0') } : {};
  return { index: 'all', equals: ['all'], ...from };
}

function fits(record: CertificateRecord, query: CertificateQuery): boolean {
  return (['environment', 'deployment', 'fqdn', 'partyKey', 'state'] as const).every(
    (part) => query[part] === undefined || query[part] === record[part],
  );
}
