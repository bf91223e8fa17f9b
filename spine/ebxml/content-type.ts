/**
 * Media types with parameters, and content ids, as senders of multipart messages spell them. Owns the tolerances of
 * header fields; multipart-scanner.ts owns those of the body.
 */

/** A media type. Names and the type itself are in lower case, values as sent without their quotes. */
export interface MediaType {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Longer fields are not read. */
const longestField = 4096;

/** Reads a Content-Type field: parameters quoted or bare, bare ones with any sign but a semicolon. */
export function mediaTypeOf(field: string): MediaType {
  const text = field.slice(0, longestField);
  const end = text.indexOf(';');
  const type = (end < 0 ? text : text.slice(0, end)).trim().toLowerCase();
  const parameters = new Map<string, string>();
  let at = end < 0 ? text.length : end + 1;
  while (at < text.length) {
    const [name, value, next] = parameterAt(text, at);
    if (name !== '' && !parameters.has(name)) parameters.set(name, value);
    at = next;
  }
  return { type, parameters };
}

/**
 * A content id without brackets, as a reference names it: `<a@b>`, `a@b` and `cid:a%40b` are the same one. What is no
 * valid percent encoding stays as it is.
 */
export function contentIdOf(text: string): string {
  const bare = text.trim().replace(/^cid:/i, '').replace(/^</, '').replace(/>$/, '');
  if (!bare.includes('%')) return bare;
  try {
    return decodeURIComponent(bare);
  } catch {
    return bare;
  }
}

/** Name, value, and where the next parameter begins. */
function parameterAt(text: string, from: number): [name: string, value: string, next: number] {
  const equals = text.indexOf('=', from);
  const semicolon = text.indexOf(';', from);
  if (equals < 0 || (semicolon >= 0 && semicolon < equals))
    return ['', '', semicolon < 0 ? text.length : semicolon + 1];
  const name = text.slice(from, equals).trim().toLowerCase();
  const start = equals + 1 + blanks(text, equals + 1);
  if (text[start] === '"') return [name, ...quotedAt(text, start)];
  const end = text.indexOf(';', start);
  const stop = end < 0 ? text.length : end;
  return [name, text.slice(start, stop).trim(), stop + 1];
}

function quotedAt(text: string, start: number): [value: string, next: number] {
  let value = '';
  let at = start + 1;
  for (; at < text.length && text[at] !== '"'; at++) {
    if (text[at] === '\\' && at + 1 < text.length) at++;
    value += text.charAt(at);
  }
  const semicolon = text.indexOf(';', at + 1);
  return [value, semicolon < 0 ? text.length : semicolon + 1];
}

function blanks(text: string, from: number): number {
  let count = 0;
  while (text[from + count] === ' ' || text[from + count] === '\t') count++;
  return count;
}
