/**
 * The text of a document to its value: JSON or YAML 1.2, told apart by the first character. Within limits of bytes,
 * depth and number of values, counted with aliases written out, so that a short text cannot become a large value.
 * Owns no knowledge of OpenAPI but that versions are texts.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Alias,
  type Document,
  type Pair,
  type YAMLMap,
} from 'yaml';
import { JsonFault, parseJson } from '../../../core/json.ts';
import { Problem } from '../../../core/problem.ts';
import { below, isObject } from './document.ts';

export interface Source {
  readonly value: unknown;
  /** What was odd and could be read all the same. */
  readonly warnings: readonly string[];
  /** The line on which an object or list of the value begins; undefined when that is not known, as in JSON. */
  lineOf(value: object): number | undefined;
}

/** In bytes. */
const longest = 2 * 1024 * 1024;

const deepest = 100;

/** Objects, lists and single values altogether. */
const mostValues = 100_000;
/** Its parser takes thirty times as long for each. */
const mostInYaml = 40_000;

const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

/** Members that are texts though they look like numbers: `version: 1.10`. */
const texts = new Set(['version', 'openapi', 'swagger']);

/** @throws Problem `invalid` with line and reason. */
export function readSource(text: string): Source {
  const bytes = Buffer.byteLength(text);
  if (bytes > longest)
    throw new Problem('invalid', `The document has ${bytes} bytes; at most ${longest} are read`);
  return /^\s*[{[]/.test(text.slice(0, 1000).replace('\uFEFF', ''))
    ? readJson(text)
    : readYaml(text);
}

const jsonReasons: Readonly<Record<string, string>> = {
  encoding: 'is no text in UTF-8',
  syntax: 'is neither JSON nor YAML',
  depth: `is nested deeper than ${deepest} levels`,
  members: `has more than ${mostValues} values`,
  duplicate: 'names a member twice in one object',
  name: 'has a member of a forbidden name',
  text: 'has a text with NUL or half a character',
  number: 'has a number beyond all bounds',
};

function readJson(text: string): Source {
  try {
    const limits = { depth: deepest, members: mostValues };
    const value = parseJson(Buffer.from(text), limits);
    return { value, warnings: [], lineOf: () => undefined };
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    // YAML's flow form begins like JSON, and its parser names the line.
    if (error.kind === 'syntax' || error.kind === 'duplicate')
      return readYaml(text, ['begins like JSON and is none; read as YAML']);
    const at = error.path === '' ? '' : ` at ${error.path}`;
    throw new Problem('invalid', `The document ${jsonReasons[error.kind] ?? error.kind}${at}`);
  }
}

function readYaml(text: string, warnings: readonly string[] = []): Source {
  if (marks(text) > mostInYaml)
    throw refusal(1, `more than ${mostInYaml} values in YAML; send JSON`);
  const deep = lineOfDeepest(text);
  if (deep !== undefined) throw refusal(deep, `nested deeper than ${deepest} levels`);
  const lines = new LineCounter();
  const document = parsed(text, lines);
  const error = document.errors[0];
  if (error) {
    // The first sentence only: what follows quotes the text.
    const told = (error.message.split(/ at line |:\n/)[0] ?? '').slice(0, 200);
    const reason = told.includes('call stack') ? `nested deeper than ${deepest} levels` : told;
    throw refusal(lines.linePos(error.pos[0]).line, reason);
  }
  return new Walk(document, lines, warnings).run();
}

/** The line on which brackets stand far too deep in each other; the parser would be slow to find out. */
function lineOfDeepest(text: string): number | undefined {
  let depth = 0;
  let line = 1;
  for (let i = 0; i < text.length; i++) {
    const one = text.charAt(i);
    if (one === '[' || one === '{') depth++;
    else if (one === ']' || one === '}') depth--;
    else if (one === '\n') line++;
    if (depth > deepest * 10) return line; // some may stand in texts
  }
  return undefined;
}

/** About how many values there may be: the parser takes its time for each, and this takes none. */
function marks(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) if ('\n,[{'.includes(text.charAt(i))) count++;
  return count;
}

function parsed(text: string, lines: LineCounter): Document.Parsed {
  try {
    // Names are compared by the walk: the library compares each with each.
    return parseDocument(text, { uniqueKeys: false, lineCounter: lines, logLevel: 'error' });
  } catch (error) {
    if (error instanceof RangeError) throw refusal(1, `nested deeper than ${deepest} levels`);
    throw new Problem('invalid', 'The document is neither JSON nor YAML', { cause: error });
  }
}

function refusal(line: number, reason: string): Problem {
  return new Problem('invalid', `line ${line}: ${reason}`);
}

/** Makes plain values of the parsed nodes; recursion is safe, since depth is limited. */
class Walk {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #lineOf = new WeakMap<object, number>();
  readonly #anchors = new Map<string, unknown>();
  readonly #warnings: string[];
  #values = 0;
  #expanding = 0;

  constructor(document: Document.Parsed, lines: LineCounter, warnings: readonly string[]) {
    this.#document = document;
    this.#lines = lines;
    this.#warnings = [...warnings];
  }

  run(): Source {
    const value = this.#value(this.#document.contents, 0, '', 1);
    return { value, warnings: this.#warnings, lineOf: (one) => this.#lineOf.get(one) };
  }

  #value(node: unknown, depth: number, pointer: string, above: number): unknown {
    const line = this.#line(node) ?? above;
    if (++this.#values > mostValues)
      throw refusal(line, `more than ${mostValues} values, aliases written out`);
    if (depth > deepest) throw refusal(line, `nested deeper than ${deepest} levels`);
    if (isAlias(node)) return this.#aliased(node, depth, pointer, line);
    if (this.#expanding === 0 && (isMap(node) || isSeq(node) || isScalar(node)) && node.anchor)
      this.#anchors.set(node.anchor, node);
    if (isMap(node)) return this.#object(node, depth, pointer, line);
    if (isSeq(node)) {
      const list = node.items.map((item, i) =>
        this.#value(item, depth + 1, below(pointer, i), line),
      );
      this.#lineOf.set(list, line);
      return list;
    }
    return isScalar(node) ? this.#scalar(node.value, line, pointer) : null;
  }

  #object(map: YAMLMap, depth: number, pointer: string, line: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#lineOf.set(object, line);
    const inherited: unknown[] = [];
    for (const pair of map.items) {
      const at = this.#line(pair.key) ?? line;
      const name = this.#name(pair, at);
      const value = this.#value(pair.value, depth + 1, below(pointer, name), at);
      if (name === '<<') inherited.push(value);
      else {
        if (Object.hasOwn(object, name))
          this.#warnings.push(
            `line ${at}: ${below(pointer, name)} stands there twice; the last counts`,
          );
        object[name] = texts.has(name) ? asWritten(pair, value) : value;
      }
    }
    // Merge keys of YAML 1.1, which many documents use: what the object says itself wins.
    for (const one of inherited.flat())
      if (isObject(one))
        for (const name of Object.keys(one))
          if (!Object.hasOwn(object, name)) object[name] = one[name];
    return object;
  }

  #name(pair: Pair, line: number): string {
    if (!isScalar(pair.key)) throw refusal(line, 'a name that is no single text');
    const name = String(pair.key.source ?? pair.key.value);
    if (forbidden.has(name)) throw refusal(line, `the name ${name} is not allowed`);
    return name;
  }

  #scalar(value: unknown, line: number, pointer: string): unknown {
    if (typeof value === 'number' && !Number.isFinite(value)) {
      this.#warnings.push(`line ${line}: ${pointer} is no number of JSON; taken as null`);
      return null;
    }
    return ['string', 'number', 'boolean'].includes(typeof value) ? value : null;
  }

  /** What the anchor before it names. The library's own look-up walks the document for each alias. */
  #aliased(alias: Alias, depth: number, pointer: string, line: number): unknown {
    const target = this.#anchors.get(alias.source);
    if (!target) throw refusal(line, 'an alias of an anchor that is not there');
    this.#expanding++;
    const value = this.#value(target, depth + 1, pointer, line);
    this.#expanding--;
    return value;
  }

  #line(node: unknown): number | undefined {
    const range = isObject(node) ? node.range : undefined;
    return Array.isArray(range) && typeof range[0] === 'number'
      ? this.#lines.linePos(range[0]).line
      : undefined;
  }
}

/** A version as it was written: `1.10` is no number. */
function asWritten(pair: Pair, value: unknown): unknown {
  return typeof value === 'number' && isScalar(pair.value)
    ? (pair.value.source ?? String(value))
    : value;
}
