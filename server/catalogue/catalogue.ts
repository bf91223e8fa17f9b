/**
 * The catalogue as calls read it: a snapshot in memory, kept current by the change feed, so that judging a call never
 * waits for the store and a change counts for the next call. Owns reading; changing it is administration's.
 */
import { Problem } from '../../core/problem.ts';
import type { Collection, CollectionOf, Page, Store } from '../../core/store.ts';
import { apiCollection, type Api } from './apis.ts';
import { apiSecretCollection, type ApiSecret } from './api-secrets.ts';
import { appCollection, type App, type Registration } from './apps.ts';
import { toEnvironment, type Environment } from './environments.ts';
import {
  productCollection,
  subscriptionCollection,
  type Product,
  type Subscription,
} from './products.ts';
import { proxyCollection, type Proxy } from './proxies.ts';
import { subscriptionKeyCollection, type SubscriptionKey } from './subscription-keys.ts';

/** An App in one environment, found by its client id. */
export interface Client {
  readonly app: App;
  readonly registration: Registration;
  readonly environment: Environment;
}

/** A subscription that lets an App call an Api. */
export interface Covering {
  readonly subscription: Subscription;
  readonly product: Product;
}

export interface Catalogue {
  /** Whoever has this client id, in whichever environment. */
  client(clientId: string): Client | undefined;
  /** Also one that was deleted, so that it can be named. */
  app(id: string): App | undefined;
  /** All but those that were deleted. */
  apps(): Iterable<App>;
  product(id: string): Product | undefined;
  products(): Iterable<Product>;
  subscription(id: string): Subscription | undefined;
  subscriptions(): Iterable<Subscription>;
  /** The scopes that active subscriptions give an App in an environment. The same set until something changes. */
  scopes(appId: string, environment: Environment): ReadonlySet<string>;
  api(id: string): Api | undefined;
  apis(): Iterable<Api>;
  proxy(id: string): Proxy | undefined;
  proxies(): Iterable<Proxy>;
  /** The subscription key kept under a hash, whether it still works or not. */
  key(hash: string): SubscriptionKey | undefined;
  keys(): Iterable<SubscriptionKey>;
  /**
   * By what an App may call an Api in an environment: its active subscriptions to Products that cover it. The same list
   * until something changes; empty: nothing lets it in.
   */
  covering(appId: string, environment: Environment, api: string): readonly Covering[];
  /** A sealed secret of an Api, by its id. */
  secret(id: string): ApiSecret | undefined;
  secrets(): Iterable<ApiSecret>;
  /** Calls back after a Proxy, an Api or a secret has changed, with what it was. */
  onChange(fn: (what: 'api' | 'proxy' | 'secret', id: string) => void): void;
  /** Stops following changes. */
  close(): void;
}

const none: ReadonlySet<string> = new Set();
const nothing = () => undefined;
/** Milliseconds after which a store that was away is asked again. */
const tryAgain = 200;

/** Reads the whole catalogue and follows its changes. */
export async function openCatalogue(store: Store): Promise<Catalogue> {
  const clients = new Map<string, Client>();
  const scopes = new Map<string, ReadonlySet<string>>();
  const coverings = new Map<string, readonly Covering[]>();
  const forgetScopes = () => {
    scopes.clear();
    coverings.clear();
  };
  const apps = new Mirror(store, appCollection, (before, after) => {
    for (const { registration } of clientsOf(before)) clients.delete(registration.clientId);
    for (const client of clientsOf(after)) clients.set(client.registration.clientId, client);
  });
  const products = new Mirror(store, productCollection, forgetScopes);
  const subscriptions = new Mirror(store, subscriptionCollection, forgetScopes);
  const told = new Set<(what: 'api' | 'proxy' | 'secret', id: string) => void>();
  const tell = (what: 'api' | 'proxy' | 'secret') => (id: string) => {
    for (const fn of told) fn(what, id);
  };
  const apis = new Mirror(store, apiCollection, nothing, tell('api'));
  const proxies = new Mirror(store, proxyCollection, nothing, tell('proxy'));
  const secrets = new Mirror(store, apiSecretCollection, nothing, tell('secret'));
  const keys = new Mirror(store, subscriptionKeyCollection, nothing);
  const mirrors = [apps, products, subscriptions, apis, proxies, secrets, keys];

  // Changes are followed from before the reading on, so that none falls between.
  const stop = store.changes.listen((changes) => {
    for (const { collection, workspace, id } of changes)
      for (const mirror of mirrors) {
        if (mirror.name === collection) void mirror.refresh(id);
        // Some changes were never told: anything may have changed.
        if (collection === '' && workspace === '' && id === '') void mirror.refreshAll();
      }
  });
  for (const mirror of mirrors) await mirror.readAll();

  const scopesOf = (appId: string, environment: Environment): ReadonlySet<string> => {
    const given = new Set<string>();
    for (const one of subscriptions.held.values())
      if (one.appId === appId && one.environment === environment && one.state === 'active')
        for (const scope of products.held.get(one.productId)?.scopes ?? []) given.add(scope);
    return given.size === 0 ? none : given;
  };

  const coveringsOf = (appId: string, environment: Environment, api: string): readonly Covering[] =>
    [...subscriptions.held.values()].flatMap((subscription) => {
      if (subscription.appId !== appId || subscription.environment !== environment) return [];
      const product = products.held.get(subscription.productId);
      const covers = subscription.state === 'active' && product?.apis.includes(api) === true;
      return covers ? [{ subscription, product }] : [];
    });

  return {
    client: (clientId) => clients.get(clientId),
    app: (id) => apps.held.get(id),
    apps: () => [...apps.held.values()].filter(({ ended }) => !ended),
    product: (id) => products.held.get(id),
    products: () => products.held.values(),
    subscription: (id) => subscriptions.held.get(id),
    subscriptions: () => subscriptions.held.values(),
    scopes(appId, environment) {
      const key = `${environment} ${appId}`;
      let known = scopes.get(key);
      if (!known) scopes.set(key, (known = scopesOf(appId, environment)));
      return known;
    },
    api: (id) => apis.held.get(id),
    apis: () => apis.held.values(),
    proxy: (id) => proxies.held.get(id),
    proxies: () => proxies.held.values(),
    key: (hash) => keys.held.get(hash),
    keys: () => keys.held.values(),
    covering(appId, environment, api) {
      const key = `${environment} ${api} ${appId}`;
      let known = coverings.get(key);
      if (!known) coverings.set(key, (known = coveringsOf(appId, environment, api)));
      return known;
    },
    secret: (id) => secrets.held.get(id),
    secrets: () => secrets.held.values(),
    onChange: (fn) => {
      told.add(fn);
    },
    close() {
      stop();
      for (const mirror of mirrors) mirror.close();
    },
  };
}

/** The App in each of its environments. */
function clientsOf(app: App | undefined): Client[] {
  if (!app) return [];
  return Object.entries(app.registrations).flatMap(([name, registration]) => {
    const environment = toEnvironment(name);
    return environment ? [{ app, registration, environment }] : [];
  });
}

/** One collection in memory. It must have an index `all` that every document is under. */
class Mirror<T> {
  readonly held = new Map<string, T>();
  readonly name: string;
  readonly #collection: Collection<T>;
  readonly #changed: (before: T | undefined, after: T | undefined) => void;
  readonly #kept: (id: string) => void;
  /** The newest reading of each document that is being read again: what an older one finds is out of date. */
  readonly #reading = new Map<string, symbol>();
  /** What was read again while all was being read: newer than what that finds. */
  #fresh: Set<string> | undefined = new Set();
  #closed = false;

  constructor(
    store: Store,
    definition: CollectionOf<T>,
    changed: (before: T | undefined, after: T | undefined) => void,
    kept: (id: string) => void = nothing,
  ) {
    this.name = definition.name;
    this.#collection = store.open(definition);
    this.#changed = changed;
    this.#kept = kept;
  }

  async readAll(): Promise<void> {
    let after: string | undefined;
    do {
      const page = await this.#collection.find({
        index: 'all',
        equals: ['all'],
        limit: 500,
        ...(after === undefined ? {} : { after }),
      });
      for (const { id, value } of page.items) if (!this.#fresh?.has(id)) this.#keep(id, value);
      after = page.next;
    } while (after !== undefined);
    this.#fresh = undefined;
  }

  /**
   * A document that cannot be read counts as not there: nothing is allowed by what nobody can see. A store that is away
   * for the moment is asked again until it tells; what is held stands meanwhile. Never rejects.
   */
  async refresh(id: string): Promise<void> {
    const turn = Symbol('turn');
    this.#reading.set(id, turn);
    const isNewest = () => this.#reading.get(id) === turn && !this.#closed;
    let value = await this.#read(id);
    while (value === 'away' && isNewest()) {
      await new Promise((resolve) => setTimeout(resolve, tryAgain).unref());
      value = await this.#read(id);
    }
    if (value === 'away' || !isNewest()) return;
    this.#reading.delete(id);
    this.#fresh?.add(id);
    this.#keep(id, value?.value);
  }

  /** Reads again what is held and what is stored. Never rejects. */
  async refreshAll(): Promise<void> {
    const ids = new Set(this.held.keys());
    for (let after: string | undefined = ''; after !== undefined && !this.#closed;) {
      const page: Page<T> | undefined = await this.#collection
        .find({
          index: 'all',
          equals: ['all'],
          limit: 500,
          ...(after === '' ? {} : { after }),
        })
        .catch(() => undefined);
      if (!page) await new Promise((resolve) => setTimeout(resolve, tryAgain).unref());
      else {
        for (const { id } of page.items) ids.add(id);
        after = page.next;
      }
    }
    for (const id of ids) await this.refresh(id);
  }

  close(): void {
    this.#closed = true;
  }

  async #read(id: string): Promise<{ readonly value: T } | 'away' | undefined> {
    try {
      const stored = await this.#collection.get(id);
      return stored && { value: stored.value };
    } catch (error) {
      return Problem.from(error).kind === 'unavailable' ? 'away' : undefined;
    }
  }

  #keep(id: string, value: T | undefined): void {
    const before = this.held.get(id);
    if (value === undefined) this.held.delete(id);
    else this.held.set(id, value);
    this.#changed(before, value);
    this.#kept(id);
  }
}
