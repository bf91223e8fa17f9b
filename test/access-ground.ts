/** A gateway's access policies over a real store and catalogue, without a socket: apps, products, keys and tokens to call with. */
import {
  assemble,
  type Caller,
  type Exchange,
  type Handler,
  type Policy,
} from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { Schemas } from '../core/schema.ts';
import type { Api } from '../server/catalogue/apis.ts';
import { appCollection, type App, type Registration } from '../server/catalogue/apps.ts';
import { openCatalogue, type Catalogue } from '../server/catalogue/catalogue.ts';
import type { Environment } from '../server/catalogue/environments.ts';
import { createKeyHasher, keyPairs, type KeyPairs } from '../server/catalogue/key-pairs.ts';
import {
  productCollection,
  subscriptionCollection,
  type Product,
  type Subscription,
} from '../server/catalogue/products.ts';
import type { ProxyDefinition } from '../server/catalogue/proxies.ts';
import type { JudgedToken } from '../server/gateway/judged-token.ts';
import type {
  GatewayServices,
  GatewayTokenFacts,
  PolicyKind,
  PolicySite,
} from '../server/gateway/policy.ts';
import {
  administrationGround,
  actorOf,
  type AdministrationGround,
} from './administration-ground.ts';

export interface AccessGround extends Pick<AdministrationGround, 'store' | 'clock' | 'end'> {
  readonly catalogue: Catalogue;
  readonly keys: KeyPairs;
  readonly services: GatewayServices;
  /** What a token is; put yours in. */
  readonly tokens: Map<string, JudgedToken<GatewayTokenFacts>>;
  /** How often a key was hashed by a call. */
  readonly hashed: { count: number };
  /** Where a policy of the Api `hello` stands. */
  site(environment?: Environment, definition?: Partial<ProxyDefinition>): PolicySite;
  /** A policy with these settings and the defaults of its schema. */
  policy<C>(kind: PolicyKind<C>, config?: object, site?: PolicySite): Policy;
  app(id: string, registration?: Partial<Registration>, environment?: Environment): Promise<void>;
  product(id: string, fields?: Partial<Product>): Promise<void>;
  subscribe(
    appId: string,
    productId: string,
    state?: Subscription['state'],
    environment?: Environment,
  ): Promise<string>;
  /** A new key of a subscription. */
  key(subscriptionId: string, slot?: 'primary' | 'secondary'): Promise<string>;
  /** Resolves when the catalogue has seen what was written. */
  settled(): Promise<void>;
}

export async function accessGround(): Promise<AccessGround> {
  const ground = await administrationGround();
  const { store, clock } = ground;
  const catalogue = await openCatalogue(store);
  const hashKey = createKeyHasher(Buffer.alloc(32, 3));
  const keys = keyPairs({ ...ground, hashKey });
  const tokens = new Map<string, JudgedToken<GatewayTokenFacts>>();
  const hashed = { count: 0 };
  const services: GatewayServices = {
    ...{ clock, catalogue, callers: {}, more: {} },
    limits: {
      take: () => ({ refused: -1, states: [] }),
      release: () => undefined,
      look: () => [],
    },
    judge: (token) => Promise.resolve(tokens.get(token) ?? { state: 'unknown' }),
    hashKey(key) {
      hashed.count++;
      return hashKey(key);
    },
    shed: () => false,
    isTrustedProxy: () => false,
  };
  const settled = async () => {
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  const site: AccessGround['site'] = (environment = 'sandbox', definition = {}) => ({
    ...{ api: helloApi, environment, services, specification: undefined },
    proxy: `${environment}.hello`,
    definition: { base: '/hello', backend: { kind: 'mock' }, policies: [], ...definition },
  });
  return {
    ...{ store, clock, catalogue, keys, services, tokens, hashed, site, settled },
    policy: (kind, config = {}, at = site()) => kind.create(configOf(kind, config), at),
    async app(id, registration = {}, environment = 'sandbox') {
      const collection = store.open(appCollection);
      const before = await collection.get(id);
      const app: App = {
        ...{ id, name: `App ${id}`, description: '', owner: 'Y90001', kinds: ['point-of-care'] },
        ...{ contact: 'a@example.org', created: 0 },
        registrations: {
          ...before?.value.registrations,
          [environment]: { ...registrationOf(`${id}-${environment}`), ...registration },
        },
      };
      await collection.put(id, app, { expected: before?.version ?? 0 });
      await settled();
    },
    async product(id, fields = {}) {
      const collection = store.open(productCollection);
      const product: Product = {
        ...{ id, name: id, description: '', apis: ['hello'], scopes: [], approval: 'automatic' },
        ...fields,
      };
      const before = await collection.get(id);
      await collection.put(id, product, { expected: before?.version ?? 0 });
      await settled();
    },
    async subscribe(appId, productId, state = 'active', environment = 'sandbox') {
      const id = `${appId}.${environment}.${productId}`;
      const one: Subscription = {
        ...{ id, appId, productId, environment, state, requestedBy: 'x', requested: 0 },
      };
      const collection = store.open(subscriptionCollection);
      const before = await collection.get(id);
      await collection.put(id, one, { expected: before?.version ?? 0 });
      await settled();
      return id;
    },
    async key(subscriptionId, slot = 'primary') {
      const made = await keys.regenerate(actorOf('administrator'), subscriptionId, slot, '1h');
      await settled();
      return made.key;
    },
    async end() {
      catalogue.close();
      await ground.end();
    },
  };
}

export const helloApi: Api = {
  ...{ id: 'hello', title: 'Hello', description: '', owner: 'Y90001', contact: 'a@example.org' },
  ...{ technology: 'rest', sensitive: false, status: 'live', created: 0 },
};

function registrationOf(clientId: string): Registration {
  return {
    ...{ clientId, state: 'approved', secrets: [], keys: undefined, redirectUris: [], origins: [] },
    ...{ smartAuthentication: 'none', providerClients: [], attributes: {} },
    switches: { shorterLifetimes: false },
  };
}

/** Settings with the defaults of the schema. */
export function configOf<C>(kind: PolicyKind<C>, config: object): C {
  const given: object = structuredClone(config);
  const faults = new Schemas([], { useDefaults: true }).faults(kind.schema)(given);
  if (faults[0]) throw new Error(`${faults[0].path.join('/')} ${faults[0].message}`);
  return given as C; // what the schema describes
}

/** What a policy does with a call: the exchange it lets through, or the Problem it refuses with. */
export async function tried(
  policy: Policy | readonly Policy[],
  exchange: Exchange,
): Promise<{ readonly status: number; readonly through?: Exchange; readonly problem?: Problem }> {
  let through: Exchange | undefined;
  const end: Handler = (passed) => {
    through = passed;
    return Promise.resolve({ status: 200 });
  };
  try {
    const handler = assemble([policy].flat(), end);
    const { status } = await (async () => handler(exchange))();
    return { status, ...(through ? { through } : {}) };
  } catch (error) {
    const problem = Problem.from(error);
    return { status: problem.status, problem };
  }
}

export function callerIn(mode: Caller['mode'], fields: Partial<Caller> = {}): Caller {
  return { appId: 'ward', appName: 'Ward', mode, scopes: [], grants: new Set(), ...fields };
}
