/** `scopes`: the caller holds certain scopes. Owns that one rule and its refusal (RFC 6750 3.1). */
import { Problem } from '../../../core/problem.ts';
import type { PolicyKind } from '../policy.ts';

export interface ScopesConfig {
  readonly all: readonly string[];
  readonly any: readonly string[];
}

const list = {
  type: 'array',
  items: { type: 'string', pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,256}$' },
  uniqueItems: true,
  default: [],
};

export const scopes: PolicyKind<ScopesConfig> = {
  phase: 'authorise',
  summary:
    'Needs scopes, compared exactly. A caller without them is refused with 403 and told which are needed; a call of nobody with 401.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      all: { ...list, description: 'Every one of these.' },
      any: { ...list, description: 'At least one of these.' },
    },
  },
  check: ({ all, any }) =>
    all.length + any.length === 0
      ? ['all or any must name scopes; without them it asks nothing']
      : [],
  create: ({ all, any }, { api }) => {
    const needed = [...all, ...any].join(' ');
    const told = [
      ...(all.length > 0 ? [all.join(' and ')] : []),
      ...(any.length > 0 ? [any.join(' or ')] : []),
    ].join(', and ');
    return (next) => (exchange) => {
      const { caller } = exchange;
      if (!caller) throw nobody(api.id);
      const held = (scope: string) => caller.scopes.includes(scope);
      if (all.every(held) && (any.length === 0 || any.some(held))) return next(exchange);
      throw new Problem('forbidden', `This call needs the scopes ${told}`, {
        code: 'SCOPE',
        headers: {
          'www-authenticate': `Bearer realm="${api.id}", error="insufficient_scope", scope="${needed}"`,
        },
      });
    };
  },
};

/** The refusal of a call by nobody where somebody is needed. */
export function nobody(realm: string): Problem {
  return new Problem('unauthenticated', 'This call needs a caller, and nobody is calling', {
    headers: { 'www-authenticate': `Bearer realm="${realm}"` },
  });
}
