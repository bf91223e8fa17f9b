/**
 * Reads LDIF content (RFC 2849): comments, folded lines, base64, `changetype: add`. Owns the form alone; what an entry
 * must hold is the schema's. Values by reference (`:<`) are refused: nothing here opens a file that somebody else names.
 */
import type { Entry } from './directory.ts';
import { attributeType } from './schema.ts';
import { lineFault, linesOf, longestLine, type Line } from './text-lines.ts';

/** An entry and the line on which it begins. */
export interface Placed {
  readonly line: number;
  readonly entry: Entry;
}

/** No entry has more lines of attributes. */
const mostLines = 20_000;

/** The entries of a text, one after the other. @throws Problem `invalid` naming the line */
export async function* readLdif(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Placed> {
  let record: Line[] = [];
  let first = true;
  for await (const line of unfolded(linesOf(pieces))) {
    if (line.text !== '') {
      record.push(line);
      if (record.length > mostLines)
        throw lineFault(line.number, `an entry has more than ${mostLines} lines`);
      continue;
    }
    const placed = toEntry(record, first);
    if (record.length > 0) first = false;
    record = [];
    if (placed) yield placed;
  }
  const last = toEntry(record, first);
  if (last) yield last;
}

/** Lines put together with those that go on with them, comments left out; an empty one ends each record. */
async function* unfolded(lines: AsyncIterable<Line>): AsyncIterable<Line> {
  let open: Line | undefined;
  const whole = (line: Line | undefined) => (line && !line.text.startsWith('#') ? [line] : []);
  for await (const { number, text } of lines) {
    if (text.startsWith(' ')) {
      if (open === undefined) throw lineFault(number, 'it goes on with a line that is not there');
      open = { number: open.number, text: open.text + text.slice(1) };
      if (open.text.length > longestLine)
        throw lineFault(number, `folded lines are longer than ${longestLine} characters`);
      continue;
    }
    yield* whole(open);
    open = text === '' ? undefined : { number, text };
    if (text === '') yield { number, text };
  }
  yield* whole(open);
}

/** The entry of a record; undefined where there is none, and for the version alone. */
function toEntry(record: readonly Line[], mayHaveVersion: boolean): Placed | undefined {
  const lines = record.map(readLine);
  if (mayHaveVersion && lines[0]?.name.toLowerCase() === 'version') checkVersion(lines.shift());
  const dn = lines.shift();
  if (dn === undefined) return undefined;
  if (dn.name.toLowerCase() !== 'dn') throw lineFault(dn.number, 'an entry begins with dn:');
  if (lines[0]?.name.toLowerCase() === 'changetype') checkChange(lines.shift());
  if (lines.length === 0) throw lineFault(dn.number, 'the entry has no attributes');
  const attributes = new Map<string, string[]>();
  for (const line of lines) {
    const name = nameOf(line);
    const values = attributes.get(name) ?? [];
    attributes.set(name, values);
    values.push(line.value);
  }
  return { line: dn.number, entry: { dn: dn.value, attributes: Object.fromEntries(attributes) } };
}

interface Pair {
  readonly number: number;
  readonly name: string;
  readonly value: string;
}

function readLine({ number, text }: Line): Pair {
  const colon = text.indexOf(':');
  const name = text.slice(0, colon);
  if (colon < 1 || name.length > 200 || !/^[A-Za-z0-9][\w.;-]*$/.test(name))
    throw lineFault(number, 'expected an attribute, a colon and a value');
  const sign = text[colon + 1];
  if (sign === '<') throw lineFault(number, 'values from other files are not taken');
  if (sign === ':') return { number, name, value: fromBase64(number, text.slice(colon + 2)) };
  return { number, name, value: text.slice(colon + 1).replace(/^ +/, '') };
}

function fromBase64(number: number, text: string): string {
  const coded = text.trim();
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(coded) || coded.length % 4 !== 0)
    throw lineFault(number, 'the value after :: is not base64');
  const value = Buffer.from(coded, 'base64').toString('utf8');
  if (value.includes('\uFFFD') || value.includes('\0'))
    throw lineFault(number, 'the value after :: is no text in UTF-8');
  return value;
}

function checkVersion(line: Pair | undefined): void {
  if (line && line.value.trim() !== '1')
    throw lineFault(line.number, 'the version of LDIF must be 1');
}

function checkChange(line: Pair | undefined): void {
  if (line && line.value.trim().toLowerCase() !== 'add')
    throw lineFault(line.number, 'of changes only changetype: add is taken');
}

function nameOf({ number, name }: Pair): string {
  const type = attributeType(name);
  if (type === undefined) throw lineFault(number, `${name} is not an attribute of the schema`);
  return type.name;
}
