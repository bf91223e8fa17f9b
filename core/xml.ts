/**
 * The only door to saxes: XML text becomes a tree, within limits. What comes in here can name no file, expand nothing but
 * the five entities and character references, and cost no more than its length. Owns the tree; xml-write.ts writes it.
 * Comments and processing instructions are read over: no protocol of ours gives them a meaning, and SOAP forbids them.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { setImmediate as turn } from 'node:timers/promises';
import { SaxesParser, type SaxesTagNS } from 'saxes';

/** An element with its namespace (Namespaces in XML 1.0). Parsing makes all of them of one shape. */
export interface XmlElement {
  /** The local name. */
  readonly name: string;
  /** As written; empty where there is none. */
  readonly prefix: string;
  /** The namespace; empty where there is none. */
  readonly uri: string;
  /** In document order, declarations of namespaces among them. */
  readonly attributes: readonly XmlAttribute[];
  /** In document order. Text is as meant, never escaped; no two texts follow each other, and none is empty. */
  readonly children: readonly XmlNode[];
}

export type XmlNode = XmlElement | string;

export interface XmlAttribute {
  readonly name: string;
  readonly prefix: string;
  readonly uri: string;
  readonly value: string;
}

/** The namespace that declarations of namespaces are in. */
export const xmlnsUri = 'http://www.w3.org/2000/xmlns/';

export interface XmlLimits {
  /** Bytes of a Buffer, UTF-16 units of a text. */
  readonly size: number;
  /** How many elements may be open at once. */
  readonly depth: number;
  /** Elements and attributes altogether: what the tree costs in memory. */
  readonly nodes: number;
  /** Attributes of one element. */
  readonly attributes: number;
  /** UTF-16 units of one attribute's value. */
  readonly value: number;
}

/** How a document is read. */
export interface XmlOptions {
  /** Of the media type; it wins over the declaration, and a byte order mark over both (RFC 7303 3). */
  readonly charset?: string | undefined;
  /**
   * Local names of elements whose content is not wanted: it must be well formed and within the other limits, costs no
   * nodes, and is not in the tree.
   */
  readonly without?: readonly string[] | undefined;
}

/** Limits for a message of usual size; a parser at these stays well below 50 ms. */
export const usualXmlLimits: XmlLimits = {
  size: 1024 * 1024,
  depth: 100,
  nodes: 20_000,
  attributes: 100,
  value: 64 * 1024,
};

/**
 * Why a document is refused: beyond a limit (`size`, `depth`, `nodes`, `attributes`, `value`), bytes that are not in their
 * encoding or in one that is not read, a version other than 1.0, a DOCTYPE, an entity that is none of the five, a prefix
 * without a namespace, no well-formed XML; and for the writer a name or a text that XML cannot hold.
 */
export type XmlFaultKind =
  | keyof XmlLimits
  | 'encoding'
  | 'version'
  | 'doctype'
  | 'entity'
  | 'namespace'
  | 'syntax'
  | 'name'
  | 'text';

/** Holds nothing of what was sent, and no cause: the parser's own message quotes the document. */
export class XmlFault extends Error {
  readonly kind: XmlFaultKind;
  /** Where, from 1 and from 0; line 0 when it is not known. */
  readonly line: number;
  readonly column: number;

  constructor(kind: XmlFaultKind, line = 0, column = 0) {
    super(line === 0 ? `XML refused: ${kind}` : `XML refused: ${kind}, line ${line}`);
    this.name = 'XmlFault';
    this.kind = kind;
    this.line = line;
    this.column = column;
  }
}

/**
 * The root element of a document, at once: for documents of a few dozen kilobytes. Linear in its length.
 * @param source bytes in UTF-8, UTF-16 with its mark, US-ASCII or ISO-8859-1, or a text that was decoded already
 * @throws XmlFault
 */
export function parseXml(
  source: Buffer | string,
  limits: XmlLimits,
  { charset, without }: XmlOptions = {},
): XmlElement {
  const text = textOfSource(source, limits, charset);
  const reader = new Reader(limits, without);
  reader.take(text);
  return reader.end();
}

/** As parseXml, in slices between which others get their turn: no document holds up the process. */
export async function readXml(
  source: Buffer | string,
  limits: XmlLimits,
  { charset, without }: XmlOptions = {},
): Promise<XmlElement> {
  const text = textOfSource(source, limits, charset);
  const reader = new Reader(limits, without);
  for (let at = 0; at < text.length; at += slice) {
    if (at > 0) await turn();
    reader.take(text.slice(at, at + slice));
  }
  return reader.end();
}

/** The elements among the children. */
export function childElements({ children }: XmlElement): XmlElement[] {
  return children.filter((child) => typeof child !== 'string');
}

/** The first child of that name, in that namespace when one is given. */
export function childNamed(
  { children }: XmlElement,
  name: string,
  uri?: string,
): XmlElement | undefined {
  for (const child of children)
    if (typeof child !== 'string' && child.name === name && (uri ?? child.uri) === child.uri)
      return child;
  return undefined;
}

/** The text that stands directly in an element, elements in between left out. */
export function textOf({ children }: XmlElement): string {
  const [only = ''] = children;
  if (children.length <= 1) return typeof only === 'string' ? only : '';
  return children.filter((child) => typeof child === 'string').join('');
}

/** The value of an attribute; one without a prefix is in no namespace. */
export function attributeOf(
  { attributes }: XmlElement,
  name: string,
  uri = '',
): string | undefined {
  for (const one of attributes) if (one.name === name && one.uri === uri) return one.value;
  return undefined;
}

/** An element made by hand. */
export function xmlElement(
  name: string,
  children: readonly XmlNode[] = [],
  { prefix = '', uri = '', attributes = [] }: Partial<Omit<XmlElement, 'name' | 'children'>> = {},
): XmlElement {
  return { name, prefix, uri, attributes, children };
}

/** An attribute made by hand. */
export function xmlAttribute(name: string, value: string, prefix = '', uri = ''): XmlAttribute {
  return { name, prefix, uri, value };
}

/** UTF-16 units that the parser takes at a time; the dearest, elements of four letters each, cost some 8 ms. */
const slice = 16 * 1024;

const halfCharacter = /\p{Cs}/u;

function textOfSource(source: Buffer | string, limits: XmlLimits, charset?: string): string {
  if (source.length > limits.size) throw new XmlFault('size');
  const text = typeof source === 'string' ? source : decode(source, charset);
  if (typeof source === 'string' && halfCharacter.test(text)) throw new XmlFault('encoding');
  if (hasDoctype(text)) throw new XmlFault('doctype');
  return text;
}

/** A DOCTYPE stands before the root. The parser would read all of it before it says that there is one. */
function hasDoctype(text: string): boolean {
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  for (;;) {
    at = text.indexOf('<', at);
    if (at < 0) return false;
    if (text.startsWith('<!--', at)) at = behind(text, '-->', at + 4);
    else if (text.startsWith('<?', at)) at = behind(text, '?>', at + 2);
    else return text.startsWith('<!D', at);
  }
}

function behind(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from);
  return at < 0 ? text.length : at + end.length;
}

/** An element whose children are still coming. */
interface Growing extends XmlElement {
  readonly children: XmlNode[];
}

/** Builds the tree from what the parser finds, and stops it at a limit. */
class Reader {
  readonly #limits: XmlLimits;
  readonly #without: ReadonlySet<string>;
  readonly #parser = new SaxesParser({ xmlns: true, position: false });
  readonly #open: Growing[] = [];
  #root: Growing | undefined;
  /** Elements that are open inside of one whose content is not wanted. */
  #unwanted = 0;
  #nodes = 0;
  #attributes = 0;

  constructor(limits: XmlLimits, without: readonly string[] = []) {
    this.#limits = limits;
    this.#without = new Set(without);
    const parser = this.#parser;
    parser.on('error', ({ message }) => {
      throw this.#fault(faultOf(message));
    });
    parser.on('xmldecl', ({ version }) => {
      if (version !== '1.0') throw this.#fault('version');
    });
    parser.on('doctype', () => {
      throw this.#fault('doctype');
    });
    parser.on('opentagstart', () => {
      this.#startElement();
    });
    parser.on('attribute', ({ value }) => {
      this.#countAttribute(value);
    });
    parser.on('opentag', (tag) => {
      if (this.#isUnwanted()) this.#unwanted++;
      else this.#addElement(toElement(tag));
    });
    parser.on('closetag', () => {
      if (this.#unwanted > 0) this.#unwanted--;
      else this.#open.pop();
    });
    const addText = (text: string) => {
      this.#addText(text);
    };
    parser.on('text', addText);
    parser.on('cdata', addText);
  }

  take(text: string): void {
    this.#parser.write(text);
  }

  end(): XmlElement {
    this.#parser.close();
    if (!this.#root) throw this.#fault('syntax');
    return this.#root;
  }

  #fault(kind: XmlFaultKind): XmlFault {
    return new XmlFault(kind, this.#parser.line, this.#parser.column);
  }

  #startElement(): void {
    this.#attributes = 0;
    if (this.#open.length + this.#unwanted >= this.#limits.depth) throw this.#fault('depth');
    this.#countNode();
  }

  #countNode(): void {
    if (this.#isUnwanted()) return;
    if (++this.#nodes > this.#limits.nodes) throw this.#fault('nodes');
  }

  #isUnwanted(): boolean {
    if (this.#unwanted > 0) return true;
    if (this.#without.size === 0) return false;
    return this.#without.has(this.#open.at(-1)?.name ?? '');
  }

  #countAttribute(value: string): void {
    if (++this.#attributes > this.#limits.attributes) throw this.#fault('attributes');
    this.#countNode();
    if (value.length > this.#limits.value) throw this.#fault('value');
  }

  #addElement(element: Growing): void {
    this.#open.at(-1)?.children.push(element);
    this.#root ??= element;
    this.#open.push(element);
  }

  /** Outside of the root there is only white space. */
  #addText(text: string): void {
    const children = this.#open.at(-1)?.children;
    if (!children || text === '' || this.#isUnwanted()) return;
    const before = children.at(-1);
    if (typeof before === 'string') children[children.length - 1] = before + text;
    else children.push(text);
  }
}

function toElement({ local, prefix, uri, attributes }: SaxesTagNS): Growing {
  const list: XmlAttribute[] = [];
  for (const key in attributes) {
    const one = attributes[key]; // an object without a prototype: there are no other keys
    if (one) list.push({ name: one.local, prefix: one.prefix, uri: one.uri, value: one.value });
  }
  return { name: local, prefix, uri, attributes: list, children: [] };
}

/** The library's errors differ by their words only. */
function faultOf(message: string): XmlFaultKind {
  if (message.includes('undefined entity')) return 'entity';
  if (message.includes('namespace prefix')) return 'namespace';
  return message.includes('version') ? 'version' : 'syntax';
}

function decode(bytes: Buffer, charset: string | undefined): string {
  const encoding = (markOf(bytes) ?? charset ?? declared(bytes) ?? 'utf-8').toLowerCase();
  const read = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  const text = read?.(bytes);
  if (text === undefined) throw new XmlFault('encoding');
  return text;
}

/** A byte order mark says what comes (XML 1.0, appendix F). */
function markOf(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined;
}

function declared(bytes: Buffer): string | undefined {
  const start = bytes.toString('latin1', 0, 150);
  if (!start.startsWith('<?xml')) return undefined;
  const declaration = start.slice(0, start.indexOf('?>') + 1);
  return /\sencoding\s?=\s?["']([A-Za-z][\w.-]*)["']/.exec(declaration)?.[1];
}

/** Undefined: the bytes are not in that encoding. */
const decoders: Readonly<Record<string, (bytes: Buffer) => string | undefined>> = {
  'utf-8': utf8,
  utf8,
  'us-ascii': (bytes) => (isAscii(bytes) ? bytes.toString('latin1') : undefined),
  'iso-8859-1': (bytes) => bytes.toString('latin1'),
  'utf-16le': (bytes) => utf16('utf-16le', bytes),
  'utf-16be': (bytes) => utf16('utf-16be', bytes),
};

function utf8(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

function utf16(label: 'utf-16le' | 'utf-16be', bytes: Buffer): string | undefined {
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
