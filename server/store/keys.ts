/**
 * Keys as text: how tuples become one sorted text, how a query becomes a range of it, and the cursor of a page.
 * UTF-8 text compares by code point, in SQLite's BINARY order and here alike.
 */
import type { CollectionOf, Find, Key } from '../../core/store.ts';
import { Problem } from '../../core/problem.ts';

/** Ends each part; lower than anything a part may hold, so that ['a'] stands before ['a', 'b'] and before ['a-']. */
const partEnd = '\u0001';
/** Between the keys of one document where they are kept together; no key holds it. */
const keyEnd = '\u0002';
/** With one of the stand-ins, in place of a character up to itself that a part really holds; this keeps the order. */
const escape = '\u0003';
const standIns = 'abc';

/** A place in an index. */
export interface Position {
  readonly key: string;
  readonly id: string;
}

/** The keys above `above` (exclusive) and below `below` (exclusive; a Uint8Array stands above every text). */
export interface Range {
  readonly above: Position;
  readonly below: string | Uint8Array;
}

/** A tuple as text. @throws Problem `invalid` when a part holds a NUL, at which SQLite would cut it. */
function encodeKey(key: Key): string {
  let text = '';
  for (const part of key) text += encodePart(part) + partEnd;
  return text;
}

/**
 * All keys of a document as one text: sorted, each once, as `index:key`.
 * @throws Problem `invalid` as encodeKey.
 */
export function keysOf<T>(definition: CollectionOf<T>, value: T): string {
  if (definition.keys === undefined) return '';
  const all = new Set<string>();
  for (const [index, keys] of Object.entries(definition.keys(value))) {
    if (!indexName.test(index)) throw new Problem('internal', 'An index has a name that is none');
    for (const key of keys) all.add(`${index}:${encodeKey(key)}`);
  }
  return [...all].sort().join(keyEnd);
}

const indexName = /^[\w-]+$/;

/** Takes apart what `keysOf` joined: entries of `index:key`. */
export function entriesOf(keys: string): readonly string[] {
  return keys === '' ? [] : keys.split(keyEnd);
}

/** An entry as its index and its key. */
export function splitEntry(entry: string): readonly [index: string, key: string] {
  const colon = entry.indexOf(':');
  return [entry.slice(0, colon), entry.slice(colon + 1)];
}

/** The same keys with each index called otherwise. */
export function renameIndexes(keys: string, rename: (index: string) => string | number): string {
  const renamed = entriesOf(keys).map((entry) => {
    const [index, key] = splitEntry(entry);
    return `${rename(index)}:${key}`;
  });
  return renamed.join(keyEnd);
}

/** Refuses text that SQLite would cut or change. `what` names it in the message. */
export function checkText(text: string, what: string): void {
  if (text.includes('\0')) throw new Problem('invalid', `${what} may not hold a NUL character`);
}

/** Where a query looks. @throws Problem `invalid` for a NUL, a bad cursor, or prefix and range together. */
export function rangeOf(query: Find): Range {
  const { equals = [], prefix, from, to, after } = query;
  if (prefix !== undefined && (from !== undefined || to !== undefined))
    throw new Problem('invalid', 'A search takes a prefix or a range, not both');
  const base = encodeKey(equals);
  const low = base + encodePart(prefix ?? from ?? '');
  const below =
    to === undefined ? next(prefix === undefined ? base : low) : base + encodePart(to) + keyEnd;
  const start = { key: low, id: '' };
  const cursor = after === undefined ? start : decodeCursor(after);
  return { above: isBefore(cursor.key, start.key) ? start : cursor, below };
}

/** A place as an opaque text that is safe in a URL. */
export function encodeCursor({ key, id }: Position): string {
  return Buffer.from(JSON.stringify([key, id])).toString('base64url');
}

function decodeCursor(text: string): Position {
  try {
    const read: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (Array.isArray(read) && typeof read[0] === 'string' && typeof read[1] === 'string') {
      checkText(read[0] + read[1], 'A cursor');
      return { key: read[0], id: read[1] };
    }
  } catch {
    // Told below: whatever is wrong with it, the caller made it up.
  }
  throw new Problem('invalid', 'The page asked for is not one that was given');
}

// eslint-disable-next-line no-control-regex -- exactly the three characters that have a meaning here
const reserved = /[\u0001-\u0003]/g;

function encodePart(part: string): string {
  checkText(part, 'A key');
  return part.replace(reserved, (found) => escape + standIns.charAt(found.charCodeAt(0) - 1));
}

/** The lowest text above everything that starts with this; bytes, which stand above all text, when there is none. */
function next(text: string): string | Uint8Array {
  const points = [...text];
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? 0;
    if (point < 0x10ffff) {
      const raised = point === 0xd7ff ? 0xe000 : point + 1; // between them are surrogates, which UTF-8 has not
      return points.join('') + String.fromCodePoint(raised);
    }
  }
  return new Uint8Array([255]);
}

function isBefore(a: string, b: string): boolean {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}
