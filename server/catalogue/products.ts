/**
 * Products: what an App subscribes to: Apis, scopes and limits. Subscriptions: App × Product in one environment, with who
 * decided. Owns the shapes and collections.
 */
import type { CollectionOf } from '../../core/store.ts';
import type { Environment } from './environments.ts';

export interface Product {
  /** Also its name in addresses: lower-case letters, digits, hyphens. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Names of the APIs it covers. An empty list opens nothing. */
  readonly apis: readonly string[];
  /** Scopes of the NHS face and of the SMART face that it gives. */
  readonly scopes: readonly string[];
  /** Whether somebody has to agree; products that write are `manual` (R016). */
  readonly approval: 'automatic' | 'manual';
  /**
   * Operations it covers, by Api, as `GET /Patient/{id}`; an Api that is not named here is covered whole. Only Apis of
   * `apis` count.
   */
  readonly operations?: Readonly<Record<string, readonly string[]>>;
  /** Limits of each App that subscribes; an App's own win over them. */
  readonly limits?: RateLimits;
  /** It leads into a customer's own environment: whoever owns that decides on each request, nobody else (R017). */
  readonly customer?: CustomerEnvironment;
}

export interface CustomerEnvironment {
  /** What people call it. */
  readonly environment: string;
  /** The code of its organisation or team. */
  readonly owner: string;
}

/** How much may be called. What is absent is not limited here. */
export interface RateLimits {
  readonly quota?: {
    readonly limit: number;
    readonly interval: number;
    readonly unit: 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month';
  };
  readonly spikeArrest?: {
    readonly rate: number;
    readonly per: 'second' | 'minute';
    /** Calls at once; absent: a tenth of the rate in a minute, at least 1. */
    readonly burst?: number;
  };
  /** Calls at a time. */
  readonly concurrency?: number;
}

export interface Subscription {
  readonly id: string;
  readonly appId: string;
  readonly productId: string;
  readonly environment: Environment;
  readonly state: 'requested' | 'active' | 'rejected' | 'suspended' | 'cancelled' | 'expired';
  readonly requestedBy: string;
  readonly requested: number;
  readonly decidedBy?: string;
  readonly decided?: number;
  readonly reason?: string;
  /** What it is wanted for, in the words of whoever asked. */
  readonly purpose?: string;
  /** Calls a day that are expected. */
  readonly volume?: number;
  /** It expires at this time. Milliseconds since the epoch. */
  readonly ends?: number;
}

export const productCollection: CollectionOf<Product> = {
  name: 'catalogue.products',
  keys: () => ({ all: [['all']] }),
};

export const subscriptionCollection: CollectionOf<Subscription> = {
  name: 'catalogue.subscriptions',
  keys: ({ appId, productId, state, ends }) => ({
    all: [['all']],
    app: [[appId]],
    product: [[productId]],
    ends: ends === undefined || state === 'expired' ? [] : [[new Date(ends).toISOString()]],
  }),
};
