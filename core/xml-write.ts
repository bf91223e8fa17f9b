/**
 * A tree of xml.ts as text. What was parsed comes out with the same names, namespaces, attributes and texts; a tree that was
 * put together gets the declarations it lacks, so that a part of one document can stand in another.
 */
import { xmlnsUri, XmlFault, type XmlAttribute, type XmlElement } from './xml.ts';

export interface XmlWriteOptions {
  /** `<?xml version="1.0" encoding="UTF-8"?>` in front. */
  readonly declaration?: boolean;
}

/** @throws XmlFault `name`, `text` or `namespace` for what XML cannot hold */
export function writeXml(root: XmlElement, { declaration = false }: XmlWriteOptions = {}): string {
  const text = writeElement(root, undefined);
  return declaration ? `<?xml version="1.0" encoding="UTF-8"?>\n${text}` : text;
}

/** Whether a text can be the local name of an element or attribute (Namespaces in XML 1.0, NCName). */
export function isXmlName(text: string): boolean {
  return text.length <= 1000 && (plainName.test(text) || anyName.test(text));
}

/** A text in which what XML 1.0 cannot hold has become a question mark. */
export function xmlSafe(text: string): string {
  return text.replace(new RegExp(notText, 'gu'), '?');
}

/** Namespaces in force, the nearest first. */
interface Scope {
  readonly own: ReadonlyMap<string, string>;
  readonly outer: Scope | undefined;
}

const xmlUri = 'http://www.w3.org/XML/1998/namespace';

function writeElement(element: XmlElement, outer: Scope | undefined): string {
  const name = nameOf(element.prefix, element.name);
  const declarations = declarationsOf(element.attributes);
  const lacking = lackingIn(element, declarations, outer);
  let out = `<${name}`;
  for (const [prefix, uri] of lacking)
    out += ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${escapeValue(uri)}"`;
  for (const one of element.attributes)
    out += ` ${nameOf(one.prefix, one.name)}="${escapeValue(one.value)}"`;
  if (element.children.length === 0) return `${out}/>`;
  out += '>';
  const scope =
    declarations.size + lacking.size === 0
      ? outer
      : { own: new Map([...declarations, ...lacking]), outer };
  for (const child of element.children)
    out += typeof child === 'string' ? escapeText(child) : writeElement(child, scope);
  return `${out}</${name}>`;
}

const noDeclarations: ReadonlyMap<string, string> = new Map();

/** The namespaces that an element declares itself: prefix to namespace. */
function declarationsOf(attributes: readonly XmlAttribute[]): ReadonlyMap<string, string> {
  let found: Map<string, string> | undefined;
  for (const { name, prefix, uri, value } of attributes) {
    if (uri !== xmlnsUri) continue;
    const declared = prefix === '' ? '' : name;
    if (!mayBeDeclared(declared, value)) throw new XmlFault('namespace');
    (found ??= new Map()).set(declared, value);
  }
  return found ?? noDeclarations;
}

/** A prefix cannot be undeclared, and two are taken (Namespaces in XML 1.0, 3 and 5). */
function mayBeDeclared(prefix: string, uri: string): boolean {
  if (prefix === 'xml' || uri === xmlUri) return prefix === 'xml' && uri === xmlUri;
  return prefix !== 'xmlns' && uri !== xmlnsUri && (prefix === '' || uri !== '');
}

/** What must be declared here because names use it and nothing around does. */
function lackingIn(
  { prefix, uri, attributes }: XmlElement,
  declarations: ReadonlyMap<string, string>,
  outer: Scope | undefined,
): ReadonlyMap<string, string> {
  if (attributes.length === 0 && inForce(prefix, outer) === uri) return noDeclarations;
  let lacking: Map<string, string> | undefined;
  const need = (wantedPrefix: string, wantedUri: string) => {
    const own = declarations.get(wantedPrefix) ?? lacking?.get(wantedPrefix);
    if (own === wantedUri) return;
    if (own !== undefined) throw new XmlFault('namespace');
    if (inForce(wantedPrefix, outer) === wantedUri) return;
    if (!mayBeDeclared(wantedPrefix, wantedUri)) throw new XmlFault('namespace');
    (lacking ??= new Map()).set(wantedPrefix, wantedUri);
  };
  need(prefix, uri);
  for (const one of attributes) {
    if (one.uri === xmlnsUri) continue;
    if (one.prefix !== '') need(one.prefix, one.uri);
    // The default namespace does not reach attributes: such a name cannot be written.
    else if (one.uri !== '') throw new XmlFault('namespace');
  }
  return lacking ?? noDeclarations;
}

function inForce(prefix: string, scope: Scope | undefined): string | undefined {
  if (prefix === 'xml') return xmlUri;
  for (let at = scope; at; at = at.outer) {
    const uri = at.own.get(prefix);
    if (uri !== undefined) return uri;
  }
  return prefix === '' ? '' : undefined;
}

const plainName = /^[A-Za-z_][\w.-]*$/;

/** NameStartChar and NameChar of XML 1.0, without the colon. */
const startCharacters =
  'A-Z_a-z\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}-\\u{200D}' +
  '\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}';
const anyName = new RegExp(
  `^[${startCharacters}][\\u{300}-\\u{36F}\\u{203F}-\\u{2040}\\u{B7}${startCharacters}\\-.0-9]*$`,
  'u',
);

function nameOf(prefix: string, name: string): string {
  if (!isXmlName(name) || (prefix !== '' && !isXmlName(prefix))) throw new XmlFault('name');
  return prefix === '' ? name : `${prefix}:${name}`;
}

/** What is no Char of XML 1.0. */
const notText = '[^\\t\\n\\r\\u{20}-\\u{D7FF}\\u{E000}-\\u{FFFD}\\u{10000}-\\u{10FFFF}]';
const holdsNoText = new RegExp(notText, 'u');

function escapeText(text: string): string {
  if (holdsNoText.test(text)) throw new XmlFault('text');
  if (!/[&<>\r]/.test(text)) return text;
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#xD;');
}

/** White space other than a blank would be read back as a blank (XML 1.0 3.3.3). */
function escapeValue(text: string): string {
  const escaped = escapeText(text);
  if (!/["\t\n]/.test(escaped)) return escaped;
  return escaped.replaceAll('"', '&quot;').replaceAll('\t', '&#x9;').replaceAll('\n', '&#xA;');
}
