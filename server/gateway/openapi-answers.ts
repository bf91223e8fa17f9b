/**
 * The answers that an OpenAPI document describes for an operation: statuses, media types, examples. Owns choosing among
 * them; backends/mock.ts sends them. Nothing here knows a path or an id: every call of an operation gets the same.
 */
import {
  isObject,
  objectOf,
  resolve,
  textOf,
  type ApiOperation,
  type JsonObject,
  type OpenApiDocument,
} from '../catalogue/openapi/document.ts';
import { sampleOf } from '../catalogue/openapi/sample.ts';

export interface Answer {
  readonly status: number;
  /** The key in the document: `200`, `2XX`, `default`. */
  readonly key: string;
  readonly object: JsonObject;
}

export interface Example {
  /** `schema` where it was made of the schema. */
  readonly name: string;
  readonly value: unknown;
}

/** The answers of an operation, the usual one first: the lowest 2xx, else `default` as 200, else the lowest. */
export function answersOf(document: OpenApiDocument, { object }: ApiOperation): readonly Answer[] {
  const found = Object.entries(objectOf(object.responses)).flatMap(([key, one]) => {
    const response = resolve(document, one);
    const status = statusOf(key);
    return status === undefined || !isObject(response) ? [] : [{ key, status, object: response }];
  });
  return found.sort((a, b) => rank(a) - rank(b));
}

function statusOf(key: string): number | undefined {
  if (key === 'default') return 200;
  const text = key.replace(/XX$/i, '00');
  return /^[2-5]\d\d$/.test(text) ? Number(text) : undefined;
}

function rank({ key, status }: Answer): number {
  if (key === 'default') return 300;
  return status < 300 ? status : status + 1000;
}

/** The answer with a status: itself, its range, or `default`. */
export function answerWith(answers: readonly Answer[], status: number): Answer | undefined {
  const range = `${Math.floor(status / 100)}XX`;
  const found =
    answers.find(({ key }) => key === String(status)) ??
    answers.find(({ key }) => key.toUpperCase() === range) ??
    answers.find(({ key }) => key === 'default');
  return found && { ...found, status };
}

/** The examples of one media type, those of the producer first; a sample of the schema when there are none. */
export function examplesOf(document: OpenApiDocument, media: unknown): readonly Example[] {
  const { example, examples, schema } = objectOf(resolve(document, media));
  const named = Object.entries(objectOf(examples)).flatMap(([name, one]) => {
    const found = resolve(document, one);
    return isObject(found) && 'value' in found ? [{ name, value: found.value }] : [];
  });
  if (named.length > 0) return named;
  if (example !== undefined) return [{ name: 'example', value: example }];
  return [{ name: 'schema', value: sampleOf(document, schema) }];
}

/** The first media type that the caller takes (RFC 9110, 12.5.1), by its weights; undefined when none is. */
export function acceptable(
  types: readonly string[],
  accept: string | undefined,
): string | undefined {
  if (accept === undefined || accept.trim() === '') return types[0];
  const ranges = accept.slice(0, 1000).split(',').map(rangeOf);
  let best: { type: string; weight: number } | undefined;
  for (const type of types) {
    const weight = weightOf(ranges, type);
    if (weight > (best?.weight ?? 0)) best = { type, weight };
  }
  return best?.type;
}

interface Range {
  readonly range: string;
  readonly weight: number;
}

function rangeOf(text: string): Range {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const q = parameters.find((one) => one.startsWith('q='))?.slice(2);
  const weight = q === undefined ? 1 : Number(q);
  return { range, weight: Number.isFinite(weight) ? weight : 0 };
}

/** That of the most exact range. */
function weightOf(ranges: readonly Range[], type: string): number {
  const plain = (type.split(';', 1)[0] ?? '').trim().toLowerCase();
  const [main = ''] = plain.split('/', 1);
  for (const range of [plain, `${main}/*`, '*/*']) {
    const found = ranges.find((one) => one.range === range);
    if (found) return found.weight;
  }
  return 0;
}

/** Fields that say how a message is sent; a document cannot choose them. */
const framing = new Set(
  'connection content-length content-type keep-alive transfer-encoding te trailer upgrade date'.split(
    ' ',
  ),
);

/** The header fields that the document gives an example, a default or a schema for. */
export function headersOf(
  document: OpenApiDocument,
  answer: JsonObject,
): Readonly<Record<string, string>> {
  const made: Record<string, string> = {};
  for (const [name, one] of Object.entries(objectOf(answer.headers))) {
    const header = objectOf(resolve(document, one));
    if (framing.has(name.toLowerCase()) || !/^[\w!#$%&'*+.^`|~-]{1,100}$/.test(name)) continue;
    const [first] = Object.values(objectOf(header.examples));
    const value =
      header.example ??
      objectOf(resolve(document, first)).value ??
      sampleOf(document, header.schema);
    const text = fieldText(value);
    if (text !== undefined) made[name.toLowerCase()] = text;
  }
  return made;
}

function fieldText(value: unknown): string | undefined {
  const text =
    textOf(value) ?? (['number', 'boolean'].includes(typeof value) ? String(value) : undefined);
  return text !== undefined && /^[\x20-\x7e]{0,1000}$/.test(text) ? text : undefined;
}
