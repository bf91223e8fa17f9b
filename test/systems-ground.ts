/**
 * The administration of accredited systems over a real store and a real audit, with a directory and an authority that are
 * maps, for tests of its own rules. Whole journeys with the real ones are in accredit-a-system.test.ts.
 */
import { Problem } from '../core/problem.ts';
import type { App } from '../server/catalogue/apps.ts';
import type { Environment } from '../server/catalogue/environments.ts';
import type { Actor } from '../server/catalogue/roles.ts';
import type { DeploymentRequest } from '../server/catalogue/systems/deployment-rules.ts';
import type {
  CertificateWish,
  HandlerEntry,
  IssuedCertificate,
  KnownCertificate,
  RefusedHandshake,
  SystemEntry,
  SystemHooks,
} from '../server/catalogue/systems/system-hooks.ts';
import {
  systemsAdministration,
  type SystemsAdministration,
} from '../server/catalogue/systems/systems-administration.ts';
import {
  actorOf,
  administrationGround,
  type AdministrationGround,
} from './administration-ground.ts';

export interface SystemsGround extends AdministrationGround {
  readonly systems: SystemsAdministration;
  /** What the directory holds, by environment and id. */
  readonly held: Map<string, SystemEntry | HandlerEntry>;
  readonly issued: Map<string, KnownCertificate>;
  readonly handshakes: RefusedHandshake[];
  /** Set: the directory fails at its n-th next write, once. */
  failAt: number;
  /** Set: runs before each write of the directory. */
  beforeWrite: (() => Promise<void>) | undefined;
  /** Set: the authority refuses so. */
  refusal: Problem | undefined;
  /** An App of Y90001 that is approved in these environments. */
  app(...environments: Environment[]): Promise<App>;
  /** The same of the organisation of this actor. */
  appOf(actor: Actor, ...environments: Environment[]): Promise<App>;
}

export const developer = { ...actorOf('developer', 'Y90001'), id: 'the-developer' } satisfies Actor;
export const operator = { ...actorOf('operator'), id: 'the-operator' } satisfies Actor;
export const second = { ...actorOf('operator'), id: 'the-second-operator' } satisfies Actor;
export const stranger = { ...actorOf('developer', 'Y90002'), id: 'a-stranger' } satisfies Actor;

export const update = 'urn:nhs:names:services:pds:PRPA_IN000203UK03';
export const extract = 'urn:nhs:names:services:gp2gp:RCMR_IN010000UK05';

export function requestFor(app: string, more: Partial<DeploymentRequest> = {}): DeploymentRequest {
  return {
    ...{ app, odsCode: 'Y90003', environment: 'uat', interactions: [update], receives: [] },
    product: { name: 'Ward round', version: '1.0' },
    ...more,
  };
}

export async function systemsGround(): Promise<SystemsGround> {
  const base = await administrationGround();
  const held = new Map<string, SystemEntry | HandlerEntry>();
  const issued = new Map<string, KnownCertificate>();
  const handshakes: RefusedHandshake[] = [];
  const write = async (act: () => void): Promise<void> => {
    await ground.beforeWrite?.();
    if (ground.failAt > 0 && --ground.failAt === 0)
      throw new Problem('unavailable', 'The directory is away');
    act();
  };
  const put = (environment: string, id: string, entry: SystemEntry | HandlerEntry) =>
    write(() => held.set(`${environment} ${id}`, entry));
  const remove = (environment: string, id: string) =>
    write(() => held.delete(`${environment} ${id}`));
  const issue = (wish: CertificateWish): Promise<IssuedCertificate> => {
    if (ground.refusal) return Promise.reject(ground.refusal);
    const thumbprint = `thumbprint-${issued.size + 1}`;
    const now = base.clock.now();
    const { fqdn, partyKey, environment, deployment, profile, requestedBy, approvedBy } = wish;
    const certificate: KnownCertificate = {
      ...{ thumbprint, serial: '01', subject: `CN=${fqdn}`, issuer: 'CN=Test', dnsNames: [fqdn] },
      ...{ notBefore: now - 1, notAfter: now + 365 * 86_400_000, state: 'active' },
      ...{ fqdn, partyKey, environment, deployment, profile, requestedBy },
      ...(approvedBy === undefined ? {} : { approvedBy }),
      pem: 'a certificate',
    };
    issued.set(thumbprint, certificate);
    return Promise.resolve({ certificate, chain: 'a chain', notes: [] });
  };
  const hooks: SystemHooks = {
    directory: {
      organisation: (_environment, odsCode) =>
        Promise.resolve(
          /^Y9\d{4}$/.test(odsCode)
            ? { name: 'ROSE LANE SURGERY', active: odsCode !== 'Y90999' }
            : undefined,
        ),
      asidTaken: (asid) => Promise.resolve(asid.endsWith('1')),
      partyKeyTaken: () => Promise.resolve(false),
      putSystem: (environment, entry) => put(environment, entry.asid, entry),
      removeSystem: remove,
      putHandler: (environment, entry) => put(environment, entry.id, entry),
      removeHandler: remove,
    },
    certificates: {
      check: () => (ground.refusal ? Promise.reject(ground.refusal) : Promise.resolve(['a note'])),
      issue,
      renew: (_thumbprint, wish) => issue(wish),
      revoke(thumbprint, reason, by) {
        const known = issued.get(thumbprint);
        if (!known) throw new Problem('not-found', 'There is none');
        const revoked = { reason, by, at: base.clock.now() };
        const now: KnownCertificate = { ...known, state: 'revoked', revoked };
        issued.set(thumbprint, now);
        return Promise.resolve(now);
      },
      lift(thumbprint) {
        const known = issued.get(thumbprint);
        if (known?.revoked?.reason !== 'certificateHold')
          throw new Problem('conflict', 'It is not on hold');
        const now: KnownCertificate = { ...known, state: 'active' };
        issued.set(thumbprint, now);
        return Promise.resolve(now);
      },
      get: (thumbprint) => Promise.resolve(issued.get(thumbprint)),
      list: (deployment) =>
        Promise.resolve([...issued.values()].filter((one) => one.deployment === deployment)),
      explain: (pem) => Promise.resolve({ kind: 'nothing', length: pem.length }),
    },
    handshakes: ({ fqdn }) =>
      Promise.resolve(
        handshakes.filter(({ names }) => fqdn === undefined || names?.includes(fqdn)),
      ),
    listener: () => 'https://localhost:9443/env/int',
  };
  const ground: SystemsGround = {
    ...base,
    ...{ held, issued, handshakes, failAt: 0, beforeWrite: undefined, refusal: undefined },
    systems: systemsAdministration({ ...base, hooks }),
    app: (...environments) => ground.appOf(developer, ...environments),
    async appOf(actor, ...environments) {
      const { apps } = base.administration;
      const { id } = await apps.create(actor, {
        ...{ name: 'Ward round', description: '', kinds: ['unattended'] },
        ...{ owner: actor.organisation, contact: 'ward@example.org' },
      });
      for (const environment of environments) {
        await apps.register(actor, id, environment);
        if (environment === 'production')
          await apps.decide(operator, { app: id, environment }, 'approved');
      }
      return (await apps.read(operator, id)).value;
    },
  };
  return ground;
}

/** What a promise is rejected with: the Problem. */
export async function refusalOf(act: Promise<unknown>): Promise<Problem> {
  try {
    await act;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('It was not refused');
}
