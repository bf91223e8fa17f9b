/** Loading in bulk: many documents put into the base whatever is there, in large requests, without telling changes. */
import type { CollectionOf } from '../../core/store.ts';
import type { BulkOptions } from './bulk.ts';
import { checkedId, encode } from './collection.ts';
import type { Call, Calls } from './mongo-calls.ts';
import type { Commits } from './mongo-commits.ts';
import { portableKeys } from './mongo-keys.ts';
import { rowId, type Tables } from './mongo-rows.ts';

export interface BulkParts {
  readonly tables: Tables;
  readonly calls: Calls;
  readonly commits: Commits;
}

/** A request is full at so many documents or so many characters. */
const fullAt = { documents: 1_000, characters: 4_000_000 };

interface Encoded {
  readonly id: string;
  readonly text: string;
  readonly keys: readonly string[];
}

/** Loads all records; the mark is set after each part that is on disk. Gives the number of records. */
export async function loadBulk<T>(
  parts: BulkParts,
  definition: CollectionOf<T>,
  records: Iterable<{ id: string; value: T }> | AsyncIterable<{ id: string; value: T }>,
  { mark, onProgress = () => undefined }: BulkOptions = {},
): Promise<number> {
  let batch: Encoded[] = [];
  let characters = 0;
  let loaded = 0;
  const send = async () => {
    const sending = batch;
    batch = [];
    characters = 0;
    await parts.calls.within((call) => sendBatch(parts, definition.name, sending, call), patience);
    loaded += sending.length;
    if (mark !== undefined) await setMark(parts, mark.name, mark.value(loaded));
    onProgress(loaded);
  };
  for await (const { id, value } of records) {
    const text = encode(definition, value);
    batch.push({ id: checkedId(id), text, keys: portableKeys(definition, value) });
    characters += text.length;
    if (batch.length >= fullAt.documents || characters >= fullAt.characters) await send();
  }
  if (batch.length > 0) await send();
  return loaded;
}

/** A mark as it was last set. */
export async function readMark({ tables, calls }: BulkParts, name: string) {
  return (await calls.ask(() => tables.marks.findOne({ _id: name }).lean()))?.x;
}

/** Sets a mark, or clears it. */
export async function setMark(
  { tables, calls }: BulkParts,
  name: string,
  value: string | undefined,
): Promise<void> {
  // prettier-ignore
  const { marks } = tables;
  await (value === undefined
    ? calls.ask(() => marks.deleteOne({ _id: name }))
    : calls.ask(() => marks.updateOne({ _id: name }, { $set: { x: value } }, { upsert: true })));
}

/** Milliseconds for one request. */
const patience = 60_000;

async function sendBatch(
  { tables, calls, commits }: BulkParts,
  c: string,
  batch: readonly Encoded[],
  call: Call,
): Promise<void> {
  const n = await commits.take();
  const writes = batch.map(({ id, text, keys }) => ({
    updateOne: {
      filter: { _id: rowId(c, '', id) },
      update: { $set: { c, w: '', i: id, s: 'live', n, x: text, k: keys }, $inc: { v: 1 } },
      upsert: true,
    },
  }));
  await calls.repeat(call, () =>
    tables.rows.collection.bulkWrite(writes as never, { ordered: false }),
  ); // rows have ids of text
}
