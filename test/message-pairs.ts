/** For tests: the paired example messages of fixtures/messages, an XML document and what it says in FHIR's terms. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseXml, usualXmlLimits, type XmlElement, type XmlNode } from '../core/xml.ts';

const folder = join(import.meta.dirname, '..', 'fixtures', 'messages');

/** Names below a kind of messages: the interactions, or the operations. */
export function pairsOf(kind: string): string[] {
  return readdirSync(join(folder, kind)).sort();
}

/** One document of a pair, `request` or `response`, without the white space between its elements. */
export function messageOf(kind: string, name: string, which: string): XmlElement {
  const text = readFileSync(join(folder, kind, name, `${which}.xml`), 'utf8');
  return close(parseXml(text, usualXmlLimits));
}

/** What the document of the same name says. */
export function termsOf(kind: string, name: string, which: string): unknown {
  return JSON.parse(readFileSync(join(folder, kind, name, `${which}.json`), 'utf8'));
}

/** White space between elements has no meaning in these messages, and declarations stand where the writer puts them. */
function close(element: XmlElement): XmlElement {
  const mixed = element.children.some((child) => typeof child !== 'string');
  const children = element.children.flatMap((child): XmlNode[] =>
    typeof child !== 'string' ? [close(child)] : mixed && child.trim() === '' ? [] : [child],
  );
  return {
    ...element,
    attributes: element.attributes.filter(
      ({ prefix, name }) => prefix !== 'xmlns' && name !== 'xmlns',
    ),
    children,
  };
}
