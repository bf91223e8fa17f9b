/**
 * `size-limit`: how large a request may be. Owns the refusals; a body whose length is told is judged by that, another is
 * counted on its way (counted-body.ts).
 */
import type { Exchange, Policy } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { PolicyKind } from '../policy.ts';
import { withCountedBody } from './counted-body.ts';

export interface SizeLimitConfig {
  readonly body: number;
  readonly query: number;
  readonly headers: number;
}

export const sizeLimit: PolicyKind<SizeLimitConfig> = {
  phase: 'identify',
  summary:
    'Refuses a body that is too long with 413, a query that is too long with 414, and too many header fields with 431. A body whose length is not told is cut off where it becomes too long.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      body: {
        type: 'integer',
        description: 'Bytes of a body.',
        minimum: 0,
        maximum: 2_147_483_648,
        default: 10_485_760,
      },
      query: {
        type: 'integer',
        description: 'Characters of the query string, as sent.',
        minimum: 0,
        maximum: 16_384,
        default: 4096,
      },
      headers: {
        type: 'integer',
        description: 'Header fields.',
        minimum: 10,
        maximum: 2000,
        default: 100,
      },
    },
  },
  create: (config) => policyOf(config),
};

function policyOf({ body, query, headers }: SizeLimitConfig): Policy {
  return (next) => (exchange) => {
    if (exchange.rawQuery.length > query) throw queryTooLong(query);
    if (exchange.rawHeaders.length > 2 * headers) throw tooManyFields(headers);
    return next(bodyWithin(exchange, body));
  };
}

/** @throws Problem `too-large` for a body that says that it is longer */
function bodyWithin(exchange: Exchange, most: number): Exchange {
  const told = exchange.headers['content-length'];
  // Node takes no more than was told, and a request has either of the two fields (RFC 9112 6.3).
  if (told !== undefined && Number(told) > most) throw bodyTooLong(most);
  return exchange.headers['transfer-encoding'] === undefined
    ? exchange
    : withCountedBody(exchange, most, () => bodyTooLong(most));
}

function bodyTooLong(most: number): Problem {
  return new Problem('too-large', `The body may have at most ${most} bytes`, {
    code: 'BODY_TOO_LONG',
  });
}

function queryTooLong(most: number): Problem {
  return new Problem('invalid', `The query may have at most ${most} characters`, {
    row: { status: 414 },
    code: 'QUERY_TOO_LONG',
  });
}

function tooManyFields(most: number): Problem {
  return new Problem('invalid', `A request may have at most ${most} header fields`, {
    row: { status: 431 },
    code: 'TOO_MANY_HEADERS',
  });
}
