/**
 * An OpenAPI 3.0 document as data: its types, and small readers of it.
 * Owns no rule of any API. Checks of bodies derive from it in fhir/pds/body-checks.ts, the CapabilityStatement in
 * capability.ts, the checks of answers in the tests.
 */
import { readFileSync } from 'node:fs';

/** A JSON schema in OpenAPI's dialect, and anything that a `$ref` may stand in for. */
export type Schema = Readonly<Record<string, unknown>>;

export interface Ref {
  readonly $ref: string;
}

export interface Media {
  readonly schema?: Schema;
  readonly examples?: Readonly<Record<string, Ref | Example>>;
}

export interface Example {
  readonly summary?: string;
  readonly value: unknown;
}

export interface Header {
  readonly description?: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Ref | Header>>;
  readonly content?: Readonly<Record<string, Media>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
  /** What FHIR calls it: the type of search parameter and where it is defined. */
  readonly 'x-fhir-search'?: { readonly type: string; readonly definition?: string };
}

export interface OperationObject {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly (Ref | Parameter)[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, Ref | Response>>;
  /** The interaction of FHIR's REST API that this is, on which type. */
  readonly 'x-fhir-interaction'?: { readonly type: string; readonly code: string };
  /** The FHIR operation that this is. */
  readonly 'x-fhir-operation'?: {
    readonly type: string;
    readonly name: string;
    readonly definition: string;
  };
}

export interface OpenApi {
  readonly openapi: string;
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description?: string;
  };
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** An operation with its place: `path` in the route form of core/routes.ts, `/Patient/:id`. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly object: OperationObject;
}

/** Reads a document. The caller names the file, so that a build needs no copy of it. Throws when it is no OpenAPI 3.0. */
export function loadOpenApi(file: string): OpenApi {
  const doc = JSON.parse(readFileSync(file, 'utf8')) as Partial<OpenApi>; // its shape is proved by the tests, its kind here
  if (doc.openapi?.startsWith('3.0.') !== true || !doc.paths)
    throw new Error(`${file} is no OpenAPI 3.0 document`);
  return doc as OpenApi;
}

/** All operations in the order of the document. */
export function operations(doc: OpenApi): Operation[] {
  return Object.entries(doc.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, object]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{([^}]+)\}/g, ':$1'),
      operationId: object.operationId,
      object,
    })),
  );
}

/** The operation of this id. Throws when there is none: a mistake of ours, not of a caller. */
function operation(doc: OpenApi, operationId: string): Operation {
  const found = operations(doc).find((one) => one.operationId === operationId);
  if (!found) throw new Error(`No operation ${operationId} in ${doc.info.title}`);
  return found;
}

/** What a `$ref` within the document stands for, or the value itself. Throws on a reference to nothing. */
export function resolve(doc: OpenApi, value: unknown): unknown {
  if (!isRef(value)) return value;
  let at: unknown = doc;
  for (const part of value.$ref.replace(/^#\//, '').split('/')) {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name))
      throw new Error(`${value.$ref} leads nowhere`);
    at = (at as Record<string, unknown>)[name]; // an object that has this member, as just seen
  }
  return resolve(doc, at);
}

/** The parameters of an operation, references followed. */
export function parametersOf(doc: OpenApi, { object }: Operation): Parameter[] {
  return (object.parameters ?? []).map((one) => resolve(doc, one) as Parameter); // the tests prove that each is one
}

/** What the document says of this status, or undefined when it says nothing. */
export function responseOf(
  doc: OpenApi,
  { object }: Operation,
  status: number,
): Response | undefined {
  const found = object.responses[String(status)];
  return found === undefined ? undefined : (resolve(doc, found) as Response); // the tests prove that it is one
}

/** The schema of the request's body, to be compiled beside `definitions(doc)`; undefined when it takes none. */
export function requestSchema(doc: OpenApi, operationId: string): Schema | undefined {
  const content = operation(doc, operationId).object.requestBody?.content ?? {};
  return absolute(Object.values(content)[0]?.schema);
}

/** The schema of an answer with this status, to be compiled beside `definitions(doc)`; undefined when it has none. */
export function responseSchema(
  doc: OpenApi,
  operationId: string,
  status: number,
): Schema | undefined {
  const response = responseOf(doc, operation(doc, operationId), status);
  return absolute(Object.values(response?.content ?? {})[0]?.schema);
}

const base = 'https://gatehouse.example/openapi.json';

/**
 * The document's component schemas as one JSON schema with an `$id`, for `new Schemas([definitions(doc)])`.
 * OpenAPI 3.0 cannot say what stands at which place of a list; our `x-gatehouse-places` does, and becomes `items`.
 */
export function definitions(doc: OpenApi): Schema {
  const schemas = JSON.parse(
    JSON.stringify(doc.components.schemas ?? {}),
    (_name, value: unknown) =>
      isObject(value) && Array.isArray(value['x-gatehouse-places'])
        ? { ...value, items: value['x-gatehouse-places'] as unknown[] }
        : value,
  ) as Schema; // a copy of an object of schemas
  return { $id: base, components: { schemas } };
}

/** A schema whose references into the document also hold outside of it. */
export function absolute(schema: Schema | undefined): Schema | undefined {
  if (!schema) return undefined;
  return JSON.parse(JSON.stringify(schema), (name, value: unknown) =>
    name === '$ref' && typeof value === 'string' && value.startsWith('#') ? base + value : value,
  ) as Schema; // a copy of a schema
}

/** How the document and a table of routes differ: operations without a handler, handlers without an operation. */
export function sameOperations(doc: OpenApi, routeKeys: readonly string[]): string[] {
  const described = operations(doc).map(({ method, path }) => `${method} ${path}`);
  const only = (these: readonly string[], those: readonly string[], what: string) =>
    these.filter((key) => !those.includes(key)).map((key) => `${key} ${what}`);
  return [
    ...only(described, routeKeys, 'has no handler'),
    ...only(routeKeys, described, 'is not described'),
  ];
}

function isRef(value: unknown): value is Ref {
  return isObject(value) && typeof value.$ref === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
