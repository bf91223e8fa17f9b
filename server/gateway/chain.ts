/**
 * A Proxy's definition becomes a handler: its policies phase by phase around its back end, behind the fault edge and, for a
 * sensitive Api, the audit. Owns the order; what each policy does is its own.
 */
import { audited, type Journal } from '../../core/audit.ts';
import {
  assemble,
  type Exchange,
  type Handler,
  type Policy,
  type Reply,
} from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { Schemas } from '../../core/schema.ts';
import { mayCallEnvironment } from '../catalogue/deployment-environments.ts';
import type { BackendDefinition, PolicyUse } from '../catalogue/proxies.ts';
import type { Backend, ServedApi } from './backend.ts';
import { compileCondition, conditional } from './condition.ts';
import { healthOf, type Release } from './health.ts';
import { isLimitPolicy } from './limit-plans.ts';
import { limitAsks, limitPolicy } from './limit-policy.ts';
import { phases, type Phase, type PolicyKind, type PolicySite } from './policy.ts';
import { sharedHost } from './shared-host.ts';
import { passed, reached, traced, traceName, whereRelayed } from './policies/trace.ts';

export interface ChainOptions {
  readonly site: PolicySite;
  readonly revision: number;
  readonly kinds: ReadonlyMap<string, PolicyKind>;
  readonly backend: Backend;
  /** The service behind it, when it is one of this process that answers some calls before anyone is asked. */
  readonly served: ServedApi | undefined;
  /** Renders refusals. */
  readonly edge: Policy;
  readonly journal: Journal;
  readonly release: Release;
  readonly isStatusKey: (key: string) => boolean;
}

/** A Proxy as it is served. */
export interface Chain {
  readonly handler: Handler;
  /** The answer to a call that is turned away, as it was made a moment ago; undefined when the handler is to be asked. */
  readonly turnAway: () => Reply | undefined;
}

/** @throws Problem `invalid` for a definition that cannot run; deployment has refused it before. */
export function chain(options: ChainOptions): Chain {
  const { site, edge, backend, journal } = options;
  const { api, services } = site;
  const audit = audited(journal, api.id, () => services.clock.now());
  const tracing = tracingOf(site);
  const inside = assemble(
    [
      ...(api.sensitive ? [audit] : []),
      // A service of this process judges its own paths, in its own words.
      ...(isRemote(site.definition.backend) ? [readable] : []),
      ...phases
        .filter((phase) => phase !== 'identify')
        .flatMap((phase) => [
          ...tracing.reached(phase),
          ...(phase === 'authorise' ? [team(site)] : []),
          ...otherHalves(phase, options),
          ...policiesOf(phase, options),
        ]),
      ...tracing.inside,
    ],
    backend.handler,
  );
  // The edge twice: what `identify` refuses is rendered too, and its fields stand on all refusals behind it.
  const shed = shedding(services.shed, edge);
  const handler = assemble(
    [
      sharedHost,
      named(options),
      shed.policy,
      edge,
      ...(api.sensitive ? [refusalsEntered(audit)] : []),
      ...tracing.outside,
      ...policiesOf('identify', options),
      edge,
    ],
    openFirst(options, inside),
  );
  return { handler, turnAway: shed.turnAway };
}

/** What a traced Proxy has between its policies, so that a trace can tell where a call was refused; others have nothing. */
function tracingOf(site: PolicySite) {
  const { api, definition, services } = site;
  const byItself = services.isTraced?.(api.id, definition.backend) ?? false;
  const isTraced = byItself || definition.policies.some(({ policy }) => policy === traceName);
  if (!services.traces) return { outside: [], reached: () => [], inside: [] };
  if (!isTraced) return { outside: [whereRelayed(traced(site))], reached: () => [], inside: [] };
  return {
    outside: byItself ? [traced(site)] : [],
    reached: (phase: Phase) => [reached(phase)],
    inside: [passed],
  };
}

function isRemote({ kind }: BackendDefinition): boolean {
  return kind === 'http' || kind === 'directory' || kind === 'spine-secure-proxy';
}

/** Where an environment is its owner's alone, apps of others are refused (R060); open calls name no app. */
function team({ api, environment, services }: PolicySite): Policy {
  const owned = !mayCallEnvironment(environment, { apiOwner: api.owner, appOwner: undefined });
  if (!owned) return (next) => next;
  return (next) => (exchange) => {
    const appId = exchange.caller?.appId;
    const appOwner = appId === undefined ? api.owner : services.catalogue.app(appId)?.owner;
    if (mayCallEnvironment(environment, { apiOwner: api.owner, appOwner })) return next(exchange);
    throw new Problem(
      'forbidden',
      `In ${environment} only apps of the organisation that answers for ${api.id} may call it`,
      { code: 'ENVIRONMENT_OWNER' },
    );
  };
}

/** What `identify` refuses never gets to the audit further in, which leaves out health and browsers' preflights. */
function refusalsEntered(audit: Policy): Policy {
  return (next) => async (exchange) => {
    try {
      return await next(exchange);
    } catch (error) {
      const refuse: Handler = () => Promise.reject(Problem.from(error));
      return audit(refuse)(exchange);
    }
  };
}

/** The policies of one phase, in their order. Those of `limit` ask together, so that a refused call takes from none. */
function policiesOf(phase: Phase, { site, kinds }: ChainOptions): Policy[] {
  const uses = site.definition.policies.flatMap((use) => {
    const kind = kinds.get(use.policy);
    if (!kind) throw new Problem('invalid', `There is no policy ${use.policy}`);
    return kind.phase === phase ? [{ use, kind }] : [];
  });
  const asking = uses.filter(({ use }) => isLimitPolicy(use.policy));
  const others = uses
    .filter(({ use }) => !isLimitPolicy(use.policy))
    .map(({ use, kind }) => policyOf(use, kind, site));
  if (asking.length === 0) return others;
  return [
    ...others,
    limitPolicy(
      asking.map(({ use, kind }) => ({
        asks: limitAsks(use.policy, configOf(use, kind), site),
        ...(use.when === undefined
          ? {}
          : { applies: compileCondition(use.when, site.services.catalogue) }),
      })),
      site,
    ),
  ];
}

/** What policies of other phases have in this one. A condition is asked where the policy itself stands. */
function otherHalves(phase: Phase, { site, kinds }: ChainOptions): Policy[] {
  return site.definition.policies.flatMap((use) => {
    const kind = kinds.get(use.policy);
    if (kind?.other?.phase !== phase) return [];
    return [kind.other.create(configOf(use, kind), site)];
  });
}

function policyOf(use: PolicyUse, kind: PolicyKind, site: PolicySite): Policy {
  const policy = kind.create(configOf(use, kind), site);
  return use.when === undefined
    ? policy
    : conditional(compileCondition(use.when, site.services.catalogue), policy);
}

const checks = new WeakMap<PolicyKind, ReturnType<Schemas['faults']>>();
const schemas = new Schemas([], { allErrors: true, useDefaults: true });

/** Settings with their defaults. @throws Problem `invalid` that names the faults. */
export function configOf(use: PolicyUse, kind: PolicyKind): Readonly<Record<string, unknown>> {
  const config: Record<string, unknown> = structuredClone(use.config ?? {});
  const faults = configFaults(kind, config);
  if (faults.length > 0)
    throw new Problem(
      'invalid',
      `Policy ${use.policy}: ${faults.map((one) => one.message).join('; ')}`,
    );
  return config;
}

/** Faults of settings against their schema; defaults are filled in. */
export function configFaults(
  kind: PolicyKind,
  config: unknown,
): readonly { readonly at: string; readonly message: string }[] {
  let check = checks.get(kind);
  if (!check) checks.set(kind, (check = schemas.faults(kind.schema)));
  return check(config).map(({ path, message, params }) => {
    const extra = params.additionalProperty;
    const told = typeof extra === 'string' ? `${message}: ${extra}` : message;
    return { at: path.join('/'), message: `${path.join('/') || 'config'} ${told}` };
  });
}

/** What the access line, metrics and the audit say of where the call was served. */
function named({ site, revision }: ChainOptions): Policy {
  return (next) => (exchange) => {
    exchange.facts.proxy = site.proxy;
    exchange.facts.revision = revision;
    return next(exchange);
  };
}

/**
 * Before anything else is done for a call, for turning away must be cheap to help. It has touched no record, so it is no
 * matter of the audit; metrics count it.
 */
function shedding(shed: () => boolean, edge: Policy) {
  const refuse = edge(() =>
    Promise.reject(
      new Problem('unavailable', 'The gateway has more calls than it can answer in time', {
        code: 'OVERLOADED',
        headers: { 'retry-after': '1' },
      }),
    ),
  );
  // Rendered, and logged, once for all calls of a moment, so that turning away stays cheap; they share its message id.
  let rendered: Promise<Reply> | undefined;
  let ready: Reply | undefined;
  let until = 0;
  const policy: Policy = (next) => (exchange) => {
    if (!shed()) return next(exchange);
    exchange.facts.limit = 'overload';
    exchange.facts.code = 'OVERLOADED';
    const now = performance.now();
    if (!rendered || now >= until) {
      ready = undefined;
      rendered = refuse(exchange).then((reply) => (ready = reply));
      until = now + 1000;
    }
    return rendered;
  };
  const turnAway = () =>
    ready !== undefined && shed() && performance.now() < until ? ready : undefined;
  return { policy, turnAway };
}

/** Health and what a service answers to anyone come first: they touch no record. */
function openFirst(options: ChainOptions, inside: Handler): Handler {
  const { served, backend, release, isStatusKey } = options;
  const health = healthOf({ release, backend, isStatusKey });
  return async (exchange) => served?.open?.(exchange) ?? health(exchange) ?? inside(exchange);
}

/** Refuses a path that nobody can read for sure. */
const readable: Policy = (next) => (exchange) => {
  if (suspicious.test(exchange.path)) refuseUnreadable(exchange);
  return next(exchange);
};

const suspicious = /[%\\]|\/\./;

/** A path that is no percent-encoded UTF-8, or hides a NUL, means different things to different servers. */
function refuseUnreadable({ path }: Exchange): void {
  let plain: string;
  try {
    plain = decodeURIComponent(path);
  } catch (cause) {
    throw new Problem('invalid', 'The path is not valid percent-encoded UTF-8', { cause });
  }
  if (plain.includes('\0') || plain.includes('\\'))
    throw new Problem('invalid', 'The path holds a character that no path may hold');
  if (/(^|\/)\.\.?(\/|$)/.test(plain))
    throw new Problem('invalid', 'The path holds a dot segment in disguise');
}
