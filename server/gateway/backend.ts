/**
 * What stands at the end of a Proxy. Owns the contract; the kinds are in backends/. Each is made when its revision is put
 * in service, and closed when the last call on it has ended.
 */
import type { Clock } from '../../core/clock.ts';
import type { Handler } from '../../core/exchange.ts';
import type { Log } from '../../core/log.ts';
import type { Api } from '../catalogue/apis.ts';
import type { Environment } from '../catalogue/environments.ts';
import type { ProxyDefinition } from '../catalogue/proxies.ts';
import type { DirectoryRoutes } from './directory-routes.ts';

export interface Backend {
  readonly handler: Handler;
  /** Asks the back end whether it is well, at most 20 s; absent where nothing can be asked. Never rejects. */
  readonly probe?: () => Promise<TargetHealth>;
  /** How it looks from the traffic. */
  readonly condition?: () => TargetCondition;
  close(): Promise<void>;
}

/** What a health check brought, as `/_status` tells it. */
export interface TargetHealth {
  readonly status: 'pass' | 'fail';
  /** True when no code came back and the call failed. */
  readonly timeout: boolean;
  readonly responseCode: number | null;
  /** Parsed JSON, else text; at most 4 KB of it. */
  readonly outcome: unknown;
  /** The address that was called. */
  readonly url: string;
}

export interface TargetCondition {
  readonly circuit: 'closed' | 'open' | 'half-open';
}

/** Where a back end stands, and what it may use. */
export interface BackendSite {
  readonly api: Api;
  readonly environment: Environment;
  readonly proxy: string;
  readonly definition: ProxyDefinition;
  /** The parsed OpenAPI document; undefined when there is none. */
  readonly specification: unknown;
  readonly services: BackendServices;
}

/** What back ends are given by platform.ts. */
export interface BackendServices {
  readonly clock: Clock;
  readonly log: Log;
  /** The text of a secret of this Api and environment; undefined when there is none of that name. */
  readonly secret: (api: string, environment: Environment, name: string) => string | undefined;
  /** Services in this process, by name. */
  readonly services: Readonly<Record<string, Service>>;
  /** The one Api that may end in a service, by the service's name; any Api in those that are not named. */
  readonly serviceApis: Readonly<Record<string, string>>;
  readonly isTrustedProxy: (address: string) => boolean;
  /** ODS code, client id and party key of an app in an environment, for the identity headers. */
  readonly appFacts: (appId: string, environment: Environment) => AppFacts | undefined;
  /** Which addresses back ends may have. */
  readonly targets: TargetRules;
  /** The Spine Directory; absent where there is none. */
  readonly directory?: DirectoryRoutes;
  /**
   * What the platform shows systems of the directory that ask who it is, and whom it trusts among them; the same object
   * while it stays the same. Undefined: it has no certificate in that environment, and trusts the well-known authorities.
   */
  readonly clientCertificate?: (environment: Environment) => PlatformCertificate | undefined;
}

/** All PEM. */
export interface PlatformCertificate {
  /** The certificate, its chain and its private key, one after the other. */
  readonly identity?: string;
  /** The authorities to trust, one after the other. */
  readonly authorities?: string;
}

export interface AppFacts {
  readonly organisation: string;
  readonly clientId: string;
  readonly partyKey?: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Sandbox targets are loopback only; elsewhere loopback and private networks need `allowLocal` or a listed network. Link-local never. */
export interface TargetRules {
  readonly allowLocal: boolean;
  /** Networks in CIDR form that back ends outside the sandbox may be in. */
  readonly networks: readonly string[];
}

/** An Api served by this process. Made once for each Proxy. */
export interface Service {
  (site: ServiceSite): ServedApi;
  /** What is wrong with its settings, asked before a revision is made; absent: they are not looked at. */
  readonly configFaults?: (
    config: Readonly<Record<string, unknown>>,
    where: ServiceWhere,
  ) => readonly ConfigFault[];
}

/** One fault of a service's settings: a JSON pointer into them, and a sentence. */
export interface ConfigFault {
  readonly at: string;
  readonly message: string;
}

/** Where a service is to be, as far as is known before it is in service. */
export interface ServiceWhere {
  readonly api: Pick<Api, 'id' | 'owner'>;
  readonly environment: Environment;
  readonly services: BackendServices;
}

export interface ServiceSite {
  readonly environment: Environment;
  readonly base: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** All that other back ends are given. */
  readonly at: BackendSite;
  /** Runs when the last call on the revision has ended. */
  onClose(fn: () => Promise<void>): void;
  /** Tells how a server looks that the service stands on; absent: on none. */
  standsOn(condition: () => TargetCondition): void;
}

export interface ServedApi {
  readonly handler: Handler;
  /** Answers without a caller, a limit or an audit entry what touches no record; undefined for all else. */
  readonly open?: (exchange: Parameters<Handler>[0]) => ReturnType<Handler> | undefined;
  /** As that of a back end: whether what it stands on can be used. */
  readonly probe?: Backend['probe'];
}
