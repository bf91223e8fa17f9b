/** A Deployment is asked for. Owns its id and what must be there first; test environments approve it at once. */
import { createHash } from 'node:crypto';
import { Problem } from '../../../core/problem.ts';
import type { Stored } from '../../../core/store.ts';
import { checkOrganisation } from '../app-rules.ts';
import { must, type Actor } from '../roles.ts';
import { approveNow } from './deployment-approval.ts';
import { checkWish, organisationOf, refuseUnregistered, type Parts } from './deployment-ground.ts';
import { checkFields, checkReceives, type DeploymentRequest } from './deployment-rules.ts';
import type { Deployment } from './deployments.ts';

/** As `DeploymentAdministration.request`. */
export async function ask(
  parts: Parts,
  actor: Actor,
  request: DeploymentRequest,
): Promise<Stored<Deployment>> {
  const { ground, records, apps } = parts;
  const { app: appId, odsCode, environment, interactions, receives, product } = request;
  const { value: app } = await apps.read(appId);
  const id = deploymentId(request);
  const subject = { organisation: app.owner, environment };
  checkOrganisation(odsCode);
  const manufacturer = request.manufacturer ?? app.owner;
  checkFields({ ...request, manufacturer });
  checkReceives(interactions, receives);
  await checkWish(parts, { ...request, id });
  const allowed = () => {
    must(actor, 'app.change', subject);
    refuseUnregistered(app, environment);
  };
  const organisation = await organisationOf(parts, { odsCode, environment });
  const deed = { actor, action: 'deployment.request', environment };
  const made = (): Deployment => ({
    ...{ id, app: appId, odsCode, environment, state: 'requested' },
    ...{ interactions, receives, endpoints: [], product, manufacturer },
    ...(request.fqdn === undefined ? {} : { fqdn: request.fqdn }),
    requested: { by: actor.id, at: ground.clock.now() },
  });
  /** One that has ended begins anew, once nothing of it is left elsewhere. */
  const again = async (ended: Deployment) => {
    await ground.settling.settle(actor, ended);
    return records.change({
      ...{ deed, id, expected: undefined },
      allow() {
        allowed();
        organisation();
      },
      edit: (now) => (now.state === 'ended' ? made() : now),
    });
  };
  const stored = await records
    .add(deed, id, () => {
      allowed();
      organisation();
      return made();
    })
    .catch(async (error: unknown) => {
      // The records' own refusal has no code; those of the rules have.
      if (!(error instanceof Problem) || error.kind !== 'conflict' || error.code) throw error;
      const { value: before } = await records.read(id);
      if (before.state === 'ended') return again(before);
      throw new Problem(
        'conflict',
        `There is a deployment of this app at ${odsCode} in ${environment} already: ${id}, which is ${before.state}`,
      );
    });
  return environment === 'production' ? stored : approveNow(parts, actor, stored);
}

/** 26 letters and digits, the same for the same App, organisation and environment: so there is one at most. */
function deploymentId({
  app,
  odsCode,
  environment,
}: Pick<Deployment, 'app' | 'odsCode' | 'environment'>): string {
  const digest = createHash('sha256').update(`${app}\n${odsCode}\n${environment}`).digest();
  return [...digest.subarray(0, 26)].map((byte) => letters.charAt(byte & 31)).join('');
}
const letters = '0123456789abcdefghjkmnpqrstvwxyz';
