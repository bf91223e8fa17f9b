/** The whole administration of the catalogue, joined: what the management API, and later the hub, call. */
import { apiAdministration, type ApiAdministration, type NewApi } from './api-administration.ts';
import {
  apiSecretAdministration,
  type ApiSecretAdministration,
} from './api-secret-administration.ts';
import { appAdministration, type AppAdministration } from './app-administration.ts';
import { openBases } from './deployment-base.ts';
import { wired, type PlatformHooks } from './deployment-hooks.ts';
import { setUp, type SetUpDone, type SetUpOptions } from './deployment-setup.ts';
import { insightAdministration, type InsightAdministration } from './deployment-insight.ts';
import {
  keyAdministration,
  type KeyAdministration,
  type KeyOptions,
} from './key-administration.ts';
import { keyPairs, type KeyPairs } from './key-pairs.ts';
import { createDocumentReader } from './openapi/reader.ts';
import { ownCredentials, type OwnCredentials } from './own-credentials.ts';
import { peopleAdministration, type PeopleAdministration } from './people-administration.ts';
import { productAdministration, type ProductAdministration } from './product-administration.ts';
import { proxyAdministration, type ProxyAdministration } from './proxy-administration.ts';
import type { Actor } from './roles.ts';
import {
  secretAdministration,
  type SecretAdministration,
  type SecretOptions,
} from './secret-administration.ts';
import {
  subscriptionAdministration,
  type SubscriptionAdministration,
} from './subscription-administration.ts';

export interface Administration {
  readonly apps: AppAdministration;
  readonly secrets: SecretAdministration;
  readonly keys: KeyAdministration;
  readonly products: ProductAdministration;
  readonly subscriptions: SubscriptionAdministration;
  readonly subscriptionKeys: KeyPairs;
  readonly people: PeopleAdministration;
  readonly credentials: OwnCredentials;
  readonly apis: ApiAdministration;
  readonly proxies: ProxyAdministration;
  readonly apiSecrets: ApiSecretAdministration;
  /** An Api from a document, or from nothing, to where it can be called. */
  setUp(actor: Actor, api: NewApi, options?: SetUpOptions): Promise<SetUpDone>;
  /** What other parts of the platform tell: limits, status, usage, policies. */
  readonly insight: InsightAdministration;
  readonly hooks: PlatformHooks;
}

export interface AdministrationOptions extends KeyOptions, SecretOptions {
  /** Read at each use; what is absent is answered with 503. */
  readonly hooks?: PlatformHooks;
}

/** @param options what all parts stand on, the secrets' pepper, and the check and the fetching of key sets. */
export function createAdministration(options: AdministrationOptions): Administration {
  const { hooks = {} } = options;
  const ground = { ...options, hooks };
  const bases = openBases(options.store, () => options.clock.now());
  const documents = createDocumentReader();
  const parts = {
    apis: apiAdministration({ ...options, documents }),
    proxies: proxyAdministration({ ...ground, bases, documents }),
    products: productAdministration(options),
  };
  const subscriptions = subscriptionAdministration(options);
  return {
    apps: appAdministration({
      ...{
        ...options,
        checkKinds: subscriptions.checkKinds,
        cancelAll: (...of) => subscriptions.cancelAll(...of),
      },
      holds: async (appId) => (await hooks.holds?.(appId)) ?? [],
    }),
    secrets: secretAdministration(options),
    keys: keyAdministration(options),
    subscriptions,
    subscriptionKeys: keyPairs({
      ...options,
      hashKey: (key) => wired(hooks.hashKey, 'The keeping of subscription keys')(key),
      usedKey: (hash) => hooks.usedKey?.(hash),
      seal: (key) => hooks.seal?.(key),
      unseal: (sealed) => hooks.unseal?.(sealed),
    }),
    people: peopleAdministration(options),
    credentials: ownCredentials(options),
    ...parts,
    setUp: (actor, api, given) => setUp({ ...parts, documents }, actor, api, given),
    apiSecrets: apiSecretAdministration(ground),
    insight: insightAdministration(ground),
    hooks,
  };
}
