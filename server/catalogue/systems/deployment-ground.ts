/**
 * What the steps of Deployments stand on: their documents and Apps, whose they are, and the refusals they share. Owns no step.
 */
import { Problem } from '../../../core/problem.ts';
import { registrationOf } from '../app-administration.ts';
import { appCollection, type App } from '../apps.ts';
import { wired } from '../deployment-hooks.ts';
import type { Environment } from '../environments.ts';
import { openRecords, type Ground, type Records } from '../records.ts';
import type { Actor } from '../roles.ts';
import { refusalsEntered } from './deeds.ts';
import { checkFqdn } from './deployment-rules.ts';
import { deploymentCollection, type Deployment } from './deployments.ts';
import { domainsOf, taken, type Names } from './names.ts';
import type { Settling } from './settling.ts';
import type { SystemHooks } from './system-hooks.ts';

export interface SystemsGround extends Ground {
  readonly hooks: SystemHooks;
  readonly names: Names;
  readonly settling: Settling;
}

export interface Parts {
  readonly ground: SystemsGround;
  readonly records: Records<Deployment>;
  readonly apps: Records<App>;
}

export function openParts(ground: SystemsGround): Parts {
  return {
    ground,
    records: openRecords(ground, deploymentCollection, 'deployment'),
    apps: openRecords(ground, appCollection, 'app'),
  };
}

/** The App's own stage comes first: no credential hangs on an App that may not be used there (R148). */
export function refuseUnregistered(app: App, environment: Environment): void {
  const { state } = registrationOf(app, environment);
  if (state !== 'approved')
    throw new Problem(
      'conflict',
      `The app's registration in ${environment} is ${state}: it must be approved first (gatehouse app approve ${app.id} ${environment})`,
      { code: 'APP_NOT_APPROVED' },
    );
}

/** A refusal of an organisation, told only after the rights. */
export async function organisationOf(
  { ground }: Parts,
  { odsCode, environment }: Pick<Deployment, 'odsCode' | 'environment'>,
): Promise<() => void> {
  const directory = wired(ground.hooks.directory, 'The directory');
  const found = await directory.organisation(environment, odsCode);
  return () => {
    if (!found)
      throw new Problem(
        'unprocessable',
        `The directory has no organisation ${odsCode}: a deployment is at one that it has`,
        { code: 'NO_ORGANISATION' },
      );
    if (!found.active)
      throw new Problem(
        'unprocessable',
        `The organisation ${odsCode} (${found.name}) is closed: a deployment is at an active one`,
        { code: 'ORGANISATION_CLOSED' },
      );
  };
}

/** @throws Problem `invalid`, or `conflict` for a name that another has */
export async function checkWish(
  { ground: { hooks, names } }: Parts,
  { id, fqdn, odsCode, environment }: Pick<Deployment, 'id' | 'fqdn' | 'odsCode' | 'environment'>,
): Promise<void> {
  if (fqdn === undefined) return;
  checkFqdn(fqdn, odsCode, domainsOf(hooks, environment));
  if (await names.fqdnTaken(fqdn, id)) throw taken(fqdn);
}

/** What leads on from each state, for a refusal. */
export function notNow({ id, state, environment }: Deployment, wanted: string): Problem {
  const next = {
    requested:
      environment === 'production'
        ? `by a second person, gatehouse deployment approve ${id}`
        : `gatehouse deployment approve ${id}`,
    approved: `gatehouse deployment live ${id}`,
    live: `gatehouse deployment suspend ${id} --reason …`,
    suspended: `gatehouse deployment resume ${id}`,
    ended: 'gatehouse deployment request, which gives it a new ASID',
  }[state];
  return new Problem('conflict', `It is ${state}, so it cannot be ${wanted}. Next step: ${next}`, {
    code: 'STATE',
  });
}

/** As the role table asks for it. */
export async function ownerOf(
  { apps }: Parts,
  { app }: Deployment,
): Promise<{ readonly organisation: string }> {
  return { organisation: (await apps.read(app)).value.owner };
}

/** A refusal ahead of the step's own write is in the audit as those of the write are. */
export async function allowed(
  { ground }: Parts,
  actor: Actor,
  action: string,
  { id, environment }: Deployment,
  check: () => void,
): Promise<void> {
  await refusalsEntered(ground, { actor, action, environment }, id, check);
}
