/**
 * The operations of an OpenAPI document as pages and consoles need them: one shape for parameters, bodies, answers and
 * examples, references followed, nothing trusted. Pure. Owns this model; schemas as tables are in schema-table.ts.
 */
import {
  isObject,
  listOf,
  objectOf,
  operationsOf,
  resolve,
  textOf,
  type ApiOperation,
  type JsonObject,
  type OpenApiDocument,
} from '../catalogue/openapi/document.ts';
import { sampleOf } from '../catalogue/openapi/sample.ts';

/** An operation in a list. */
export interface OperationSummary {
  /** Its name in addresses: the operationId, or what is made of method and path; unique in the document. */
  readonly id: string;
  /** `GET` */
  readonly method: string;
  /** `/Patient/{id}` */
  readonly path: string;
  /** One line; may be empty. */
  readonly summary: string;
  readonly tags: readonly string[];
  readonly deprecated: boolean;
}

/** An operation whole. */
export interface Operation extends OperationSummary {
  /** Markdown. */
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly body?: Body;
  readonly responses: readonly Response[];
  /** What proves the caller, any one of these: names of security schemes, together. An empty one: nobody is asked. */
  readonly security: readonly (readonly SecurityScheme[])[];
  /** Whether the document says of this very operation that nobody is asked. */
  readonly open: boolean;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  readonly required: boolean;
  readonly deprecated: boolean;
  /** Markdown. */
  readonly description: string;
  /** As it stands in the document; may be a reference. */
  readonly schema: unknown;
  /** `explode: false` or a style other than the usual; absent where it is as usual. */
  readonly style?: string;
  readonly explode?: boolean;
  /** Whether it is there in the sandbox alone (`x-gatehouse-sandbox`). */
  readonly sandbox: boolean;
  readonly examples: readonly Example[];
}

export interface Body {
  readonly description: string;
  readonly required: boolean;
  readonly contents: readonly Content[];
}

/** A body in one media type. */
export interface Content {
  /** `application/fhir+json` */
  readonly type: string;
  readonly schema: unknown;
  readonly examples: readonly Example[];
  /** Whether the examples are made from the schema, because the document gives none. */
  readonly sampled: boolean;
}

export interface Example {
  readonly name: string;
  readonly summary: string;
  readonly value: unknown;
}

export interface Response {
  /** `200`, `4XX`, `default` */
  readonly status: string;
  readonly description: string;
  readonly headers: readonly Parameter[];
  readonly contents: readonly Content[];
}

export interface SecurityScheme {
  readonly name: string;
  /** `apiKey`, `http`, `oauth2`, `openIdConnect`, `mutualTLS`. */
  readonly type: string;
  readonly description: string;
}

const mostExamples = 20;
/** More of these than anybody reads; documents from outside may have them. */
const mostParameters = 200;
const mostResponses = 60;
const mostTypes = 10;
/** Bodies of one operation for which an example is made. */
const mostSamples = 30;

/** All operations in the order of the document. */
export function operationSummaries(document: OpenApiDocument): readonly OperationSummary[] {
  return named(document).map(({ id, operation }) => summaryOf(id, operation));
}

/** One operation by its id; undefined when there is none. */
export function operationOf(document: OpenApiDocument, id: string): Operation | undefined {
  const ofDocument = kept.get(document) ?? new Map<string, Operation>();
  kept.set(document, ofDocument);
  const known = ofDocument.get(id);
  if (known) return known;
  const made = readOperation(document, id);
  if (made) ofDocument.set(id, made);
  const [oldest] = ofDocument.keys();
  if (ofDocument.size > mostKept && oldest !== undefined) ofDocument.delete(oldest);
  return made;
}

/** The operations of each document that were read last. */
const kept = new WeakMap<OpenApiDocument, Map<string, Operation>>();
const mostKept = 100;

function readOperation(document: OpenApiDocument, id: string): Operation | undefined {
  const found = named(document).find((one) => one.id === id);
  if (!found) return undefined;
  const { operation } = found;
  const { object } = operation;
  const samples = { left: mostSamples };
  const body = bodyOf(document, object.requestBody, samples);
  return {
    ...summaryOf(id, operation),
    description: textOf(object.description) ?? '',
    parameters: operation.parameters
      .slice(0, mostParameters)
      .flatMap((one) => parameterOf(document, one)),
    ...(body ? { body } : {}),
    responses: Object.entries(objectOf(object.responses))
      .filter(([status]) => /^([1-5](\d\d|XX)|default)$/i.test(status))
      .slice(0, mostResponses)
      .map(([status, one]) => responseOf(document, status, one, samples)),
    security: securityOf(document, object.security ?? document.security),
    open: Array.isArray(object.security) && object.security.length === 0,
  };
}

/** The text of an example as it is sent or shown: JSON in lines, text as it is. */
export function exampleText({ value }: Pick<Example, 'value'>): string {
  return typeof value === 'string' ? value : JSON.stringify(value, undefined, 2);
}

interface Named {
  readonly id: string;
  readonly operation: ApiOperation;
}

const known = new WeakMap<OpenApiDocument, readonly Named[]>();

function named(document: OpenApiDocument): readonly Named[] {
  let found = known.get(document);
  if (!found) known.set(document, (found = name(document)));
  return found;
}

function name(document: OpenApiDocument): readonly Named[] {
  const taken = new Set<string>();
  return operationsOf(document).map((operation) => {
    const wanted = slug(textOf(operation.object.operationId) ?? '') || slugOf(operation);
    let id = wanted;
    for (let n = 2; taken.has(id); n++) id = `${wanted}-${n}`;
    taken.add(id);
    return { id, operation };
  });
}

function slugOf({ method, path }: ApiOperation): string {
  return slug(`${method.toLowerCase()} ${path}`) || method.toLowerCase();
}

/** What may stand in an address without being encoded, at most 100 characters. */
function slug(text: string): string {
  return text
    .slice(0, 200)
    .replace(/[^A-Za-z0-9._~$-]+/g, '-')
    .replace(/^[-.]+|-+$/g, '')
    .slice(0, 100);
}

function summaryOf(id: string, { method, path, object }: ApiOperation): OperationSummary {
  return {
    ...{ id, method, path },
    summary: (textOf(object.summary) ?? '').trim().slice(0, 300),
    tags: listOf(object.tags).filter((one) => typeof one === 'string'),
    deprecated: object.deprecated === true,
  };
}

const places = new Set(['path', 'query', 'header', 'cookie']);

function parameterOf(document: OpenApiDocument, given: JsonObject): readonly Parameter[] {
  const place = textOf(given.in) ?? '';
  if (!places.has(place)) return [];
  const [content] = Object.values(objectOf(given.content));
  const schema = given.schema ?? objectOf(content).schema;
  const style = textOf(given.style);
  return [
    {
      name: textOf(given.name) ?? '',
      in: place as Parameter['in'], // one of the set above
      required: given.required === true || place === 'path',
      deprecated: given.deprecated === true,
      description: textOf(given.description) ?? '',
      schema,
      sandbox: given['x-gatehouse-sandbox'] === true,
      ...(style === undefined ? {} : { style }),
      ...(typeof given.explode === 'boolean' ? { explode: given.explode } : {}),
      examples: parameterExamples(document, given, schema),
    },
  ];
}

function parameterExamples(
  document: OpenApiDocument,
  given: JsonObject,
  schema: unknown,
): readonly Example[] {
  const told = examplesOf(document, given);
  if (told.length > 0) return told;
  const { example, examples, default: usual } = objectOf(resolve(document, schema));
  const value = example ?? listOf(examples)[0] ?? usual;
  return value === undefined ? [] : [{ name: '', summary: '', value }];
}

interface Samples {
  left: number;
}

function bodyOf(document: OpenApiDocument, given: unknown, samples: Samples): Body | undefined {
  const body = resolve(document, given);
  if (!isObject(body)) return undefined;
  return {
    description: textOf(body.description) ?? '',
    required: body.required === true,
    contents: contentsOf(document, body, samples),
  };
}

function responseOf(
  document: OpenApiDocument,
  status: string,
  given: unknown,
  samples: Samples,
): Response {
  const response = objectOf(resolve(document, given));
  return {
    status: status.slice(0, 10),
    description: textOf(response.description) ?? '',
    headers: Object.entries(objectOf(response.headers)).flatMap(([name, one]) =>
      parameterOf(document, { ...objectOf(resolve(document, one)), name, in: 'header' }),
    ),
    contents: contentsOf(document, response, samples),
  };
}

function contentsOf(
  document: OpenApiDocument,
  holder: JsonObject,
  samples: Samples,
): readonly Content[] {
  const types = Object.entries(objectOf(holder.content)).slice(0, mostTypes);
  return types.map(([type, one]) => {
    const media = objectOf(resolve(document, one));
    const told = examplesOf(document, media);
    const sampled = told.length === 0 && media.schema !== undefined && --samples.left >= 0;
    const examples = sampled
      ? [{ name: '', summary: '', value: sampleOf(document, media.schema) }]
      : told;
    return { type, schema: media.schema, examples, sampled };
  });
}

function examplesOf(
  document: OpenApiDocument,
  { example, examples }: JsonObject,
): readonly Example[] {
  const named = Object.entries(objectOf(examples)).flatMap(([name, one]) => {
    const found = objectOf(resolve(document, one));
    return 'value' in found
      ? [{ name, summary: textOf(found.summary) ?? '', value: found.value }]
      : [];
  });
  const all = example === undefined ? named : [{ name: '', summary: '', value: example }, ...named];
  return all.slice(0, mostExamples);
}

function securityOf(
  document: OpenApiDocument,
  given: unknown,
): readonly (readonly SecurityScheme[])[] {
  const schemes = objectOf(objectOf(document.components).securitySchemes);
  return listOf(given).map((one) =>
    Object.keys(objectOf(one)).map((name) => {
      const { type, description } = objectOf(resolve(document, schemes[name]));
      return { name, type: textOf(type) ?? '', description: textOf(description) ?? '' };
    }),
  );
}
