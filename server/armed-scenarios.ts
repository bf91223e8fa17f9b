/**
 * Scenarios armed on workspaces for their next calls. In the store, so that every process knows what one was told, and a
 * call that is used up is used up for all; in memory too, so that a call where nothing is armed costs a look-up.
 */
import { Problem } from '../core/problem.ts';
import type { CollectionOf, Store } from '../core/store.ts';
import { mirrored } from './mirrored.ts';

export interface Armed {
  readonly scenario: string;
  readonly calls: number;
}

export interface ArmedScenarios {
  get(workspace: string): Armed | undefined;
  arm(workspace: string, scenario: string, calls: number): Promise<void>;
  disarm(workspace: string): Promise<void>;
  /** The scenario for this call, if one is armed; uses one call up. No promise where nothing is armed. */
  take(workspace: string): string | undefined | Promise<string | undefined>;
}

const armedCollection: CollectionOf<Armed> = {
  name: 'sandbox.armed',
  keys: () => ({ all: [['all']] }),
};

export async function openArmedScenarios(store: Store): Promise<ArmedScenarios> {
  const collection = store.open(armedCollection);
  const known = await mirrored(store, armedCollection);
  /** Puts what `to` makes of what stands there; undefined: nothing is to stand there. Gives what stood there. */
  const change = async (id: string, to: (before: Armed | undefined) => Armed | undefined) => {
    for (;;) {
      const stored = await collection.get(id);
      const next = to(stored?.value);
      try {
        if (next !== undefined) await collection.put(id, next, { expected: stored?.version ?? 0 });
        else if (stored) await collection.remove(id, stored.version);
        known.now(id, next);
        return stored?.value;
      } catch (error) {
        if (!(error instanceof Problem) || error.kind !== 'conflict') throw error; // somebody was faster: again
      }
    }
  };
  const take = async (id: string) => {
    const before = await change(id, (armed) =>
      armed === undefined || armed.calls <= 1 ? undefined : { ...armed, calls: armed.calls - 1 },
    );
    return before?.scenario;
  };
  return {
    get: (id) => known.held.get(id),
    async arm(id, scenario, calls) {
      await change(id, () => ({ scenario, calls }));
    },
    async disarm(id) {
      if (known.held.has(id)) await change(id, () => undefined);
    },
    take: (id) => (known.held.has(id) ? take(id) : undefined),
  };
}
