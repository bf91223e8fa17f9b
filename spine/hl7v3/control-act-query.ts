/**
 * Parameters of queries. Senders differ in order, case and in which of value and name stands first, so they are found by
 * the element's name alone. Owns the shape; which parameters a query takes is the adapters'.
 */
import { childElements, textOf, type XmlElement, type XmlNode } from '../../core/xml.ts';
import { attribute, hl7, hl7Child, hl7Children } from './datatypes.ts';

/** One parameter as read. */
export interface QueryParameter {
  /** The element's name in lower case: `person.birthtime`. */
  readonly name: string;
  /** The text that names it, trimmed; of `retrievalItem` this is the parameter itself. */
  readonly semanticsText: string;
  /** Its `value` elements; where a sender left that level out, the parameter's element itself. */
  readonly values: readonly XmlElement[];
  readonly element: XmlElement;
}

/** Parameters of a query, by their names in lower case. A parameter may be repeated. */
export type QueryParameters = ReadonlyMap<string, readonly QueryParameter[]>;

/** The parameters of a `query` (or `queryEvent`); none of a query that is not there. */
export function readQuery(query: XmlElement | undefined): QueryParameters {
  const found = new Map<string, QueryParameter[]>();
  for (const element of query ? childElements(query) : []) {
    const name = element.name.toLowerCase();
    const list = found.get(name) ?? [];
    list.push(readParameter(name, element));
    found.set(name, list);
  }
  return found;
}

/** The values of a parameter, of all its repetitions. */
export function queryValues(parameters: QueryParameters, name: string): readonly XmlElement[] {
  return (parameters.get(name.toLowerCase()) ?? []).flatMap(({ values }) => values);
}

/** One attribute of a parameter's first value; undefined when there is none, or it is empty. */
export function queryValue(
  parameters: QueryParameters,
  name: string,
  of: 'value' | 'code' | 'extension' | 'root',
): string | undefined {
  return attribute(queryValues(parameters, name)[0], of) || undefined;
}

/** A parameter to write. */
export interface ParameterParts {
  /** `person.birthTime`. */
  readonly name: string;
  /** Attributes and children of its `value`; left out for a parameter that is only named. */
  readonly value?: {
    readonly attributes?: Readonly<Record<string, string | undefined>>;
    readonly children?: readonly XmlNode[];
  };
  /** By default the name with a capital. */
  readonly semanticsText?: string;
}

/** The `query`, its parameters in the order of their names, each named before its value. */
export function writeQuery(parameters: readonly ParameterParts[]): XmlElement {
  const inOrder = [...parameters].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return hl7('query', {}, inOrder.map(writeParameter));
}

function writeParameter({ name, value, semanticsText }: ParameterParts): XmlElement {
  return hl7(name, {}, [
    hl7('semanticsText', {}, [semanticsText ?? capitalised(name)]),
    value && hl7('value', value.attributes ?? {}, value.children ?? []),
  ]);
}

function readParameter(name: string, element: XmlElement): QueryParameter {
  const text = hl7Child(element, 'semanticsText');
  const values = hl7Children(element, 'value');
  const others = childElements(element).some((one) => one !== text);
  const bare = values.length === 0 && (others || attribute(element, 'value') !== '');
  return {
    ...{ name, element },
    semanticsText: text ? textOf(text).trim() : '',
    values: bare ? [element] : values,
  };
}

function capitalised(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
