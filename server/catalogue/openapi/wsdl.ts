/**
 * WSDL 1.1 to an OpenAPI document, as far as a gateway needs: where its ports are, which operations each has, and their
 * SOAPAction. Messages and types are not translated, and what the file imports is never fetched: both are warnings.
 */
import { Problem } from '../../../core/problem.ts';
import {
  childElements,
  childNamed,
  parseXml,
  textOf,
  usualXmlLimits,
  XmlFault,
  type XmlElement,
} from '../../../core/xml.ts';
import type { JsonObject } from './document.ts';

const wsdl = 'http://schemas.xmlsoap.org/wsdl/';
const soapVersions: Readonly<Record<string, '1.1' | '1.2'>> = {
  'http://schemas.xmlsoap.org/wsdl/soap/': '1.1',
  'http://schemas.xmlsoap.org/wsdl/soap12/': '1.2',
};
const limits = { ...usualXmlLimits, size: 2 * 1024 * 1024, nodes: 100_000 };
const mostPorts = 100;
const mostOperations = 500;

/** Whether a text begins as XML does: no OpenAPI document in JSON or YAML does so. */
export function looksLikeXml(text: string): boolean {
  return /^\uFEFF?\s*</.test(text.slice(0, 1000));
}

/** @throws Problem `invalid` with line and reason */
export function fromWsdl(text: string): { value: JsonObject; warnings: readonly string[] } {
  const root = rootOf(text);
  const services = all(root, 'service');
  const ports = services
    .flatMap((service) => all(service, 'port'))
    .flatMap((port) => toPort(root, port));
  if (ports.length === 0)
    throw new Problem(
      'invalid',
      'line 1: the WSDL has no port for SOAP over HTTP with its address',
    );
  if (ports.length > mostPorts)
    throw new Problem('invalid', `line 1: the WSDL has more than ${mostPorts} ports`);
  const title = attribute(services[0], 'name') ?? attribute(root, 'name') ?? 'Untitled service';
  const { server, paths } = placed(ports);
  const description = documentationOf(services[0]) ?? documentationOf(root);
  return {
    value: {
      openapi: '3.0.3',
      info: { title, version: '1', ...(description === undefined ? {} : { description }) },
      servers: [{ url: server }],
      paths,
    },
    warnings: warningsOf(root),
  };
}

interface Port {
  readonly url: URL;
  readonly version: '1.1' | '1.2';
  readonly name: string;
  readonly operations: readonly SoapOperation[];
}

interface SoapOperation {
  readonly name: string;
  readonly action: string;
  readonly description?: string;
}

function rootOf(text: string): XmlElement {
  let root: XmlElement;
  try {
    root = parseXml(text, limits);
  } catch (error) {
    if (!(error instanceof XmlFault)) throw error;
    throw new Problem('invalid', `line ${Math.max(1, error.line)}: refused as XML: ${error.kind}`);
  }
  if (root.name === 'definitions' && root.uri === wsdl) return root;
  const newer = root.name === 'description' && root.uri === 'http://www.w3.org/ns/wsdl';
  throw new Problem(
    'invalid',
    newer ? 'line 1: WSDL 2.0 is not read; WSDL 1.1 is' : 'line 1: this XML is no WSDL 1.1',
  );
}

/** A port that speaks SOAP; none for one that speaks something else. */
function toPort(root: XmlElement, port: XmlElement): Port[] {
  const address = childElements(port).find((one) => one.name === 'address' && isSoap(one));
  const location = attribute(address, 'location') ?? '';
  const version = address && soapVersions[address.uri];
  if (version === undefined || !/^https?:/i.test(location) || !URL.canParse(location)) return [];
  const binding = named(root, 'binding', attribute(port, 'binding'));
  const type = named(root, 'portType', attribute(binding, 'type'));
  const operations = binding ? all(binding, 'operation').map((one) => toOperation(type, one)) : [];
  if (operations.length > mostOperations)
    throw new Problem('invalid', `line 1: a port has more than ${mostOperations} operations`);
  return [{ url: new URL(location), version, name: attribute(port, 'name') ?? '', operations }];
}

function toOperation(type: XmlElement | undefined, bound: XmlElement): SoapOperation {
  const name = attribute(bound, 'name') ?? '';
  const soap = childElements(bound).find((one) => one.name === 'operation' && isSoap(one));
  const described = type && all(type, 'operation').find((one) => attribute(one, 'name') === name);
  const description = documentationOf(described);
  const action = attribute(soap, 'soapAction') ?? '';
  return { name, action, ...(description === undefined ? {} : { description }) };
}

function isSoap({ uri }: XmlElement): boolean {
  return Object.hasOwn(soapVersions, uri);
}

/** The ports below one address: the folder of the first, or its host. */
function placed(ports: readonly Port[]): { readonly server: string; readonly paths: JsonObject } {
  const [first] = ports;
  const origin = first?.url.origin ?? '';
  const folder = first?.url.pathname.replace(/\/[^/]*\/?$/, '') ?? '';
  const shared = ports.every(({ url }) => url.pathname.startsWith(`${folder}/`)) ? folder : '';
  const byPath = new Map<string, Port[]>();
  for (const port of ports) {
    const path = port.url.pathname.slice(shared.length) || '/';
    byPath.set(path, [...(byPath.get(path) ?? []), port]);
  }
  return {
    server: origin + shared,
    paths: Object.fromEntries([...byPath].map(([path, those]) => [path, { post: toPost(those) }])),
  };
}

function toPost(ports: readonly Port[]): JsonObject {
  const versions = [...new Set(ports.map(({ version }) => version))];
  const operations = [
    ...new Map(ports.flatMap((port) => port.operations).map((one) => [one.name, one])).values(),
  ];
  const content = (example?: string) =>
    Object.fromEntries(
      versions.map((version) => [
        mediaTypes[version],
        { schema: { type: 'string' }, ...(example === undefined ? {} : { example }) },
      ]),
    );
  return {
    operationId: ports[0]?.name ?? '',
    summary: `SOAP ${versions.join(' and ')}: ${ports[0]?.name ?? ''}`,
    description: operations
      .map(
        ({ name, description }) =>
          `- ${name}${description === undefined ? '' : `: ${description}`}`,
      )
      .join('\n'),
    requestBody: { required: true, content: content() },
    responses: {
      '200': {
        description: 'The answer in a SOAP envelope',
        content: content(emptyEnvelope(versions)),
      },
      '500': { description: 'A SOAP fault', content: content() },
    },
    'x-soap': { versions, operations: operations.map(({ name, action }) => ({ name, action })) },
  };
}

const mediaTypes = { '1.1': 'text/xml', '1.2': 'application/soap+xml' } as const;

/** What a sandbox answers that has nothing better. */
function emptyEnvelope([version]: readonly Port['version'][]): string {
  const uri =
    version === '1.2'
      ? 'http://www.w3.org/2003/05/soap-envelope'
      : 'http://schemas.xmlsoap.org/soap/envelope/';
  return `<soap:Envelope xmlns:soap="${uri}"><soap:Body/></soap:Envelope>`;
}

function warningsOf(root: XmlElement): readonly string[] {
  const imports = all(root, 'import').length;
  return [
    'a WSDL: addresses, operations and SOAPAction are taken; messages and types are not',
    ...(imports === 0 ? [] : [`${imports} import(s) of the WSDL are not followed`]),
  ];
}

function all(element: XmlElement, name: string): readonly XmlElement[] {
  return childElements(element).filter((one) => one.name === name && one.uri === wsdl);
}

/** By the local part of a qualified name: all are of this file. */
function named(
  root: XmlElement,
  kind: string,
  reference: string | undefined,
): XmlElement | undefined {
  const local = reference?.slice(reference.indexOf(':') + 1);
  return all(root, kind).find((one) => attribute(one, 'name') === local);
}

function documentationOf(element: XmlElement | undefined): string | undefined {
  const found = element && childNamed(element, 'documentation', wsdl);
  const text = found ? textOf(found).replace(/\s+/g, ' ').trim().slice(0, 1000) : '';
  return text === '' ? undefined : text;
}

function attribute(element: XmlElement | undefined, name: string): string | undefined {
  return element?.attributes
    .find((one) => one.name === name && one.uri === '')
    ?.value.trim()
    .slice(0, 1000);
}
