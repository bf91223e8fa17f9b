/**
 * HL7 V3 elements written and read by local name. Prefixes, order of children and namespaces of what is read play no part:
 * senders differ in all three. Owns no vocabulary.
 */
import { textOf, type XmlAttribute, type XmlElement, type XmlNode } from '../../core/xml.ts';
import type { Hl7Attributes } from '../hl7v3/datatypes.ts';
import { hl7Uri } from '../hl7v3/ids.ts';

type Child = XmlNode | undefined | readonly (XmlElement | undefined)[];

/**
 * An element of HL7 V3; attributes and children that are undefined, and empty texts, are left out. As that of datatypes.ts, for
 * children in a row and lists of them; written with loops, because a record is some hundreds of elements.
 */
export function hl7(
  name: string,
  attributes?: Hl7Attributes,
  ...children: readonly Child[]
): XmlElement {
  const own: XmlAttribute[] = [];
  for (const key in attributes) {
    const value = attributes[key];
    if (value !== undefined) own.push({ name: key, prefix: '', uri: '', value });
  }
  const kept: XmlNode[] = [];
  for (const child of children) {
    if (isList(child)) {
      for (const each of child) if (each) kept.push(each);
    } else if (child) kept.push(child);
  }
  return { name, prefix: '', uri: hl7Uri, attributes: own, children: kept };
}

function isList(child: Child): child is readonly (XmlElement | undefined)[] {
  return Array.isArray(child);
}

/** All child elements of that local name. */
export function allOf(element: XmlElement | undefined, name: string): XmlElement[] {
  const found: XmlElement[] = [];
  if (element)
    for (const child of element.children)
      if (typeof child !== 'string' && child.name === name) found.push(child);
  return found;
}

/** The elements reached by a path of local names, each step at its first. */
export function at(
  element: XmlElement | undefined,
  ...path: readonly string[]
): XmlElement | undefined {
  let found = element;
  for (const name of path) {
    found = found && childAt(found, name);
    if (!found) return undefined;
  }
  return found;
}

function childAt({ children }: XmlElement, name: string): XmlElement | undefined {
  for (const child of children) if (typeof child !== 'string' && child.name === name) return child;
  return undefined;
}

/** The attribute's value; undefined when it is absent or empty. */
export function attributeOf(element: XmlElement | undefined, name: string): string | undefined {
  const value = element?.attributes.find((one) => one.name === name)?.value.trim();
  return value === '' ? undefined : value;
}

/** The text standing directly in an element, trimmed; undefined when there is none. */
export function wordsOf(element: XmlElement | undefined): string | undefined {
  const text = element && textOf(element).trim();
  return text === undefined || text === '' ? undefined : text;
}

/** The first element that is reached going down through any of the names, in order; those not there are skipped. */
export function descend(element: XmlElement, ...names: readonly string[]): XmlElement {
  let found = element;
  for (const name of names) found = at(found, name) ?? found;
  return found;
}
