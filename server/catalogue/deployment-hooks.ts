/**
 * What the administration of Apis and Proxies asks of other parts of the platform, handed in as functions because the
 * catalogue knows none of them. Each may be absent: then what needs it says so. Read at each use, so that a part that is
 * made later can be put in.
 */
import { Problem } from '../../core/problem.ts';
import type { Api } from './apis.ts';
import type { Environment } from './environments.ts';
import type { KeyUse } from './key-pairs-used.ts';
import type { ProxyDefinition } from './proxies.ts';
import type { DefinitionFault } from './proxy-rules.ts';

export interface PlatformHooks {
  /**
   * All that the gateway finds wrong with a definition of good form: unknown policies, none of phase `authenticate`,
   * settings, conditions that do not compile, targets, services, a base over the platform's own paths. Without it nothing can be deployed.
   * @param specification the parsed OpenAPI document; undefined when there is none.
   */
  gatewayFaults?: (
    api: Api,
    environment: Environment,
    definition: ProxyDefinition,
    specification: unknown,
  ) => readonly DefinitionFault[] | Promise<readonly DefinitionFault[]>;
  /** Encrypts a secret of an Api for the store. Without it no secret can be put. */
  seal?: (text: string) => string;
  /** What was sealed by it; undefined for anything else. */
  unseal?: (sealed: string) => string | undefined;
  /** The hash under which a subscription key is kept. Without it no key can be made. */
  hashKey?: (key: string) => string;
  /** When and from where a subscription key was last used, as far as this process knows. */
  usedKey?: (hash: string) => KeyUse | undefined;
  /** The policies there are. */
  policies?: () => readonly PolicyShown[];
  /** How the limits that apply to an app stand. */
  limits?: (query: LimitsQuery) => Promise<object>;
  /** How the Apis are. */
  status?: (query: StatusQuery) => Promise<object>;
  /** What was called. */
  usage?: (query: UsageQuery) => Promise<object>;
  /** What of other parts of the platform hangs on an App, in words. */
  holds?: (appId: string) => Promise<readonly string[]>;
  /** Where an environment is reached from outside, without a slash at the end: `https://sandbox.example.org`. */
  publicAddress?: (environment: Environment) => string;
}

/** A policy as `GET /policies` tells it. */
export interface PolicyShown {
  readonly name: string;
  readonly phase: string;
  readonly summary: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** App and Api are there, and the actor may see one of them. */
export interface LimitsQuery {
  readonly app: string;
  readonly api: string;
  readonly environment: Environment;
  /** The name of the Proxy where it is not the Api's id. */
  readonly name?: string;
  readonly product?: string;
}

export interface StatusQuery {
  readonly api?: string;
  readonly environment?: Environment;
}

/** App and Api, where named, are there, and the actor may see one of them. Absent: all. */
export interface UsageQuery {
  readonly app?: string;
  readonly product?: string;
  readonly api?: string;
  readonly environment?: Environment;
  readonly operation?: string;
  /** Milliseconds since the epoch. */
  readonly from?: number;
  readonly to?: number;
}

/** @throws Problem `unavailable` where a part that is needed does not run in this process. */
export function wired<F>(hook: F | undefined, what: string): F {
  if (hook !== undefined) return hook;
  throw new Problem('unavailable', `${what} is not served by this process`, {
    headers: { 'retry-after': '60' },
  });
}
