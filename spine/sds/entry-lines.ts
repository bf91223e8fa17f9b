/**
 * Entries as JSON, one a line (NDJSON): unlike LDIF with all that the ODS faces know of an organisation. Owns the form
 * alone.
 */
import { JsonFault, parseJson } from '../../core/json.ts';
import { Problem } from '../../core/problem.ts';
import { checker } from '../../core/schema.ts';
import type { Entry } from './directory.ts';
import type { Placed } from './ldif-read.ts';
import { lineFault, linesOf } from './text-lines.ts';

/** One entry with the end of its line. */
export function writeEntryLine(entry: Entry): string {
  return `${JSON.stringify(entry)}\n`;
}

/** The entries of a text, one after the other. @throws Problem `invalid` naming the line */
export async function* readEntryLines(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Placed> {
  for await (const { number, text } of linesOf(pieces)) {
    if (text.trim() === '') continue;
    yield { line: number, entry: toEntry(number, text) };
  }
}

const limits = { depth: 8, members: 20_000 };

function toEntry(number: number, text: string): Entry {
  try {
    return checkEntry(parseJson(Buffer.from(text), limits));
  } catch (error) {
    if (error instanceof JsonFault) throw lineFault(number, `refused as JSON: ${error.kind}`);
    if (error instanceof Problem) throw lineFault(number, error.message);
    throw error;
  }
}

const text = { type: 'string', minLength: 1, maxLength: 4000 };
const day = { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$' };
const number = { type: 'integer', minimum: 0 };
const flag = { type: 'boolean' };

function object(required: Record<string, object>, optional: Record<string, object> = {}): object {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(required),
    properties: { ...required, ...optional },
  };
}

function list(items: object, maxItems = 1000): object {
  return { type: 'array', maxItems, items };
}

const span = { active: flag, start: day };

const organisation = object({
  recordClass: { enum: ['RC1', 'RC2'] },
  lastChange: day,
  roles: list(object({ id: text, uniqueId: number, primary: flag, ...span }, { end: day })),
  relationships: list(object({ id: text, uniqueId: number, target: text, ...span }, { end: day })),
  successions: list(
    object({
      type: { enum: ['Successor', 'Predecessor'] },
      ...{ uniqueId: number, target: text, date: day },
    }),
  ),
  address: object(
    { lines: list(text, 10) },
    { town: text, county: text, postcode: text, country: text, uprn: text },
  ),
  contacts: list(object({ type: { enum: ['tel', 'http', 'mail', 'fax'] }, value: text })),
});

const checkEntry = checker<Entry>(
  object(
    {
      dn: text,
      attributes: { type: 'object', additionalProperties: list(text, 4000) },
    },
    { organisation },
  ),
);
