/**
 * Index keys in a form that every server orders alike. MongoDB compares text by code point, others by UTF-16 unit, which
 * puts characters above U+FFFF before U+E000; here they stand behind a mark that is above everything before them in both.
 */
import type { CollectionOf, Find } from '../../core/store.ts';
import { entriesOf, keysOf, rangeOf } from './keys.ts';
import type { Position } from './keys.ts';

/** Keys of one index, as rows hold them: from `above` with its id (exclusive) to `below` (exclusive). */
export interface KeyRange {
  readonly above: Position;
  readonly below: string;
}

/** The keys of a document as its row holds them. @throws Problem `invalid` for a NUL. */
export function portableKeys<T>(definition: CollectionOf<T>, value: T): readonly string[] {
  return entriesOf(keysOf(definition, value)).map(portable);
}

/** Where a query looks. @throws Problem `invalid` as rangeOf. */
export function portableRange(query: Find): KeyRange {
  const { above, below } = rangeOf(query);
  return {
    above: { key: portable(`${query.index}:${above.key}`), id: above.id },
    below:
      typeof below === 'string'
        ? portable(`${query.index}:${below}`)
        : `${query.index}${afterColon}`,
  };
}

/** A place for a cursor, from a key as a row holds it. */
export function placeOf(index: string, key: string, id: string): Position {
  return { key: plain(key).slice(index.length + 1), id };
}

/** The text right above every `index:…`. */
const afterColon = ';';
const mark = '\uffff';
const itself = '\u0001';
const higher = '\u0002';

/** Text whose order by UTF-16 unit is that of `text` by code point; and by code point too. */
function portable(text: string): string {
  return text.replace(/\uffff|[\ud800-\udbff][\udc00-\udfff]/g, (found) =>
    found === mark ? mark + itself : mark + higher + found,
  );
}

/** The inverse of `portable`. */
function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- the two characters that follow a mark
  return text.replace(/\uffff([\u0001\u0002])/g, (_, sign) => (sign === itself ? mark : ''));
}
