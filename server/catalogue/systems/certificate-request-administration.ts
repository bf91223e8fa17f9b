/**
 * Requests for certificates in production as a second person decides them. Owns their states; the authority's checks are
 * made when it is asked for, so that whoever asked hears them, and again when it is issued.
 */
import { Problem } from '../../../core/problem.ts';
import { checkLength } from '../app-rules.ts';
import { openRecords, type Records } from '../records.ts';
import type { Actor } from '../roles.ts';
import {
  authorityOf,
  issue,
  ownDeployment,
  refuseUnusable,
  wishFor,
  type CertificateParts,
} from './certificate-deeds.ts';
import { certificateRequestCollection, type CertificateRequest } from './certificate-requests.ts';
import { refusalsEntered } from './deeds.ts';
import type { Deployment } from './deployments.ts';
import type { CertificateWish, IssuedCertificate } from './system-hooks.ts';

/** A request that waits, with what of it will not be taken over. */
export interface Waiting {
  readonly request: CertificateRequest;
  readonly notes: readonly string[];
}

export interface CertificateRequests {
  /** Checked now, issued when somebody else approves. */
  add(
    actor: Actor,
    deployment: Deployment,
    wish: CertificateWish,
    renews?: string,
  ): Promise<Waiting>;
  /** Those of a Deployment that wait. */
  list(actor: Actor, deployment: string): Promise<readonly CertificateRequest[]>;
  /** @throws Problem `forbidden` for whoever asked, `conflict` when it is decided, and what the checks say now */
  approve(
    actor: Actor,
    deployment: string,
    id: string,
  ): Promise<{ readonly issued: IssuedCertificate; readonly deployment: Deployment }>;
  reject(actor: Actor, deployment: string, id: string, reason: string): Promise<CertificateRequest>;
}

export function requestAdministration(parts: CertificateParts): CertificateRequests {
  const { ground } = parts;
  const requests = openRecords(ground, certificateRequestCollection, 'certificate request');
  return {
    async add(actor, deployment, wish, renews) {
      const notes = await authorityOf(parts).check(wish);
      const { environment, id: of } = deployment;
      const { given, profile } = wish;
      const id = ground.clock.newId();
      const deed = { actor, action: 'certificate.request', environment };
      const stored = await requests.add(deed, id, () => ({
        ...{ id, deployment: of, given, profile, requestedBy: actor.id },
        ...(renews === undefined ? {} : { renews }),
        ...{ requested: ground.clock.now(), state: 'requested' },
      }));
      return { request: stored.value, notes };
    },
    async list(actor, id) {
      await ownDeployment(parts, id, { actor, right: 'app.read', action: 'certificate.read' });
      const { items } = await requests.find({ index: 'deployment', equals: [id, 'requested'] });
      return items.map(({ value }) => value);
    },
    approve: (actor, deployment, id) => approve(parts, requests, actor, deployment, id),
    async reject(actor, deployment, id, reason) {
      checkLength('reason', reason, 3, 500);
      const by = { actor, right: 'app.approve', action: 'certificate.reject' } as const;
      const { environment } = await ownDeployment(parts, deployment, by);
      const stored = await requests.change({
        deed: { actor, action: by.action, environment },
        id: await idOfThis(requests, deployment, id),
        expected: undefined,
        allow,
        edit: (now) => {
          refuseDecided(now);
          const decided = { decidedBy: actor.id, decided: ground.clock.now() };
          return { ...now, ...decided, state: 'rejected', reason };
        },
      });
      return stored.value;
    },
  };
}

async function approve(
  parts: CertificateParts,
  requests: Records<CertificateRequest>,
  actor: Actor,
  deploymentId: string,
  id: string,
): Promise<{ readonly issued: IssuedCertificate; readonly deployment: Deployment }> {
  const { ground } = parts;
  const by = { actor, right: 'app.approve', action: 'certificate.approve' } as const;
  const deployment = await ownDeployment(parts, deploymentId, by);
  const deed = { actor, action: by.action, environment: deployment.environment };
  const { value: request } = await requests.read(await idOfThis(requests, deploymentId, id));
  await refusalsEntered(ground, deed, id, () => {
    refuseOwn(actor, request);
  });
  refuseUnusable(deployment);
  const { given, profile, requestedBy, renews } = request;
  const wish = wishFor(deployment, { ...given, profile }, { id: requestedBy });
  // Decided first: of two who approve at once one goes on.
  const { version } = await requests.change({
    ...{ deed, id, expected: undefined, allow },
    edit(now) {
      const at = ground.clock.now();
      if (!isLeft(now, at)) refuseDecided(now);
      return { ...now, state: 'approved', decidedBy: actor.id, decided: at };
    },
  });
  const change = (edit: (now: CertificateRequest) => CertificateRequest) =>
    requests.change({ ...{ deed, id, expected: version, allow }, edit });
  try {
    const issued = await issue(parts, actor, { ...wish, approvedBy: actor.id }, renews);
    const { thumbprint } = issued.certificate;
    await change((now) => ({ ...now, state: 'issued', thumbprint }));
    return { issued, deployment };
  } catch (error) {
    await change(({ decidedBy: _by, decided: _at, ...now }) => ({ ...now, state: 'requested' }));
    throw error;
  }
}

const allow = () => undefined; // asked ahead of the change

/** Milliseconds after which an issuing that has not ended was left by a process that died: then it may be approved again. */
const patience = 60_000;

function isLeft({ state, decided = 0 }: CertificateRequest, now: number): boolean {
  return state === 'approved' && now - decided > patience;
}

/** A request of another Deployment is not there. */
async function idOfThis(
  requests: Records<CertificateRequest>,
  deployment: string,
  id: string,
): Promise<string> {
  const { value } = await requests.read(id);
  if (value.deployment === deployment) return id;
  throw new Problem('not-found', 'There is no such certificate request');
}

function refuseDecided({ state }: CertificateRequest): void {
  if (state !== 'requested')
    throw new Problem('conflict', `The request is ${state} already`, { code: 'STATE' });
}

function refuseOwn({ id }: Actor, { requestedBy }: CertificateRequest): void {
  if (id === requestedBy)
    throw new Problem(
      'forbidden',
      'You have asked for it yourself: in production somebody else approves (an administrator or operator)',
      { code: 'SECOND_PERSON' },
    );
}
