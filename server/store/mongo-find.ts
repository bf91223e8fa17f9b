/**
 * Finding on the MongoDB store: the keys of a range in order, base and workspace together. The server finds the rows by an
 * index and sorts the keys that fit, so a page costs as much as there are keys in its range, and sends only the page.
 */
import type { Calls } from './mongo-calls.ts';
import type { KeyRange } from './mongo-keys.ts';
import { rowId, type Row, type Tables } from './mongo-rows.ts';

/** A key that fits, with its document. */
export interface Hit extends Pick<Row, 'w' | 'i' | 'v' | 'n' | 'x'> {
  readonly k: string;
}

export interface View {
  readonly tables: Tables;
  readonly calls: Calls;
  readonly collection: string;
  readonly workspace: string;
}

/** Hits of a range in key order, then by id; read in parts of about `size` as they are asked for. */
export async function* hitsOf(view: View, range: KeyRange, size: number): AsyncGenerator<Hit> {
  let above = range.above;
  for (;;) {
    const hits = await readHits(view, { ...range, above }, size);
    const last = hits.at(-1);
    for (const hit of await shown(view, hits)) yield hit;
    if (last === undefined || hits.length < size) return;
    above = { key: last.k, id: last.i };
  }
}

function readHits(view: View, { above, below }: KeyRange, size: number): Promise<readonly Hit[]> {
  const { tables, calls, collection, workspace } = view;
  const w = workspace === '' ? '' : { $in: ['', workspace] };
  const between = { $gte: above.key, $lt: below };
  const after = above.id === '' ? {} : { $or: [{ k: { $gt: above.key } }, { i: { $gt: above.id } }] }; // prettier-ignore
  return calls.ask(() =>
    tables.rows.aggregate<Hit>([
      { $match: { c: collection, w, s: 'live', k: { $elemMatch: between } } },
      { $project: { w: 1, i: 1, v: 1, n: 1, x: 1, k: 1 } },
      { $unwind: '$k' },
      { $match: { k: between, ...after } },
      { $sort: { k: 1, i: 1 } },
      { $limit: size },
    ]),
  );
}

/** Without those of the base that the workspace holds itself, changed or hidden. */
async function shown(view: View, hits: readonly Hit[]): Promise<readonly Hit[]> {
  const { tables, calls, collection, workspace } = view;
  const ids = hits.filter(({ w }) => w === '').map(({ i }) => i);
  if (workspace === '' || ids.length === 0) return hits;
  const own = await calls.ask(() =>
    tables.rows
      .find(
        { _id: { $in: ids.map((id) => rowId(collection, workspace, id)) }, s: { $ne: 'dead' } },
        { i: 1 },
      ) // prettier-ignore
      .lean<Pick<Row, 'i'>[]>(),
  );
  const hidden = new Set(own.map(({ i }) => i));
  return hits.filter(({ w, i }) => w !== '' || !hidden.has(i));
}
