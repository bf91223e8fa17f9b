/**
 * JSON as a tree that keeps scalars as they were written: a transformation must not turn 1.50 into 1.5, nor lose digits of
 * a long number. Owns no rule of what is changed.
 */
import { parseJson, type JsonLimits } from '../../core/json.ts';

/** An object in the order of its members, a list, or the text of a scalar: `"abc"`, `1.50`, `true`, `null`. */
export type JsonNode = Map<string, JsonNode> | JsonNode[] | string;

/** Levels and values of a body that is transformed; one at these is read and written in some 30 ms. */
const usualJsonLimits: JsonLimits = { depth: 64, members: 30_000 };

/** @throws JsonFault, as parseJson */
export function parseJsonText(bytes: Buffer, limits: JsonLimits = usualJsonLimits): JsonNode {
  parseJson(bytes, limits); // what it lets through is JSON, not too deep, without a member twice
  const text = bytes.toString('utf8');
  return new Walk(text, text.startsWith('\uFEFF') ? 1 : 0).value();
}

export function writeJsonText(node: JsonNode): string {
  if (typeof node === 'string') return node;
  if (Array.isArray(node)) return `[${node.map(writeJsonText).join(',')}]`;
  const members: string[] = [];
  for (const [name, value] of node) members.push(`${quoted(name)}:${writeJsonText(value)}`);
  return `{${members.join(',')}}`;
}

/** Any JSON value as a node. */
export function toJsonNode(value: unknown): JsonNode {
  if (Array.isArray(value)) return value.map(toJsonNode);
  if (typeof value === 'object' && value !== null)
    return new Map(Object.entries(value).map(([name, one]) => [name, toJsonNode(one)]));
  return JSON.stringify(value ?? null);
}

/** The text that a scalar means; undefined for null, objects and lists. */
export function scalarText(node: JsonNode): string | undefined {
  if (typeof node !== 'string' || node === 'null') return undefined;
  return node.startsWith('"') ? (JSON.parse(node) as string) : node; // a JSON text is a string
}

function quoted(name: string): string {
  return /^[\w:@#-]*$/.test(name) ? `"${name}"` : JSON.stringify(name);
}

/** Reads text that is known to be JSON, so it asks no questions. */
class Walk {
  readonly #text: string;
  #at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  value(): JsonNode {
    switch (this.#peek()) {
      case '{':
        return this.#object();
      case '[':
        return this.#list();
      case '"':
        return this.#string();
      default:
        return this.#word();
    }
  }

  #object(): JsonNode {
    const members = new Map<string, JsonNode>();
    this.#at++;
    while (this.#peek() !== '}') {
      if (this.#peek() === ',') this.#at++;
      this.#peek();
      const written = this.#string();
      const name = written.includes('\\')
        ? (JSON.parse(written) as string) // a member's name is a JSON text
        : written.slice(1, -1);
      this.#peek();
      this.#at++; // the colon
      members.set(name, this.value());
    }
    this.#at++;
    return members;
  }

  #list(): JsonNode {
    const items: JsonNode[] = [];
    this.#at++;
    while (this.#peek() !== ']') {
      if (this.#peek() === ',') this.#at++;
      items.push(this.value());
    }
    this.#at++;
    return items;
  }

  #string(): string {
    const start = this.#at;
    this.#at++;
    while (this.#text[this.#at] !== '"') this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
    this.#at++;
    return this.#text.slice(start, this.#at);
  }

  /** A number, true, false or null: up to a comma, a bracket or white space. */
  #word(): string {
    const start = this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code <= 0x20 || code === 0x2c || code === 0x5d || code === 0x7d) break;
    }
    return this.#text.slice(start, this.#at);
  }

  /** The next character that is no white space. */
  #peek(): string {
    for (;;) {
      const character = this.#text.charAt(this.#at);
      if (character !== ' ' && character !== '\n' && character !== '\r' && character !== '\t')
        return character;
      this.#at++;
    }
  }
}
