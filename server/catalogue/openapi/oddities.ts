/**
 * What is odd in a document and yet no reason to refuse it: told at import, so that nothing is dropped in silence.
 * Owns the list of oddities; what a document must say to be published is judge.ts's.
 */
import {
  below,
  isObject,
  lookUp,
  objectOf,
  operationsOf,
  textOf,
  type OpenApiDocument,
} from './document.ts';
import { knownFormats } from './json-schemas.ts';
import { whyRefused } from './pattern.ts';

/** More help nobody. */
const most = 100;

/** Says where something is: `line 12`, or else the JSON pointer. */
export type Place = (pointer: string, nearest: object) => string;

/** Sentences, at most 100, each beginning with its place. */
export function odditiesOf(document: OpenApiDocument, place: Place): readonly string[] {
  const found = [
    ...new Set([...inInfo(document), ...inOperations(document), ...anywhere(document, place)]),
  ];
  return found.length <= most
    ? found
    : [...found.slice(0, most), `and ${found.length - most} more`];
}

function inInfo({ openapi, info }: OpenApiDocument): readonly string[] {
  const found: string[] = [];
  if (!/^3\.[01]\.\d+$/.test(openapi))
    found.push(`/openapi: version ${safe(openapi)} is read as if it were 3.1`);
  if (!/^v?\d/.test(info.version)) found.push('/info/version: is no version but a placeholder');
  return found;
}

function inOperations(document: OpenApiDocument): readonly string[] {
  const ids = new Set<string>();
  const found = Object.keys(document.paths)
    .filter((path) => !path.startsWith('/') && !path.startsWith('x-'))
    .map((path) => `${below('/paths', path)}: a path begins with a slash; it is left out`);
  for (const { object, parameters, path, pointer } of operationsOf(document)) {
    const id = textOf(object.operationId);
    if (id === undefined) found.push(`${pointer}: has no operationId`);
    else if (ids.has(id)) found.push(`${pointer}: its operationId is that of another operation`);
    else ids.add(id);
    if (Object.keys(objectOf(object.responses)).length === 0)
      found.push(`${pointer}: has no responses`);
    for (const [, name = ''] of path.matchAll(/\{([^{}]*)\}/g))
      if (!parameters.some((one) => one.in === 'path' && one.name === name))
        found.push(
          `${pointer}: the path parameter ${safe(name)} is not described; any text will do`,
        );
  }
  return found;
}

/** References, formats and patterns, wherever they stand. */
function anywhere(document: OpenApiDocument, place: Place): readonly string[] {
  const found: string[] = [];
  const walk = (value: unknown, pointer: string, isExample: boolean): void => {
    if (typeof value !== 'object' || value === null) return;
    if (isObject(value) && !isExample)
      found.push(...inObject(document, value, () => place(pointer, value)));
    for (const [name, one] of Object.entries(value))
      walk(one, below(pointer, name), isExample || exampleNames.has(name));
  };
  walk(document, '', false);
  return found;
}

/** Below these there are a producer's own data. */
const exampleNames = new Set(['example', 'value', 'default', 'enum', 'const']);

function inObject(
  document: OpenApiDocument,
  value: Readonly<Record<string, unknown>>,
  place: () => string,
): readonly string[] {
  const found: string[] = [];
  const { $ref, pattern, format } = value;
  if (typeof $ref === 'string') {
    if (!$ref.startsWith('#'))
      found.push(`${place()}: the remote reference ${safe($ref)} is not fetched`);
    else if (lookUp(document, $ref) === undefined)
      found.push(`${place()}: ${safe($ref)} leads nowhere`);
  }
  if (typeof format === 'string' && !knownFormats.has(format))
    found.push(`${place()}: the format ${safe(format)} is not checked`);
  const why = typeof pattern === 'string' ? whyRefused(pattern) : undefined;
  if (why !== undefined) found.push(`${place()}: the pattern is not checked: ${why}`);
  return found;
}

/** A producer's word in a message: short, and no control characters. */
function safe(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what must not be there
  return text.slice(0, 80).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');
}
