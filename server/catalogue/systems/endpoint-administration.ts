/**
 * The endpoints of a Deployment: where it receives which interaction. Each is one entry of the directory. Owns adding,
 * replacing and removing them; a step that is repeated finishes what a failure left.
 */
import { Problem } from '../../../core/problem.ts';
import type { Stored } from '../../../core/store.ts';
import { appCollection } from '../apps.ts';
import { openRecords } from '../records.ts';
import { must, type Actor } from '../roles.ts';
import { notNow, type SystemsGround } from './deployment-ground.ts';
import { checkEndpointUrl, type EndpointFields } from './deployment-rules.ts';
import { deploymentCollection, type Deployment, type RegisteredEndpoint } from './deployments.ts';

export interface EndpointAdministration {
  /** Adds the endpoint of an interaction, or replaces it. @throws Problem `conflict`, `invalid`, `forbidden`, `not-found` */
  put(actor: Actor, deployment: string, fields: EndpointFields): Promise<Stored<Deployment>>;
  /** @throws Problem `not-found`; `conflict` while a live Deployment receives by it */
  remove(actor: Actor, deployment: string, interaction: string): Promise<Stored<Deployment>>;
}

export function endpointAdministration(ground: SystemsGround): EndpointAdministration {
  const records = openRecords(ground, deploymentCollection, 'deployment');
  const apps = openRecords(ground, appCollection, 'app');
  const { names, settling } = ground;

  const changing = async (
    actor: Actor,
    id: string,
    action: string,
    edit: (now: Deployment) => Deployment,
  ): Promise<Stored<Deployment>> => {
    const { environment, app } = (await records.read(id)).value;
    const { owner } = (await apps.read(app)).value;
    return records.change({
      deed: { actor, action, environment },
      id,
      expected: undefined,
      allow: () => {
        must(actor, 'app.change', { organisation: owner });
      },
      edit,
    });
  };

  return {
    async put(actor, id, { interaction, url, contract }) {
      const { value: before } = await records.read(id);
      const { owner } = (await apps.read(before.app)).value;
      must(actor, 'app.change', { organisation: owner });
      checkPut(before, { interaction, url, contract });
      const claimed = await names.claimEndpoint(before, interaction);
      const stored = await changing(actor, id, 'deployment.endpoint.put', (now) => {
        checkPut(now, { interaction, url, contract });
        const endpoint = { interaction, url, contract, id: claimed };
        return { ...now, endpoints: [...without(now, interaction), endpoint] };
      });
      await settling.settle(actor, stored.value);
      return stored;
    },
    async remove(actor, id, interaction) {
      const marked = await changing(actor, id, 'deployment.endpoint.remove', (now) => {
        checkRemoval(now, interaction);
        return {
          ...now,
          endpoints: (now.endpoints ?? []).map((one) =>
            one.interaction === interaction ? { ...one, leaving: true } : one,
          ),
        };
      });
      await settling.settle(actor, marked.value);
      await names.releaseEndpoint(marked.value, interaction);
      return changing(actor, id, 'deployment.endpoint.remove', (now) => ({
        ...now,
        endpoints: (now.endpoints ?? []).filter(
          (one) => one.interaction !== interaction || !one.leaving,
        ),
      }));
    },
  };
}

function without(
  { endpoints = [] }: Deployment,
  interaction: string,
): readonly RegisteredEndpoint[] {
  return endpoints.filter((one) => one.interaction !== interaction);
}

function checkPut(now: Deployment, { interaction, url }: EndpointFields): void {
  const { id, state, interactions, endpoints = [], fqdn = '' } = now;
  if (state === 'ended') throw notNow(now, 'given an endpoint');
  if (state === 'requested')
    throw new Problem(
      'conflict',
      `It is requested, so it has no name yet for an endpoint. Next step: gatehouse deployment approve ${id}`,
      { code: 'STATE' },
    );
  if (!interactions.includes(interaction))
    throw new Problem(
      'conflict',
      'The interaction is not among those of the deployment: add it there first (gatehouse deployment change)',
    );
  if (endpoints.some((one) => one.interaction === interaction && one.leaving))
    throw new Problem(
      'conflict',
      'The endpoint before is still being removed: repeat its removal, then add the new one',
    );
  checkEndpointUrl(url, fqdn);
}

function checkRemoval(now: Deployment, interaction: string): void {
  const { id, state, receives = [], endpoints = [] } = now;
  if (state === 'ended') throw notNow(now, 'changed');
  if (!endpoints.some((one) => one.interaction === interaction))
    throw new Problem('not-found', 'The deployment has no endpoint for this interaction');
  if (state === 'live' && receives.includes(interaction))
    throw new Problem(
      'conflict',
      `It is live and receives this interaction: replace the endpoint, or take the interaction from what it receives first (gatehouse deployment change ${id})`,
    );
}
