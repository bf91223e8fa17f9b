/**
 * The end of an App. Owns its order: what holds it is named and nothing is done; then subscriptions are cancelled, one write
 * each; then one write takes its registrations and marks it, after which nothing lets it in. Cut off anywhere, it may be repeated.
 */
import { Problem } from '../../core/problem.ts';
import type { App } from './apps.ts';
import type { Ground, Records } from './records.ts';
import { may, must, type Actor } from './roles.ts';
import { deploymentCollection } from './systems/deployments.ts';

export interface EndingGround extends Ground {
  /** Ends what an App is subscribed to. */
  readonly cancelAll: (actor: Actor, appId: string, reason: string) => Promise<void>;
  /** What else still hangs on an App, in words: it has to go first. */
  readonly holds: (appId: string) => Promise<readonly string[]>;
}

export interface Ending {
  readonly actor: Actor;
  readonly id: string;
  readonly expected: number | undefined;
}

/** As `AppAdministration.end`. */
export async function endApp(
  options: EndingGround,
  records: Records<App>,
  { actor, id, expected }: Ending,
): Promise<void> {
  const { value: app, version } = await records.read(id);
  if (app.ended) throw new Problem('not-found', 'The app was deleted');
  const isCurrent = expected === undefined || expected === version;
  // Who may not, and a stale version, are refused below, before anything is cancelled.
  if (isCurrent && may(actor, 'app.end', { organisation: app.owner })) {
    const held = [...(await deploymentsOf(options, id)), ...(await options.holds(id))];
    if (held.length > 0)
      throw new Problem('conflict', `End first what hangs on the app: ${held.join(', ')}`, {
        code: 'IN_USE',
      });
    await options.cancelAll(actor, id, 'The app was deleted');
  }
  await records.change({
    ...{ deed: { actor, action: 'app.end' }, id, expected },
    allow: (now) => {
      must(actor, 'app.end', { organisation: now.owner });
    },
    edit: (now) => ({
      ...{ ...now, contact: '', registrations: {} },
      ended: now.ended ?? { by: actor.id, at: options.clock.now() },
    }),
  });
}

/** The Deployments that have not ended. */
async function deploymentsOf({ store }: EndingGround, id: string): Promise<readonly string[]> {
  const { items } = await store
    .open(deploymentCollection)
    .find({ index: 'app', equals: [id], limit: 1000 });
  return items
    .filter(({ value }) => value.state !== 'ended')
    .map(({ value }) => `deployment ${value.id} at ${value.odsCode} in ${value.environment}`);
}
