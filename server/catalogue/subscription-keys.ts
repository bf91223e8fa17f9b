/**
 * Subscription keys: what a caller of a key-protected Api sends. Each subscription has a pair, both alive, so that one can
 * be replaced while the other works (R018, R019). Kept only as keyed hashes. Owns the shape; making, checking and
 * replacing keys is in key-pairs.ts, reading them on each call in catalogue.ts.
 */
import type { CollectionOf } from '../../core/store.ts';
import type { Environment } from './environments.ts';

export type KeySlot = 'primary' | 'secondary';

/** One key as kept. Its id in the collection is the hash, so a look-up is by proof of possession. */
export interface SubscriptionKey {
  /** HMAC-SHA-256 with the platform's pepper, base64url. */
  readonly hash: string;
  readonly subscriptionId: string;
  readonly appId: string;
  readonly productId: string;
  readonly environment: Environment;
  readonly slot: KeySlot;
  /** The first eight and the last four characters, for people to tell keys apart. */
  readonly hint: string;
  readonly created: number;
  /** The key itself, sealed: of test environments alone, where it may be looked up again. */
  readonly sealed?: string;
  /** When it stops working, after it was replaced; absent while it is current. */
  readonly ends?: number;
}

export const subscriptionKeyCollection: CollectionOf<SubscriptionKey> = {
  name: 'catalogue.subscription-keys',
  keys: ({ subscriptionId, appId }) => ({
    all: [['all']],
    subscription: [[subscriptionId]],
    app: [[appId]],
  }),
};
