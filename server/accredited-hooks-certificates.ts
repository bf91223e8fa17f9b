/** What the administration of Deployments asks of the certificate authority, as functions over its register. */
import { CertificateRefused } from '../certs/requests.ts';
import type { CertificateHolder, Issued, Register, Steps } from '../certs/register.ts';
import { FaultsFound } from './catalogue/proxy-rules.ts';
import type {
  CertificateHooks,
  CertificateWish,
  IssuedCertificate,
} from './catalogue/systems/system-hooks.ts';

/** @param explain what a PEM text is, and each check with its result */
export function certificateHooks(
  register: Register,
  explain: CertificateHooks['explain'],
): CertificateHooks {
  const issue = (wish: CertificateWish, renews?: string) =>
    told(async () => {
      const { given } = wish;
      const holder = holderOf(wish);
      const steps = stepsOf(wish);
      if (given.csr === undefined)
        return toIssued(await register.enrol({ pem: given.certificate, holder, ...steps }));
      const { csr } = given;
      return toIssued(
        renews === undefined
          ? await register.issue({ csr, holder, ...steps })
          : await register.renew(renews, { csr, profile: wish.profile, ...steps }),
      );
    });
  return {
    check: (wish) =>
      told(async () => {
        if (wish.given.csr === undefined) return [];
        return (await register.check(wish.given.csr, holderOf(wish))).notes;
      }),
    issue: (wish) => issue(wish),
    renew: (thumbprint, wish) => issue(wish, thumbprint),
    revoke: (thumbprint, reason, by) => register.revoke(thumbprint, reason, by),
    lift: (thumbprint, by) => register.lift(thumbprint, by),
    get: (thumbprint) => register.get(thumbprint),
    list: (deployment) => register.find({ deployment }),
    explain,
  };
}

function holderOf(wish: CertificateWish): CertificateHolder {
  const { environment, deployment, partyKey, fqdn, profile } = wish;
  return { environment, deployment, partyKey, fqdn, profile };
}

function stepsOf({ requestedBy, approvedBy }: CertificateWish): Steps {
  return { by: requestedBy, ...(approvedBy === undefined ? {} : { approvedBy }) };
}

function toIssued({ record, chain, notes }: Issued): IssuedCertificate {
  return { certificate: record, chain, notes };
}

/** All faults of a request or certificate, as the management API tells faults. */
async function told<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof CertificateRefused)) throw error;
    const what = error.message.split(' is refused:', 1)[0] ?? 'It'; // as it is put together there
    throw new FaultsFound(what, error.faults);
  }
}
