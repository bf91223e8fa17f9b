/**
 * The keys of a subscription: two slots, each regenerated alone, so that one can be replaced while the other works (R018,
 * R019). A key is in the answer of the function that made it and nowhere else. Owns making and replacing; what a key looks
 * like is in key-pairs-text.ts, judging it on a call is the gateway's.
 */
import { createHmac } from 'node:crypto';
import { Problem } from '../../core/problem.ts';
import type { Stored } from '../../core/store.ts';
import { appCollection, type App } from './apps.ts';
import { hintOf, newKey } from './key-pairs-text.ts';
import { reveal } from './key-pairs-reveal.ts';
import type { KeyUse } from './key-pairs-used.ts';
import { subscriptionCollection, type Subscription } from './products.ts';
import { openRecords, type Deed, type Ground, type Records } from './records.ts';
import { must, type Action, type Actor } from './roles.ts';
import {
  subscriptionKeyCollection,
  type KeySlot,
  type SubscriptionKey,
} from './subscription-keys.ts';

export const keySlots = ['primary', 'secondary'] as const satisfies readonly KeySlot[];

/** How long a key that is replaced goes on working, in milliseconds. */
export const keyOverlaps = {
  now: 0,
  '1h': 60 * 60_000,
  '24h': 24 * 60 * 60_000,
  '7d': 7 * 24 * 60 * 60_000,
} as const;

export type KeyOverlap = keyof typeof keyOverlaps;

export interface KeyPairs {
  /** The keys that work, without the keys themselves; a slot without one has none yet. Primary first, newest first. */
  list(actor: Actor, subscriptionId: string): Promise<readonly KnownKey[]>;
  /**
   * Makes the key of a slot, the first one too. The one before it goes on working for the overlap.
   * @returns the key, this once. @throws Problem `forbidden`, `not-found`, `conflict` when the subscription is not active,
   * when too many replaced keys of the slot still work, or when somebody else replaced it at the same moment.
   */
  regenerate(
    actor: Actor,
    subscriptionId: string,
    slot: KeySlot,
    overlap: KeyOverlap,
  ): Promise<MadeKey>;
  /**
   * The current key of a slot, in test environments alone; each look is in the audit.
   * @throws Problem `forbidden`, `not-found` where there is none that can be shown
   */
  reveal(actor: Actor, subscriptionId: string, slot: KeySlot): Promise<string>;
}

/** A key as its owner sees it later. Times in milliseconds since the epoch. */
export interface KnownKey {
  readonly slot: KeySlot;
  readonly hint: string;
  readonly created: number;
  readonly ends?: number;
  readonly used?: KeyUse;
  /** Whether it can be looked up again. */
  readonly kept?: true;
}

export interface MadeKey extends KnownKey {
  readonly key: string;
  /** The keys of the slot that it replaces. */
  readonly replaced: readonly KnownKey[];
}

export interface KeyPairOptions extends Ground {
  /** createKeyHasher of the installation's pepper. */
  readonly hashKey: (key: string) => string;
  /** When a key was last used, as far as this process knows. */
  readonly usedKey?: (hash: string) => KeyUse | undefined;
  /** Seals a key for the store, and opens it; absent: no key can be looked up again. */
  readonly seal?: (key: string) => string | undefined;
  readonly unseal?: (sealed: string) => string | undefined;
}

export function keyPairs(options: KeyPairOptions): KeyPairs {
  const parts: Parts = {
    options,
    apps: openRecords(options, appCollection, 'app'),
    subscriptions: openRecords(options, subscriptionCollection, 'subscription'),
  };
  return {
    list: (actor, id) => list(parts, actor, id),
    regenerate: (actor, id, slot, overlap) => regenerate(parts, actor, id, slot, overlap),
    async reveal(actor, id, slot) {
      const { value: subscription } = await parts.subscriptions.read(id);
      const subject = await subjectOf(parts, subscription);
      const keys = (await keysOf(parts, id)).map(({ value }) => value);
      return reveal(options, actor, { subscription, subject, keys, slot });
    },
  };
}

/**
 * What is kept of a key: HMAC-SHA-256, base64url. Keys are 256 random bits, so a fast hash with a pepper is right.
 * @param pepper 32 random bytes of this installation, kept apart from the store.
 */
export function createKeyHasher(pepper: Buffer): (key: string) => string {
  return (key) => createHmac('sha256', pepper).update(key).digest('base64url');
}

interface Parts {
  readonly options: KeyPairOptions;
  readonly apps: Records<App>;
  readonly subscriptions: Records<Subscription>;
}

/** So many keys of a slot may work at a time: the current one, and replaced ones in their overlap. */
const mostWorking = 4;
/** An ended key is known as replaced, rather than as none of ours, for so long. */
const keptAfterEnd = 90 * 24 * 60 * 60_000;

async function list(
  parts: Parts,
  actor: Actor,
  subscriptionId: string,
): Promise<readonly KnownKey[]> {
  const { value } = await parts.subscriptions.read(subscriptionId);
  await mustOn(parts, actor, 'subscription.read', value);
  const now = parts.options.clock.now();
  const keys = (await keysOf(parts, subscriptionId)).map((stored) => stored.value);
  return keys
    .filter((key) => works(key, now))
    .sort((a, b) => (a.slot === b.slot ? b.created - a.created : a.slot < b.slot ? -1 : 1))
    .map((key) => toKnown(parts, key));
}

async function regenerate(
  parts: Parts,
  actor: Actor,
  subscriptionId: string,
  slot: KeySlot,
  overlap: KeyOverlap,
): Promise<MadeKey> {
  const subscription = (await parts.subscriptions.read(subscriptionId)).value;
  const records = recordsOf(parts, subscriptionId);
  const subject = await subjectOf(parts, subscription);
  const allow = () => {
    must(actor, 'subscription.keys', subject);
  };
  const { environment } = subscription;
  const deed = (what: string): Deed => ({
    ...{ actor, environment, action: `subscription.keys.${what}.${slot}` },
  });
  const created = parts.options.clock.now();
  const key = newKey(environment);
  const hash = parts.options.hashKey(key);
  const before = (await keysOf(parts, subscriptionId)).filter(({ value }) => value.slot === slot);
  // The new one first: whatever fails after it, the slot is never without a key that works.
  const { value } = await records.add(deed('create'), hash, () => {
    allow();
    checkMayHave(subscription, before, created);
    const { appId, productId } = subscription;
    const ids = { subscriptionId, appId, productId, environment };
    const sealed = environment === 'production' ? undefined : parts.options.seal?.(key);
    return {
      ...{ hash, ...ids, slot, hint: hintOf(key), created },
      ...(sealed === undefined ? {} : { sealed }),
    };
  });
  const end = (id: string, ends: number) =>
    records.change({
      deed: deed('end'),
      id,
      expected: undefined,
      allow,
      edit: (old) => ({ ...old, ends: Math.min(ends, old.ends ?? ends) }),
    });
  const older = new Set(before.map(({ id }) => id));
  const replaced = await endOthers(parts, value, older, created + keyOverlaps[overlap], end);
  await forgetEnded(parts, before, created);
  return { ...toKnown(parts, value), key, replaced: replaced.map((old) => toKnown(parts, old)) };
}

/** @throws Problem `conflict` */
function checkMayHave(
  { state }: Subscription,
  before: readonly Stored<SubscriptionKey>[],
  now: number,
): void {
  if (state !== 'active')
    throw new Problem('conflict', `Only an active subscription has keys, and this one is ${state}`);
  if (before.filter(({ value }) => works(value, now)).length >= mostWorking)
    throw new Problem(
      'conflict',
      `${mostWorking} keys of this slot still work. Wait until the overlap of one has ended, or use the other slot`,
      { code: 'TOO_MANY_KEYS' },
    );
}

/**
 * Lets all other current keys of the slot end. Where two were made at the same moment one of them stays, and whoever made
 * the other is told: nobody goes away with a key that ends before he has used it.
 */
async function endOthers(
  parts: Parts,
  own: SubscriptionKey,
  older: ReadonlySet<string>,
  ends: number,
  end: (hash: string, ends: number) => Promise<Stored<SubscriptionKey>>,
): Promise<readonly SubscriptionKey[]> {
  const keys = (await keysOf(parts, own.subscriptionId)).map(({ value }) => value);
  const current = keys.filter(
    (key) => key.slot === own.slot && key.ends === undefined && key.hash !== own.hash,
  );
  if (current.some((key) => !older.has(key.hash) && isAfter(key, own))) {
    await end(own.hash, parts.options.clock.now());
    throw new Problem('conflict', 'Somebody else replaced the key at this moment');
  }
  const ended: SubscriptionKey[] = [];
  for (const { hash } of current) ended.push((await end(hash, ends)).value);
  return ended;
}

function isAfter(one: SubscriptionKey, other: SubscriptionKey): boolean {
  return one.created > other.created || (one.created === other.created && one.hash > other.hash);
}

async function forgetEnded(
  { options }: Parts,
  keys: readonly Stored<SubscriptionKey>[],
  now: number,
): Promise<void> {
  const collection = options.store.open(subscriptionKeyCollection);
  for (const { id, version, value } of keys)
    if (value.ends !== undefined && value.ends + keptAfterEnd < now)
      await collection.remove(id, version).catch(() => undefined); // next time, then
}

async function keysOf(
  { options }: Parts,
  subscriptionId: string,
): Promise<readonly Stored<SubscriptionKey>[]> {
  const collection = options.store.open(subscriptionKeyCollection);
  const query = { index: 'subscription', equals: [subscriptionId], limit: 1000 };
  return (await collection.find(query)).items;
}

/** The audit names the subscription: the hash of a key is nobody's business. */
function recordsOf({ options }: Parts, subscriptionId: string): Records<SubscriptionKey> {
  const { store, clock, journal } = options;
  const named = {
    get failed() {
      return journal.failed === true;
    },
    append: (entry: Parameters<typeof journal.append>[0]) =>
      journal.append({ ...entry, app: subscriptionId }),
  };
  return openRecords({ store, clock, journal: named }, subscriptionKeyCollection, 'key');
}

async function mustOn(
  parts: Parts,
  actor: Actor,
  action: Action,
  subscription: Subscription,
): Promise<void> {
  must(actor, action, await subjectOf(parts, subscription));
}

async function subjectOf({ apps }: Parts, { appId, environment }: Subscription) {
  return { organisation: (await apps.read(appId)).value.owner, environment };
}

function works({ ends }: SubscriptionKey, now: number): boolean {
  return ends === undefined || ends > now;
}

function toKnown({ options }: Parts, key: SubscriptionKey): KnownKey {
  const { slot, hint, created, ends, hash, sealed } = key;
  const used = options.usedKey?.(hash);
  return {
    ...{ slot, hint, created },
    ...(ends === undefined ? {} : { ends }),
    ...(used === undefined ? {} : { used: { ...used } }),
    ...(sealed === undefined || ends !== undefined ? {} : { kept: true }),
  };
}
