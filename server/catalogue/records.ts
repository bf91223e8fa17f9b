/**
 * The documents of the catalogue as administration changes them: put at the expected version, and entered in the audit
 * before anyone is told. Owns that order; the rules of a change come with it.
 */
import type { Clock } from '../../core/clock.ts';
import type { AuditEntry, Journal } from '../../core/audit.ts';
import { Problem } from '../../core/problem.ts';
import type { Collection, CollectionOf, Find, Page, Store, Stored } from '../../core/store.ts';
import type { Actor } from './roles.ts';

/** What every part of the administration stands on. */
export interface Ground {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
}

/** What is being done, for the audit. */
export interface Deed {
  readonly actor: Actor;
  /** `app.create`, `app.secret.create`. */
  readonly action: string;
  readonly environment?: string;
}

export interface Records<T> {
  /** @throws Problem `not-found` */
  read(id: string): Promise<Stored<T>>;
  find(query: Find): Promise<Page<T>>;
  /** `make` checks and makes the first version. @throws Problem `conflict` when there is one already. */
  add(deed: Deed, id: string, make: () => T): Promise<Stored<T>>;
  /** @throws Problem `precondition-failed` when another version is stored, `not-found`, and what `allow` and `edit` throw. */
  change(change: Change<T>): Promise<Stored<T>>;
  /** Removes it; gives what it was. Checks as `change` does. @throws Problem as `change` */
  remove(removal: Omit<Change<T>, 'edit'>): Promise<T>;
}

/** A change of one document. Its functions may run again on a newer version, so they must not do anything else. */
export interface Change<T> {
  readonly deed: Deed;
  readonly id: string;
  /** The version the actor has seen; undefined: whatever is there. */
  readonly expected: number | undefined;
  /** Throws when the actor may not do this to the document. */
  readonly allow: (value: T) => void;
  /** Checks and gives the next version. */
  readonly edit: (value: T) => T;
}

/** So many writers may be faster, one after the other, before a change without an expected version gives up. */
const mostTries = 200;

/** @param noun what a document is called in messages: `app`. */
export function openRecords<T>(
  ground: Ground,
  definition: CollectionOf<T>,
  noun: string,
): Records<T> {
  const collection: Collection<T> = ground.store.open(definition);
  const read = async (id: string) => {
    const found = id === '' ? undefined : await collection.get(id);
    if (!found) throw new Problem('not-found', `There is no such ${noun}`);
    return found;
  };
  const enter = async (deed: Deed, id: string, stored: Stored<T>) => {
    await write(ground, toEntry(deed, id, stored.commit, ground.clock.now()));
    return stored;
  };
  return {
    read,
    find: (query) => collection.find(query),
    add: (deed, id, make) =>
      refusalsEntered(ground, deed, id, async () => {
        refuseUnaudited(ground);
        const value = make();
        const options = { expected: 0, by: deed.actor.id };
        try {
          return await enter(deed, id, await collection.put(id, value, options));
        } catch (error) {
          if (!isConflict(error)) throw error;
          throw new Problem('conflict', `There is such a ${noun} already`);
        }
      }),
    change: ({ deed, id, expected, allow, edit }) =>
      refusalsEntered(ground, deed, id, async () => {
        refuseUnaudited(ground);
        for (let tries = 1; ; tries++) {
          const now = await read(id);
          allow(now.value);
          if (expected !== undefined && expected !== now.version) throw changedMeanwhile(noun);
          const value = edit(now.value);
          const options = { expected: now.version, by: deed.actor.id };
          try {
            return await enter(deed, id, await collection.put(id, value, options));
          } catch (error) {
            if (!isConflict(error) || tries === mostTries) throw error;
          }
        }
      }),
    remove: ({ deed, id, expected, allow }) =>
      refusalsEntered(ground, deed, id, async () => {
        refuseUnaudited(ground);
        for (let tries = 1; ; tries++) {
          const now = await read(id);
          allow(now.value);
          if (expected !== undefined && expected !== now.version) throw changedMeanwhile(noun);
          try {
            await collection.remove(id, now.version);
            await enter(deed, id, now);
            return now.value;
          } catch (error) {
            if (!isConflict(error) || tries === mostTries) throw error;
          }
        }
      }),
  };
}

/** Runs an act; one that the role table forbids is entered in the audit as well. */
async function refusalsEntered<T>(
  ground: Ground,
  deed: Deed,
  id: string,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Problem && error.kind === 'forbidden')
      await write(ground, {
        ...toEntry(deed, id, 0, ground.clock.now()),
        status: error.status,
        code: error.code ?? error.kind,
      });
    throw error;
  }
}

function changedMeanwhile(noun: string): Problem {
  return new Problem(
    'precondition-failed',
    `The ${noun} has been changed since it was read: read it again and repeat the change with its new ETag`,
  );
}

function isConflict(error: unknown): boolean {
  return error instanceof Problem && error.kind === 'conflict';
}

/** Otherwise a change would land in the store and nobody would find it in the audit. */
function refuseUnaudited({ journal }: Ground): void {
  if (journal.failed) throw unavailable();
}

async function write({ journal }: Ground, entry: AuditEntry): Promise<void> {
  try {
    await journal.append(entry);
  } catch (cause) {
    throw unavailable(cause);
  }
}

function unavailable(cause?: unknown): Problem {
  return new Problem('unavailable', 'The audit cannot be written, so nothing may be changed', {
    cause,
    code: 'AUDIT_UNAVAILABLE',
    headers: { 'retry-after': '5' },
  });
}

function toEntry(
  { actor, action, environment }: Deed,
  id: string,
  commit: number,
  at: number,
): AuditEntry {
  return {
    at,
    kind: 'change',
    api: 'management',
    environment: environment ?? '',
    workspace: '',
    action,
    app: id,
    mode: '',
    user: actor.id,
    role: actor.role,
    purpose: '',
    people: [],
    status: 200,
    code: '',
    requestId: actor.call?.requestId ?? '',
    correlationId: actor.call?.correlationId ?? '',
    address: actor.call?.address ?? '',
    commit,
  };
}
