/**
 * The port over its parts: reads in this process, a writer wherever it is, and the feed of changes. One body for the
 * process that has the folder and for those that serve beside it.
 */
import type { Collection, CollectionOf } from '../../core/store.ts';
import { loadInto } from './bulk.ts';
import { collectionIn, promised, type Parts } from './collection.ts';
import type { Feed } from './feed.ts';
import type { Opening } from './recovery.ts';
import type { ServedStore } from './served.ts';

/** All of the store but its closing, which differs. */
export function storeOver(
  parts: Parts,
  feed: Pick<Feed, 'listen'>,
  opening: Opening,
): Omit<ServedStore, 'close' | 'stopped'> {
  const { reads, writer, overlays } = parts;
  return {
    opening,
    open: <T>(definition: CollectionOf<T>): Collection<T> => collectionIn(parts, definition, ''),
    counters: {
      add: async (name, by = 1) => (await writer.write({ kind: 'add', name, by })).value,
    },
    changes: {
      since: (cursor, limit = 1000) => promised(() => reads.changesSince(cursor, limit)),
      latest: () => promised(() => reads.lastCommit()),
      oldest: () => promised(() => reads.oldestChange()),
      listen: (fn) => feed.listen(fn),
    },
    outgoing: (topic, limit = 50) => promised(() => reads.outgoing(topic, limit)),
    delivered: async (id) => {
      await writer.write({ kind: 'delivered', id });
    },
    reset: async (workspace) => (await writer.write({ kind: 'reset', workspace })).value,
    changed: (workspace) => promised(() => overlays.changed(workspace)),
    bulk: (definition, records, options) => loadInto(writer, definition, records, options),
    mark: (name) => promised(() => reads.mark(name)),
    setMark: async (name, value) => {
      await writer.write({ kind: 'mark', name, value });
    },
    alone: (_name, work) => work(),
  };
}
