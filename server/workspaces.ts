/**
 * Workspaces: named copy-on-write views of the sandbox's data. Owns who has one, how many and for how long;
 * the overlay itself is the Store's. Applications will get one of their own with the platform's catalogue:
 * whoever knows the caller then sets `Exchange.workspace`, and nothing below changes.
 */
import type { Clock } from '../core/clock.ts';
import type { Policy } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import type { Collection, CollectionOf, Store } from '../core/store.ts';

/** The view that callers of the open lane share. */
export const sharedWorkspace = 'shared';

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
  arm(id: string, scenario: string, calls: number): void;
  disarm(id: string): void;
  armed(id: string): { scenario: string; calls: number } | undefined;
  /** The scenario for this call, if one is armed; uses one call up. */
  takeArmed(id: string): string | undefined;
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
  const known = await readAll(collection);
  const armed = new Map<string, { scenario: string; calls: number }>();

  const shared: Workspace = {
    id: sharedWorkspace,
    name: 'shared by all callers of the open lane',
    madeBy: '',
    created: 0,
    expires: Number.MAX_SAFE_INTEGER,
  };
  const get = (id: string) => {
    if (id === sharedWorkspace) return shared;
    const workspace = known.get(id);
    if (workspace && workspace.expires > clock.now()) return workspace;
    throw new Problem('not-found', 'There is no such workspace, or it has expired');
  };
  const remove = async (id: string) => {
    if (id === sharedWorkspace)
      throw new Problem('forbidden', 'The shared workspace can be reset but not deleted');
    get(id);
    await drop(id);
  };
  const drop = async (id: string) => {
    const workspace = known.get(id);
    known.delete(id); // first, so that no call begins in it while its records go
    armed.delete(id);
    try {
      await store.reset(id);
      const stored = await collection.get(id);
      if (stored) await collection.remove(id, stored.version);
      await store.reset(id); // what calls that had begun wrote meanwhile: nobody could remove it later
    } catch (error) {
      if (workspace) known.set(id, workspace); // to be removed when the store can write again
      throw error;
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
      known.set(id, workspace); // counted at once, so that callers at the same moment keep the limit together
      try {
        await collection.put(id, workspace, { expected: 0 });
      } catch (error) {
        known.delete(id);
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
      armed.delete(id);
      const dropped = await store.reset(id);
      if (id !== sharedWorkspace) {
        const renewed = { ...workspace, expires: clock.now() + lifetime };
        const stored = await collection.get(id);
        if (stored && known.has(id)) {
          await collection.put(id, renewed, { expected: stored.version });
          known.set(id, renewed);
        }
      }
      return dropped;
    },
    async sweep() {
      const expired = [...known.values()].filter(({ expires }) => expires <= clock.now());
      for (const { id } of expired) await drop(id);
      return expired.length;
    },
    arm(id, scenario, calls) {
      armed.set(get(id).id, { scenario, calls });
    },
    disarm(id) {
      armed.delete(get(id).id);
    },
    armed: (id) => armed.get(id),
    takeArmed(id) {
      const set = armed.get(id);
      if (!set) return undefined;
      if (set.calls <= 1) armed.delete(id);
      else armed.set(id, { ...set, calls: set.calls - 1 });
      return set.scenario;
    },
  };
}

/** All workspaces, kept in memory: each call of the open lane asks for one. */
async function readAll(collection: Collection<Workspace>): Promise<Map<string, Workspace>> {
  const known = new Map<string, Workspace>();
  let after: string | undefined;
  do {
    const page = await collection.find({
      index: 'all',
      equals: ['all'],
      limit: 500,
      ...(after === undefined ? {} : { after }),
    });
    for (const { id, value } of page.items) known.set(id, value);
    after = page.next;
  } while (after !== undefined);
  return known;
}

/** Puts each call into the workspace it names, else into the shared one. */
export function inWorkspace(workspaces: Workspaces): Policy {
  return (next) => (exchange) => {
    const id = exchange.headers['x-gatehouse-workspace'];
    const workspace = id === undefined ? sharedWorkspace : workspaces.get(id).id;
    exchange.facts.workspace = workspace;
    return next(exchange.with({ workspace }));
  };
}
