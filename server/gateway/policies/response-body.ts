/** `response-body`: removes, renames and sets members of a JSON answer on its way to the caller. */
import { editProperties } from '../json-edits.ts';
import type { PolicyKind } from '../policy.ts';
import { askWhole, transformProperties, transformReply } from '../transform.ts';
import { jsonEditing, type BodyConfig } from './body.ts';

export const responseBody: PolicyKind<BodyConfig> = {
  phase: 'transform-response',
  summary:
    'Renames, removes and sets members of a JSON answer of any status, in this order; numbers stay as they were written. The back end is asked for whole, uncompressed answers. An answer that is no sound JSON, or is too long, becomes 502.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: { ...editProperties, ...transformProperties },
  },
  create: (config, site) => {
    const transformation = jsonEditing(config, site);
    return (next) => async (exchange) =>
      transformReply(await next(askWhole(exchange)), exchange, transformation);
  },
};
