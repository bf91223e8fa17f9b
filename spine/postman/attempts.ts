/** Attempts as documents: when, how long, what came of it, and the first of what the endpoint said. Owns how long they are kept. */
import type { Delivery } from '../../core/outbox.ts';
import { timeKey } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Store } from '../../core/store.ts';
import type { PushResult } from './outcomes.ts';

export interface Attempt {
  /** The id of the delivery; `generation` counts how often it was begun anew by hand, `n` the attempts since. */
  readonly delivery: string;
  readonly generation: number;
  readonly n: number;
  readonly at: number;
  readonly milliseconds: number;
  /** 0: there was no answer. */
  readonly status: number;
  /** Why there was no answer. */
  readonly fault?: string;
  /** The first two kilobytes of the answer: what a stranger wrote, and possibly a patient's data. */
  readonly excerpt?: string;
}

const attemptCollection: CollectionOf<Attempt> = {
  name: 'postman.attempts',
  keys: ({ delivery, at }) => ({ delivery: [[delivery, timeKey(at)]], at: [[timeKey(at)]] }),
};

export interface Attempts {
  add(delivery: Delivery, result: PushResult, milliseconds: number): Promise<void>;
  /** Oldest first, at most a thousand. */
  of(delivery: string): Promise<readonly Attempt[]>;
  sweep(now: number): Promise<number>;
}

/** As long as messages are kept. */
const keptFor = 30 * 24 * 3_600_000;

export function openAttempts(store: Store): Attempts {
  const collection = store.open(attemptCollection);
  return {
    async add({ id, generation = 0, attempts: n, tried: at = 0 }, result, milliseconds) {
      const status = result.kind === 'answer' ? result.status : 0;
      const attempt: Attempt = {
        ...{ delivery: id, generation, n, at, milliseconds, status },
        ...(result.kind === 'fault' ? { fault: result.reason } : {}),
        ...(result.kind === 'answer' && result.excerpt !== '' ? { excerpt: result.excerpt } : {}),
      };
      await unlessThere(collection.put(`${id}|${generation}|${n}`, attempt, { expected: 0 }));
    },
    async of(delivery) {
      const query = { index: 'delivery', equals: [delivery], limit: 1000 };
      return (await collection.find(query)).items.map(({ value }) => value);
    },
    async sweep(now) {
      const to = timeKey(now - keptFor);
      const { items } = await collection.find({ index: 'at', to, limit: 1000 });
      for (const { id, version } of items) await unlessThere(collection.remove(id, version));
      return items.length;
    },
  };
}

async function unlessThere(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof Problem && error.kind === 'conflict')) throw error;
  });
}
