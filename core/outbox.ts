/**
 * What leaves the process later: deliveries as documents, found by the time they are next due. Owns what a delivery is, how
 * one is handed in, confirmed, tried anew and given up; who sends them is outbox-runner.ts's. One word of what is sent
 * stands in a delivery only as far as its topic puts it there: bodies are names and ids, never contents.
 */
import type { Clock } from './clock.ts';
import { Problem } from './problem.ts';
import type { Collection, CollectionOf, Find, OutboxEntry, Page, Store, Stored } from './store.ts';

/** How often and how long a delivery is tried. Milliseconds. */
export interface Schedule {
  /** Attempts after the first. */
  readonly retries: number;
  /** From one attempt to the next; doubled each time where `growing`. */
  readonly interval: number;
  readonly growing?: boolean;
  /** From handing in to giving up, whatever attempts are left. */
  readonly lifetime: number;
}

/** A delivery as it is handed in. */
export interface NewDelivery {
  /** Unique in all of the outbox; the same id handed in again is the same delivery. */
  readonly id: string;
  /** Whose sender sends it. */
  readonly topic: string;
  /** What the sender needs to know, in a form of its own. */
  readonly body: string;
  /** What a person in support sees of it: ids and addresses, never patient data. */
  readonly about: Readonly<Record<string, string>>;
  /** Ids under which it is found, beside its own. */
  readonly refs?: readonly string[];
  /** Deliveries of one lane are sent a few at a time, so that a slow receiver holds up no other. */
  readonly lane?: string;
  readonly schedule: Schedule;
  /** The first attempt, milliseconds since the epoch; absent: at once. */
  readonly notBefore?: number;
}

/**
 * `waiting`: to be sent when due. `sending`: somebody has claimed it until it is due. `sent`: handed over and to be
 * confirmed until it is due. `done`, `dead`: ended.
 */
export type DeliveryState = 'waiting' | 'sending' | 'sent' | 'done' | 'dead';

export interface Delivery extends NewDelivery {
  readonly state: DeliveryState;
  /** Attempts that have begun. */
  readonly attempts: number;
  /** All times in milliseconds since the epoch. */
  readonly created: number;
  readonly due: number;
  readonly expires: number;
  /** When the last attempt began. */
  readonly tried?: number;
  readonly ended?: number;
  /** Why the last attempt failed, or why it was given up. */
  readonly reason?: string;
}

export interface Outbox {
  /** Hands in by itself; on disk when it resolves. Handed in before: nothing happens. */
  add(delivery: NewDelivery): Promise<void>;
  get(id: string): Promise<Delivery | undefined>;
  /** Ends a delivery well, whoever has claimed it; false when there is none that is open. */
  confirm(id: string): Promise<boolean>;
  /** Ends it badly, at once. @throws Problem `not-found`, `conflict` when it has ended */
  abandon(id: string, reason: string): Promise<Delivery>;
  /** Begins anew, also what has ended. @throws Problem `not-found`, `conflict` while it is being sent */
  retry(id: string): Promise<Delivery>;
  /** By `refs` and own id. */
  named(ref: string): Promise<readonly Delivery[]>;
  /** Newest first is not promised: in order of handing in. */
  list(query: ListQuery): Promise<Page<Delivery>>;
  /** Removes what has ended long ago; gives how many. */
  sweep(): Promise<number>;
}

export interface ListQuery {
  readonly topic?: string;
  readonly state?: DeliveryState;
  readonly limit?: number;
  readonly after?: string;
}

export const deliveryCollection: CollectionOf<Delivery> = {
  name: 'outbox.deliveries',
  keys: ({ id, topic, state, due, created, ended, refs = [] }) => ({
    ...(ended === undefined ? { due: [[timeKey(due)]] } : { ended: [[timeKey(ended)]] }),
    all: [[timeKey(created)]],
    topic: [[topic, timeKey(created)]],
    state: [[state, timeKey(created)]],
    ref: [...new Set([id, ...refs])].map((ref) => [ref]),
  }),
};

/** The topic of the store's entries that become deliveries. */
export const handedIn = 'outbox';

/** How the reason of a delivery begins that was tried as often as its schedule says. */
export const usedUp = 'retries used up';

/** How long what has ended is kept for support. */
const keptFor = 7 * 24 * 60 * 60_000;

/** A delivery that lands with the document it belongs to, or not at all. */
export function outboxEntry(delivery: NewDelivery): OutboxEntry {
  return { topic: handedIn, body: JSON.stringify(delivery) };
}

/** The outbox as every process uses it; it sends nothing. */
export function openOutbox(store: Store, clock: Pick<Clock, 'now'>): Outbox {
  const collection = store.open(deliveryCollection);
  const now = () => clock.now();
  return {
    add: (delivery) => put(collection, delivery, now()),
    get: async (id) => (await collection.get(id))?.value,
    async confirm(id) {
      const well = await change(collection, id, (one) =>
        isOpen(one) ? ended(one, now()) : undefined,
      );
      return well !== undefined;
    },
    async abandon(id, reason) {
      const dead = await change(collection, id, (one) => {
        if (!isOpen(one)) throw new Problem('conflict', 'The delivery has ended already');
        return { ...one, state: 'dead', ended: now(), reason };
      });
      return found(dead);
    },
    async retry(id) {
      const begun = await change(collection, id, (one) => {
        if (one.state === 'sending') throw new Problem('conflict', 'It is being sent just now');
        return { ...fresh(one, now()), created: one.created };
      });
      return found(begun);
    },
    async named(ref) {
      const { items } = await collection.find({ index: 'ref', equals: [ref], limit: 1000 });
      return items.map(({ value }) => value);
    },
    list: (query) => collection.find(findOf(query)),
    sweep: () => sweep(collection, now() - keptFor),
  };
}

/** Puts a delivery unless it is there. */
export async function put(
  collection: Collection<Delivery>,
  delivery: NewDelivery,
  now: number,
): Promise<void> {
  try {
    await collection.put(delivery.id, fresh(delivery, now), { expected: 0 });
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

/**
 * Puts what `to` makes of a delivery, again as long as somebody else is faster; undefined leaves it as it is.
 * @returns what stands there now; undefined when nothing was done
 */
async function change(
  collection: Collection<Delivery>,
  id: string,
  to: (delivery: Delivery) => Delivery | undefined,
): Promise<Delivery | undefined> {
  for (;;) {
    const stored = await collection.get(id);
    const next = stored && to(stored.value);
    if (!stored || !next) return undefined;
    const kept = await putAt(collection, stored, next);
    if (kept) return next;
  }
}

/** Puts at the version that was read; undefined when somebody was faster. */
export async function putAt(
  collection: Collection<Delivery>,
  stored: Stored<Delivery>,
  next: Delivery,
  outbox: readonly OutboxEntry[] = [],
): Promise<Stored<Delivery> | undefined> {
  try {
    return await collection.put(stored.id, next, { expected: stored.version, outbox });
  } catch (error) {
    if (isConflict(error)) return undefined;
    throw error;
  }
}

function isOpen({ ended }: Delivery): boolean {
  return ended === undefined;
}

/** A delivery that ended well: what went wrong before is forgotten. */
export function ended(delivery: Delivery, now: number): Delivery {
  const { attempts, created, due, expires, tried } = delivery;
  return {
    ...given(delivery),
    ...{ state: 'done', attempts, created, due, expires, ended: now },
    ...(tried === undefined ? {} : { tried }),
  };
}

/** A time as part of a key. */
export function timeKey(time: number): string {
  return String(Math.max(0, Math.floor(time))).padStart(15, '0');
}

/** What a delivery is before its first attempt. */
function fresh(delivery: NewDelivery, now: number): Delivery {
  return {
    ...given(delivery),
    ...{ state: 'waiting', attempts: 0, created: now },
    due: Math.max(now, delivery.notBefore ?? 0),
    expires: now + delivery.schedule.lifetime,
  };
}

function given({ id, topic, body, about, refs, lane, schedule, notBefore }: NewDelivery) {
  return {
    ...{ id, topic, body, about, schedule },
    ...(refs === undefined ? {} : { refs }),
    ...(lane === undefined ? {} : { lane }),
    ...(notBefore === undefined ? {} : { notBefore }),
  };
}

function isConflict(error: unknown): boolean {
  return error instanceof Problem && error.kind === 'conflict';
}

function found(delivery: Delivery | undefined): Delivery {
  if (delivery) return delivery;
  throw new Problem('not-found', 'There is no such delivery');
}

function findOf({ topic, state, limit = 50, after }: ListQuery): Find {
  const page = { limit, ...(after === undefined ? {} : { after }) };
  if (state !== undefined) return { index: 'state', equals: [state], ...page };
  if (topic !== undefined) return { index: 'topic', equals: [topic], ...page };
  return { index: 'all', ...page };
}

async function sweep(collection: Collection<Delivery>, before: number): Promise<number> {
  const { items } = await collection.find({ index: 'ended', to: timeKey(before), limit: 1000 });
  for (const { id, version } of items)
    await collection.remove(id, version).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
  return items.length;
}
