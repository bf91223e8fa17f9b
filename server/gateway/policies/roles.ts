/**
 * `roles`: a healthcare worker acts in one of certain national job roles. Owns which of a worker's roles is the one acted
 * in, and the comparison; that the roles are the worker's own, the identity provider has vouched for.
 */
import type { Caller, Exchange, UserRole } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { PolicyKind } from '../policy.ts';
import { nobody } from './scopes.ts';

export interface RolesConfig {
  readonly any: readonly string[];
  readonly othersPass: boolean;
}

export const roles: PolicyKind<RolesConfig> = {
  phase: 'authorise',
  summary:
    'Needs a healthcare worker who acts in one of some national job roles: the one picked at sign-in, else the one that NHSD-Session-URID names, else the only one. 403 for another role, 400 where it is not clear which.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['any'],
    properties: {
      any: {
        type: 'array',
        description:
          'Job roles: a whole code `S8000:G8000:R8001`, with `*` for a part of it, or its last part `R8001` alone.',
        items: { type: 'string', pattern: '^([A-Z0-9]{1,12}|\\*)(:([A-Z0-9]{1,12}|\\*)){0,3}$' },
        minItems: 1,
        uniqueItems: true,
      },
      othersPass: {
        type: 'boolean',
        description: 'Whether callers who are no healthcare workers are let through unasked.',
        default: false,
      },
    },
  },
  create: ({ any, othersPass }, { api }) => {
    const fits = matcherOf(any);
    return (next) => (exchange) => {
      const { caller } = exchange;
      if (!caller) throw nobody(api.id);
      if (caller.mode !== 'worker') {
        if (othersPass) return next(exchange);
        throw forbidden(`This API is for healthcare workers in the roles ${any.join(', ')}`);
      }
      const role = actingRole(exchange, caller);
      if (!fits(role.code))
        throw forbidden(`This API needs one of the roles ${any.join(', ')}; ${role.name} is none`);
      return next(inRole(exchange, caller, role));
    };
  },
};

function forbidden(message: string): Problem {
  return new Problem('forbidden', message, { code: 'ROLE' });
}

/** @throws Problem 403 for a worker without roles, or a role that is not theirs; 400 where it is not clear which */
function actingRole({ headers }: Exchange, { role, signIn }: Caller): UserRole {
  const own = signIn?.roles ?? [];
  const asked = headers['nhsd-session-urid'];
  if (asked !== undefined && !/^[0-9]{1,20}$/.test(asked))
    throw new Problem('invalid', 'NHSD-Session-URID is the id of a role profile: 1 to 20 digits', {
      code: 'INVALID_VALUE',
    });
  const bound = role ?? signIn?.selectedRole;
  if (bound !== undefined && asked !== undefined && asked !== bound)
    throw forbidden('NHSD-Session-URID names another role than the one picked at sign-in');
  const id = bound ?? asked ?? (own.length === 1 ? own[0]?.id : undefined);
  if (id === undefined && own.length > 1)
    throw new Problem('invalid', 'NHSD-Session-URID must say in which of several roles you act', {
      code: 'MISSING_VALUE',
    });
  const found = own.find((one) => one.id === id);
  if (!found) throw forbidden('Nobody vouches for the role that this call needs');
  return found;
}

function inRole(exchange: Exchange, caller: Caller, { id }: UserRole): Exchange {
  if (caller.role === id) return exchange;
  const acting = { ...caller, role: id };
  exchange.facts.caller = acting;
  return exchange.with({ caller: acting });
}

/** Whether a code `S….:G….:R….` is one of these. */
function matcherOf(patterns: readonly string[]): (code: string) => boolean {
  const wanted = patterns.map((pattern) => pattern.split(':'));
  return (code) => {
    const parts = code.split(':');
    return wanted.some((pattern) =>
      pattern.length === 1
        ? pattern[0] === '*' || pattern[0] === parts.at(-1)
        : pattern.length === parts.length &&
          pattern.every((part, i) => part === '*' || part === parts[i]),
    );
  };
}
