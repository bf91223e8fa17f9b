/** `rewrite-path`: puts another beginning on the path that the back end is asked for. Whole segments, compared as sent. */
import { Problem } from '../../../core/problem.ts';
import type { PolicyKind } from '../policy.ts';

export interface RewritePathConfig {
  readonly from: string;
  readonly to: string;
  readonly required: boolean;
}

/** No dot segment, no query, nothing that is not in a path (RFC 3986 3.3). */
const pathPattern = "^(/[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)*$";

export const rewritePath: PolicyKind<RewritePathConfig> = {
  phase: 'transform-request',
  summary:
    'Takes a prefix of whole segments off the path and puts another in its place. Paths without the prefix go on as they are, or are refused with 404.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      from: {
        type: 'string',
        maxLength: 500,
        pattern: pathPattern,
        description: 'The prefix to take off: `/v1`; empty: none',
        default: '',
      },
      to: {
        type: 'string',
        maxLength: 500,
        pattern: pathPattern,
        description: 'The prefix to put in its place: `/orders/v3`; empty: none',
        default: '',
      },
      required: {
        type: 'boolean',
        description: 'Refuse paths without the prefix with 404',
        default: false,
      },
    },
  },
  create:
    ({ from, to, required }) =>
    (next) =>
    (exchange) => {
      const { path } = exchange;
      if (path === from || path.startsWith(`${from}/`) || from === '')
        return next(exchange.with({ path: to + path.slice(from.length) }));
      if (required) throw new Problem('not-found', 'Nothing at this path');
      return next(exchange);
    },
};
