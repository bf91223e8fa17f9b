/** `methods`: which HTTP methods there are, and which of them an access mode may use. Owns those two refusals. */
import { Problem } from '../../../core/problem.ts';
import type { PolicyKind } from '../policy.ts';

type Mode = 'worker' | 'app' | 'privileged' | 'patient';

export interface MethodsConfig {
  readonly allow?: readonly string[];
  readonly byMode: Readonly<Partial<Record<Mode, readonly string[]>>>;
}

const list = {
  type: 'array',
  items: { enum: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] },
  uniqueItems: true,
};
const modes = ['worker', 'app', 'privileged', 'patient'] as const;

export const methods: PolicyKind<MethodsConfig> = {
  phase: 'authorise',
  summary:
    'Takes some HTTP methods only: 405 with Allow for others, 403 for one that is not for the access mode of the caller. HEAD goes wherever GET does.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      allow: { ...list, minItems: 1, description: 'The methods of this API; default all.' },
      byMode: {
        type: 'object',
        description: 'The methods of an access mode; one that is not named here may use all.',
        additionalProperties: false,
        properties: Object.fromEntries(
          modes.map((mode) => [mode, { ...list, description: `The methods for ${mode} access.` }]),
        ),
        default: {},
      },
    },
  },
  create: ({ allow, byMode }) => {
    const all = allow && withHead(allow);
    const each = new Map(modes.map((mode) => [mode, byMode[mode] && withHead(byMode[mode])]));
    return (next) => (exchange) => {
      const { method, caller } = exchange;
      if (all && !all.has(method))
        throw new Problem('method-not-allowed', `${method} is not allowed here`, {
          headers: { allow: [...all].join(', ') },
        });
      const own = caller && each.get(caller.mode);
      if (own && !own.has(method)) throw modeRefused(caller.mode);
      return next(exchange);
    };
  },
};

function withHead(allowed: readonly string[]): ReadonlySet<string> {
  return new Set(allowed.includes('GET') ? [...allowed, 'HEAD'] : allowed);
}

function modeRefused(mode: Mode): Problem {
  return new Problem('forbidden', `This method is not for ${mode} access`, {
    code: 'INVALID_METHOD',
  });
}
