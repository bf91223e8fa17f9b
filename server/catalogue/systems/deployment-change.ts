/**
 * What a Deployment may do is changed. Owns what may still be changed in which state, and that what was approved for
 * production does no more before a second person approves that as well.
 */
import { Problem } from '../../../core/problem.ts';
import type { Stored } from '../../../core/store.ts';
import { must, type Actor } from '../roles.ts';
import { checkWish, notNow, ownerOf, type Parts } from './deployment-ground.ts';
import { checkFields, checkReceives, type DeploymentFields } from './deployment-rules.ts';
import { withoutEndpoint, type Deployment } from './deployments.ts';

/** As `DeploymentAdministration.change`. */
export async function change(
  parts: Parts,
  actor: Actor,
  id: string,
  fields: Partial<DeploymentFields>,
  expected: number | undefined,
): Promise<Stored<Deployment>> {
  checkFields(fields);
  const { value: before } = await parts.records.read(id);
  const subject = await ownerOf(parts, before);
  await checkWish(parts, {
    ...before,
    ...(fields.fqdn === undefined ? {} : { fqdn: fields.fqdn }),
  });
  const at = parts.ground.clock.now();
  const stored = await parts.records.change({
    deed: { actor, action: 'deployment.change', environment: before.environment },
    id,
    expected,
    allow: () => {
      must(actor, 'app.change', subject);
    },
    edit(now) {
      if (now.state === 'ended') throw notNow(now, 'changed');
      const next = edited(now, fields);
      if (!opensMore(now, next)) return askedBy(actor, now, next);
      const { interactions, receives = [], product } = next;
      return { ...now, waiting: { interactions, receives, product, by: actor.id, at } };
    },
  });
  if (stored.value.state !== 'requested') await parts.ground.settling.settle(actor, stored.value);
  return stored;
}

/** Whoever changes what waits for approval asks for it too, and does not approve it. */
function askedBy({ id }: Actor, now: Deployment, next: Deployment): Deployment {
  const { environment, state, requested, changedBy = [] } = now;
  if (environment !== 'production' || state !== 'requested') return next;
  return [requested.by, ...changedBy].includes(id)
    ? next
    : { ...next, changedBy: [...changedBy, id] };
}

/** New interactions of what was approved for production are approved as it was. */
function opensMore({ environment, state, interactions }: Deployment, next: Deployment): boolean {
  const more = next.interactions.some((one) => !interactions.includes(one));
  return more && environment === 'production' && state !== 'requested';
}

/**
 * As it is once these fields take effect; what waited is taken back.
 * @throws Problem `conflict`, `invalid`
 */
export function edited(
  { waiting: _replaced, ...now }: Deployment,
  fields: Partial<DeploymentFields>,
): Deployment {
  const fixed = (['fqdn', 'manufacturer'] as const).find(
    (name) => fields[name] !== undefined && fields[name] !== now[name],
  );
  if (fixed !== undefined && now.state !== 'requested')
    throw new Problem(
      'conflict',
      `It is ${now.state}, so its ${fixed} stays: certificates and entries hang on it`,
    );
  const next = { ...now, ...fields };
  checkReceives(next.interactions, next.receives ?? []);
  const left = (now.endpoints ?? []).filter(
    ({ interaction, leaving }) => !leaving && !next.interactions.includes(interaction),
  );
  if (left.length > 0)
    throw new Problem(
      'conflict',
      `It has endpoints for what is taken away; remove them first: ${left.map(({ interaction }) => interaction).join(', ')}`,
    );
  const missing = next.state === 'live' ? withoutEndpoint(next) : [];
  if (missing.length > 0)
    throw new Problem(
      'conflict',
      `It is live, so what it receives needs an endpoint first: ${missing.join(', ')}`,
    );
  return next;
}
