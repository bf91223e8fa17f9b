/**
 * Proxies: an Api as it runs in one Environment. Each deployment is a revision that never changes; the Proxy names the one
 * that serves, so switching and rolling back are one write. Owns the shapes; running them is the gateway's.
 */
import type { CollectionOf } from '../../core/store.ts';
import type { Environment } from './environments.ts';

/** One policy in a Proxy, as data. */
export interface PolicyUse {
  /** A name of the policy registry: `quota`, `api-key`. */
  readonly policy: string;
  /** Its settings; what they must be is the policy's own schema. */
  readonly config?: Readonly<Record<string, unknown>>;
  /**
   * When it applies: a JSON Schema over `{ request: { method, path, headers, query }, app: { id, name, mode, product,
   * scopes, attributes }, user: { id, role, level } }`. Absent: always. Headers are lower-case; absent facts are absent.
   */
  readonly when?: Readonly<Record<string, unknown>>;
}

/** How the gateway proves itself to a back end. Secrets are named, and kept for each environment (catalogue/api-secrets.ts). */
export type BackendSecurity =
  | { readonly kind: 'none' }
  /** A key in a header. */
  | { readonly kind: 'key'; readonly header: string; readonly secret: string }
  /** A client certificate: the secret holds certificate chain and private key as PEM, one after the other; `ca` names a secret with the authorities to trust. */
  | { readonly kind: 'mtls'; readonly secret: string; readonly ca?: string }
  /** A token by a signed assertion (RFC 7523); the secret holds the private key as PEM. */
  | {
      readonly kind: 'oauth';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly kid: string;
      readonly secret: string;
      readonly algorithm?: 'RS512' | 'RS384' | 'ES384';
      readonly scope?: string;
    };

/** Where a Proxy ends. */
export type BackendDefinition =
  HttpBackend | ServiceBackend | MockBackend | DirectoryBackend | SpineSecureProxyBackend;

/** A remote server. */
export interface HttpBackend {
  readonly kind: 'http';
  /** Origin and base path, without a trailing slash; what is below the Proxy's base is appended as sent. */
  readonly url: string;
  /** ODS code of the organisation that runs it, and whom to call when it is down. */
  readonly owner?: string;
  readonly contact?: string;
  readonly security?: BackendSecurity;
  /** Milliseconds from sending to the last byte of a buffered, or the next byte of a streamed answer; default 10,000. */
  readonly timeout?: number;
  /** Connections kept; default 64. */
  readonly connections?: number;
  /** Path below `url` that says whether it is well; default none (then `/_status` does not call it). */
  readonly healthcheck?: string;
}

/** A service in this process, by name: `pds`, `hello`. */
export interface ServiceBackend {
  readonly kind: 'service';
  readonly service: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Answers from the examples of the OpenAPI document. */
export interface MockBackend {
  readonly kind: 'mock';
}

/**
 * Where a call says something: a header field or query parameter, which do not go on, a segment below the base (1 is the
 * first; segments that are named are taken out of the path that goes on), or always the same text.
 */
export type Told =
  | { readonly header: string }
  | { readonly query: string }
  | { readonly segment: number }
  | { readonly fixed: string };

/** What back ends that are looked up in the Spine Directory for each call have in common. */
interface LookedUp {
  /** Milliseconds, as of an `http` back end; default 10,000. */
  readonly timeout?: number;
  /** Connections kept to each target; default 8. */
  readonly connections?: number;
  /** Targets that connections are kept to; default 200. The one that was called longest ago gives way. */
  readonly targets?: number;
  /** Seconds that an answer of the directory is kept; default 900. */
  readonly kept?: number;
}

/** The accredited system of an organisation for an interaction, as the Spine Directory has it. */
export interface DirectoryBackend extends LookedUp {
  readonly kind: 'directory';
  /** ODS code. */
  readonly organisation: Told;
  /** Service-interaction id. */
  readonly interaction: Told;
  /** Which one, where the organisation has several. */
  readonly partyKey?: Told;
  /** ASID to call with for callers that have none; absent: those are refused. */
  readonly sender?: string;
  /** Whether the caller's Authorization goes on (a cross-organisation token), or not: the default. */
  readonly authorization?: 'pass' | 'withhold';
}

/** The Spine Secure Proxy: the caller names the address, and the directory must have it for `Ssp-To`. */
export interface SpineSecureProxyBackend extends LookedUp {
  readonly kind: 'spine-secure-proxy';
  /** Which organisations (ODS codes, `*` any) may call which; absent: every one may call every other. */
  readonly agreements?: readonly { readonly from: string; readonly to: string }[];
}

/** What a revision runs: data, whole, without any secret in it. */
export interface ProxyDefinition {
  /** `/hello-world`, without a trailing slash; unique in the environment. */
  readonly base: string;
  readonly backend: BackendDefinition;
  /** Run phase by phase, within a phase in this order. One of phase `authenticate` must be there (deny by default). */
  readonly policies: readonly PolicyUse[];
  /** How refusals are rendered; absent: by the Api's technology. `pds` is that API's own table. */
  readonly faults?: string;
  /** The OpenAPI document that requests are checked against and mocks answer from: an id of `specificationCollection`. */
  readonly specification?: string;
}

export interface Revision {
  /** The id of the Proxy. */
  readonly proxy: string;
  /** 1, 2, 3 … */
  readonly number: number;
  readonly definition: ProxyDefinition;
  readonly created: number;
  readonly by: string;
  /** What the deployer said of it: a release id or commit; may be empty. */
  readonly release: string;
}

export interface Proxy {
  /** `<environment>.<name>`. */
  readonly id: string;
  readonly api: string;
  readonly environment: Environment;
  /** The Api's id, unless the Api runs more than once in an environment. */
  readonly name: string;
  /** The revision that serves. */
  readonly active: number;
  /** The one before it, for rolling back; absent until there was one. */
  readonly previous?: number;
  /** The newest revision there is. */
  readonly latest: number;
  /** `withdrawn`: 404 as if it were not there; `retired`: 410 that names the successor. */
  readonly state: 'deployed' | 'deprecated' | 'withdrawn' | 'retired';
  /** For `deprecated` and `retired`. Milliseconds since the epoch. */
  readonly deprecation?: {
    readonly since: number;
    readonly sunset?: number;
    /** Address of what replaces it. */
    readonly successor?: string;
    /** Where it is explained. */
    readonly link?: string;
  };
}

/** The id of a Proxy. */
export function proxyId(environment: Environment, name: string): string {
  return `${environment}.${name}`;
}

/** The id of a revision. */
export function revisionId(proxy: string, number: number): string {
  return `${proxy}.${number}`;
}

export const proxyCollection: CollectionOf<Proxy> = {
  name: 'catalogue.proxies',
  keys: ({ api, environment }) => ({
    all: [['all']],
    api: [[api]],
    environment: [[environment]],
  }),
};

export const revisionCollection: CollectionOf<Revision> = {
  name: 'catalogue.revisions',
  keys: ({ proxy, number }) => ({ proxy: [[proxy, String(number).padStart(8, '0')]] }),
};
