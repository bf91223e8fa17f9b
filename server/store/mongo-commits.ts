/**
 * The numbers of commits, rising over all machines: taken before the write from one counter, together for all that ask
 * while the last request is on its way. A number that no write bears in the end is a hole and means nothing.
 */
import type { Call, Calls } from './mongo-calls.ts';
import type { Tables } from './mongo-rows.ts';

export interface Commits {
  /** A number above all that were given before this was asked. */
  take(): Promise<number>;
  /** The newest number given. */
  last(): Promise<number>;
}

interface Asking {
  readonly resolve: (number: number) => void;
  readonly reject: (error: unknown) => void;
}

const commits = 'commits';
const whileAny: Call = { over: false, ended: Promise.resolve() };

export function countCommits({ counters }: Tables, calls: Calls): Commits {
  let waiting: Asking[] = [];
  let running = false;

  const reserve = async (many: number): Promise<number> => {
    const row = await calls.repeat(whileAny, () =>
      counters
        .findOneAndUpdate(
          { _id: commits },
          { $inc: { v: many } },
          { upsert: true, returnDocument: 'after' },
        ) // prettier-ignore
        .lean(),
    );
    return row.v;
  };
  const run = async () => {
    while (waiting.length > 0) {
      const asking = waiting;
      waiting = [];
      await reserve(asking.length).then(
        (last) => {
          asking.forEach(({ resolve }, index) => {
            resolve(last - asking.length + 1 + index);
          });
        },
        (error: unknown) => {
          for (const { reject } of asking) reject(error);
        },
      );
    }
    running = false;
  };

  return {
    take: () =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        if (running) return;
        running = true;
        queueMicrotask(() => void run());
      }),
    last: async () => (await calls.ask(() => counters.findOne({ _id: commits }).lean()))?.v ?? 0,
  };
}
