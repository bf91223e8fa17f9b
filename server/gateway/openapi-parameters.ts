/**
 * Parameters of one operation in path, query and header: read by their style, brought to the type of their schema, checked.
 * Owns the reading of styles (OpenAPI 3.1, 4.8.12.3): simple, form, spaceDelimited, pipeDelimited. Objects in other styles
 * are let through; cookies are not looked at.
 */
import type { Exchange } from '../../core/exchange.ts';
import {
  isObject,
  objectOf,
  resolve,
  textOf,
  type ApiOperation,
  type JsonObject,
  type OpenApiDocument,
} from '../catalogue/openapi/document.ts';
import type { SchemaChecks, ValueCheck } from '../catalogue/openapi/schema-checks.ts';
import { faultText, mostFaults } from './openapi-faults.ts';

/** Faults of a call's parameters, in words; an empty list means that they pass. */
export type ParameterCheck = (
  exchange: Exchange,
  params: Readonly<Record<string, string>>,
) => readonly string[];

export interface ParameterOptions {
  readonly unknownQuery: 'allow' | 'refuse';
}

interface Reader {
  readonly place: string;
  readonly name: string;
  readonly required: boolean;
  /** The texts sent; undefined when there are none. */
  readonly texts: (
    exchange: Exchange,
    params: Readonly<Record<string, string>>,
  ) => readonly string[] | undefined;
  readonly toValue: (text: string) => unknown;
  readonly list: boolean;
  readonly check: ValueCheck;
}

/** Fields that OpenAPI says elsewhere (3.1, 4.8.12.2.1). */
const ignored = new Set(['accept', 'content-type', 'authorization']);

export function parameterCheck(
  document: OpenApiDocument,
  operation: ApiOperation,
  schemas: SchemaChecks,
  options: ParameterOptions,
): ParameterCheck {
  const readers = operation.parameters.flatMap((one) => readerOf(document, one, schemas));
  const known = options.unknownQuery === 'refuse' ? namesOfQuery(document, operation) : undefined;
  return (exchange, params) => {
    const faults = known ? unknownNames(exchange, known) : [];
    for (const reader of readers) {
      if (faults.length >= mostFaults) break;
      faults.push(...faultsOf(reader, reader.texts(exchange, params)));
    }
    return faults;
  };
}

function faultsOf(reader: Reader, texts: readonly string[] | undefined): readonly string[] {
  const where = `${reader.place}/${reader.name}`;
  if (texts === undefined) return reader.required ? [`${where} is required (found: nothing)`] : [];
  if (!reader.list && texts.length > 1)
    return [`${where} may be given once (found: ${texts.length} times)`];
  const value = reader.list ? texts.map(reader.toValue) : reader.toValue(texts[0] ?? '');
  return reader
    .check(value)
    .slice(0, 1)
    .map((fault) => faultText(where, fault, value));
}

function readerOf(
  document: OpenApiDocument,
  parameter: JsonObject,
  schemas: SchemaChecks,
): readonly Reader[] {
  const place = textOf(parameter.in) ?? '';
  const name = textOf(parameter.name) ?? '';
  if (!['path', 'query', 'header'].includes(place)) return [];
  if (place === 'header' && ignored.has(name.toLowerCase())) return [];
  const [media] = Object.values(objectOf(parameter.content));
  const schema = media === undefined ? parameter.schema : objectOf(media).schema;
  const type = typeOf(document, schema);
  // Objects spread over several names, or in brackets, are the back end's to judge.
  if (type === 'object' && media === undefined) return [];
  const list = type === 'array' && media === undefined;
  const items = list ? objectOf(resolve(document, schema)).items : schema;
  return [
    {
      place,
      name,
      required: parameter.required === true || place === 'path',
      texts: textsOf(place, name, list ? separatorOf(parameter) : undefined),
      toValue: media === undefined ? toType(typeOf(document, items)) : fromJson,
      list,
      check: schemas.check(schema),
    },
  ];
}

/** The one type that decides how a text is read; of several the first that is no null. */
function typeOf(document: OpenApiDocument, schema: unknown): string | undefined {
  const found = objectOf(resolve(document, schema));
  const types = Array.isArray(found.type) ? (found.type as unknown[]) : [found.type];
  const type = types.find((one): one is string => typeof one === 'string' && one !== 'null');
  if (type !== undefined) return type;
  const inner = [found.allOf, found.oneOf, found.anyOf].find(Array.isArray) as
    unknown[] | undefined;
  for (const one of inner ?? []) {
    const plain = objectOf(resolve(document, one)).type;
    if (typeof plain === 'string') return plain;
  }
  return isObject(found.items) ? 'array' : isObject(found.properties) ? 'object' : undefined;
}

function separatorOf({ in: place, style, explode }: JsonObject): string | undefined {
  if (place !== 'query') return ',';
  if (style === 'spaceDelimited' && explode !== true) return ' ';
  if (style === 'pipeDelimited' && explode !== true) return '|';
  return explode === false ? ',' : undefined;
}

function textsOf(place: string, name: string, separator: string | undefined): Reader['texts'] {
  const split = (texts: readonly string[]) =>
    separator === undefined ? texts : texts.flatMap((text) => text.split(separator));
  const trimmed = (texts: readonly string[]) => split(texts).map((text) => text.trim());
  const field = name.toLowerCase();
  return (exchange, params) => {
    if (place === 'path') {
      const text = Object.hasOwn(params, name) ? params[name] : undefined;
      return text === undefined ? undefined : split([text]);
    }
    if (place === 'header') {
      const text = exchange.headers[field];
      return text === undefined ? undefined : trimmed([text]);
    }
    if (exchange.rawQuery === '') return undefined;
    const texts = exchange.query.getAll(name);
    return texts.length === 0 ? undefined : split(texts);
  };
}

/** A text as the type asks; one that is not of it stays a text, which the schema then refuses. */
function toType(type: string | undefined): (text: string) => unknown {
  if (type === 'integer' || type === 'number')
    return (text) =>
      text.length < 40 && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : text;
  if (type === 'boolean')
    return (text) => (text === 'true' ? true : text === 'false' ? false : text);
  return (text) => text;
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** The names that may stand in the query; undefined when an object may be spread over names of its own. */
function namesOfQuery(
  document: OpenApiDocument,
  { parameters }: ApiOperation,
): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const one of parameters.filter(({ in: place }) => place === 'query')) {
    if (typeOf(document, one.schema) === 'object') return undefined;
    names.add(textOf(one.name) ?? '');
  }
  return names;
}

/** How many, not which: the caller chose the names. */
function unknownNames({ rawQuery, query }: Exchange, known: ReadonlySet<string>): string[] {
  if (rawQuery === '') return [];
  const count = [...new Set(query.keys())].filter((name) => !known.has(name)).length;
  if (count === 0) return [];
  const may = known.size === 0 ? 'none' : [...known].join(', ');
  return [`query may hold ${may} (found: ${count} other ${count === 1 ? 'name' : 'names'})`];
}
