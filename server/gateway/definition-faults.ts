/**
 * What is wrong with a definition, as far as only the gateway can tell: asked before a revision is made, so that one that
 * could not run never gets there. Every fault at once, each with its place and reason.
 */
import type { Api } from '../catalogue/apis.ts';
import type { Environment } from '../catalogue/environments.ts';
import { proxyId, type PolicyUse, type ProxyDefinition } from '../catalogue/proxies.ts';
import { Problem } from '../../core/problem.ts';
import type { BackendServices } from './backend.ts';
import { mayServe } from './backends/backend-of.ts';
import { toldFaults } from './backends/directory-told.ts';
import { targetFaults } from './backends/target-rules.ts';
import { configFaults, configOf } from './chain.ts';
import { conditionFaults } from './condition.ts';
import { faultNames } from './faults.ts';
import type { GatewayServices, PolicyKind } from './policy.ts';

/** One fault: a JSON pointer into the definition, and a sentence. */
export interface DefinitionFault {
  readonly at: string;
  readonly message: string;
}

export interface FaultOptions {
  readonly kinds: ReadonlyMap<string, PolicyKind>;
  readonly backends: BackendServices;
  /** What policies are made with to see whether they can be; absent: they are not made. */
  readonly services?: GatewayServices;
  /** Edges of published APIs, beside those by technology. */
  readonly edges: readonly string[];
  /** Bases in use by the platform itself in an environment. */
  readonly reserved: (environment: Environment) => readonly string[];
}

interface Place {
  readonly api: Api;
  readonly environment: Environment;
  readonly definition: ProxyDefinition;
  /** The parsed OpenAPI document. */
  readonly specification?: unknown;
}

export function definitionFaults(
  options: FaultOptions,
  api: Api,
  environment: Environment,
  definition: ProxyDefinition,
  specification?: unknown,
): readonly DefinitionFault[] {
  return [
    ...baseFaults(options.reserved(environment), definition.base),
    ...edgeFaults(options.edges, definition.faults),
    ...backendFaults(options, { api, environment, definition }),
    ...accessFaults(options.kinds, definition.policies),
    ...definition.policies.flatMap((use, index) =>
      useFaults(options, use, { api, environment, definition, specification }).map((message) => ({
        at: `/policies/${index}`,
        message,
      })),
    ),
  ];
}

/** An Api may lie beside what the platform serves, never in front of it, nor pass for it by another spelling. */
function baseFaults(reserved: readonly string[], base: string): DefinitionFault[] {
  const wanted = `${base.toLowerCase()}/`;
  const taken = reserved.find((one) => {
    const own = `${one.toLowerCase()}/`;
    return own.startsWith(wanted) || wanted.startsWith(own);
  });
  return taken === undefined
    ? []
    : [{ at: '/base', message: `${base} lies over ${taken}, which the platform serves itself` }];
}

function edgeFaults(edges: readonly string[], faults: string | undefined): DefinitionFault[] {
  const known = [...faultNames, ...edges];
  if (faults === undefined || known.includes(faults)) return [];
  return [{ at: '/faults', message: `faults must be one of: ${known.join(', ')}` }];
}

function backendFaults(
  { backends }: FaultOptions,
  { api, environment, definition: { backend, specification } }: Place,
): DefinitionFault[] {
  if (backend.kind === 'service') {
    const able = Object.keys(backends.services).filter((name) =>
      mayServe(backends.serviceApis, name, api),
    );
    if (able.includes(backend.service)) {
      const { configFaults: asked } = backends.services[backend.service] ?? {};
      const found = asked?.(backend.config ?? {}, { api, environment, services: backends }) ?? [];
      return found.map(({ at, message }) => ({ at: `/backend/config${at}`, message }));
    }
    const message = `There is no such service for this API; there are: ${able.join(', ')}`;
    return [{ at: '/backend/service', message }];
  }
  if (backend.kind === 'mock')
    return specification === undefined
      ? [{ at: '/backend', message: 'A mock answers from an OpenAPI document, and none is given' }]
      : [];
  if (backend.kind === 'directory' || backend.kind === 'spine-secure-proxy')
    return backends.directory
      ? toldFaults(backend)
      : [{ at: '/backend', message: 'There is no Spine Directory here' }];
  // Whether its secrets are there the administration looks up in the store, which knows them before this process does.
  return targetFaults(backend, environment, backends.targets).map((message) => ({
    at: '/backend/url',
    message,
  }));
}

/** Deny by default: who may call must be said, even if it is everybody. */
function accessFaults(
  kinds: ReadonlyMap<string, PolicyKind>,
  policies: readonly PolicyUse[],
): DefinitionFault[] {
  // A policy with a condition lets through whomever it does not apply to.
  const asks = policies.some(
    ({ policy, when }) =>
      when === undefined && kinds.get(policy)?.phase === 'authenticate' && policy !== 'network',
  );
  if (asks) return [];
  const able = [...kinds].flatMap(([name, { phase }]) =>
    phase === 'authenticate' && name !== 'network' ? [name] : [],
  );
  return [
    {
      at: '/policies',
      message: `No policy without a condition says who may call; add one of: ${able.join(', ')} (open lets everybody in)`,
    },
  ];
}

function useFaults(options: FaultOptions, use: PolicyUse, place: Place): string[] {
  const { kinds } = options;
  const kind = kinds.get(use.policy);
  if (!kind) {
    const known = [...kinds.keys()].sort().join(', ');
    return [`There is no policy ${use.policy}; there are: ${known}`];
  }
  const config = structuredClone(use.config ?? {});
  const faults = configFaults(kind, config).map(({ message }) => `${use.policy}: ${message}`);
  if (use.when !== undefined) faults.push(...conditionFaults(use.when));
  if (faults.length > 0) return faults;
  const found = kind.check?.(configOf(use, kind), place) ?? [];
  return (found.length > 0 ? found : makingFaults(options, use, kind, place)).map(
    (message) => `${use.policy}: ${message}`,
  );
}

/** What only shows when the policy is made, as it will be when the revision is put in service. */
function makingFaults(
  { services }: FaultOptions,
  use: PolicyUse,
  kind: PolicyKind,
  { api, environment, definition, specification }: Place,
): readonly string[] {
  if (!services) return [];
  const proxy = proxyId(environment, api.id);
  try {
    kind.create(configOf(use, kind), {
      ...{ api, environment, proxy, definition, specification },
      services,
    });
    return [];
  } catch (error) {
    return [error instanceof Problem ? error.message : 'it cannot be made with these settings'];
  }
}
