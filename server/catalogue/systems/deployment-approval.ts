/**
 * A Deployment is approved, or a change of it that waits. Owns who may, and the names that an approval gives.
 */
import { Problem } from '../../../core/problem.ts';
import type { Stored } from '../../../core/store.ts';
import { must, type Actor } from '../roles.ts';
import { edited } from './deployment-change.ts';
import {
  allowed,
  notNow,
  organisationOf,
  ownerOf,
  refuseUnregistered,
  type Parts,
} from './deployment-ground.ts';
import type { Deployment } from './deployments.ts';

/** As `DeploymentAdministration.approve`. */
export async function approve(parts: Parts, actor: Actor, id: string): Promise<Stored<Deployment>> {
  const stored = await parts.records.read(id);
  const subject = await ownerOf(parts, stored.value);
  await allowed(parts, actor, 'deployment.approve', stored.value, () => {
    if (stored.value.environment === 'production') refuseAlone(actor, stored.value, subject);
    else must(actor, 'app.change', subject);
  });
  if (stored.value.waiting) return approveChange(parts, actor, stored, subject);
  return approveNow(parts, actor, stored);
}

async function approveChange(
  parts: Parts,
  actor: Actor,
  { id, value: { environment } }: Stored<Deployment>,
  subject: { readonly organisation: string },
): Promise<Stored<Deployment>> {
  const stored = await parts.records.change({
    deed: { actor, action: 'deployment.approve', environment },
    id,
    expected: undefined,
    allow(now) {
      refuseAlone(actor, now, subject);
    },
    edit(now) {
      if (!now.waiting) return now; // somebody else was faster
      if (now.state === 'suspended') throw notNow(now, 'approved');
      const { interactions, receives, product } = now.waiting;
      return edited(now, { interactions, receives, product });
    },
  });
  await parts.ground.settling.settle(actor, stored.value);
  return stored;
}

/** Production takes a second person: one who approves, and did not ask. */
function refuseAlone(
  actor: Actor,
  { requested, changedBy = [], waiting }: Deployment,
  subject: { readonly organisation: string },
): void {
  must(actor, 'app.approve', subject);
  const asked = waiting ? [waiting.by] : [requested.by, ...changedBy];
  if (asked.includes(actor.id))
    throw new Problem(
      'forbidden',
      'You have asked for it yourself: in production somebody else approves (an administrator or operator)',
      { code: 'SECOND_PERSON' },
    );
}

/** Others may approve, or change what is asked for, at the same moment: then it is looked at again. */
const mostTries = 50;

/** Gives what was asked for its names, and finishes what follows from it. */
export async function approveNow(
  parts: Parts,
  actor: Actor,
  first: Stored<Deployment>,
): Promise<Stored<Deployment>> {
  let stored = first;
  for (let tries = 0; stored.value.state === 'requested'; tries++) {
    try {
      stored = await giveNames(parts, actor, stored);
    } catch (error) {
      if (!(error instanceof Problem) || error.kind !== 'precondition-failed' || tries > mostTries)
        throw error;
      stored = await parts.records.read(first.id);
    }
  }
  if (stored.value.state === 'suspended' || stored.value.state === 'ended')
    throw notNow(stored.value, 'approved');
  await parts.ground.settling.settle(actor, stored.value);
  return stored;
}

async function giveNames(
  parts: Parts,
  actor: Actor,
  { id, version, value: before }: Stored<Deployment>,
): Promise<Stored<Deployment>> {
  const { environment } = before;
  const { names, clock } = parts.ground;
  const { value: app } = await parts.apps.read(before.app);
  refuseUnregistered(app, environment);
  (await organisationOf(parts, before))();
  const partyKey = await names.partyKey({ ...before, owner: app.owner });
  const fqdn = await names.claimFqdn(before, partyKey);
  const asid = await names.newAsid();
  const by = environment === 'production' ? actor.id : 'automatic';
  return parts.records.change({
    deed: { actor, action: 'deployment.approve', environment },
    id,
    expected: version,
    allow: () => undefined, // asked by whoever calls this, before the names were made
    edit: (now) => ({
      ...now,
      ...{ state: 'approved', asid, partyKey, fqdn },
      approved: { by, at: clock.now() },
    }),
  });
}
