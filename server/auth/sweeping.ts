/** Removing what has ended: each collection of short-lived documents has an index `end` by ten minutes. Owns that index. */
import type { CollectionOf, Key, Store } from '../../core/store.ts';
import { Problem } from '../../core/problem.ts';

const period = 10 * 60_000;

/** The key of a document that may be removed after this time. Periods, so that the index stays small. */
export function endKey(ends: number): readonly Key[] {
  return [[periodOf(ends)]];
}

function periodOf(time: number): string {
  return String(Math.floor(time / period)).padStart(9, '0');
}

/** Removes what ended before this period; gives how many. One that is changed meanwhile is left for the next time. */
export async function sweep(
  store: Store,
  definitions: readonly CollectionOf<never>[],
  now: number,
): Promise<number> {
  let removed = 0;
  for (const definition of definitions) {
    const collection = store.open(definition);
    for (;;) {
      const { items } = await collection.find({
        index: 'end',
        to: periodOf(now - period),
        limit: 500,
      });
      let gone = 0;
      for (const { id, version } of items)
        await collection.remove(id, version).then(
          () => gone++,
          (error: unknown) => {
            if (Problem.from(error).kind !== 'conflict') throw error;
          },
        );
      removed += gone;
      if (gone === 0) break;
    }
  }
  return removed;
}
