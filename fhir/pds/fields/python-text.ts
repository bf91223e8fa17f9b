/**
 * Values as the national back end writes them into its messages, which is Python's notation:
 * ['One', 'Two'], {'value': 'X'}, None, True. Clients' tests compare these texts (pds-fhir 2.2).
 */

/** A longer notation is not shown; the published texts then hold these words. */
const longest = 200;
const tooLong = '<json too long to display>';

/** As Python's `str`: a text as it is, anything else in its notation; `most` is the longest that is shown. */
export function pythonText(value: unknown, most = longest): string {
  if (typeof value !== 'string') return notation(value, most);
  return value.length > most ? tooLong : value;
}

function notation(value: unknown, most: number): string {
  const out: string[] = [];
  return write(value, out, most) < 0 ? tooLong : out.join('');
}

/** Writes at most `room` characters; gives the room left, below 0 when the value does not fit. Never reads further. */
function write(value: unknown, out: string[], room: number): number {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return writeAll('[', ']', items.length, out, room, (i, left) => write(items[i], out, left));
  }
  if (typeof value === 'object' && value !== null) {
    const entries: [string, unknown][] = Object.entries(value);
    return writeAll('{', '}', entries.length, out, room, (i, left) => {
      const [name, member] = entries[i] ?? ['', undefined];
      return write(member, out, put(`${quoted(name, left)}: `, out, left));
    });
  }
  return put(scalar(value, room), out, room);
}

function writeAll(
  open: string,
  close: string,
  count: number,
  out: string[],
  room: number,
  one: (index: number, room: number) => number,
): number {
  let left = put(open, out, room);
  for (let i = 0; i < count && left >= 0; i++) {
    if (i > 0) left = put(', ', out, left);
    left = one(i, left);
  }
  return put(close, out, left);
}

function put(text: string, out: string[], room: number): number {
  if (room >= text.length) out.push(text);
  return room - text.length;
}

function scalar(value: unknown, room: number): string {
  if (typeof value === 'string') return quoted(value, room);
  if (value === true) return 'True';
  if (value === false) return 'False';
  return typeof value === 'number' ? String(value) : 'None';
}

/** Single quotes, or double ones when the text holds a single quote and no double one. */
function quoted(text: string, room: number): string {
  const shown = text.length > room ? text.slice(0, Math.max(room, 0) + 1) : text;
  const escaped = shown.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
  if (!escaped.includes("'")) return `'${escaped}'`;
  if (!escaped.includes('"')) return `"${escaped}"`;
  return `'${escaped.replaceAll("'", "\\'")}'`;
}
