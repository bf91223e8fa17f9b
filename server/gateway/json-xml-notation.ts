/**
 * One notation of XML in JSON, both ways. An element is a member; its attributes are members that begin with `@`, its text
 * is `#text`, or the member's whole value when there is nothing else; elements of one name are a list. Names and namespace
 * declarations (`@xmlns`, `@xmlns:p`) stay as they are, so what came from XML goes back to the same XML, except for the order of
 * elements of different names in turn, and text between elements. Owns no direction and no settings' schema.
 */
import {
  xmlAttribute,
  xmlElement,
  XmlFault,
  xmlnsUri,
  type XmlAttribute,
  type XmlElement,
  type XmlNode,
} from '../../core/xml.ts';
import { isXmlName, writeXml } from '../../core/xml-write.ts';
import { scalarText, type JsonNode } from './json-text.ts';
import { NoForm } from './transform.ts';

export interface XmlToJsonOptions {
  /** Local names only, and no declarations. */
  readonly dropNamespaces: boolean;
  /** Paths of names (`/Order/Item`) that are a list also when there is one; that hold numbers; that hold true or false. */
  readonly arrays: readonly string[];
  readonly numbers: readonly string[];
  readonly booleans: readonly string[];
}

export interface JsonToXmlOptions {
  /** The root element of a value that is no object of one member; empty: refused. */
  readonly root: string;
  /** The namespace of the root, when it declares none itself. */
  readonly namespace: string;
}

/** An object of one member: the root. */
export function xmlToJson(root: XmlElement, options: XmlToJsonOptions): JsonNode {
  const terms: Terms = {
    drop: options.dropNamespaces,
    arrays: new Set(options.arrays),
    numbers: new Set(options.numbers),
    booleans: new Set(options.booleans),
  };
  const name = nameIn(root, terms.drop);
  return new Map([[name, toNode(root, `/${name}`, terms)]]);
}

/** @throws NoForm for what XML has no place for */
export function jsonToXml(json: JsonNode, { root, namespace }: JsonToXmlOptions): string {
  const [name, node] = rootOf(json, root);
  const scope = new Map([['xml', 'http://www.w3.org/XML/1998/namespace']]);
  if (namespace !== '') scope.set('', namespace);
  const [element, ...more] = toElements(name, node, scope);
  if (!element || more.length > 0) throw new NoForm('there must be one root');
  try {
    return writeXml(element, { declaration: true });
  } catch (error) {
    throw error instanceof XmlFault ? new NoForm(wordsOf(error)) : error;
  }
}

interface Terms {
  readonly drop: boolean;
  readonly arrays: ReadonlySet<string>;
  readonly numbers: ReadonlySet<string>;
  readonly booleans: ReadonlySet<string>;
}

function nameIn({ name, prefix }: XmlElement | XmlAttribute, drop: boolean): string {
  return drop || prefix === '' ? name : `${prefix}:${name}`;
}

function toNode(element: XmlElement, path: string, terms: Terms): JsonNode {
  const members = new Map<string, JsonNode>();
  for (const attribute of element.attributes) {
    if (terms.drop && attribute.uri === xmlnsUri) continue;
    const name = `@${nameIn(attribute, terms.drop)}`;
    members.set(name, toScalar(attribute.value, `${path}/${name}`, terms));
  }
  let text = '';
  for (const child of element.children)
    if (typeof child === 'string') text += child;
    else addChild(members, child, path, terms);
  if (members.size === 0) return toScalar(text, path, terms);
  if (text.trim() !== '') members.set('#text', toScalar(text, path, terms));
  return members;
}

function addChild(
  members: Map<string, JsonNode>,
  child: XmlElement,
  path: string,
  terms: Terms,
): void {
  const name = nameIn(child, terms.drop);
  const at = `${path}/${name}`;
  const node = toNode(child, at, terms);
  const before = members.get(name);
  if (before === undefined) members.set(name, terms.arrays.has(at) ? [node] : node);
  else if (Array.isArray(before)) before.push(node);
  else members.set(name, [before, node]);
}

/** A text that is none of what it should be stays a text: nothing is lost, and nothing made up. */
function toScalar(text: string, path: string, { numbers, booleans }: Terms): JsonNode {
  if (numbers.size + booleans.size > 0) {
    const plain = text.length <= 100 ? text.trim() : '';
    if (numbers.has(path) && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(plain)) return plain;
    if (booleans.has(path) && (plain === 'true' || plain === '1')) return 'true';
    if (booleans.has(path) && (plain === 'false' || plain === '0')) return 'false';
  }
  return JSON.stringify(text);
}

function rootOf(json: JsonNode, root: string): readonly [string, JsonNode] {
  if (root !== '') return [root, json];
  const [only, more] = json instanceof Map ? [...json].slice(0, 2) : [];
  if (!only || more || only[0].startsWith('@') || only[0] === '#text')
    throw new NoForm('it must be an object of one member, the root element');
  return only;
}

type Namespaces = ReadonlyMap<string, string>;

/** The elements of a member: one, or one for each item of a list. */
function toElements(name: string, node: JsonNode, outer: Namespaces): XmlElement[] {
  if (Array.isArray(node))
    return node.flatMap((item) => {
      if (Array.isArray(item)) throw new NoForm('a list in a list');
      return toElements(name, item, outer);
    });
  const scope = scopeOf(node, outer);
  const { prefix, local } = split(name);
  const uri = scope.get(prefix) ?? (prefix === '' ? '' : undefined);
  if (uri === undefined) throw new NoForm('a prefix without a namespace');
  if (!(node instanceof Map)) return [xmlElement(local, textNodes(node), { prefix, uri })];
  const attributes: XmlAttribute[] = [];
  const children: XmlNode[] = [];
  for (const [member, value] of node) {
    if (member.startsWith('@')) attributes.push(toAttribute(member.slice(1), value, scope));
    else if (member === '#text') children.push(...textNodes(value));
    else children.push(...toElements(member, value, scope));
  }
  return [xmlElement(local, children, { prefix, uri, attributes })];
}

/** The namespaces in force in an element: those around it and those it declares. */
function scopeOf(node: JsonNode, outer: Namespaces): Namespaces {
  if (!(node instanceof Map)) return outer;
  let own: Map<string, string> | undefined;
  for (const [member, value] of node)
    if (member === '@xmlns' || member.startsWith('@xmlns:'))
      (own ??= new Map(outer)).set(member.slice(7), textOf(value));
  return own ?? outer;
}

function toAttribute(name: string, value: JsonNode, scope: Namespaces): XmlAttribute {
  const { prefix, local } = split(name);
  if (name === 'xmlns' || prefix === 'xmlns')
    return xmlAttribute(local, textOf(value), prefix, xmlnsUri);
  const uri = prefix === '' ? '' : scope.get(prefix);
  if (uri === undefined) throw new NoForm('a prefix without a namespace');
  return xmlAttribute(local, textOf(value), prefix, uri);
}

function textNodes(value: JsonNode): string[] {
  const text = textOf(value);
  return text === '' ? [] : [text];
}

function textOf(value: JsonNode): string {
  if (typeof value !== 'string') throw new NoForm('an attribute or text that is no scalar');
  return scalarText(value) ?? '';
}

function split(name: string): { readonly prefix: string; readonly local: string } {
  const colon = name.indexOf(':');
  const [prefix, local] = colon < 0 ? ['', name] : [name.slice(0, colon), name.slice(colon + 1)];
  if (!isXmlName(local) || (colon >= 0 && !isXmlName(prefix)))
    throw new NoForm('a name that is none in XML');
  return { prefix, local };
}

function wordsOf({ kind }: XmlFault): string {
  if (kind === 'name') return 'a name that is none in XML';
  return kind === 'text' ? 'a character that XML cannot hold' : 'namespaces that contradict';
}
