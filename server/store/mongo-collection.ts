/** A collection as one view sees it: the port's Collection on MongoDB. Owns reading by id, paging and counting. */
import type { Collection, CollectionOf, Find, Page, PutOptions, Stored } from '../../core/store.ts';
import { Problem } from '../../core/problem.ts';
import { checkedId, encode } from './collection.ts';
import { checkText, encodeCursor } from './keys.ts';
import { hitsOf } from './mongo-find.ts';
import { placeOf, portableKeys, portableRange } from './mongo-keys.ts';
import { rowId, type Row } from './mongo-rows.ts';
import { writeRow, type WriteParts } from './mongo-writes.ts';

const most = 1000;
/** A page over a workspace reads somewhat more than it shows, for what the workspace has changed. */
const spare = 10;

type Read = Pick<Row, 'i' | 'v' | 'n' | 'x'>;

/** A collection in a workspace; the empty name is the base. */
export function mongoCollection<T>(
  parts: WriteParts,
  definition: CollectionOf<T>,
  workspace: string,
): Collection<T> {
  const { tables, calls } = parts;
  const { name } = definition;
  const decode = definition.decode ?? ((text: string) => JSON.parse(text) as T); // encode wrote it from a T
  const stored = ({ i, v, n, x }: Read) => new Document({ id: i, version: v, commit: n, text: x }, decode); // prettier-ignore
  const own = (id: string) => rowId(name, workspace, id);
  const base = (id: string) => rowId(name, '', id);

  const read = async (id: string): Promise<Stored<T> | undefined> => {
    const ids = workspace === '' ? own(id) : { $in: [own(id), base(id)] };
    const rows = await calls.ask(() =>
      tables.rows.find({ _id: ids }, { w: 1, s: 1, i: 1, v: 1, n: 1, x: 1 }).lean<Row[]>(),
    );
    const held = rows.filter(({ s }) => s !== 'dead');
    const row = held.find(({ w }) => w === workspace) ?? held[0];
    return row?.s === 'live' ? stored(row) : undefined;
  };
  const find = async (query: Find): Promise<Page<T>> => {
    const range = portableRange(query);
    const limit = limitOf(query);
    const size = limit + (workspace === '' ? 1 : spare);
    const items = new Map<string, Stored<T>>();
    let at = range.above;
    for await (const hit of hitsOf({ tables, calls, collection: name, workspace }, range, size)) {
      if (items.size === limit)
        return { items: [...items.values()], next: encodeCursor(placeOf(query.index, at.key, at.id)) }; // prettier-ignore
      at = { key: hit.k, id: hit.i };
      if (!items.has(hit.i)) items.set(hit.i, stored(hit));
    }
    return { items: [...items.values()] };
  };
  const count = async (): Promise<number> => {
    const live = (ids?: readonly string[]) =>
      calls.ask(() => tables.rows.countDocuments({ c: name, w: '', s: 'live', ...(ids ? { _id: { $in: ids } } : {}) })); // prettier-ignore
    const all = await live();
    if (workspace === '') return all;
    const changed = await calls.ask(() =>
      tables.rows.find({ w: workspace, c: name, s: { $ne: 'dead' } }, { i: 1, s: 1 }).lean<Row[]>(),
    );
    let covered = 0;
    for (let from = 0; from < changed.length; from += most)
      covered += await live(changed.slice(from, from + most).map(({ i }) => base(i)));
    return all + changed.filter(({ s }) => s === 'live').length - covered;
  };

  return {
    get: (id) => calls.within(() => read(checkedId(id))),
    put: (id, value, options) =>
      calls.within(async (call) => {
        const text = encode(definition, value);
        const write = toWrite(name, workspace, checkedId(id), options);
        const content = { text, keys: portableKeys(definition, value) };
        const { version, commit } = await writeRow(parts, { ...write, content }, call);
        return stored({ i: id, v: version, n: commit, x: text });
      }),
    remove: (id, expected) =>
      calls.within(async (call) => {
        const write = toWrite(name, workspace, checkedId(id), { expected });
        await writeRow(parts, { ...write, content: undefined }, call);
      }),
    find: (query) => calls.within(() => find(query)),
    in(other) {
      if (other !== '' && definition.overlaid !== true)
        throw new Problem('internal', `Workspaces do not overlay the collection ${name}`);
      checkText(other, 'The name of a workspace');
      return mongoCollection(parts, definition, other);
    },
    count: () => calls.within(count),
  };
}

class Document<T> implements Stored<T> {
  readonly id: string;
  readonly version: number;
  readonly commit: number;
  readonly text: string;
  readonly #decode: (text: string) => T;
  #decoded: { readonly value: T } | undefined;

  constructor(read: Omit<Stored<T>, 'value'>, decode: (text: string) => T) {
    this.id = read.id;
    this.version = read.version;
    this.commit = read.commit;
    this.text = read.text;
    this.#decode = decode;
  }

  get value(): T {
    this.#decoded ??= { value: this.#decode(this.text) };
    return this.#decoded.value;
  }
}

function toWrite(
  collection: string,
  workspace: string,
  id: string,
  { expected, outbox = [], by = '' }: PutOptions,
) {
  for (const { topic, body } of outbox) checkText(topic + body, 'An outbox entry');
  checkText(by, 'The name of who asks');
  if (!Number.isSafeInteger(expected) || expected < 0)
    throw new Problem('invalid', 'The expected version is not a version');
  return { collection, workspace, id, expected, outbox, by };
}

function limitOf({ limit = 50 }: Find): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > most)
    throw new Problem('invalid', `A page holds 1 to ${most} records`);
  return limit;
}
