/**
 * The syntax of regular expressions, as far as linear-pattern.ts can match them: characters and classes, groups, choices,
 * repetitions, both anchors. Owns reading a pattern that the platform's own engine has taken already.
 */

export type Node =
  | { readonly kind: 'char'; readonly fits: Fits }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'all'; readonly parts: readonly Node[] }
  | { readonly kind: 'any'; readonly choices: readonly Node[] }
  | {
      readonly kind: 'repeat';
      readonly part: Node;
      readonly least: number;
      readonly most: number;
    };

type Fits = (code: number) => boolean;

/** @throws Error that names what cannot be matched in linear time. */
export function parsePattern(pattern: string): Node {
  return choices({ text: [...pattern], at: 0 }, 0);
}

interface Reader {
  readonly text: readonly string[];
  at: number;
}

const deepest = 20;

function choices(reader: Reader, depth: number): Node {
  if (depth > deepest) throw new Error('the pattern has too many groups in groups');
  const found = [sequence(reader, depth)];
  while (reader.text[reader.at] === '|') {
    reader.at++;
    found.push(sequence(reader, depth));
  }
  return found.length === 1 && found[0] ? found[0] : { kind: 'any', choices: found };
}

function sequence(reader: Reader, depth: number): Node {
  const parts: Node[] = [];
  for (;;) {
    const next = reader.text[reader.at];
    if (next === undefined || next === '|' || next === ')') return { kind: 'all', parts };
    parts.push(quantified(reader, atom(reader, depth)));
  }
}

function atom(reader: Reader, depth: number): Node {
  const char = reader.text[reader.at++] ?? '';
  switch (char) {
    case '^':
      return { kind: 'start' };
    case '$':
      return { kind: 'end' };
    case '.':
      return { kind: 'char', fits: (code) => !lineEnds.includes(code) };
    case '(':
      return group(reader, depth);
    case '[':
      return { kind: 'char', fits: charClass(reader) };
    case '\\':
      return { kind: 'char', fits: escape(reader) };
    default:
      return { kind: 'char', fits: only(char.codePointAt(0) ?? 0) };
  }
}

const lineEnds: readonly number[] = [0x0a, 0x0d, 0x2028, 0x2029];

function group(reader: Reader, depth: number): Node {
  if (reader.text[reader.at] === '?') {
    if (reader.text[reader.at + 1] !== ':')
      throw new Error('a pattern may not look around or name its groups');
    reader.at += 2;
  }
  const inside = choices(reader, depth + 1);
  reader.at++; // the closing bracket: the platform's own engine has found it
  return inside;
}

function quantified(reader: Reader, part: Node): Node {
  const count = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})/.exec(
    reader.text.slice(reader.at, reader.at + 20).join(''),
  );
  if (!count) return part;
  reader.at += count[0].length;
  if (reader.text[reader.at] === '?') reader.at++; // lazy or not, the same texts fit
  const [least, most] = bounds(count);
  return { kind: 'repeat', part, least, most };
}

function bounds([sign = '', least = '', comma = '', most = '']: RegExpExecArray): [number, number] {
  if (sign === '*') return [0, Infinity];
  if (sign === '+') return [1, Infinity];
  if (sign === '?') return [0, 1];
  if (comma === '') return [Number(least), Number(least)];
  return [Number(least), most === '' ? Infinity : Number(most)];
}

function charClass(reader: Reader): Fits {
  const negative = reader.text[reader.at] === '^';
  if (negative) reader.at++;
  const tests: Fits[] = [];
  while (reader.text[reader.at] !== ']') tests.push(member(reader));
  reader.at++;
  const fits: Fits = (code) => tests.some((test) => test(code));
  return negative ? (code) => !fits(code) : fits;
}

/** One character, a named class, or a range. */
function member(reader: Reader): Fits {
  const from = memberCode(reader);
  if (typeof from === 'function') return from;
  if (reader.text[reader.at] !== '-' || reader.text[reader.at + 1] === ']') return only(from);
  reader.at++;
  const to = memberCode(reader);
  if (typeof to === 'function') return (code) => code === from || code === 0x2d || to(code);
  return (code) => code >= from && code <= to;
}

function memberCode(reader: Reader): number | Fits {
  const char = reader.text[reader.at++] ?? '';
  if (char !== '\\') return char.codePointAt(0) ?? 0;
  if (reader.text[reader.at] === 'b') {
    reader.at++;
    return 8;
  }
  return escaped(reader);
}

function escape(reader: Reader): Fits {
  const found = escaped(reader);
  return typeof found === 'function' ? found : only(found);
}

const named: Readonly<Record<string, Fits>> = {
  d: (code) => code >= 0x30 && code <= 0x39,
  w: (code) => /\w/.test(String.fromCodePoint(code)),
  s: (code) => /\s/.test(String.fromCodePoint(code)),
};
const controls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, '0': 0 };

/** What stands behind a backslash. */
function escaped(reader: Reader): number | Fits {
  const char = reader.text[reader.at++] ?? '';
  const lower = char.toLowerCase();
  const fits = Object.hasOwn(named, lower) ? named[lower] : undefined;
  if (fits) return char === lower ? fits : (code) => !fits(code);
  const control = Object.hasOwn(controls, char) ? controls[char] : undefined;
  if (control !== undefined) return control;
  if (char === 'x') return hex(reader, 2);
  if (char === 'u') return reader.text[reader.at] === '{' ? braced(reader) : hex(reader, 4);
  if (/[0-9A-Za-z]/.test(char))
    throw new Error(
      `\\${char} cannot be matched in linear time: back references, word boundaries and \\p are not known here`,
    );
  return char.codePointAt(0) ?? 0;
}

function hex(reader: Reader, length: number): number {
  const digits = reader.text.slice(reader.at, reader.at + length).join('');
  reader.at += length;
  return Number.parseInt(digits, 16);
}

function braced(reader: Reader): number {
  const end = reader.text.indexOf('}', reader.at);
  const digits = reader.text.slice(reader.at + 1, end).join('');
  reader.at = end + 1;
  return Number.parseInt(digits, 16);
}

function only(wanted: number): Fits {
  return (code) => code === wanted;
}
