/** A Deployment goes live, is suspended, comes back and ends. Owns which state follows which of these. */
import type { Stored } from '../../../core/store.ts';
import { checkLength } from '../app-rules.ts';
import { must, type Actor } from '../roles.ts';
import { allowed, notNow, ownerOf, refuseUnregistered, type Parts } from './deployment-ground.ts';
import { withoutEndpoint, type Deployment } from './deployments.ts';
import { missingForLive, notYet } from './going-live.ts';

/** As `DeploymentAdministration.live`. */
export async function live(parts: Parts, actor: Actor, id: string): Promise<Stored<Deployment>> {
  const before = await parts.records.read(id);
  const subject = await ownerOf(parts, before.value);
  const { environment } = before.value;
  await allowed(parts, actor, 'deployment.live', before.value, () => {
    must(actor, 'app.change', subject);
  });
  const app = (await parts.apps.read(before.value.app)).value;
  if (before.value.state === 'approved') {
    const missing = await missingForLive(parts.ground, app, before.value);
    if (missing.length > 0) throw notYet(missing);
  }
  if (before.value.state !== 'live' && before.value.state !== 'approved')
    throw notNow(before.value, 'live');
  const stored =
    before.value.state === 'live'
      ? before
      : await parts.records.change({
          deed: { actor, action: 'deployment.live', environment },
          id,
          expected: undefined,
          allow: () => {
            must(actor, 'app.change', subject);
          },
          edit(now) {
            if (now.state !== 'approved' && now.state !== 'live') throw notNow(now, 'live');
            const bare = withoutEndpoint(now);
            if (bare.length > 0) throw notYet(bare.map((one) => `an endpoint for ${one}`));
            const step = { by: actor.id, at: parts.ground.clock.now() };
            return { ...now, state: 'live', live: now.live ?? step };
          },
        });
  await parts.ground.settling.settle(actor, stored.value);
  return stored;
}

/** As `DeploymentAdministration.suspend`. */
export async function suspend(
  parts: Parts,
  actor: Actor,
  id: string,
  reason: string,
): Promise<Stored<Deployment>> {
  checkLength('reason', reason, 3, 500);
  const before = (await parts.records.read(id)).value;
  const subject = await ownerOf(parts, before);
  const { environment } = before;
  const stored = await parts.records.change({
    deed: { actor, action: 'deployment.suspend', environment },
    id,
    expected: undefined,
    allow: () => {
      must(actor, 'app.revoke', subject);
    },
    edit(now) {
      if (now.state === 'requested' || now.state === 'ended') throw notNow(now, 'suspended');
      if (now.state === 'suspended') return now;
      const suspended = { by: actor.id, at: parts.ground.clock.now(), reason };
      return { ...now, state: 'suspended', suspended };
    },
  });
  await parts.ground.settling.settle(actor, stored.value);
  return stored;
}

/** As `DeploymentAdministration.resume`. */
export async function resume(parts: Parts, actor: Actor, id: string): Promise<Stored<Deployment>> {
  const before = (await parts.records.read(id)).value;
  const subject = await ownerOf(parts, before);
  const { environment } = before;
  const app = (await parts.apps.read(before.app)).value;
  const stored = await parts.records.change({
    deed: { actor, action: 'deployment.resume', environment },
    id,
    expected: undefined,
    allow(now) {
      // Who suspended it may take that back; what others have stopped their own organisation does not start again.
      must(actor, now.suspended?.by === actor.id ? 'app.revoke' : 'app.approve', subject);
    },
    edit(now) {
      if (now.state === 'requested' || now.state === 'ended') throw notNow(now, 'resumed');
      if (now.state !== 'suspended') return now;
      refuseUnregistered(app, environment);
      return resumed(now);
    },
  });
  await parts.ground.settling.settle(actor, stored.value);
  return stored;
}

/** As `DeploymentAdministration.end`. */
export async function end(
  parts: Parts,
  actor: Actor,
  id: string,
  reason: string,
): Promise<Stored<Deployment>> {
  checkLength('reason', reason, 3, 500);
  const { environment, app } = (await parts.records.read(id)).value;
  const subject = { organisation: (await parts.apps.read(app)).value.owner };
  const stored = await parts.records.change({
    ...{ deed: { actor, action: 'deployment.end', environment }, id, expected: undefined },
    allow: () => {
      must(actor, 'app.revoke', subject);
    },
    edit({ waiting: _never, ...now }) {
      if (now.state === 'ended') return now;
      return {
        ...now,
        state: 'ended',
        ended: { by: actor.id, at: parts.ground.clock.now(), reason },
      };
    },
  });
  await parts.ground.settling.settle(actor, stored.value);
  for (const { interaction } of stored.value.endpoints ?? [])
    await parts.ground.names.releaseEndpoint(stored.value, interaction);
  return stored;
}

function resumed({ suspended, ...others }: Deployment): Deployment {
  return suspended ? { ...others, state: others.live ? 'live' : 'approved' } : others;
}
