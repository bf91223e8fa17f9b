/**
 * `any-of`: several ways in, of which one is enough: a key or a token. Owns their order and whose refusal is answered: that of
 * the way whose credential was sent, else of the first.
 */
import type { Exchange, Facts, Handler, Policy, Reply } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import { Schemas } from '../../../core/schema.ts';
import type { PolicyKind, PolicySite } from '../policy.ts';
import { accreditedSystem } from './accredited-system.ts';
import { apiKey } from './api-key.ts';
import { clientCertificate } from './client-certificate.ts';
import { isNoCredential } from './credential.ts';
import { open } from './open.ts';
import { token } from './token.ts';

export interface Alternative {
  readonly policy: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface AnyOfConfig {
  readonly alternatives: readonly Alternative[];
}

export const anyOf: PolicyKind<AnyOfConfig> = {
  phase: 'authenticate',
  summary:
    'Lets in whoever passes one of several policies of its phase, tried in their order. When all refuse, the caller reads the refusal of the credential that was sent, or of the first policy when none was.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['alternatives'],
    properties: {
      alternatives: {
        type: 'array',
        description: 'The ways in.',
        minItems: 1,
        maxItems: 8,
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['policy'],
          properties: {
            policy: {
              type: 'string',
              description:
                'A policy of the phase authenticate: `api-key`, `token`, `client-certificate`, `accredited-system`, `open`.',
            },
            config: { type: 'object', description: 'Its settings.' },
          },
        },
      },
    },
  },
  check: ({ alternatives }, site) =>
    alternatives.flatMap(({ policy, config }, index) => {
      const kind = Object.hasOwn(standard, policy) ? standard[policy] : undefined;
      if (!kind) return []; // those of other parts are known where the policy is made
      const read = configFor(kind, config);
      const faults = 'faults' in read ? read.faults : (kind.check?.(read.config, site) ?? []);
      return faults.map((fault) => `alternatives/${index} (${policy}): ${fault}`);
    }),
  create({ alternatives }, site) {
    const policies = alternatives.map((one) => policyOf(one, site));
    return (next) => firstThatPasses(policies, next);
  },
};

const standard: Readonly<Record<string, PolicyKind>> = {
  open,
  'api-key': apiKey,
  token,
  'client-certificate': clientCertificate,
  'accredited-system': accreditedSystem,
};

/** @throws Problem `invalid` for a policy that there is not, is of another phase, or has other settings. */
function policyOf({ policy, config }: Alternative, site: PolicySite): Policy {
  const kinds: Readonly<Record<string, PolicyKind>> = { ...site.services.more, ...standard };
  const kind = Object.hasOwn(kinds, policy) ? kinds[policy] : undefined;
  if (kind?.phase !== 'authenticate')
    throw new Problem('invalid', `any-of: ${policy} is no policy that says who calls`);
  const read = configFor(kind, config);
  if ('faults' in read)
    throw new Problem('invalid', `any-of: ${policy}: ${read.faults.join('; ')}`);
  return kind.create(read.config, site);
}

type Read =
  { readonly config: Readonly<Record<string, unknown>> } | { readonly faults: readonly string[] };

const schemas = new Schemas([], { allErrors: true, useDefaults: true });
const checks = new WeakMap<PolicyKind, ReturnType<Schemas['faults']>>();

/** Settings with their defaults. */
function configFor(kind: PolicyKind, sent: Alternative['config']): Read {
  let check = checks.get(kind);
  if (!check) checks.set(kind, (check = schemas.faults(kind.schema)));
  const config = structuredClone(sent ?? {});
  const faults = check(config);
  if (faults.length === 0) return { config };
  return { faults: faults.map(({ path, message }) => `${path.join('/') || 'config'} ${message}`) };
}

/** Each policy is tried in front of a handler that notes the exchange it was given; the real one is called once. */
function firstThatPasses(policies: readonly Policy[], next: Handler): Handler {
  const passed = new WeakMap<Facts, Exchange>();
  const ways = policies.map((policy) =>
    policy((exchange) => {
      passed.set(exchange.facts, exchange);
      return Promise.resolve(noted);
    }),
  );
  return async (exchange) => {
    const answered = await tryAll(ways, exchange);
    const found = passed.get(exchange.facts);
    return found ? next(found) : answered;
  };
}

const noted: Reply = { status: 204 };

/** The reply of the first way that does not refuse. @throws what is to be answered when all do */
async function tryAll(ways: readonly Handler[], exchange: Exchange): Promise<Reply> {
  const { facts } = exchange;
  const { caller } = facts;
  let refusal:
    { readonly error: unknown; readonly caller: Facts['caller'] | undefined } | undefined;
  for (const way of ways) {
    try {
      return await way(exchange);
    } catch (error) {
      if (!refusal || (isNoCredential(refusal.error) && !isNoCredential(error)))
        refusal = { error, caller: facts.caller };
      restore(facts, caller);
    }
  }
  restore(facts, refusal?.caller);
  throw refusal?.error;
}

/** Whom a refused way in found must not be taken for whom another one let in. */
function restore(facts: Facts, caller: Facts['caller'] | undefined): void {
  if (caller) facts.caller = caller;
  else delete facts.caller;
}
