/** What the pages of a Deployment share: it, its App, and as who its visitor acts on it. */
import type { Deployment } from '../catalogue/systems/deployments.ts';
import { appOf, type Reached } from './app-reach.ts';
import { environmentName } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import type { SignedIn } from './page.ts';
import type { TagColour } from './parts.ts';
import { reader } from './subscription-reach.ts';

export interface ReachedDeployment extends Reached {
  readonly deployment: Deployment;
  readonly deploymentVersion: number;
}

/** @throws Problem `not-found` for who does not see its App */
export async function deploymentOf(hub: Hub, visit: SignedIn): Promise<ReachedDeployment> {
  const id = visit.params.deployment ?? '';
  const { value: deployment, version } = await hub.systems.deployments.read(reader, id);
  const reached = await appOf(hub, visit, deployment.app);
  return { ...reached, deployment, deploymentVersion: version };
}

export function deploymentPath(id: string): string {
  return `/deployments/${id}`;
}

export function backToDeployment({ deployment, app }: ReachedDeployment) {
  return {
    href: deploymentPath(deployment.id),
    text: `Back to ${app.name} at ${deployment.odsCode} in ${environmentName(deployment.environment)}`,
  };
}

export const deploymentColours: Readonly<Record<Deployment['state'], TagColour>> = {
  requested: 'yellow',
  approved: 'blue',
  live: 'green',
  suspended: 'red',
  ended: 'grey',
};
