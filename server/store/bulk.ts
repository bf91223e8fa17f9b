/** Bulk loading: many documents in large commits, two on their way so that encoding and writing overlap. */
import type { CollectionOf } from '../../core/store.ts';
import { checkedId, encode } from './collection.ts';
import { keysOf } from './keys.ts';
import type { Writer } from './writer.ts';
import type { BulkWrite, Done } from './write-terms.ts';

export interface BulkOptions {
  /** Set in the same commit as each batch, to what `value` makes of the number of records loaded by this call so far. */
  readonly mark?: { readonly name: string; readonly value: (loaded: number) => string };
  /** Told after each batch how many records are on disk. */
  readonly onProgress?: (loaded: number) => void;
}

interface Encoded {
  readonly id: string;
  readonly text: string;
  readonly keys: string;
}

/** A batch is full at so many documents or so many characters. */
const fullAt = { documents: 4000, characters: 16_000_000 };

/** Loads all records, then writes the index entries that the batches left; gives the number of records. */
export async function loadInto<T>(
  writer: Writer,
  definition: CollectionOf<T>,
  records: Iterable<{ id: string; value: T }> | AsyncIterable<{ id: string; value: T }>,
  { mark, onProgress = () => undefined }: BulkOptions = {},
): Promise<number> {
  let encoded: Encoded[] = [];
  let characters = 0;
  let sent = 0;
  let before: Promise<unknown> = Promise.resolve();

  const send = async () => {
    const batch = encoded;
    encoded = [];
    characters = 0;
    sent += batch.length;
    const loaded = sent;
    const landing = writer.write(toWrite(definition.name, batch, loaded, mark)).then(() => {
      onProgress(loaded);
    });
    landing.catch(() => undefined); // awaited one batch later; until then nobody else would see it fail
    await before;
    before = landing;
  };

  for await (const { id, value } of records) {
    const text = encode(definition, value);
    encoded.push({ id: checkedId(id), text, keys: keysOf(definition, value) });
    characters += text.length;
    if (encoded.length >= fullAt.documents || characters >= fullAt.characters) await send();
  }
  if (encoded.length > 0) await send();
  await before;
  await indexed(writer);
  return sent;
}

function toWrite(
  collection: string,
  documents: readonly Encoded[],
  loaded: number,
  mark: BulkOptions['mark'],
): BulkWrite {
  const at = mark === undefined ? {} : { mark: { name: mark.name, value: mark.value(loaded) } };
  return { kind: 'bulk', collection, documents, ...at };
}

function indexed(writer: Writer): Promise<Done> {
  return writer.write({ kind: 'index' });
}
