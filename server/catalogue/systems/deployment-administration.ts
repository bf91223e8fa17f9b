/**
 * Deployments as administration moves them: requested, approved, live, suspended, ended (R148, R149). Owns what there
 * is to do and who sees what; each step has a file of its own, and names in a refusal the step that is missing. One write
 * of the Deployment is the step; what follows from it elsewhere is settling.ts's, and a step that is repeated finishes that.
 */
import type { Page, Stored } from '../../../core/store.ts';
import { ownReachOf, type PageQuery } from '../app-administration.ts';
import { must, type Actor } from '../roles.ts';
import { approve } from './deployment-approval.ts';
import { change } from './deployment-change.ts';
import { openParts, ownerOf, type Parts, type SystemsGround } from './deployment-ground.ts';
import { ask } from './deployment-request.ts';
import type { DeploymentFields, DeploymentRequest } from './deployment-rules.ts';
import { end, live, resume, suspend } from './deployment-running.ts';
import { missingForLive } from './going-live.ts';
import type { Deployment } from './deployments.ts';

/** At most one member; none: all in reach. */
export interface DeploymentQuery extends PageQuery {
  readonly app?: string;
  readonly asid?: string;
  readonly partyKey?: string;
  readonly fqdn?: string;
}

export interface DeploymentAdministration {
  /**
   * Asks for one. Test environments approve at once; production waits for somebody else.
   * @throws Problem `not-found`, `conflict` (one is there; the App is not approved there), `unprocessable` (no such
   * organisation, or closed), `invalid`, `forbidden`
   */
  request(actor: Actor, request: DeploymentRequest): Promise<Stored<Deployment>>;
  read(actor: Actor, id: string): Promise<Stored<Deployment>>;
  /** Those in the actor's reach. A page may hold fewer than asked for although more follow. */
  list(actor: Actor, query: DeploymentQuery): Promise<Page<Deployment>>;
  /**
   * Changes what was asked for; once it is approved, not its name. In production a change with new interactions is kept
   * until somebody else approves it; any further change takes its place.
   */
  change(
    actor: Actor,
    id: string,
    fields: Partial<DeploymentFields>,
    expected?: number,
  ): Promise<Stored<Deployment>>;
  /** Gives ASID, party key and FQDN, or lets a change that waits take effect. Repeated, it finishes what a failure left. */
  approve(actor: Actor, id: string): Promise<Stored<Deployment>>;
  /** What is missing before it can go live, a sentence each; empty: nothing, or it is live already. */
  missing(actor: Actor, id: string): Promise<readonly string[]>;
  /** @throws Problem `conflict` that names every step that is missing */
  live(actor: Actor, id: string): Promise<Stored<Deployment>>;
  /** Effective at the next call. */
  suspend(actor: Actor, id: string, reason: string): Promise<Stored<Deployment>>;
  /** Back to what it was before. */
  resume(actor: Actor, id: string): Promise<Stored<Deployment>>;
  /** For good, from any state: out of the directory, certificates revoked. Repeated, it finishes what a failure left. */
  end(actor: Actor, id: string, reason: string): Promise<Stored<Deployment>>;
}

export function deploymentAdministration(ground: SystemsGround): DeploymentAdministration {
  const parts = openParts(ground);
  return {
    request: (actor, request) => ask(parts, actor, request),
    async read(actor, id) {
      const found = await parts.records.read(id);
      must(actor, 'app.read', await ownerOf(parts, found.value));
      return found;
    },
    list: (actor, query) => list(parts, actor, query),
    change: (actor, id, fields, expected) => change(parts, actor, id, fields, expected),
    approve: (actor, id) => approve(parts, actor, id),
    async missing(actor, id) {
      const { value } = await parts.records.read(id);
      must(actor, 'app.read', await ownerOf(parts, value));
      if (value.state !== 'approved') return [];
      return missingForLive(ground, (await parts.apps.read(value.app)).value, value);
    },
    live: (actor, id) => live(parts, actor, id),
    suspend: (actor, id, reason) => suspend(parts, actor, id, reason),
    resume: (actor, id) => resume(parts, actor, id),
    end: (actor, id, reason) => end(parts, actor, id, reason),
  };
}

async function list(
  { records, apps }: Parts,
  actor: Actor,
  { app, asid, partyKey, fqdn, ...page }: DeploymentQuery,
): Promise<Page<Deployment>> {
  const own = ownReachOf(actor, 'app.read');
  if (own === undefined) must(actor, 'app.read');
  const [index, value] = Object.entries({ app, asid, partyKey, fqdn }).find(
    ([, given]) => given !== undefined,
  ) ?? ['all', 'all'];
  const found = await records.find({ index, equals: [value ?? ''], ...page });
  if (own === undefined) return found;
  const items: Stored<Deployment>[] = [];
  for (const one of found.items)
    if ((await apps.read(one.value.app)).value.owner === own) items.push(one);
  return { ...found, items };
}
