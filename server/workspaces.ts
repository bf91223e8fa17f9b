/**
 * Workspaces: named copy-on-write views of the sandbox's data. Owns who has one, how many and for how long;
 * the overlay itself is the Store's, and which view a call gets is workspace-kind.ts's.
 */
import type { Clock } from '../core/clock.ts';
import type { Policy } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import type { CollectionOf, Store } from '../core/store.ts';
import { openArmedScenarios } from './armed-scenarios.ts';
import { mirrored } from './mirrored.ts';

/** The view that callers of the open lane share. */
export const sharedWorkspace = 'shared';

const ofAnApp = 'app-';

/** The view that is an app's own in the sandbox: nobody reaches it but with that app's key or token. */
export function appWorkspace(appId: string): string {
  return ofAnApp + appId;
}

/** What a caller names as a workspace. @throws Problem `not-found` for the view of an app, which nobody may name */
export function namedWorkspace(id: string): string {
  if (!id.startsWith(ofAnApp)) return id;
  throw new Problem('not-found', 'There is no such workspace, or it has expired');
}

export interface Workspace {
  readonly id: string;
  readonly name: string;
  /** The address that asked for it: only for limits and for its own list. */
  readonly madeBy: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly expires: number;
}

export interface Workspaces {
  /** Throws `too many` or the limit that is reached. */
  create(name: string, madeBy: string): Promise<Workspace>;
  /** Throws `not-found`. */
  get(id: string): Workspace;
  list(madeBy: string): readonly Workspace[];
  changed(id: string): Promise<number>;
  /** Drops what was changed in it; says how many records that were. */
  reset(id: string): Promise<number>;
  remove(id: string): Promise<void>;
  /** Removes those that have expired; says how many. */
  sweep(): Promise<number>;
  /** Sets a scenario for the next `calls` calls in it. */
  arm(id: string, scenario: string, calls: number): Promise<void>;
  disarm(id: string): Promise<void>;
  armed(id: string): { scenario: string; calls: number } | undefined;
  /** The scenario for this call, if one is armed; uses one call up. */
  takeArmed(id: string): string | undefined | Promise<string | undefined>;
}

/** Enough for a team's test runs, too few to hoard. */
const mostInAll = 1_000;
const mostPerAddress = 50;
/** Days are counted from the last reset or from the making. */
const lifetime = 7 * 24 * 60 * 60_000;

const workspaceCollection: CollectionOf<Workspace> = {
  name: 'sandbox.workspaces',
  keys: () => ({ all: [['all']] }),
};

export async function openWorkspaces(store: Store, clock: Clock): Promise<Workspaces> {
  const collection = store.open(workspaceCollection);
  const removing = new Set<string>();
  const kept = await mirrored(store, workspaceCollection, (id) => removing.has(id));
  const known = kept.held;
  const armed = await openArmedScenarios(store);

  const shared: Workspace = {
    id: sharedWorkspace,
    name: 'shared by all callers of the open lane',
    madeBy: '',
    created: 0,
    expires: Number.MAX_SAFE_INTEGER,
  };
  const get = (id: string) => {
    if (id === sharedWorkspace) return shared;
    if (id.startsWith(ofAnApp)) return { ...shared, id, name: 'of the app alone' };
    const workspace = known.get(id);
    if (workspace && workspace.expires > clock.now()) return workspace;
    throw new Problem('not-found', 'There is no such workspace, or it has expired');
  };
  const remove = async (id: string) => {
    if (id === sharedWorkspace || id.startsWith(ofAnApp))
      throw new Problem(
        'forbidden',
        'The shared workspace and an app’s own can be reset but not deleted',
      );
    get(id);
    await drop(id);
  };
  const drop = async (id: string) => {
    const workspace = known.get(id);
    removing.add(id);
    kept.now(id, undefined); // first, so that no call begins in it while its records go
    try {
      await armed.disarm(id);
      await store.reset(id);
      const stored = await collection.get(id);
      if (stored) await collection.remove(id, stored.version);
      await store.reset(id); // what calls that had begun wrote meanwhile: nobody could remove it later
    } catch (error) {
      kept.now(id, workspace); // to be removed when the store can write again
      throw error;
    } finally {
      removing.delete(id);
    }
  };

  return {
    get,
    remove,
    async create(name, madeBy) {
      const mine = [...known.values()].filter((workspace) => workspace.madeBy === madeBy);
      if (known.size >= mostInAll || mine.length >= mostPerAddress)
        throw new Problem(
          'throttled',
          `At most ${mostPerAddress} workspaces a caller and ${mostInAll} in all; delete one first`,
          { headers: { 'retry-after': '60' } },
        );
      const created = clock.now();
      const id = clock.newId();
      const workspace = { id, name, madeBy, created, expires: created + lifetime };
      kept.now(id, workspace); // counted at once, so that callers at the same moment keep the limit together
      try {
        await collection.put(id, workspace, { expected: 0 });
      } catch (error) {
        kept.now(id, undefined);
        throw error;
      }
      return workspace;
    },
    list: (madeBy) => [
      shared,
      ...[...known.values()].filter(
        (workspace) => workspace.madeBy === madeBy && workspace.expires > clock.now(),
      ),
    ],
    changed: (id) => store.changed(get(id).id),
    async reset(id) {
      const workspace = get(id);
      await armed.disarm(id);
      const dropped = await store.reset(id);
      if (id !== sharedWorkspace) {
        const renewed = { ...workspace, expires: clock.now() + lifetime };
        const stored = await collection.get(id);
        if (stored && known.has(id)) {
          await collection.put(id, renewed, { expected: stored.version });
          if (known.has(id)) kept.now(id, renewed);
        }
      }
      return dropped;
    },
    async sweep() {
      const expired = [...known.values()].filter(({ expires }) => expires <= clock.now());
      for (const { id } of expired) await drop(id);
      return expired.length;
    },
    arm: async (id, scenario, calls) => armed.arm(get(id).id, scenario, calls),
    disarm: async (id) => armed.disarm(get(id).id),
    armed: (id) => armed.get(id),
    takeArmed: (id) => armed.take(id),
  };
}

/** Puts each call into the workspace it names, else into the shared one. */
export function inWorkspace(workspaces: Workspaces): Policy {
  return (next) => (exchange) => {
    const id = exchange.headers['x-gatehouse-workspace'];
    const workspace = id === undefined ? sharedWorkspace : workspaces.get(namedWorkspace(id)).id;
    exchange.facts.workspace = workspace;
    return next(exchange.with({ workspace }));
  };
}
