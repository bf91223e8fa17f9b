/** Keeping and forgetting what the simulated providers remember: taking once, ending. */
import { Problem } from '../../../core/problem.ts';
import type { Collection, Stored } from '../../../core/store.ts';
import type { Ending, Session, State } from './state.ts';

/** The document under a secret, if it is this provider's and has not ended. */
export async function live<T extends Ending>(
  collection: Collection<T>,
  key: string,
  issuer: string,
  now: number,
): Promise<Stored<T> | undefined> {
  const found = await collection.get(key);
  return found?.value.issuer === issuer && found.value.ends > now ? found : undefined;
}

/** Runs a write; false when another was faster. */
export async function wins(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof Problem && error.kind === 'conflict') return false;
    throw error;
  }
}

/** Ends a session: every token of it is dead from here on. Gives the session when it was this call that ended it. */
export async function endSession(
  { sessions }: State,
  key: string,
  issuer: string,
): Promise<Session | undefined> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const found = await sessions.get(key);
    if (found?.value.issuer !== issuer || found.value.ended) return undefined;
    const ended = { ...found.value, ended: true };
    if (await wins(sessions.put(key, ended, { expected: found.version }))) return found.value;
  }
  return undefined;
}
