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
  /** The longest that a growing pause gets; absent: 1,024 intervals. */
  readonly most?: number;
  /** Whether a pause is of random length up to its full one, so that a receiver that comes back is not called by all at once. */
  readonly jitter?: boolean;
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
  /** Its line within the lane; absent: in no order. */
  readonly turn?: Turn;
  readonly schedule: Schedule;
  /** The first attempt, milliseconds since the epoch; absent: at once. */
  readonly notBefore?: number;
  /** Why it is begun anew though it has ended. Handed in again with the same word it is the same delivery. */
  readonly again?: string;
}

/**
 * Those of a lane with one key are sent strictly one after the other, in the order of handing in. One that was given up lets
 * the next go (`skip`), or keeps them back until a person decides (`hold`).
 */
export interface Turn {
  readonly key: string;
  readonly onDead: 'skip' | 'hold';
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
  /** When the last attempt began, and the very first. */
  readonly tried?: number;
  readonly firstTried?: number;
  /** How often it was begun anew by hand; absent: never. */
  readonly generation?: number;
  /** Its place in its line. */
  readonly place?: string;
  /** Whether a person decided that it is given up for good and keeps nobody back. */
  readonly discarded?: true;
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
  /** Gives it up for good, also what is dead: it keeps no other back. @throws Problem `not-found`, `conflict` when it ended well */
  discard(id: string, reason: string): Promise<Delivery>;
  /**
   * Begins anew, also what has ended; it keeps its place in its line.
   * @param notBefore milliseconds since the epoch. @throws Problem `not-found`, `conflict` while it is being sent
   */
  retry(id: string, notBefore?: number): Promise<Delivery>;
  /** By `refs` and own id. */
  named(ref: string): Promise<readonly Delivery[]>;
  /** Newest first is not promised: in order of handing in. */
  list(query: ListQuery): Promise<Page<Delivery>>;
  /** Removes what has ended long ago; gives how many. */
  sweep(): Promise<number>;
}

export interface ListQuery {
  readonly topic?: string;
  /** Of one lane: then a topic says nothing, and without a state they come by state. */
  readonly lane?: string;
  readonly state?: DeliveryState;
  readonly limit?: number;
  readonly after?: string;
}

export const deliveryCollection: CollectionOf<Delivery> = {
  name: 'outbox.deliveries',
  keys: (delivery) => {
    const { id, topic, state, created, lane, refs = [] } = delivery;
    return {
      ...dueKeys(delivery),
      all: [[timeKey(created)]],
      topic: [[topic, timeKey(created)]],
      state: [[state, timeKey(created)]],
      ...(lane === undefined ? {} : { laned: [[lane, state, timeKey(created)]] }),
      ref: [...new Set([id, ...refs])].map((ref) => [ref]),
    };
  },
};

/**
 * What is open is found by when it is due: apart by lane where it has one, and there by line, so that what waits for others
 * is not looked at. What is dead and keeps others back stays at the head of its line.
 */
function dueKeys(delivery: Delivery): Readonly<Record<string, readonly (readonly string[])[]>> {
  const { lane, turn, due, expires, ended: at, place = '' } = delivery;
  const isHeld = holdsOthers(delivery);
  if (at !== undefined && !isHeld) return { ended: [[timeKey(at)]] };
  if (lane === undefined) return { due: [[timeKey(due)]] };
  return {
    lane: [turn ? [lane, lineKey(turn), place] : [lane, noLine, timeKey(due)]],
    ...(isHeld ? {} : { expires: [[timeKey(expires)]] }),
  };
}

/** Whether it was given up, and keeps back what is behind it. */
function holdsOthers({ state, turn, discarded }: Delivery): boolean {
  return state === 'dead' && turn?.onDead === 'hold' && discarded !== true;
}

/** The second part of the keys of the index `lane`: those in no order come first. */
export const noLine = '-';
export const firstLine = '=';
export function lineKey({ key }: Turn): string {
  return firstLine + key;
}

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
  const place = createPlaces();
  return {
    add: (delivery) => put(collection, delivery, now(), place),
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
    async discard(id, reason) {
      const dead = await change(collection, id, (one) => {
        if (one.state === 'done') throw new Problem('conflict', 'The delivery has ended well');
        return { ...one, state: 'dead', ended: one.ended ?? now(), reason, discarded: true };
      });
      return found(dead);
    },
    async retry(id, notBefore) {
      const begun = await change(collection, id, (one) => {
        if (one.state === 'sending') throw new Problem('conflict', 'It is being sent just now');
        return begunAnew(one, now(), notBefore);
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

/** Puts a delivery unless it is there; one that has ended begins anew where there is a new word for that. */
export async function put(
  collection: Collection<Delivery>,
  delivery: NewDelivery,
  now: number,
  place: Places,
): Promise<void> {
  try {
    const inLine = delivery.turn ? { place: place(now) } : {};
    await collection.put(delivery.id, { ...fresh(delivery, now), ...inLine }, { expected: 0 });
  } catch (error) {
    if (!isConflict(error)) throw error;
    const { id, again } = delivery;
    if (again === undefined) return;
    await change(collection, id, (one) => {
      if (one.again === again) return undefined;
      return isOpen(one) ? { ...one, again } : begunAnew({ ...one, ...given(delivery) }, now);
    });
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
    ...lasting(delivery),
    ...{ state: 'done', attempts, created, due, expires, ended: now },
    ...(tried === undefined ? {} : { tried }),
  };
}

/** As before its first attempt, at its place. */
function begunAnew(delivery: Delivery, now: number, notBefore = 0): Delivery {
  const { created, generation = 0 } = delivery;
  const anew = fresh(delivery, now);
  const due = Math.max(anew.due, notBefore);
  return { ...anew, ...lasting(delivery), created, due, generation: generation + 1 };
}

/** What is true of a delivery whatever becomes of it. */
function lasting({ firstTried, generation, place }: Delivery) {
  return {
    ...(firstTried === undefined ? {} : { firstTried }),
    ...(generation === undefined ? {} : { generation }),
    ...(place === undefined ? {} : { place }),
  };
}

/** Gives each that is handed in a place behind the one before. */
export type Places = (now: number) => string;

export function createPlaces(): Places {
  let last = 0;
  let count = 0;
  return (now) => {
    count = now > last ? 0 : count + 1;
    last = Math.max(last, now);
    return `${timeKey(last)}.${String(count).padStart(9, '0')}`;
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

function given(delivery: NewDelivery) {
  const { id, topic, body, about, refs, lane, turn, schedule, notBefore, again } = delivery;
  return {
    ...{ id, topic, body, about, schedule },
    ...(refs === undefined ? {} : { refs }),
    ...(lane === undefined ? {} : { lane }),
    ...(turn === undefined ? {} : { turn }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(again === undefined ? {} : { again }),
  };
}

function isConflict(error: unknown): boolean {
  return error instanceof Problem && error.kind === 'conflict';
}

function found(delivery: Delivery | undefined): Delivery {
  if (delivery) return delivery;
  throw new Problem('not-found', 'There is no such delivery');
}

function findOf({ topic, lane, state, limit = 50, after }: ListQuery): Find {
  const page = { limit, ...(after === undefined ? {} : { after }) };
  if (lane !== undefined)
    return { index: 'laned', equals: [lane, ...(state === undefined ? [] : [state])], ...page };
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
