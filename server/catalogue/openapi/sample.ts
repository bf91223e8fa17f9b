/**
 * A sample of a schema, always the same for the same schema: what the producer gave as example, default or constant first,
 * else the simplest value of the type. Bounded in depth and size. Owns no reading of examples beside schemas.
 */
import {
  isObject,
  listOf,
  objectOf,
  resolve,
  textOf,
  type JsonObject,
  type OpenApiDocument,
} from './document.ts';

const deepest = 8;

const most = 2000;

/** A value in the shape of the schema; it may break a pattern or a limit that is not simple. */
export function sampleOf(document: OpenApiDocument, schema: unknown): unknown {
  return new Sampler(document).sample(schema, 0);
}

/** By format. Addresses are those that are kept for examples (RFC 2606, RFC 5737). */
const texts: Readonly<Record<string, string>> = {
  date: '2020-01-31',
  'date-time': '2020-01-31T12:00:00Z',
  time: '12:00:00Z',
  duration: 'P1D',
  uuid: '00000000-0000-4000-8000-000000000000',
  email: 'someone@example.com',
  uri: 'https://example.com/',
  'uri-reference': '/',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  byte: 'c2FtcGxl',
  binary: '',
  password: 'secret',
};

class Sampler {
  readonly #document: OpenApiDocument;
  #values = 0;

  constructor(document: OpenApiDocument) {
    this.#document = document;
  }

  sample(given: unknown, depth: number): unknown {
    const schema = objectOf(resolve(this.#document, given));
    const told = toldValue(schema);
    if (told) return told.value;
    if (depth > deepest || ++this.#values > most) return null;
    const parts = listOf(schema.allOf);
    if (parts.length > 0) return this.#together(schema, parts, depth);
    const [choice] = [...listOf(schema.oneOf), ...listOf(schema.anyOf)];
    if (choice !== undefined && schema.properties === undefined)
      return this.sample(choice, depth + 1);
    return this.#byType(schema, depth);
  }

  #byType(schema: JsonObject, depth: number): unknown {
    switch (typeOf(schema)) {
      case 'object':
        return this.#object(schema, depth);
      case 'array':
        return this.#list(schema, depth);
      case 'integer':
      case 'number':
        return numberOf(schema);
      case 'boolean':
        return true;
      case 'string':
        return textFor(schema);
      default:
        return null;
    }
  }

  #object(schema: JsonObject, depth: number): unknown {
    const required = new Set(listOf(schema.required));
    const made: Record<string, unknown> = {};
    for (const [name, one] of Object.entries(objectOf(schema.properties))) {
      const property = objectOf(resolve(this.#document, one));
      if (property.writeOnly === true) continue;
      // Far down only what must be there: circles end sooner.
      if (depth > 2 && !required.has(name) && isNested(property)) continue;
      made[name] = this.sample(one, depth + 1);
    }
    return made;
  }

  #list(schema: JsonObject, depth: number): unknown {
    const places = listOf(schema.prefixItems);
    if (places.length > 0) return places.map((one) => this.sample(one, depth + 1));
    if (schema.items === undefined || depth >= deepest) return [];
    const count = Math.min(Math.max(Number(schema.minItems ?? 1) || 1, 1), 5);
    return Array.from({ length: count }, () => this.sample(schema.items, depth + 1));
  }

  #together(schema: JsonObject, parts: readonly unknown[], depth: number): unknown {
    const own = this.#byType({ ...schema, type: schema.type ?? 'object' }, depth);
    const samples = parts.map((one) => this.sample(one, depth + 1));
    const objects = samples.filter(isObject);
    if (objects.length === 0) return samples[0];
    return Object.assign({}, ...objects, isObject(own) ? own : {}) as JsonObject; // objects put together
  }
}

/** What the producer says the value is. */
function toldValue(schema: JsonObject): { value: unknown } | undefined {
  if ('example' in schema) return { value: schema.example };
  const [example] = listOf(schema.examples);
  if (example !== undefined) return { value: example };
  if ('const' in schema) return { value: schema.const };
  if ('default' in schema) return { value: schema.default };
  const [first] = listOf(schema.enum);
  return first === undefined ? undefined : { value: first };
}

function typeOf(schema: JsonObject): string | undefined {
  const types = Array.isArray(schema.type) ? (schema.type as unknown[]) : [schema.type];
  const type = types.find((one): one is string => typeof one === 'string' && one !== 'null');
  if (type !== undefined) return type;
  if (isObject(schema.properties)) return 'object';
  if (isObject(schema.items)) return 'array';
  return textOf(schema.pattern) === undefined ? undefined : 'string';
}

function isNested(schema: JsonObject): boolean {
  return ['object', 'array', undefined].includes(typeOf(schema));
}

function numberOf(schema: JsonObject): number {
  const step =
    typeof schema.multipleOf === 'number' && schema.multipleOf > 0 ? schema.multipleOf : 1;
  const above = (limit: unknown) => (typeof limit === 'number' ? limit : undefined);
  const exclusive = above(schema.exclusiveMinimum);
  const least =
    exclusive !== undefined
      ? exclusive + step
      : (above(schema.minimum) ?? 0) + (schema.exclusiveMinimum === true ? step : 0);
  const value = Math.ceil(least / step) * step;
  const highest = above(schema.maximum);
  return highest !== undefined && value > highest ? highest : value;
}

function textFor(schema: JsonObject): string {
  const text = texts[textOf(schema.format) ?? ''] ?? 'text';
  const least = Math.min(Number(schema.minLength ?? 0) || 0, 1000);
  const longest = Number(schema.maxLength ?? 1000);
  return text.padEnd(least, 'x').slice(0, longest >= 0 ? longest : undefined);
}
