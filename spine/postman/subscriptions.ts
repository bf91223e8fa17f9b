/**
 * Who has messages of a mailbox pushed, where to and how: subscriptions as documents, and a copy of all of them in memory,
 * because whether a message is to be pushed is decided within the write that accepts it. Owns the documents and that copy.
 */
import type { Schedule } from '../../core/outbox.ts';
import type { CollectionOf, Store } from '../../core/store.ts';

/** What the sender of a message is told of its push. */
export type ReceiptKind = 'accepted' | 'delivered' | 'failed';

export interface PushSubscription {
  readonly id: string;
  readonly environment: string;
  /** Upper case. */
  readonly mailbox: string;
  readonly url: string;
  /** What pushes are signed with, sealed. */
  readonly sealed: string;
  /** `pending`: the endpoint has yet to prove that it wants them. */
  readonly state: 'pending' | 'active' | 'suspended';
  /** Why it is suspended. */
  readonly reason?: string;
  /** `key`: those with one ordering key strictly one after the other. */
  readonly ordering: 'none' | 'key';
  /** What becomes of those behind one that was given up. */
  readonly onDead: 'skip' | 'hold';
  readonly receipts: readonly ReceiptKind[];
  /** Whether the endpoint's 2xx acknowledges the message: it leaves the inbox. */
  readonly acknowledge: boolean;
  /** Fixed pauses in place of growing ones, as a contract of the directory has them. */
  readonly contract?: Contract;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly verified?: number;
}

/** Seconds; `retries` are attempts after the first. */
export interface Contract {
  readonly retries: number;
  readonly interval: number;
  readonly lifetime: number;
}

export const subscriptionCollection: CollectionOf<PushSubscription> = {
  name: 'postman.subscriptions',
  keys: ({ environment, mailbox, created }) => ({
    all: [[String(created).padStart(15, '0')]],
    mailbox: [[environment, mailbox]],
  }),
};

export interface Subscriptions {
  /** Those of a mailbox that messages are kept for: also while they are suspended. */
  of(environment: string, mailbox: string): readonly PushSubscription[];
  get(id: string): PushSubscription | undefined;
  all(): readonly PushSubscription[];
  /** Resolves when all that there were at the start are known. */
  readonly ready: Promise<void>;
  close(): void;
}

/** @param changed told after each change that was taken in */
export function openSubscriptions(store: Store, changed?: () => void): Subscriptions {
  const collection = store.open(subscriptionCollection);
  let byId = new Map<string, PushSubscription>();
  let byMailbox = new Map<string, readonly PushSubscription[]>();
  let reading: Promise<void> | undefined;
  let again = false;
  const read = async () => {
    const found = new Map<string, PushSubscription>();
    let after: string | undefined;
    do {
      const page = await collection.find({
        ...{ index: 'all', limit: 1000 },
        ...(after === undefined ? {} : { after }),
      });
      for (const { value } of page.items) found.set(value.id, value);
      after = page.next;
    } while (after !== undefined);
    byId = found;
    byMailbox = new Map();
    for (const one of found.values()) {
      if (one.state === 'pending') continue;
      const place = placeOf(one);
      byMailbox.set(place, [...(byMailbox.get(place) ?? []), one]);
    }
    changed?.();
  };
  const refresh = () => {
    again = true;
    reading ??= (async () => {
      for (; again;) {
        again = false;
        await read();
      }
    })().finally(() => (reading = undefined));
    return reading;
  };
  const stop = store.changes.listen((changes) => {
    if (changes.some(({ collection: name }) => name === subscriptionCollection.name))
      refresh().catch(() => undefined); // the store's own trouble, which it tells; the next change reads again
  });
  const ready = refresh();
  ready.catch(() => undefined);
  return {
    of: (environment, mailbox) => byMailbox.get(placeOf({ environment, mailbox })) ?? [],
    get: (id) => byId.get(id),
    all: () => [...byId.values()],
    ready,
    close: stop,
  };
}

function placeOf({
  environment,
  mailbox,
}: Pick<PushSubscription, 'environment' | 'mailbox'>): string {
  return `${environment}|${mailbox}`;
}

const second = 1_000;
const hour = 3_600_000;

/** How long a message is tried: as long as it waits in an inbox. */
const lifetime = 5 * 24 * hour;

/** The longest pause, whatever a schedule or a receiver says. */
export const longestPause = hour;
/** The first full pause. */
export const firstPause = 5 * second;

/** How often and how long pushes of a subscription are tried. */
export function scheduleOf({ contract }: PushSubscription): Schedule {
  if (contract)
    return {
      retries: contract.retries,
      interval: contract.interval * second,
      lifetime: contract.lifetime * second,
    };
  return {
    ...{ retries: 100_000, interval: firstPause, growing: true, most: longestPause },
    ...{ jitter: true, lifetime },
  };
}
