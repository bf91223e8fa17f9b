/**
 * The two forms in which the FHIR look-up of organisations answers: JSON, and the same as XML. Owns which is asked for and how a
 * resource is written as XML (FHIR STU3, xml.html); the order of members is the order of elements, so makers keep to it.
 */
import type { Exchange, Reply } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { xmlAttribute, xmlElement, type XmlElement } from '../../core/xml.ts';
import { writeXml, xmlSafe } from '../../core/xml-write.ts';

export type Form = 'json' | 'xml';

/** A FHIR resource as data. Some that this face sends are none by the definition: objects where lists belong. */
export type Resource = Readonly<Record<string, unknown>> & { readonly resourceType: string };

const types = { json: 'application/fhir+json', xml: 'application/fhir+xml' } as const;

/**
 * The form that a call asks for: by `_format`, which wins, else by Accept; JSON where either will do.
 * @throws Problem 406 where neither will
 */
export function formOf({ query, headers }: Pick<Exchange, 'query' | 'headers'>): Form {
  const format = query.get('_format');
  const found = format === null ? acceptedForm(headers.accept) : formNamed(format.toLowerCase());
  if (!found) throw new Problem('not-acceptable', 'Answers are in JSON or XML');
  return found;
}

/** The same, but JSON for a call that asks for something else: a refusal has to be in some form. */
export function formOfRefusal(exchange: Pick<Exchange, 'query' | 'headers'>): Form {
  try {
    return formOf(exchange);
  } catch {
    return 'json';
  }
}

/** A resource in a form. */
export function replyIn(form: Form, status: number, resource: Resource): Reply {
  return {
    status,
    headers: {
      'content-type': `${types[form]};charset=UTF-8`,
      'x-content-type-options': 'nosniff',
    },
    body: form === 'json' ? JSON.stringify(resource) : writeFhirXml(resource),
  };
}

/** A blank in a query is what a plus that was not encoded becomes. */
function formNamed(name: string): Form | undefined {
  const plain = name.replace(' ', '+');
  if (['json', 'application/json', 'application/fhir+json'].includes(plain)) return 'json';
  if (['xml', 'text/xml', 'application/xml', 'application/fhir+xml'].includes(plain)) return 'xml';
  if (plain === '*/*' || plain === 'application/*' || plain === 'application/json+fhir')
    return 'json';
  return plain === 'application/xml+fhir' ? 'xml' : undefined;
}

function acceptedForm(accept: string | undefined): Form | undefined {
  if (accept === undefined || accept.trim() === '') return 'json';
  let found: { readonly form: Form; readonly weight: number } | undefined;
  for (const range of accept.slice(0, 1000).toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim());
    const form = formNamed(name);
    const sent = parameters.find((part) => part.startsWith('q='))?.slice(2);
    const weight = sent === undefined ? 1 : Number(sent) || 0;
    if (form !== undefined && weight > (found?.weight ?? 0)) found = { form, weight };
  }
  return found?.form;
}

const uri = 'http://hl7.org/fhir';

/** The XML form alone. */
export function writeFhirXml(resource: Resource): string {
  return writeXml(resourceElement(resource), { declaration: true });
}

function resourceElement({ resourceType, ...members }: Resource): XmlElement {
  return xmlElement(resourceType, childrenOf(members), { uri });
}

function childrenOf(members: object): XmlElement[] {
  return Object.entries(members).flatMap(([name, value]) => elementsOf(name, value));
}

function elementsOf(name: string, value: unknown): XmlElement[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((one: unknown) => elementsOf(name, one));
  if (typeof value !== 'object') {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return [xmlElement(name, [], { uri, attributes: [xmlAttribute('value', xmlSafe(text))] })];
  }
  if (isResource(value)) return [xmlElement(name, [resourceElement(value)], { uri })];
  return [
    name === 'extension' ? extensionElement(value) : xmlElement(name, childrenOf(value), { uri }),
  ];
}

/** An extension's name is an attribute. */
function extensionElement(value: object): XmlElement {
  const { url = '', ...members } = value as { readonly url?: string }; // extensions here are made with one
  const attributes = [xmlAttribute('url', xmlSafe(url))];
  return xmlElement('extension', childrenOf(members), { uri, attributes });
}

function isResource(value: object): value is Resource {
  return 'resourceType' in value && typeof value.resourceType === 'string';
}
