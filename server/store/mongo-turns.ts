/**
 * Work that one machine does while no other does it: what an empty store is filled with at a first start. Whoever works
 * shows that it lives; a turn whose holder has shown nothing for a while is taken over. Owns that, not what is done.
 */
import { randomUUID } from 'node:crypto';
import { Problem } from '../../core/problem.ts';
import type { Collection, CollectionOf } from '../../core/store.ts';
import { pause } from './mongo-calls.ts';

/** Who has a turn; empty: nobody. */
export interface Turn {
  readonly holder: string;
}

export const turnCollection: CollectionOf<Turn> = { name: 'platform.turns' };

/** Milliseconds. */
export interface TurnTimes {
  /** Between two signs of life. Default 1,000. */
  readonly beat?: number;
  /** Without a sign, after which a holder counts as dead. Each waiter measures by its own clock. Default 6,000. */
  readonly dead?: number;
}

/** Does the work when the turn of this name is free. Rejects as the work, or with the store's Problems. */
export async function inTurn<T>(
  turns: Collection<Turn>,
  name: string,
  work: () => Promise<T>,
  { beat = 1_000, dead = 6_000 }: TurnTimes = {},
): Promise<T> {
  const holder = randomUUID();
  const held = { version: await take(turns, name, holder, dead) };
  let beating: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    // A sign that fails is followed by the next; who was taken for dead finds another version and stays silent.
    beating = beating.then(() => sign(turns, name, holder, held)).catch(() => undefined);
  }, beat);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await beating;
    await sign(turns, name, '', held).catch(() => undefined); // it is over when nobody has heard for long enough
  }
}

async function sign(
  turns: Collection<Turn>,
  name: string,
  holder: string,
  held: { version: number },
): Promise<void> {
  held.version = (await turns.put(name, { holder }, { expected: held.version })).version;
}

/** Waits until the turn is free, or its holder dead, and takes it; gives the version taken. */
async function take(
  turns: Collection<Turn>,
  name: string,
  holder: string,
  dead: number,
): Promise<number> {
  let seen = { version: -1, since: 0 };
  let answered = performance.now();
  for (;;) {
    try {
      const stored = await turns.get(name);
      answered = performance.now();
      const version = stored?.version ?? 0;
      if (stored?.value.holder === holder) return version; // taken, though the answer was lost
      if (version !== seen.version) seen = { version, since: answered };
      if ((stored?.value.holder ?? '') === '' || answered - seen.since > dead)
        return (await turns.put(name, { holder }, { expected: version })).version;
    } catch (error) {
      const { kind } = Problem.from(error);
      const away = kind === 'unavailable' && performance.now() - answered < patience;
      if (kind !== 'conflict' && !away) throw error; // a conflict: another was faster
      seen = { ...seen, since: performance.now() }; // who holds it could show nothing either
    }
    await pause(100);
  }
}

/** Milliseconds for which a store that answers nobody is borne: the work of others may keep it busy. */
const patience = 30_000;
