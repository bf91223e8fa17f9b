/**
 * The one way in for OpenAPI documents: JSON or YAML, 2.0, 3.0 or 3.1; and for WSDL, as one. Lenient, since documents in use break rules that
 * matter to nobody: what is odd becomes a warning. What cannot be served safely is refused. Nothing is ever fetched.
 * Owns the order of the steps; whether a document is fit for publishing is judge.ts's.
 */
import { Problem } from '../../../core/problem.ts';
import { isObject, objectOf, textOf, type JsonObject, type OpenApiDocument } from './document.ts';
import { odditiesOf } from './oddities.ts';
import { remoteReferences } from './references.ts';
import { withKnownSchemes } from './security-schemes.ts';
import { readSource, type Source } from './source.ts';
import { fromSwagger2 } from './swagger.ts';
import { fromWsdl, looksLikeXml } from './wsdl.ts';

export interface ReadDocument {
  readonly document: OpenApiDocument;
  /** The document as JSON, without spaces, members in the order of the original: what is kept and hashed. */
  readonly text: string;
  /** What is odd, each with its line or JSON pointer. */
  readonly warnings: readonly string[];
}

export interface ReadOptions {
  /** Refuses remote references instead of telling of them. */
  readonly strict?: boolean;
}

/**
 * Reads a document of at most 2 MB, 100 levels and 100,000 values, aliases written out.
 * @throws Problem `invalid` with line or place and reason.
 */
export function readOpenApi(text: string, options: ReadOptions = {}): ReadDocument {
  const source = looksLikeXml(text)
    ? { ...fromWsdl(text), lineOf: () => undefined }
    : readSource(text);
  const { value, warnings: converted } = toVersion3(source.value);
  const { document, warnings: filled } = sound(value);
  if (options.strict) refuseRemote(document, source);
  const place = (pointer: string, nearest: object) => {
    const line = source.lineOf(nearest);
    return line === undefined ? pointer || '/' : `line ${line}`;
  };
  const oddities = odditiesOf(document, place);
  return {
    document,
    text: JSON.stringify(document),
    warnings: [...source.warnings, ...converted, ...filled, ...oddities],
  };
}

function toVersion3(value: unknown): { value: JsonObject; warnings: readonly string[] } {
  if (!isObject(value)) throw new Problem('invalid', 'line 1: the document is no object');
  if (typeof value.openapi === 'string' && value.openapi.startsWith('3.'))
    return { value, warnings: [] };
  if (value.swagger === '2.0' || value.swagger === '2') return fromSwagger2(value);
  throw new Problem('invalid', 'line 1: neither openapi: 3.x nor swagger: 2.0 stands at the top');
}

/** What every reader may rely on. */
function sound(value: JsonObject): { document: OpenApiDocument; warnings: readonly string[] } {
  if (!isObject(value.paths)) throw new Problem('invalid', '/paths: there are no paths');
  if (!Object.keys(value.paths).some((path) => path.startsWith('/')))
    throw new Problem('invalid', '/paths: there is no path in it');
  const info = objectOf(value.info);
  const warnings: string[] = [];
  const needed = (name: string, otherwise: string) => {
    const given = textOf(info[name])?.trim();
    if (given) return given;
    warnings.push(`/info/${name}: is missing; taken as "${otherwise}"`);
    return otherwise;
  };
  const title = needed('title', 'Untitled API');
  const version = needed('version', '0');
  // openapi was looked at by toVersion3
  const document = { ...value, info: { ...info, title, version } } as unknown as OpenApiDocument;
  return { document: withKnownSchemes(document), warnings };
}

function refuseRemote(document: OpenApiDocument, source: Source): void {
  const [first] = remoteReferences(document);
  if (!first) return;
  const line = source.lineOf(first.nearest);
  const place = line === undefined ? first.pointer : `line ${line}`;
  throw new Problem('invalid', `${place}: references to other files or addresses are not followed`);
}
