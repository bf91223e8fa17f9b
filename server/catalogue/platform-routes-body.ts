/** The long bodies of the management API: OpenAPI documents, and deployments that hold one. */
import type { Exchange } from '../../core/exchange.ts';
import { JsonFault, parseJson } from '../../core/json.ts';
import { Problem } from '../../core/problem.ts';

/** In bytes. A document that is sent as a text within JSON grows by its escapes. */
const longestDocument = 2 * 1024 * 1024;
const longestJson = 3 * 1024 * 1024;

const limits = { depth: 110, members: 400_000 };

const documentTypes: ReadonlySet<string> = new Set([
  'application/json',
  'application/yaml',
  'application/x-yaml',
  'application/vnd.oai.openapi',
  'application/vnd.oai.openapi+json',
  'text/yaml',
  'text/x-yaml',
]);

/** The text of an OpenAPI document. @throws Problem `unsupported`, `too-large` */
export async function documentText(exchange: Exchange): Promise<string> {
  if (!documentTypes.has(typeOf(exchange)))
    throw new Problem(
      'unsupported',
      'The document must be sent as application/json or application/yaml',
    );
  return (await exchange.body.bytes(longestDocument)).toString('utf8');
}

/** A JSON body as its check gives it. @throws Problem `unsupported`, `too-large`, `invalid` */
export async function longBodyOf<T>(exchange: Exchange, check: (value: unknown) => T): Promise<T> {
  if (typeOf(exchange) !== 'application/json')
    throw new Problem('unsupported', 'The body must be sent as application/json');
  const bytes = await exchange.body.bytes(longestJson);
  try {
    return check(parseJson(bytes, limits));
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const at = error.path === '' ? '' : ` at ${error.path.slice(0, 200)}`;
    throw new Problem('invalid', `The body is refused as JSON: ${error.kind}${at}`);
  }
}

/** A document within a JSON body as text. */
export function asText(document: object | string): string {
  return typeof document === 'string' ? document : JSON.stringify(document);
}

function typeOf({ headers }: Exchange): string {
  return ((headers['content-type'] ?? '').split(';', 1)[0] ?? '').trim().toLowerCase();
}
