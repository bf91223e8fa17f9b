/**
 * A FHIR resource as a tree of elements, the same from XML and from JSON, so that a rule is written once for both forms. Owns
 * reading; what an element must hold is its reader's. Narrative is left out: it is for people, and no rule looks at it.
 */
import { JsonFault, parseJson } from '../../core/json.ts';
import { attributeOf, childElements, readXml, XmlFault, type XmlElement } from '../../core/xml.ts';
import type { Problem } from '../../core/problem.ts';
import { nemsError } from './errors.ts';

export interface FhirElement {
  readonly name: string;
  /** Of a primitive. */
  readonly value?: string;
  /** Of an extension. */
  readonly url?: string;
  readonly children: readonly FhirElement[];
}

const uri = 'http://hl7.org/fhir';
const jsonLimits = { depth: 20, members: 2_000 };

/** The resource that a document in XML is. @throws Problem MESSAGE_NOT_WELL_FORMED */
export async function elementOfXml(bytes: Buffer, charset?: string): Promise<FhirElement> {
  // Several times what a full event has; more of them would hold up everybody else while they are collected.
  const limits = {
    size: bytes.length,
    depth: 60,
    nodes: 60_000,
    attributes: 30,
    value: 1024 ** 2,
  };
  try {
    const root = await readXml(bytes, limits, { charset, without: ['text'] });
    if (root.uri !== uri) throw notWellFormed(`the namespace ${uri}`, 'another');
    return ofXml(root);
  } catch (error) {
    if (!(error instanceof XmlFault)) throw error;
    throw notWellFormed('sound XML', `a fault of ${error.kind} in line ${error.line}`);
  }
}

/** The same for JSON. */
export function elementOfJson(bytes: Buffer): FhirElement {
  try {
    const value = parseJson(bytes, jsonLimits);
    if (isObject(value)) return resourceOf(value);
    throw notWellFormed('a JSON object', 'something else');
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw notWellFormed('sound JSON', `a fault of ${error.kind}`);
  }
}

/** The children of a name, or of a path of names. */
export function all(element: FhirElement, path: string): readonly FhirElement[] {
  let found: readonly FhirElement[] = [element];
  for (const name of path.split('.'))
    found = found.flatMap(({ children }) => children.filter((child) => child.name === name));
  return found;
}

/** The extensions of an address. */
export function extensions(element: FhirElement, url: string): readonly FhirElement[] {
  return all(element, 'extension').filter((one) => one.url === url);
}

/** The only element of a path, which must be there once. @param at how the place is told */
export function theOnly(element: FhirElement, path: string, at: string): FhirElement {
  const [first, second] = all(element, path);
  if (!first || second)
    throw nemsError(
      'INVALID_RESOURCE',
      `${at}.${path}: expected once, found ${second ? 'it more often' : 'none'}`,
    );
  return first;
}

/** The value of the only element of a path. */
export function valueOf(element: FhirElement, path: string, at: string): string {
  const value = theOnly(element, path, at).value ?? '';
  if (value.trim() !== '') return value;
  throw nemsError('INVALID_RESOURCE', `${at}.${path}: expected a value, found none`);
}

/** The same where it may be missing. */
export function valueIn(element: FhirElement, path: string, at: string): string | undefined {
  return all(element, path).length === 0 ? undefined : valueOf(element, path, at);
}

function notWellFormed(expected: string, found: string): Problem {
  return nemsError('MESSAGE_NOT_WELL_FORMED', `The body: expected ${expected}, found ${found}`);
}

function ofXml(element: XmlElement): FhirElement {
  const value = attributeOf(element, 'value');
  const url = attributeOf(element, 'url');
  return {
    name: element.name,
    ...(value === undefined ? {} : { value }),
    ...(url === undefined ? {} : { url }),
    children: childElements(element)
      .filter((child) => child.uri === uri && child.name !== 'text')
      .map(ofXml),
  };
}

function resourceOf({ resourceType, ...members }: Readonly<Record<string, unknown>>): FhirElement {
  if (typeof resourceType !== 'string') throw notWellFormed('a resourceType', 'none');
  return { name: resourceType, children: membersOf(members) };
}

/** What stands beside a primitive (`_status`) has no meaning for any rule here. */
function membersOf(members: Readonly<Record<string, unknown>>): readonly FhirElement[] {
  return Object.entries(members)
    .filter(([name]) => !name.startsWith('_') && name !== 'text')
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one) => ofJson(name, one)),
    );
}

function ofJson(name: string, value: unknown): FhirElement {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return { name, value: String(value), children: [] };
  if (!isObject(value)) return { name, children: [] };
  if (typeof value.resourceType === 'string') return { name, children: [resourceOf(value)] };
  const { url, ...members } = value;
  return name === 'extension' && typeof url === 'string'
    ? { name, url, children: membersOf(members) }
    : { name, children: membersOf(value) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
