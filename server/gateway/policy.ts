/**
 * What a policy of the gateway is: a phase, a schema for its settings, and a function that makes it for one Proxy.
 * Owns the contract and the order of the phases. The policies are in policies/, a policy of one's own is a module named
 * in GATEWAY_POLICIES that exports the same thing.
 */
import type { Clock } from '../../core/clock.ts';
import type { Caller, Entitlement, Exchange, Policy, SignIn } from '../../core/exchange.ts';
import type { Traces } from '../../core/trace.ts';
import type { Api } from '../catalogue/apis.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/environments.ts';
import type { ProxyDefinition } from '../catalogue/proxies.ts';
import type { JudgeSystem, ReadUserContext } from './accredited-systems.ts';
import type { Limits } from './limits.ts';
import type { JudgedToken } from './judged-token.ts';
import type { Tasks } from './policies/respond-async-tasks.ts';

/**
 * From the outside to the inside. `respond` and `transform-response` act on the way out, `transform-response` before
 * `respond`; the others act on the way in. Audit and the fault edge stand outside of all but `identify`.
 */
export const phases = [
  'identify',
  'respond',
  'authenticate',
  'authorise',
  'limit',
  'validate',
  'transform-request',
  'transform-response',
  'target',
] as const;

export type Phase = (typeof phases)[number];

/** A JSON schema as data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** One kind of policy. `C` is what its schema describes; defaults come from the schema. */
export interface PolicyKind<C = object> {
  readonly phase: Phase;
  /** A sentence or two for docs/policies.md: what it does and what a caller sees when it refuses. */
  readonly summary: string;
  /** An object schema, `additionalProperties: false`; each member with a description, and a default where it has one. */
  readonly schema: JsonSchema;
  /** Makes it for one Proxy, when its revision is put in service: all that costs is done here, not at a call. */
  create(config: C, site: PolicySite): Policy;
  /** Its other half, which stands before all others of another phase. */
  readonly other?: { readonly phase: Phase; create(config: C, site: PolicySite): Policy };
  /** Faults of settings that a schema cannot see, in sentences; asked at deployment. */
  check?(
    config: C,
    site: Pick<PolicySite, 'api' | 'environment' | 'definition'>,
  ): readonly string[];
}

/** Where a policy stands, and what it may use. */
export interface PolicySite {
  readonly api: Api;
  readonly environment: Environment;
  /** The id of the Proxy: `sandbox.hello-world`. */
  readonly proxy: string;
  readonly definition: ProxyDefinition;
  /** The parsed OpenAPI document of the definition; undefined when there is none. Treat as frozen. */
  readonly specification: unknown;
  readonly services: GatewayServices;
}

/** A token's facts as the authorisation server tells them; the same object while they stay the same. */
export interface GatewayTokenFacts {
  readonly appId: string;
  readonly appName: string;
  readonly asid?: string;
  readonly scopes: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly signIn?: SignIn;
  readonly userId?: string;
  readonly nhsNumber?: string;
  readonly vot?: string;
}

/** What the gateway is given by platform.ts. */
export interface GatewayServices {
  readonly clock: Clock;
  readonly catalogue: Catalogue;
  readonly limits: Limits;
  /** Judges an access token of the NHS face. */
  readonly judge: (token: string, environment: string) => Promise<JudgedToken<GatewayTokenFacts>>;
  /** Judges which accredited system a certificate speaks for; absent where there are no certificates. */
  readonly accredited?: JudgeSystem;
  /** Reads the user from what an accredited system shows beside its certificate; absent: users need a token. */
  readonly userContext?: ReadUserContext;
  /** The hash under which a subscription key is kept (catalogue/subscription-keys.ts). */
  readonly hashKey: (key: string) => string;
  /** Tables that make a Caller of a token, by name; the standard table needs the Api's name, so `token` makes it. */
  readonly callers: Readonly<Record<string, CallerTable>>;
  /** Where calls are kept that are answered later; absent: none are. */
  readonly tasks?: Tasks;
  /** Whether the next call is to be turned away because this process cannot answer all in time. */
  readonly shed: () => boolean;
  /** Whether a peer address is a listed proxy (TRUSTED_PROXIES). */
  readonly isTrustedProxy: (address: string) => boolean;
  /** Where traces of calls are kept; absent: nowhere. */
  readonly traces?: Traces;
  /** Whether a Proxy is traced though its definition does not say so. */
  readonly isTraced?: (api: string, backend: ProxyDefinition['backend']) => boolean;
  /** Policies that other parts of the platform own (workspace, rehearsal), by name; registered beside the standard ones. */
  readonly more: Readonly<Record<string, PolicyKind>>;
}

/** How one API reads tokens. */
export interface CallerTable {
  /** @throws Problem; `unauthenticated` when the token is for other APIs. */
  toCaller(facts: GatewayTokenFacts): Caller;
  /** Whom the audit names when the table refuses a token that lives. */
  refusedCaller(facts: GatewayTokenFacts): Caller;
}

/** Notes by which subscription a call goes on; policies of phase `authenticate` do, for those behind them. */
export function entitle(exchange: Exchange, entitlement: Entitlement): void {
  exchange.facts.entitlement = entitlement;
}

export function entitlementOf(exchange: Exchange): Entitlement | undefined {
  return exchange.facts.entitlement;
}
