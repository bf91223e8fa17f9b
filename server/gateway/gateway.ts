/**
 * The gateway: each deployed Proxy as a mount in a table, kept current by the catalogue. A new revision is made whole before
 * it takes the place of the old one, and one that cannot be made leaves the old one where it is, or holds its base closed. Calls never wait for the
 * store: revisions are read when they change, not when they are called.
 */
import { audited, type Journal } from '../../core/audit.ts';
import {
  assemble,
  type Exchange,
  type Handler,
  type Policy,
  type Reply,
} from '../../core/exchange.ts';
import type { Log } from '../../core/log.ts';
import { Problem } from '../../core/problem.ts';
import type { Store } from '../../core/store.ts';
import { specificationCollection, type Api } from '../catalogue/apis.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import {
  revisionCollection,
  revisionId,
  type Proxy,
  type ProxyDefinition,
  type Revision,
} from '../catalogue/proxies.ts';
import type { Backend, BackendServices, BackendSite } from './backend.ts';
import { backendOf } from './backends/backend-of.ts';
import { chain } from './chain.ts';
import { edgeOf } from './faults.ts';
import type { GatewayServices, PolicyKind, PolicySite } from './policy.ts';

/** What the front serves of a Proxy. */
export interface ProxyMount {
  readonly environment: string;
  readonly base: string;
  readonly api: string;
  readonly handler: Handler;
  readonly turnAway?: () => Reply | undefined;
}

/** Where mounts are put: the front's table. */
export interface Table {
  set(mount: ProxyMount): void;
  remove(mount: ProxyMount): void;
}

export interface GatewayOptions {
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly table: Table;
  readonly kinds: ReadonlyMap<string, PolicyKind>;
  readonly services: GatewayServices;
  readonly backends: BackendServices;
  readonly journal: Journal;
  readonly log: Log;
  readonly isStatusKey: (key: string) => boolean;
  /** Edges of published APIs, beside those by technology: `pds`. */
  readonly edges: Readonly<Record<string, Policy>>;
  readonly version: string;
}

/** A Proxy as it runs. */
export interface RunningProxy {
  readonly proxy: Proxy;
  readonly api: Api;
  /** The revision that serves; 0 when none could be made. */
  readonly revision: number;
  readonly release: string;
  readonly definition: ProxyDefinition | undefined;
  readonly backend: Backend | undefined;
  /** Why the revision that should serve does not. */
  readonly fault?: string;
}

export interface Gateway {
  proxies(): readonly RunningProxy[];
  proxy(id: string): RunningProxy | undefined;
  /** Resolves when all that has changed so far is in service. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

interface Followed extends GatewayOptions {
  readonly closed: () => boolean;
}

/** Milliseconds after which a store that was away is asked again. */
const tryAgain = 200;

/** So long old back ends are kept for calls that have begun. */
const graceful = 30_000;

/** Puts all Proxies in service, and follows their changes. */
export async function openGateway(given: GatewayOptions): Promise<Gateway> {
  let closed = false;
  const options: Followed = { ...given, closed: () => closed };
  const { catalogue, log } = options;
  const running = new Map<string, Served>();
  const queues = new Map<string, Promise<void>>();
  const closings = new Set<NodeJS.Timeout>();
  const refresh = (id: string): Promise<void> => {
    const turn = (queues.get(id) ?? Promise.resolve())
      .then(() => refreshProxy(options, running, closings, id))
      .catch((error: unknown) => {
        log.log('error', 'a proxy could not be put in service', {
          proxy: id,
          kind: Problem.from(error).kind,
        });
      })
      .finally(() => {
        if (queues.get(id) === turn) queues.delete(id);
      });
    queues.set(id, turn);
    return turn;
  };
  catalogue.onChange((what, id) => {
    if (what === 'proxy') void refresh(id);
    if (what === 'api')
      for (const proxy of catalogue.proxies()) if (proxy.api === id) void refresh(proxy.id);
  });
  for (const proxy of catalogue.proxies()) await refresh(proxy.id);
  return {
    proxies: () => [...running.values()],
    proxy: (id) => running.get(id),
    async settled() {
      while (queues.size > 0) await Promise.all(queues.values());
    },
    async close() {
      closed = true;
      for (const timer of closings) clearTimeout(timer);
      await Promise.all([...running.values()].flatMap(({ backend }) => backend?.close() ?? []));
    },
  };
}

interface Served extends RunningProxy {
  readonly mount: ProxyMount;
}

async function refreshProxy(
  options: Followed,
  running: Map<string, Served>,
  closings: Set<NodeJS.Timeout>,
  id: string,
): Promise<void> {
  const { catalogue, table } = options;
  const before = running.get(id);
  const proxy = catalogue.proxy(id);
  const api = proxy && catalogue.api(proxy.api);
  if (!proxy || !api || proxy.state === 'withdrawn') {
    if (!before) return;
    table.remove(before.mount);
    running.delete(id);
    closeLater(before.backend, closings);
    return;
  }
  const after = await serve(options, proxy, api, before);
  if (before && before.mount !== after.mount && before.mount.base !== after.mount.base)
    table.remove(before.mount);
  table.set(after.mount);
  running.set(id, after);
  if (before?.backend !== after.backend) closeLater(before?.backend, closings);
}

/** The Proxy as it should run now; when its revision cannot be made, the one that runs goes on, with the reason. */
async function serve(
  options: Followed,
  proxy: Proxy,
  api: Api,
  before: Served | undefined,
): Promise<Served> {
  let revision: Revision | undefined;
  try {
    revision = await untilTold(options, () => readRevision(options.store, proxy));
    return await make(options, proxy, api, revision);
  } catch (error) {
    const problem = Problem.from(error);
    const fault = problem.kind === 'internal' ? 'It could not be made' : problem.message;
    options.log.log('error', 'a revision could not be put in service', {
      proxy: proxy.id,
      revision: String(proxy.active),
      reason: fault,
    });
    if (before) return { ...before, proxy, fault };
    if (!revision) throw error;
    return closed(options, proxy, api, { definition: revision.definition, fault });
  }
}

/** Nothing is served, and the base is held all the same: a Proxy of a shorter base would be sent the calls. */
function closed(
  { edges, services }: GatewayOptions,
  proxy: Proxy,
  api: Api,
  { definition, fault }: { readonly definition: ProxyDefinition; readonly fault: string },
): Served {
  const edge =
    edges[definition.faults ?? ''] ?? edgeOf(api.technology, () => services.clock.newId());
  const refuse: Handler = () =>
    Promise.reject(
      new Problem('unavailable', `The API ${api.id} cannot be served at the moment`, {
        headers: { 'retry-after': '60' },
      }),
    );
  const { environment } = proxy;
  const mount = { environment, base: definition.base, api: api.id, handler: edge(refuse) };
  return { proxy, api, revision: 0, release: '', definition, backend: undefined, fault, mount };
}

/** A store that is away for the moment is asked again until it tells; what ran before goes on meanwhile. */
async function untilTold<T>({ closed }: Followed, read: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await read();
    } catch (error) {
      if (Problem.from(error).kind !== 'unavailable' || closed()) throw error;
      await new Promise((resolve) => setTimeout(resolve, tryAgain).unref());
    }
}

async function readRevision(store: Store, proxy: Proxy): Promise<Revision> {
  const stored = await store.open(revisionCollection).get(revisionId(proxy.id, proxy.active));
  if (!stored)
    throw new Problem('not-found', `Revision ${proxy.active} of ${proxy.id} is not there`);
  return stored.value;
}

async function make(
  options: Followed,
  proxy: Proxy,
  api: Api,
  { definition, number, release }: Revision,
): Promise<Served> {
  const { environment } = proxy;
  const { base } = definition;
  const edge =
    options.edges[definition.faults ?? ''] ??
    edgeOf(definition.faults ?? api.technology, () => options.services.clock.newId());
  const made = { proxy, api, revision: number, release, definition };
  if (proxy.state === 'retired') {
    const audit = audited(options.journal, api.id, () => options.services.clock.now());
    const handler = assemble([edge, ...(api.sensitive ? [audit] : [])], gone(proxy));
    return { ...made, backend: undefined, mount: { environment, base, api: api.id, handler } };
  }
  const specification = await untilTold(options, () =>
    readSpecification(options.store, definition.specification),
  );
  const site: PolicySite = {
    ...{ api, environment, proxy: proxy.id, definition, specification },
    services: options.services,
  };
  const backendSite: BackendSite = { ...site, services: options.backends };
  const { backend, served } = backendOf(definition.backend, backendSite);
  const { handler, turnAway } = chain({
    site: { ...site, definition: withDeprecation(definition, proxy) },
    revision: number,
    kinds: options.kinds,
    backend,
    served,
    edge,
    journal: options.journal,
    release: {
      version: options.version,
      revision: String(number),
      releaseId: release,
      commitId: release,
    },
    isStatusKey: options.isStatusKey,
  });
  return { ...made, backend, mount: { environment, base, api: api.id, handler, turnAway } };
}

async function readSpecification(store: Store, id: string | undefined): Promise<unknown> {
  if (id === undefined) return undefined;
  const stored = await store.open(specificationCollection).get(id);
  if (!stored) throw new Problem('not-found', 'The OpenAPI document of the revision is not there');
  return JSON.parse(stored.value.text);
}

/** A deprecated Proxy says so on each answer (RFC 9745, RFC 8594). */
function withDeprecation(
  definition: ProxyDefinition,
  { state, deprecation }: Proxy,
): ProxyDefinition {
  if (state !== 'deprecated' || !deprecation) return definition;
  const use = { policy: 'deprecation', config: { ...deprecation } };
  return { ...definition, policies: [...definition.policies, use] };
}

/** What has been retired says so, and what took its place. */
function gone({ deprecation, api }: Proxy): Handler {
  const successor = deprecation?.successor;
  const link = deprecation?.link;
  const links = [
    ...(successor === undefined ? [] : [`<${successor}>; rel="successor-version"`]),
    ...(link === undefined ? [] : [`<${link}>; rel="deprecation"`]),
  ];
  const instead = successor === undefined ? 'nothing takes its place' : `use ${successor} instead`;
  return (_exchange: Exchange): Promise<Reply> =>
    Promise.reject(
      new Problem('gone', `The API ${api} has been retired here: ${instead}`, {
        ...(links.length === 0 ? {} : { headers: { link: links.join(', ') } }),
      }),
    );
}

function closeLater(backend: Backend | undefined, closings: Set<NodeJS.Timeout>): void {
  if (!backend) return;
  const timer = setTimeout(() => {
    closings.delete(timer);
    void backend.close();
  }, graceful);
  timer.unref();
  closings.add(timer);
}
