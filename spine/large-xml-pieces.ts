/**
 * A tree of XML cut into texts that cost a millisecond to read, and put together again. Owns their form: names are numbers
 * into a table that grows along, so that neither side makes a name twice.
 */
import type { XmlAttribute, XmlElement, XmlNode } from '../core/xml.ts';

/** What a piece is, as JSON: names that occur for the first time, and tokens. */
interface Piece {
  /** Local name, prefix, namespace; name after name. */
  readonly names: readonly string[];
  /**
   * A text; or a name's number from 1 and how many attributes follow, each its name's number and its value; or 0 where an
   * element ends.
   */
  readonly tokens: readonly (string | number)[];
}

/** About how many UTF-16 units stand in a piece. */
const pieceSize = 24 * 1024;

/** The tree in pieces. */
export function piecesOf(root: XmlElement): Iterable<string> {
  return new Cutter().cut(root);
}

/** Takes pieces in their order. */
export class TreeBuilder {
  readonly #names: Name[] = [];
  readonly #open: Growing[] = [];
  #root: XmlElement | undefined;

  add(piece: string): void {
    const { names, tokens } = JSON.parse(piece) as Piece; // only piecesOf makes them
    for (let at = 0; at < names.length; at += 3)
      this.#names.push([names[at] ?? '', names[at + 1] ?? '', names[at + 2] ?? '']);
    for (let at = 0; at < tokens.length;) at = this.#take(tokens, at);
  }

  /** The whole tree. @throws TypeError before all pieces were there */
  root(): XmlElement {
    if (!this.#root || this.#open.length > 0) throw new TypeError('A piece of the tree is missing');
    return this.#root;
  }

  /** Takes one token; gives where the next one is. */
  #take(tokens: Piece['tokens'], at: number): number {
    const token = tokens[at] ?? 0;
    if (token === 0) this.#open.pop();
    else if (typeof token === 'string') this.#open.at(-1)?.children.push(token);
    else return this.#start(token, tokens, at + 1);
    return at + 1;
  }

  #start(number: number, tokens: Piece['tokens'], at: number): number {
    const count = Number(tokens[at]);
    const attributes: readonly XmlAttribute[] =
      count === 0 ? none : this.#attributes(tokens, at, count);
    const [name, prefix, uri] = this.#name(number);
    const element: Growing = { name, prefix, uri, attributes, children: [] };
    this.#open.at(-1)?.children.push(element);
    this.#root ??= element;
    this.#open.push(element);
    return at + 1 + 2 * count;
  }

  #attributes(tokens: Piece['tokens'], at: number, count: number): XmlAttribute[] {
    const list: XmlAttribute[] = [];
    for (let one = at + 1; list.length < count; one += 2) {
      const [name, prefix, uri] = this.#name(Number(tokens[one]));
      list.push({ name, prefix, uri, value: String(tokens[one + 1]) });
    }
    return list;
  }

  #name(number: number): Name {
    return this.#names[number - 1] ?? noName;
  }
}

type Name = readonly [name: string, prefix: string, uri: string];

const noName: Name = ['', '', ''];
const none: readonly XmlAttribute[] = [];

interface Growing extends XmlElement {
  readonly children: XmlNode[];
}

class Cutter {
  readonly #numbers = new Map<string, number>();
  #names: string[] = [];
  #tokens: (string | number)[] = [];
  #size = 0;

  *cut(root: XmlElement): Generator<string> {
    yield* this.#element(root);
    yield this.#piece();
  }

  /** Depth was limited when the tree was made, so that a recursion is. */
  *#element(element: XmlElement): Generator<string> {
    const { attributes, children } = element;
    this.#tokens.push(this.#number(element), attributes.length);
    for (const one of attributes) {
      this.#tokens.push(this.#number(one), one.value);
      this.#size += one.value.length + 8;
    }
    this.#size += 8;
    for (const child of children) {
      if (typeof child !== 'string') yield* this.#element(child);
      else {
        this.#tokens.push(child);
        this.#size += child.length + 3;
      }
      if (this.#size > pieceSize) yield this.#piece();
    }
    this.#tokens.push(0);
  }

  #number({ name, prefix, uri }: Pick<XmlElement, 'name' | 'prefix' | 'uri'>): number {
    const key = `${prefix}:${name} ${uri}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#numbers.size + 1;
    this.#numbers.set(key, number);
    this.#names.push(name, prefix, uri);
    return number;
  }

  #piece(): string {
    const piece: Piece = { names: this.#names, tokens: this.#tokens };
    this.#names = [];
    this.#tokens = [];
    this.#size = 0;
    return JSON.stringify(piece);
  }
}
