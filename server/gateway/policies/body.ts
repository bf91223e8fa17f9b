/** `body`: removes, renames and sets members of a JSON request on its way to the back end. */
import { editProperties, editsOf, type JsonEdits } from '../json-edits.ts';
import { parseJsonText, writeJsonText } from '../json-text.ts';
import type { PolicyKind, PolicySite } from '../policy.ts';
import { transformProperties, transformRequest, type Transformation } from '../transform.ts';

export interface BodyConfig extends JsonEdits {
  readonly limit: number;
  readonly otherTypes: 'pass' | 'refuse';
}

export const body: PolicyKind<BodyConfig> = {
  phase: 'transform-request',
  summary:
    'Renames, removes and sets members of a JSON request, in this order; numbers stay as they were written. A body that is no sound JSON is refused with 400, one too long with 413.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: { ...editProperties, ...transformProperties },
  },
  create: (config, site) => {
    const transformation = jsonEditing(config, site);
    return (next) => async (exchange) => next(await transformRequest(exchange, transformation));
  },
};

/** Edits of JSON as a transformation. */
export function jsonEditing(config: BodyConfig, site: PolicySite): Transformation {
  const edit = editsOf(config, site);
  return {
    accepts: 'json',
    limit: config.limit,
    otherTypes: config.otherTypes,
    convert: (bytes, exchange) => {
      const root = parseJsonText(bytes);
      edit(root, exchange);
      return writeJsonText(root);
    },
  };
}
