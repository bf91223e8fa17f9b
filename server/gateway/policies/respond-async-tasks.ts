/**
 * Calls that are answered later, as documents: who asked, whether they run, and the answer for as long as it is kept. A
 * running one is leased by its process; where the lease has run out the process has died, and the task is interrupted for
 * good. Owns the documents and these steps.
 */
import type { Clock } from '../../../core/clock.ts';
import { Problem, type ProblemKind } from '../../../core/problem.ts';
import type { Collection, CollectionOf, Store, Stored } from '../../../core/store.ts';

/** An answer as it is kept. */
export interface KeptReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Base64. */
  readonly body: string;
}

/** A refusal as it is kept. */
export interface KeptProblem {
  readonly kind: ProblemKind;
  readonly message: string;
  readonly code?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a call came to. */
export type Outcome =
  | { readonly state: 'done'; readonly reply: KeptReply; readonly people: readonly string[] }
  | { readonly state: 'refused'; readonly problem: KeptProblem; readonly people: readonly string[] }
  | { readonly state: 'interrupted' };

export interface Task {
  readonly id: string;
  readonly proxy: string;
  /** Who asked, and may fetch: app, user and patient. */
  readonly caller: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** When the answer is forgotten. */
  readonly until: number;
  /** While it runs: until when its process is believed to live. */
  readonly lease?: number;
  readonly outcome?: Outcome;
}

const taskCollection: CollectionOf<Task> = {
  name: 'gateway.async',
  keys: ({ until, lease }) => ({
    until: [[String(until).padStart(15, '0')]],
    ...(lease === undefined ? {} : { running: [['yes']] }),
  }),
};

export interface Tasks {
  /** On disk when it resolves. */
  begin(task: Omit<Task, 'id' | 'lease'>): Promise<Task>;
  get(id: string): Promise<Task | undefined>;
  /** Notes what it came to; one that was interrupted stays so. */
  end(id: string, outcome: Outcome): Promise<void>;
  sweep(): Promise<number>;
  /** Those that run here are interrupted. */
  close(): Promise<void>;
}

/** Milliseconds. */
const leaseLength = 30_000;
const renewEvery = 10_000;

export function openTasks(store: Store, clock: Clock): Tasks {
  const collection = store.open(taskCollection);
  const running = new Set<string>();
  const renew = async () => {
    for (const id of running)
      await change(collection, id, (task) =>
        task.lease === undefined ? undefined : { ...task, lease: clock.now() + leaseLength },
      ).catch(() => undefined); // the store's own trouble; the lease is renewed the next time
  };
  const timer = setInterval(() => void renew(), renewEvery).unref();
  const end = async (id: string, outcome: Outcome) => {
    running.delete(id);
    await change(collection, id, (task) => (task.outcome ? undefined : ended(task, outcome)));
  };
  return {
    end,
    async begin(given) {
      const id = clock.newId();
      const task = { ...given, id, lease: clock.now() + leaseLength };
      await collection.put(id, task, { expected: 0 });
      running.add(id);
      return task;
    },
    async get(id) {
      const task = (await collection.get(id))?.value;
      if (!task || task.until <= clock.now()) return undefined;
      if (task.lease === undefined || task.lease > clock.now() || running.has(id)) return task;
      await end(id, { state: 'interrupted' });
      return (await collection.get(id))?.value;
    },
    async sweep() {
      const to = String(clock.now()).padStart(15, '0');
      const { items } = await collection.find({ index: 'until', to, limit: 1000 });
      for (const { id, version } of items) await unlessChanged(collection.remove(id, version));
      return items.length;
    },
    async close() {
      clearInterval(timer);
      // Where the store is away their leases run out, which tells the same.
      for (const id of running) await end(id, { state: 'interrupted' }).catch(() => undefined);
    },
  };
}

/** At the start of an installation in which nobody else runs: what ran when it ended is interrupted. */
export async function interruptTasks(store: Store): Promise<void> {
  const collection = store.open(taskCollection);
  for (;;) {
    const { items } = await collection.find({ index: 'running', equals: ['yes'], limit: 100 });
    for (const { id } of items)
      await change(collection, id, (task) =>
        task.outcome ? undefined : ended(task, { state: 'interrupted' }),
      );
    if (items.length < 100) return;
  }
}

function ended({ lease: _lease, ...task }: Task, outcome: Outcome): Task {
  return { ...task, outcome };
}

async function change(
  collection: Collection<Task>,
  id: string,
  to: (task: Task) => Task | undefined,
): Promise<void> {
  for (;;) {
    const stored: Stored<Task> | undefined = await collection.get(id);
    const next = stored && to(stored.value);
    if (!stored || !next) return;
    if (await unlessChanged(collection.put(id, next, { expected: stored.version }))) return;
  }
}

async function unlessChanged(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof Problem && error.kind === 'conflict') return false;
    throw error;
  }
}
