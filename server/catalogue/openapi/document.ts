/**
 * An OpenAPI 3 document from outside, as data, and readers that trust nothing in it: what is not of the expected kind
 * counts as absent, local references are followed when asked for, and what leads nowhere is undefined.
 * Owns no rule of what a document should say (judge.ts) and no check of a call (server/gateway/openapi-checks.ts).
 */

/** A JSON object of unknown members. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** OpenAPI 3.0 or 3.1 as `readOpenApi` gives it: `openapi`, `info.title`, `info.version`, and `paths` are there. */
export interface OpenApiDocument extends JsonObject {
  readonly openapi: string;
  readonly info: JsonObject & { readonly title: string; readonly version: string };
  readonly paths: JsonObject;
}

/** One operation with its place. */
export interface ApiOperation {
  /** `GET`, `PATCH`, … */
  readonly method: string;
  /** The template as written: `/Patient/{id}`. */
  readonly path: string;
  readonly object: JsonObject;
  /** Those of the path and of the operation together, references followed; the operation's win. */
  readonly parameters: readonly JsonObject[];
  /** JSON pointer of the operation, without a `#`. */
  readonly pointer: string;
}

export const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/** References to references: more than these are a circle. */
const mostHops = 20;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as an object; an empty one when it is none. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The parsed document of a site; undefined for anything that is no OpenAPI 3 document. */
export function asDocument(value: unknown): OpenApiDocument | undefined {
  const sound = isObject(value) && typeof value.openapi === 'string' && isObject(value.paths);
  return sound ? (value as OpenApiDocument) : undefined; // info is not read where calls are served
}

/** What a value stands for: itself, or where its local `$ref` leads; undefined when that is nowhere or not in here. */
export function resolve(document: JsonObject, value: unknown): unknown {
  let at = value;
  for (let hops = 0; isObject(at) && typeof at.$ref === 'string'; hops++) {
    if (hops === mostHops) return undefined;
    at = lookUp(document, at.$ref);
  }
  return at;
}

/** The value at a local reference such as `#/components/schemas/Patient`; own members only. */
export function lookUp(document: JsonObject, reference: string): unknown {
  if (reference !== '#' && !reference.startsWith('#/')) return undefined;
  let at: unknown = document;
  for (const name of fromPointer(reference.slice(1))) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as JsonObject)[name]; // an object or list that has this member, as just seen
  }
  return at;
}

/** The names of a JSON pointer (RFC 6901), also in its form for fragments. */
function fromPointer(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => decoded(part).replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A JSON pointer with one more name. */
export function below(pointer: string, name: string | number): string {
  return `${pointer}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** Every operation in the order of the document. */
export function operationsOf(document: OpenApiDocument): readonly ApiOperation[] {
  return Object.keys(document.paths)
    .filter((path) => path.startsWith('/'))
    .flatMap((path) => operationsAt(document, path));
}

function operationsAt(document: OpenApiDocument, path: string): readonly ApiOperation[] {
  const item = objectOf(resolve(document, document.paths[path]));
  return methods
    .filter((method) => isObject(item[method]))
    .map((method) => {
      const object = objectOf(item[method]);
      const parameters = merged(document, listOf(item.parameters), listOf(object.parameters));
      const pointer = below(below('/paths', path), method);
      return { method: method.toUpperCase(), path, object, parameters, pointer };
    });
}

function merged(
  document: JsonObject,
  ofPath: readonly unknown[],
  ofOperation: readonly unknown[],
): readonly JsonObject[] {
  const found = new Map<string, JsonObject>();
  for (const one of [...ofPath, ...ofOperation]) {
    const parameter = resolve(document, one);
    if (!isObject(parameter) || typeof parameter.name !== 'string') continue;
    found.set(`${String(parameter.in)} ${parameter.name}`, parameter);
  }
  return [...found.values()];
}

function decoded(part: string): string {
  try {
    return part.includes('%') ? decodeURIComponent(part) : part;
  } catch {
    return part;
  }
}
