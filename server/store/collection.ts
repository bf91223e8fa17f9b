/** A collection as one view sees it: the port's Collection over reads.ts and the writer. */
import type { Collection, CollectionOf, Find, Page, PutOptions, Stored } from '../../core/store.ts';
import { Problem } from '../../core/problem.ts';
import { checkText, encodeCursor, keysOf, rangeOf } from './keys.ts';
import type { Position } from './keys.ts';
import type { Overlays } from './overlays.ts';
import type { Hit, Read, Reads } from './reads.ts';
import type { Writer } from './writer.ts';

/** What collections work with; one set for the whole store. */
export interface Parts {
  readonly reads: Reads;
  readonly writer: Writer;
  readonly overlays: Overlays;
}

const most = 1000;

/** A collection in a workspace; the empty name is the base. */
export function collectionIn<T>(
  parts: Parts,
  definition: CollectionOf<T>,
  workspace: string,
): Collection<T> {
  const { reads, writer, overlays } = parts;
  const { name } = definition;
  const decode = definition.decode ?? ((text: string) => JSON.parse(text) as T); // encode wrote it from a T
  const stored = (read: Read) => new Document(read, decode);
  const overlayOf = (collection: number) => {
    if (workspace === '') return undefined;
    const overlay = overlays.of(workspace);
    const changed = overlay.changed.get(collection);
    return changed === undefined || changed.size === 0
      ? undefined
      : { number: overlay.number, changed };
  };
  const read = (id: string) => {
    const collection = reads.collection(name);
    if (collection === undefined) return undefined;
    const overlay = overlayOf(collection);
    const own =
      overlay?.changed.has(id) === true
        ? reads.get(name, collection, overlay.number, id)
        : undefined;
    const found = own ?? reads.get(name, collection, 0, id);
    return found === undefined || found === 'removed' ? undefined : stored(found);
  };
  const find = (query: Find): Page<T> => {
    const range = rangeOf(query);
    const limit = limitOf(query);
    const collection = reads.collection(name);
    const index = collection === undefined ? undefined : reads.index(collection, query.index);
    if (collection === undefined || index === undefined) return { items: [] };
    const place = { collection, index, workspace: overlayOf(collection)?.number ?? 0 };
    const scan = (above: Position, count: number) =>
      reads.find(name, place, { above, below: range.below }, count);
    return toPage(scan, range.above, limit, stored);
  };

  return {
    get: (id) => promised(() => read(checkedId(id))),
    async put(id, value, options) {
      const text = encode(definition, value);
      const write = toPut(name, workspace, checkedId(id), text, keysOf(definition, value), options);
      const { value: version, commit } = await writer.write(write);
      return stored({ id, version, commit, text });
    },
    async remove(id, expected) {
      await writer.write({
        kind: 'remove',
        collection: name,
        workspace,
        id: checkedId(id),
        expected: checkedVersion(expected),
      });
    },
    find: (query) => promised(() => find(query)),
    in(other) {
      if (other !== '' && definition.overlaid !== true)
        throw new Problem('internal', `Workspaces do not overlay the collection ${name}`);
      checkText(other, 'The name of a workspace');
      return collectionIn(parts, definition, other);
    },
    count: () =>
      promised(() => {
        const collection = reads.collection(name);
        if (collection === undefined) return 0;
        return reads.count(collection, overlayOf(collection)?.number ?? 0);
      }),
  };
}

/** A document as text. @throws Problem `invalid` for a NUL, which SQLite would cut it at. */
export function encode<T>(definition: CollectionOf<T>, value: T): string {
  const text = (definition.encode ?? JSON.stringify)(value);
  checkText(text, 'A record');
  return text;
}

/** @throws Problem `invalid` for an id that cannot be one. */
export function checkedId(id: string): string {
  if (id === '') throw new Problem('invalid', 'An id may not be empty');
  checkText(id, 'An id');
  return id;
}

/** A value or what is thrown, as a promise. */
export function promised<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}

class Document<T> implements Stored<T> {
  readonly id: string;
  readonly version: number;
  readonly commit: number;
  readonly text: string;
  readonly #decode: (text: string) => T;
  #decoded: { readonly value: T } | undefined;

  constructor(read: Read, decode: (text: string) => T) {
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

function toPut(
  collection: string,
  workspace: string,
  id: string,
  text: string,
  keys: string,
  { expected, outbox = [], by = '' }: PutOptions,
) {
  for (const { topic, body } of outbox) checkText(topic + body, 'An outbox entry');
  checkText(by, 'The name of who asks');
  checkedVersion(expected);
  return { kind: 'put', collection, workspace, id, expected, text, keys, outbox, by } as const;
}

function checkedVersion(expected: number): number {
  if (!Number.isSafeInteger(expected) || expected < 0)
    throw new Problem('invalid', 'The expected version is not a version');
  return expected;
}

function limitOf({ limit = 50 }: Find): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > most)
    throw new Problem('invalid', `A page holds 1 to ${most} records`);
  return limit;
}

/** Scans until the page is full: a document with several fitting keys takes one place only. */
function toPage<T>(
  scan: (above: Position, count: number) => readonly Hit[],
  above: Position,
  limit: number,
  stored: (read: Read) => Stored<T>,
): Page<T> {
  const items = new Map<string, Stored<T>>();
  let position = above;
  for (;;) {
    const wanted = limit - items.size + 1;
    const hits = scan(position, wanted);
    for (const hit of hits) {
      if (items.size === limit) return { items: [...items.values()], next: encodeCursor(position) };
      position = hit.at;
      if (!items.has(hit.id)) items.set(hit.id, stored(hit));
    }
    if (hits.length < wanted) return { items: [...items.values()] };
  }
}
