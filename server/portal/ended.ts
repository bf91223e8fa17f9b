/** Removing what has ended: collections of short-lived documents have an index `end` by the hour. */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Key, Store } from '../../core/store.ts';

/** The key of a document that may be removed after this time. */
export function endKey(ends: number): readonly Key[] {
  return [[hourOf(ends)]];
}

function hourOf(time: number): string {
  return new Date(time).toISOString().slice(0, 13);
}

/** Removes what ended before this hour; says how many. */
export async function removeEnded<T>(
  store: Store,
  definition: CollectionOf<T>,
  now: number,
): Promise<number> {
  const collection = store.open(definition);
  let removed = 0;
  for (;;) {
    const { items } = await collection.find({
      ...{ index: 'end', to: hourOf(now - 3_600_000), limit: 500 },
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
    if (gone === 0) return removed;
  }
}
