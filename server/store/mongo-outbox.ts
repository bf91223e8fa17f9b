/** Outbox entries on their way out. They live in the document they came with, found by an index, until they are delivered. */
import type { Outgoing } from '../../core/store.ts';
import type { Calls } from './mongo-calls.ts';
import type { Row, Tables, Waiting } from './mongo-rows.ts';
import { bare } from './mongo-untold.ts';

/** Entries of a topic, oldest first. */
export async function outgoing(
  { rows }: Tables,
  calls: Calls,
  topic: string,
  limit: number,
): Promise<readonly Outgoing[]> {
  const found = await calls.ask(() =>
    rows.aggregate<{ readonly o: Waiting }>([
      { $match: { 'o.t': topic } },
      { $project: { o: 1 } },
      { $unwind: '$o' },
      { $match: { 'o.t': topic } },
      { $sort: { 'o.id': 1 } },
      { $limit: limit },
    ]),
  );
  return found.map(({ o }) => ({ id: o.id, topic: o.t, body: o.b }));
}

/** Takes an entry out of its document; nothing happens when it is gone. */
export async function delivered({ rows }: Tables, calls: Calls, id: number): Promise<void> {
  const row = await calls.ask(() =>
    rows.findOne({ 'o.id': id }, { s: 1 }).lean<Pick<Row, '_id'>>(),
  );
  if (row === null) return;
  const { _id } = row;
  await calls.ask(() => rows.updateOne({ _id }, { $pull: { o: { id } } }));
  await calls.ask(() => rows.updateOne({ _id, o: { $size: 0 } }, { $unset: { o: '' } }));
  // A document that is no more was kept for its entries.
  await calls.ask(() => rows.deleteOne({ _id, ...bare }));
}
