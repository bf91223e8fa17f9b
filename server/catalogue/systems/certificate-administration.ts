/**
 * The certificates of Deployments: asked for, issued, renewed, revoked, explained (R151). Owns who may and what a
 * Deployment must be for it; what a request or certificate must be is the authority's (system-hooks.ts). In production a
 * request waits until a second person approves it.
 */
import { Problem } from '../../../core/problem.ts';
import { appCollection } from '../apps.ts';
import { wired } from '../deployment-hooks.ts';
import type { Environment } from '../environments.ts';
import { openRecords } from '../records.ts';
import { may, must, type Actor } from '../roles.ts';
import {
  authorityOf,
  issue,
  ownDeployment,
  refuseUnusable,
  wishFor,
  type CertificateParts,
  type WantedCertificate,
} from './certificate-deeds.ts';
import type { SystemsGround } from './deployment-ground.ts';
import { entered } from './deeds.ts';
import {
  requestAdministration,
  type CertificateRequests,
  type Waiting,
} from './certificate-request-administration.ts';
import { deploymentCollection, type Deployment } from './deployments.ts';
import type {
  HandshakeQuery,
  IssuedCertificate,
  KnownCertificate,
  RefusedHandshake,
  RevocationReason,
} from './system-hooks.ts';

/** Issued at once, or waiting for a second person. */
export type Outcome =
  | { readonly issued: IssuedCertificate; readonly deployment: Deployment }
  | { readonly waiting: Waiting };

export interface CertificateAdministration {
  /** @throws Problem `conflict` for a Deployment that is not approved or is suspended, and what the checks say */
  request(actor: Actor, deployment: string, wanted: WantedCertificate): Promise<Outcome>;
  /** The same for one that replaces another, which stays good for the overlap. */
  renew(actor: Actor, thumbprint: string, wanted: WantedCertificate): Promise<Outcome>;
  readonly requests: CertificateRequests;
  list(actor: Actor, deployment: string): Promise<readonly KnownCertificate[]>;
  read(actor: Actor, thumbprint: string): Promise<KnownCertificate>;
  revoke(actor: Actor, thumbprint: string, reason: RevocationReason): Promise<KnownCertificate>;
  /** Ends a hold: for who put it on hold, or who approves. */
  lift(actor: Actor, thumbprint: string): Promise<KnownCertificate>;
  /** What a PEM text is: for anybody who may read Apps. */
  explain(actor: Actor, pem: string, environment?: Environment): Promise<object>;
  /** Refused handshakes of a name that is the actor's to see; all of them for who sees every App. */
  handshakes(actor: Actor, query: HandshakeQuery): Promise<readonly RefusedHandshake[]>;
}

export function certificateAdministration(ground: SystemsGround): CertificateAdministration {
  const parts: CertificateParts = {
    ground,
    records: openRecords(ground, deploymentCollection, 'deployment'),
    apps: openRecords(ground, appCollection, 'app'),
  };
  const requests = requestAdministration(parts);
  const ask = async (actor: Actor, id: string, wanted: WantedCertificate, renews?: string) => {
    const by = { actor, right: 'app.credentials', action: 'certificate.request' } as const;
    const deployment = await ownDeployment(parts, id, by);
    refuseUnusable(deployment);
    const wish = wishFor(deployment, wanted, actor);
    if (deployment.environment === 'production')
      return { waiting: await requests.add(actor, deployment, wish, renews) };
    return { issued: await issue(parts, actor, wish, renews), deployment };
  };
  return {
    request: (actor, id, wanted) => ask(actor, id, wanted),
    async renew(actor, thumbprint, wanted) {
      const { deployment, profile } = await found(parts, thumbprint);
      // One that does not serve may be older than the deployment's endpoints: what it receives decides anew.
      const same = profile === 'client' ? {} : { profile: 'endpoint' as const };
      return ask(actor, deployment, { ...same, ...wanted }, thumbprint);
    },
    requests,
    async list(actor, id) {
      await ownDeployment(parts, id, { actor, right: 'app.read', action: 'certificate.read' });
      return authorityOf(parts).list(id);
    },
    async read(actor, thumbprint) {
      const one = await found(parts, thumbprint);
      const by = { actor, right: 'app.read', action: 'certificate.read' } as const;
      await ownDeployment(parts, one.deployment, by);
      return one;
    },
    async revoke(actor, thumbprint, reason) {
      const { deployment: id } = await found(parts, thumbprint);
      const by = { actor, right: 'app.revoke', action: 'certificate.revoke' } as const;
      const { environment } = await ownDeployment(parts, id, by);
      const deed = { actor, action: by.action, environment };
      return entered(ground, deed, thumbprint, () =>
        authorityOf(parts).revoke(thumbprint, reason, actor.id),
      );
    },
    async lift(actor, thumbprint) {
      const { deployment: id, revoked } = await found(parts, thumbprint);
      // Who put it on hold may take that back; what others have stopped its owner does not start again.
      const right = revoked?.by === actor.id ? 'app.revoke' : 'app.approve';
      const by = { actor, right, action: 'certificate.lift' } as const;
      const { environment } = await ownDeployment(parts, id, by);
      const deed = { actor, action: by.action, environment };
      return entered(ground, deed, thumbprint, () => authorityOf(parts).lift(thumbprint, actor.id));
    },
    async explain(actor, pem, environment) {
      if (!may(actor, 'app.read', { organisation: actor.organisation })) must(actor, 'app.read');
      return authorityOf(parts).explain(pem, environment);
    },
    handshakes: (actor, query) => handshakes(parts, actor, query),
  };
}

async function found(parts: CertificateParts, thumbprint: string): Promise<KnownCertificate> {
  const one = await authorityOf(parts).get(thumbprint);
  if (one) return one;
  throw new Problem('not-found', 'There is no certificate with this thumbprint');
}

async function handshakes(
  { ground, records, apps }: CertificateParts,
  actor: Actor,
  query: HandshakeQuery,
): Promise<readonly RefusedHandshake[]> {
  const diary = wired(ground.hooks.handshakes, 'The diary of handshakes');
  if (may(actor, 'app.read')) return diary(query);
  const fqdn = query.fqdn?.toLowerCase();
  if (fqdn === undefined)
    throw new Problem('invalid', 'fqdn is needed: the name of one of your systems', {
      code: 'FQDN_NEEDED',
    });
  const { items } = await records.find({ index: 'fqdn', equals: [fqdn] });
  // A name that was only wished for may be another's.
  const holder = items.find(({ value }) => value.asid !== undefined);
  const { owner } = holder ? (await apps.read(holder.value.app)).value : { owner: undefined };
  must(actor, 'app.read', owner === undefined ? {} : { organisation: owner });
  return diary({ ...query, fqdn });
}
