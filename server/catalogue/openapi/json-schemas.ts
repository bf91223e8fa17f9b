/**
 * Schemas of an OpenAPI document as JSON Schema draft-07, which core/schema.ts compiles. Everything that a producer wrote
 * is either taken over in a form that compiles or left out, so that compiling never fails at a call; what is left out is
 * told at import (oddities.ts). Owns the translation; schema-checks.ts runs it.
 */
import { isObject, objectOf, resolve, type JsonObject, type OpenApiDocument } from './document.ts';
import { whyRefused } from './pattern.ts';

/** Whether the value is sent by a caller, or comes back: decides which of readOnly and writeOnly may be missing. */
export type Direction = 'request' | 'response';

export interface Translation {
  readonly document: OpenApiDocument;
  readonly direction: Direction;
  readonly formats: boolean;
  /** The name under which a referenced schema is defined; undefined when the reference leads nowhere. */
  readonly nameOf: (reference: string) => string | undefined;
}

/** Formats that are checked. Any other says something to people only: real documents have `bearer patterns` in there. */
export const knownFormats: ReadonlySet<string> = new Set(
  `date time date-time duration uri uri-reference email hostname ipv4 ipv6 uuid json-pointer byte int32 int64 float double
   password binary`.split(/\s+/),
);

const types = new Set(['null', 'boolean', 'object', 'array', 'number', 'integer', 'string']);

/** Keywords whose value is a number of things. */
const counts = ['maxLength', 'minLength', 'maxItems', 'minItems', 'maxProperties', 'minProperties'];

/** Keywords whose value is one schema. */
const single = ['additionalProperties', 'not', 'if', 'then', 'else', 'contains', 'propertyNames'];

/** Keywords whose value is a list of schemas. */
const lists = ['allOf', 'anyOf', 'oneOf'];

type Draft7 = Record<string, unknown>;

/** The schema in draft-07. Recursion is safe: a document's depth is limited, and references are named, not followed. */
export function toDraft7(schema: unknown, translation: Translation): object | boolean {
  if (typeof schema === 'boolean') return schema;
  if (!isObject(schema)) return {};
  if (typeof schema.$ref === 'string') return reference(schema, schema.$ref, translation);
  const made: Draft7 = {};
  addTypes(schema, made);
  addRanges(schema, made);
  addTexts(schema, made, translation);
  addMembers(schema, made, translation);
  addItems(schema, made, translation);
  for (const name of single)
    if (isSchema(schema[name])) made[name] = toDraft7(schema[name], translation);
  for (const name of lists) addList(schema, made, name, translation);
  return made;
}

function reference(schema: JsonObject, to: string, translation: Translation): object {
  const name = translation.nameOf(to);
  const found = name === undefined ? {} : { $ref: name };
  const beside = Object.fromEntries(Object.entries(schema).filter(([name]) => name !== '$ref'));
  // In 3.0 what stands beside a reference is ignored.
  if (translation.document.openapi.startsWith('3.0') || Object.keys(beside).length === 0)
    return found;
  return { allOf: [found, toDraft7(beside, translation)] };
}

function isSchema(value: unknown): boolean {
  return typeof value === 'boolean' || isObject(value);
}

function addTypes(schema: JsonObject, made: Draft7): void {
  const asked = Array.isArray(schema.type) ? (schema.type as unknown[]) : [schema.type];
  const known = asked.filter((type): type is string => typeof type === 'string' && types.has(type));
  const nullable = schema.nullable === true;
  if (known.length > 0) made.type = [...new Set(nullable ? [...known, 'null'] : known)];
  if (Array.isArray(schema.enum) && schema.enum.length > 0)
    made.enum = distinct(
      nullable ? [...(schema.enum as unknown[]), null] : (schema.enum as unknown[]),
    );
  if ('const' in schema) made.const = schema.const;
}

function distinct(values: readonly unknown[]): readonly unknown[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const text = JSON.stringify(value);
    return seen.has(text) ? false : seen.add(text);
  });
}

function addRanges(schema: JsonObject, made: Draft7): void {
  for (const [name, limit] of [
    ['exclusiveMaximum', 'maximum'],
    ['exclusiveMinimum', 'minimum'],
  ] as const) {
    const exclusive = schema[name];
    if (typeof exclusive === 'number') made[name] = exclusive;
    if (typeof schema[limit] === 'number') made[exclusive === true ? name : limit] = schema[limit];
  }
  if (typeof schema.multipleOf === 'number' && schema.multipleOf > 0)
    made.multipleOf = schema.multipleOf;
  for (const name of counts)
    if (Number.isSafeInteger(schema[name]) && Number(schema[name]) >= 0) made[name] = schema[name];
}

function addTexts(schema: JsonObject, made: Draft7, { formats }: Translation): void {
  const { pattern, format } = schema;
  if (typeof pattern === 'string' && whyRefused(pattern) === undefined) made.pattern = pattern;
  if (formats && typeof format === 'string' && knownFormats.has(format)) made.format = format;
}

function addMembers(schema: JsonObject, made: Draft7, translation: Translation): void {
  const properties = objectOf(schema.properties);
  if (Object.keys(properties).length > 0) made.properties = each(properties, translation);
  const hidden = translation.direction === 'request' ? 'readOnly' : 'writeOnly';
  const mayMiss = (name: string) =>
    objectOf(resolve(translation.document, properties[name]))[hidden] === true;
  const required = textsOf(schema.required).filter((name) => !mayMiss(name));
  if (required.length > 0) made.required = required;
  const patterns = Object.entries(objectOf(schema.patternProperties)).filter(
    ([pattern]) => whyRefused(pattern) === undefined,
  );
  if (patterns.length > 0) made.patternProperties = each(Object.fromEntries(patterns), translation);
  const dependent = Object.entries(objectOf(schema.dependentRequired));
  if (dependent.length > 0)
    made.dependencies = Object.fromEntries(
      dependent.map(([name, needs]) => [name, textsOf(needs)]),
    );
}

function textsOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return [...new Set((value as unknown[]).filter((one) => typeof one === 'string'))];
}

function each(schemas: JsonObject, translation: Translation): Draft7 {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, one]) => [name, toDraft7(one, translation)]),
  );
}

function addItems(schema: JsonObject, made: Draft7, translation: Translation): void {
  // What stands at which place: 3.1's prefixItems, and our extension for 3.0, which has none.
  const places = schema.prefixItems ?? schema['x-gatehouse-places'];
  if (Array.isArray(places) && places.length > 0) {
    made.items = places.map((one) => toDraft7(one, translation));
    if (schema.prefixItems && isSchema(schema.items))
      made.additionalItems = toDraft7(schema.items, translation);
  } else if (isSchema(schema.items)) made.items = toDraft7(schema.items, translation);
  if (schema.uniqueItems === true) made.gatehouseUnique = true;
}

function addList(schema: JsonObject, made: Draft7, name: string, translation: Translation): void {
  const list = schema[name];
  if (!Array.isArray(list)) return;
  const schemas = list.filter(isSchema).map((one) => toDraft7(one, translation));
  if (schemas.length > 0) made[name] = schemas;
}
