/**
 * `request-ids`: X-Request-ID and X-Correlation-ID, by which a call is found again on both sides. Owns what they must be, and
 * that each answer and refusal bears them; what back ends are told of them is in backends/identity-headers.ts.
 */
import type { Exchange, Policy, Reply } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import { changed } from '../changed-call.ts';
import { asksHealth } from '../health.ts';
import type { PolicyKind } from '../policy.ts';

export interface RequestIdsConfig {
  readonly required: boolean;
  readonly check: boolean;
}

export const requestIds: PolicyKind<RequestIdsConfig> = {
  phase: 'identify',
  summary:
    'Mirrors X-Request-ID and X-Correlation-ID on every answer and refusal. An X-Request-ID that is no UUID is refused with 400 INVALID_VALUE; one that is not sent is made, or refused with 400 MISSING_VALUE where it is required. X-Correlation-ID is mirrored if it has at most 128 visible characters.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      required: {
        type: 'boolean',
        description: 'Whether callers must send X-Request-ID; otherwise one is made.',
        default: false,
      },
      check: {
        type: 'boolean',
        description: 'Whether an X-Request-ID that is no UUID is refused.',
        default: true,
      },
    },
  },
  create: ({ required, check }, { services }): Policy => {
    const newId = () => services.clock.newId();
    return (next) => async (exchange) => {
      const sent = exchange.headers['x-request-id'];
      const id = sent === undefined || sent === '' ? undefined : sent;
      const named = id === undefined && !required ? withId(exchange, newId()) : exchange;
      const ids = idsOf(named);
      if (id === undefined && required && !asksHealth(exchange)) throw withIds(missing(), ids);
      if (id !== undefined && check && !uuid.test(id)) throw withIds(malformed(), ids);
      try {
        return mirrored(await next(named), ids);
      } catch (error) {
        throw withIds(Problem.from(error), ids);
      }
    };
  },
};

const uuid = /^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/;
const safe = /^[\x21-\x7e]{1,128}$/;

type Ids = Readonly<Record<string, string>>;

/** What may be sent back; anything else would be the caller's text in a field of ours. */
function idsOf({ headers }: Exchange): Ids {
  const { 'x-request-id': request = '', 'x-correlation-id': correlation = '' } = headers;
  const ids: Record<string, string> = {};
  if (safe.test(request)) ids['x-request-id'] = request;
  if (safe.test(correlation)) ids['x-correlation-id'] = correlation;
  return ids;
}

function withId(exchange: Exchange, id: string): Exchange {
  exchange.facts.requestId = id;
  return changed(exchange, {
    rawHeaders: [...withoutId(exchange.rawHeaders), 'X-Request-ID', id],
  });
}

/** An empty field counts as none, and must not be joined to the one that is made. */
function withoutId(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.filter((_, i) => rawHeaders[i - (i % 2)]?.toLowerCase() !== 'x-request-id');
}

function mirrored(reply: Reply, ids: Ids): Reply {
  return { ...reply, headers: { ...reply.headers, ...ids } };
}

function withIds(problem: Problem, ids: Ids): Problem {
  const { kind, message, cause, code, row, headers } = problem;
  return new Problem(kind, message, {
    ...(cause === undefined ? {} : { cause }),
    ...(code === undefined ? {} : { code }),
    ...(row === undefined ? {} : { row }),
    headers: { ...headers, ...ids },
  });
}

function missing(): Problem {
  return new Problem('invalid', 'X-Request-ID is needed: a UUID of its own for each call', {
    code: 'MISSING_VALUE',
  });
}

function malformed(): Problem {
  return new Problem('invalid', 'X-Request-ID must be a UUID', { code: 'INVALID_VALUE' });
}
