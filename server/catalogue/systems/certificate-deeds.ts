/**
 * What the administration of certificates and that of their requests share: whose Deployment it is, what it must be, and
 * the issuing itself with its entry in the audit.
 */
import { Problem } from '../../../core/problem.ts';
import type { App } from '../apps.ts';
import { wired } from '../deployment-hooks.ts';
import type { Records } from '../records.ts';
import { must, type Action, type Actor } from '../roles.ts';
import { entered, refusalsEntered } from './deeds.ts';
import type { SystemsGround } from './deployment-ground.ts';
import type { Deployment } from './deployments.ts';
import type {
  CertificateHooks,
  CertificateWish,
  Given,
  IssuedCertificate,
} from './system-hooks.ts';

/** What is asked for. */
export type WantedCertificate = Given & {
  /** Absent: `endpoint` for a Deployment that receives, else `client`. */
  readonly profile?: 'client' | 'endpoint';
};

export interface CertificateParts {
  readonly ground: SystemsGround;
  readonly records: Records<Deployment>;
  readonly apps: Records<App>;
}

export function authorityOf({ ground }: CertificateParts): CertificateHooks {
  return wired(ground.hooks.certificates, 'The certificate authority');
}

/** Who does what by which right. */
export interface Doer {
  readonly actor: Actor;
  readonly right: Action;
  /** As the audit names it. */
  readonly action: string;
}

/** A Deployment that the actor has this right over. @throws Problem `not-found`; `forbidden`, which is in the audit */
export async function ownDeployment(
  { ground, records, apps }: CertificateParts,
  id: string,
  { actor, right, action }: Doer,
): Promise<Deployment> {
  const { value } = await records.read(id);
  const { owner } = (await apps.read(value.app)).value;
  await refusalsEntered(ground, { actor, action, environment: value.environment }, id, () => {
    must(actor, right, { organisation: owner });
  });
  return value;
}

/** No certificate without an approved Deployment (R148). @throws Problem `conflict` with the next step */
export function refuseUnusable({ id, state, environment }: Deployment): void {
  if (state === 'approved' || state === 'live') return;
  if (state === 'ended')
    throw new Problem('conflict', 'The deployment has ended: ask for it anew first', {
      code: 'STATE',
    });
  const second = environment === 'production' ? ', by a second person' : '';
  throw new Problem(
    'conflict',
    state === 'requested'
      ? `The deployment is requested: it must be approved first${second} (gatehouse deployment approve ${id})`
      : `The deployment is suspended: it must be resumed first (gatehouse deployment resume ${id})`,
    { code: 'STATE' },
  );
}

/** What the authority is asked, from what the Deployment says. */
export function wishFor(
  deployment: Deployment,
  { csr, certificate, profile }: WantedCertificate,
  { id: requestedBy }: Pick<Actor, 'id'>,
): CertificateWish {
  const { id, environment, fqdn = '', partyKey = '', receives = [] } = deployment;
  return {
    ...{ environment, deployment: id, fqdn, partyKey, requestedBy },
    given: csr === undefined ? { certificate } : { csr },
    profile: profile ?? (receives.length > 0 ? 'endpoint' : 'client'),
  };
}

/** Has one issued, or renewed, and enters it. */
export async function issue(
  parts: CertificateParts,
  actor: Actor,
  wish: CertificateWish,
  renews: string | undefined,
): Promise<IssuedCertificate> {
  const authority = authorityOf(parts);
  const action = renews === undefined ? 'certificate.issue' : 'certificate.renew';
  const deed = { actor, action, environment: wish.environment };
  return entered(parts.ground, deed, wish.deployment, () =>
    renews === undefined ? authority.issue(wish) : authority.renew(renews, wish),
  );
}
