/**
 * How to run an API, as its OpenAPI document says: our block `x-gatehouse`, or the older national one, `x-nhsd-apim`, brought
 * to the same shape (national-extension.ts). Ours wins where both are. Owns which is read; what becomes of it is in
 * server/catalogue/api-templates.ts.
 */
import { Problem } from '../../../core/problem.ts';
import { checker } from '../../../core/schema.ts';
import { isObject, type OpenApiDocument } from './document.ts';
import { extensionSchema, type Extension } from './extension-schema.ts';
import { fromNational } from './national-extension.ts';

const check = checker<Extension>(extensionSchema);

/**
 * What the document says of how to run it; empty when it says nothing.
 * @throws Problem `invalid` for an `x-gatehouse` that is not of the schema.
 */
export function extensionOf(document: OpenApiDocument): {
  readonly extension: Extension;
  readonly warnings: readonly string[];
} {
  const national = fromNational(document['x-nhsd-apim']);
  const own = document['x-gatehouse'];
  if (own === undefined) return national;
  if (!isObject(own)) throw new Problem('invalid', '/x-gatehouse must be an object');
  return { extension: { ...national.extension, ...checked(own) }, warnings: national.warnings };
}

function checked(own: object): Extension {
  try {
    return check(structuredClone(own)); // defaults are filled in
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem('invalid', `/x-gatehouse: ${error.message}`);
  }
}
