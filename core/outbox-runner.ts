/**
 * Sends what is due in the outbox: takes in what landed with documents, claims a delivery by its version, asks its topic's
 * sender, and notes what came of it. One process of an installation runs it; where two do, a claim is one's alone. A claim
 * of a process that died ends by itself, so that a delivery is sent again rather than lost.
 */
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import { lanesOf, type Lanes } from './outbox-lanes.ts';
import {
  createPlaces,
  deliveryCollection,
  ended,
  handedIn,
  outboxEntry,
  put,
  putAt,
  timeKey,
  usedUp,
  type Delivery,
  type NewDelivery,
  type Places,
} from './outbox.ts';
import { Problem } from './problem.ts';
import type { Collection, Store, Stored } from './store.ts';

/**
 * What came of an attempt. `sent`: handed over, `Outbox.confirm` is to come. `again`: not this time; the next at the time
 * given, or as the schedule says. `dead`: never. Reasons are for people in support and hold no patient data.
 */
export type Outcome =
  | { readonly kind: 'done' | 'sent' }
  | { readonly kind: 'again'; readonly reason: string; readonly at?: number }
  | { readonly kind: 'dead'; readonly reason: string };

export interface Topic {
  /** Makes one attempt; what it throws counts as `again`. The signal ends before the claim does. */
  send(delivery: Delivery, signal: AbortSignal): Promise<Outcome>;
  /** What is to be sent because this one was given up; lands with that. */
  gaveUp?(delivery: Delivery): Promise<readonly NewDelivery[]>;
  /** Milliseconds that an attempt may take; default 60,000. */
  readonly patience?: number | ((delivery: Delivery) => number);
  /** How many attempts a lane may have at a time, asked before each; default `inLane`. 0: none just now. */
  readonly room?: (lane: string) => number;
  /** Attempts at a time, counted apart from those of other topics. */
  readonly atOnce?: number;
}

export interface RunnerOptions {
  readonly store: Store;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  /** Whose senders there are; deliveries of other topics stay. */
  readonly topics: Readonly<Record<string, Topic>>;
  /** Collections whose documents bring deliveries along. */
  readonly bringing: readonly string[];
  /** Whether no other process may run it: then claims that are there at the start are of one that died. */
  readonly alone?: boolean;
  /** Attempts at a time, altogether and in one lane; default 32 and 4. */
  readonly atOnce?: number;
  readonly inLane?: number;
  /** From 0 to 1, 1 excluded: what pauses are multiplied with where a schedule wants that. */
  readonly random?: () => number;
}

export interface Runner {
  /** Begins all that is due now; resolves when that has ended, for tests that hold the clock. */
  look(): Promise<void>;
  /** Attempts that run. */
  readonly running: number;
  /** Begins nothing more, and waits for what runs. */
  close(): Promise<void>;
}

/** Milliseconds: what came without being told is found then, and what is due a moment later. */
const lookEvery = 1_000;
/** The signal ends so much before the claim. */
const margin = 5_000;
const pageSize = 100;
const mostPages = 20;

/** Starts looking at once. */
export function runOutbox(options: RunnerOptions): Runner {
  const { store, log, topics, bringing } = options;
  const collection = store.open(deliveryCollection);
  const waking = new Set([deliveryCollection.name, ...bringing]);
  const attempts = new Map<string, Promise<void>>();
  const running = counts();
  const places = createPlaces();
  let closed = false;
  let looking: Promise<void> | undefined;
  let again = false;

  const begin = (stored: Stored<Delivery>) => {
    const { id, value } = stored;
    const names = [poolOf(topics, value.topic), laneOf(value)];
    for (const name of names) running.add(name);
    const attempt = tried(options, collection, stored)
      .catch((error: unknown) => {
        log.log('error', 'a delivery could not be kept', { kind: Problem.from(error).kind });
      })
      .finally(() => {
        attempts.delete(id);
        for (const name of names) running.remove(name);
        soon();
      });
    attempts.set(id, attempt);
  };
  const roomFor = (delivery: Delivery) => {
    const { topic: name, lane } = delivery;
    const topic = topics[name];
    if (!topic || !Object.hasOwn(topics, name)) return 0;
    const most = topic.atOnce ?? options.atOnce ?? 32;
    const inLane = (lane === undefined ? undefined : topic.room?.(lane)) ?? options.inLane ?? 4;
    const pool = poolOf(topics, name);
    return Math.min(most - running.of(pool), inLane - running.of(laneOf(delivery)));
  };
  const lanes: Lanes = lanesOf({
    ...{ collection, now: () => options.clock.now(), isRunning: (id) => attempts.has(id) },
    ...{ begin, roomFor, runningIn: (delivery) => running.of(laneOf(delivery)) },
  });
  const pass = async () => {
    await takeIn(store, collection, options.clock.now(), places);
    await expireInLanes(options, collection);
    let after: string | undefined;
    for (let page = 0; page < mostPages && !closed; page++) {
      const due = await collection.find({
        ...{ index: 'due', to: timeKey(options.clock.now()), limit: pageSize },
        ...(after === undefined ? {} : { after }),
      });
      for (const stored of due.items)
        if (!attempts.has(stored.id) && roomFor(stored.value) > 0) begin(stored);
      after = due.next;
      if (after === undefined) break;
    }
    if (!closed) await lanes.look();
  };
  let claimsFreed = options.alone !== true;
  const look = async () => {
    if (!claimsFreed) await freeClaims(collection, options.clock.now());
    claimsFreed = true;
    for (again = true; again && !closed;) {
      again = false;
      await pass();
    }
  };
  /** Whether somebody asked between its last look and its end. */
  const missed = () => again;
  const isBusy = () => looking !== undefined || attempts.size > 0;
  const soon = () => {
    again = true;
    if (looking || closed) return;
    looking = look()
      .catch((error: unknown) => {
        log.log('error', 'the outbox could not be looked through', {
          kind: Problem.from(error).kind,
        });
      })
      .finally(() => {
        looking = undefined;
        if (missed()) soon();
      });
  };
  const stop = store.changes.listen((changes) => {
    if (changes.some(({ collection: name }) => waking.has(name))) soon();
  });
  const timer = setInterval(soon, lookEvery).unref();
  soon();
  return {
    async look() {
      soon();
      while (isBusy()) {
        await looking;
        await Promise.all(attempts.values());
      }
    },
    get running() {
      return attempts.size;
    },
    async close() {
      closed = true;
      clearInterval(timer);
      stop();
      await looking;
      await Promise.all(attempts.values());
    },
  };
}

/** Makes deliveries of what landed with documents. Killed in between, it does so again and finds them there. */
async function takeIn(
  store: Store,
  collection: Collection<Delivery>,
  now: number,
  places: Places,
): Promise<void> {
  for (;;) {
    const entries = await store.outgoing(handedIn, pageSize);
    for (const { id, body } of entries) {
      await put(collection, JSON.parse(body) as NewDelivery, now, places); // outboxEntry wrote it
      await store.delivered(id);
    }
    if (entries.length < pageSize) return;
  }
}

/** What is due in a closed lane is not begun, but has its end in time all the same. */
async function expireInLanes(
  options: RunnerOptions,
  collection: Collection<Delivery>,
): Promise<void> {
  const { topics, clock } = options;
  const to = timeKey(clock.now());
  const { items } = await collection.find({ index: 'expires', to, limit: pageSize });
  for (const stored of items) {
    const topic = topics[stored.value.topic];
    const isOver = stored.value.state !== 'sending' || stored.value.due <= clock.now();
    if (topic && isOver)
      await giveUp(options, topic, collection, stored, told('expired', stored.value.reason));
  }
}

/** Attempts whose topic bounds their number are counted apart. */
function poolOf(topics: RunnerOptions['topics'], topic: string): string {
  return topics[topic]?.atOnce === undefined ? 'pool' : `pool ${topic}`;
}

function laneOf({ id, lane }: Delivery): string {
  return lane === undefined ? `one ${id}` : `lane ${lane}`;
}

/** How many there are of each name. */
function counts() {
  const numbers = new Map<string, number>();
  return {
    of: (name: string) => numbers.get(name) ?? 0,
    add(name: string) {
      numbers.set(name, (numbers.get(name) ?? 0) + 1);
    },
    remove(name: string) {
      const left = (numbers.get(name) ?? 1) - 1;
      if (left === 0) numbers.delete(name);
      else numbers.set(name, left);
    },
  };
}

/** What a process had claimed when it died is due again. */
async function freeClaims(collection: Collection<Delivery>, due: number): Promise<void> {
  for (;;) {
    const { items } = await collection.find({ index: 'state', equals: ['sending'], limit: 100 });
    for (const stored of items)
      await putAt(collection, stored, { ...stored.value, state: 'waiting', due });
    if (items.length < 100) return;
  }
}

/** Claims a delivery, asks its sender and notes the outcome; nothing where another was faster. */
async function tried(
  options: RunnerOptions,
  collection: Collection<Delivery>,
  stored: Stored<Delivery>,
): Promise<void> {
  const { topics, clock } = options;
  const { value: delivery } = stored;
  const topic = topics[delivery.topic];
  if (!topic) return;
  const now = clock.now();
  if (now >= delivery.expires) {
    await giveUp(options, topic, collection, stored, told('expired', delivery.reason));
    return;
  }
  if (delivery.attempts > delivery.schedule.retries) {
    await giveUp(options, topic, collection, stored, told(usedUp, delivery.reason));
    return;
  }
  const patience = patienceOf(topic, delivery);
  const attempts = delivery.attempts + 1;
  const due = now + patience + margin;
  const begun = { attempts, tried: now, firstTried: delivery.firstTried ?? now, due };
  const claim = { ...delivery, state: 'sending' as const, ...begun };
  const claimed = await putAt(collection, stored, claim);
  if (!claimed) return;
  const outcome = await outcomeOf(options, topic, claim, patience);
  await note(options, topic, collection, claimed, outcome);
}

function patienceOf({ patience = 60_000 }: Topic, delivery: Delivery): number {
  return typeof patience === 'number' ? patience : patience(delivery);
}

async function outcomeOf(
  { log }: RunnerOptions,
  topic: Topic,
  claim: Delivery,
  patience: number,
): Promise<Outcome> {
  try {
    return await topic.send(claim, AbortSignal.timeout(patience));
  } catch (error) {
    const problem = Problem.from(error);
    if (problem.kind === 'internal')
      log.log('error', 'the sender of a delivery failed', {
        ...{ delivery: claim.id, topic: claim.topic },
        error: error instanceof Error ? error.name : '',
      });
    return { kind: 'again', reason: problem.message };
  }
}

async function note(
  options: RunnerOptions,
  topic: Topic,
  collection: Collection<Delivery>,
  claimed: Stored<Delivery>,
  outcome: Outcome,
): Promise<void> {
  const { value: delivery } = claimed;
  const now = options.clock.now();
  if (outcome.kind === 'dead') {
    await giveUp(options, topic, collection, claimed, outcome.reason);
    return;
  }
  if (outcome.kind === 'done') {
    tell(options.log, 'info', 'a message was delivered', delivery, now);
    await putAt(collection, claimed, ended(delivery, now));
    return;
  }
  const at = outcome.kind === 'again' ? outcome.at : undefined;
  const due = nextDue(delivery, now, options.random ?? Math.random, at);
  const reason = outcome.kind === 'again' ? outcome.reason : 'not acknowledged';
  const last = delivery.attempts > delivery.schedule.retries;
  if (outcome.kind === 'again' && last) {
    await giveUp(options, topic, collection, claimed, told(usedUp, reason));
    return;
  }
  const state = outcome.kind === 'again' ? ('waiting' as const) : ('sent' as const);
  if (outcome.kind === 'again') tell(options.log, 'info', 'a message waits', delivery, now, reason);
  await putAt(collection, claimed, { ...delivery, state, due, reason });
}

/** The next attempt, or the look at whether it was confirmed; no later than its end. */
function nextDue(
  { schedule, attempts, expires, tried = 0 }: Delivery,
  now: number,
  random: () => number,
  at?: number,
): number {
  if (at !== undefined) return Math.min(Math.max(at, now), expires);
  const { interval, growing = false, most = interval * 1024, jitter = false } = schedule;
  const full = growing ? Math.min(interval * 2 ** Math.min(attempts - 1, 40), most) : interval;
  const wait = jitter ? full * random() : full;
  return Math.min(Math.max(tried + wait, now), expires);
}

async function giveUp(
  options: RunnerOptions,
  topic: Topic,
  collection: Collection<Delivery>,
  stored: Stored<Delivery>,
  reason: string,
): Promise<void> {
  const now = options.clock.now();
  const dead: Delivery = { ...stored.value, state: 'dead', ended: now, reason };
  const then = (await topic.gaveUp?.(dead)) ?? [];
  const kept = await putAt(collection, stored, dead, then.map(outboxEntry));
  if (kept) tell(options.log, 'warn', 'a message was given up', dead, now, reason);
}

function told(what: string, reason: string | undefined): string {
  return reason === undefined || reason.startsWith(what) ? what : `${what}: ${reason}`;
}

/** What support asks for first. */
function tell(
  log: Log,
  level: 'info' | 'warn',
  message: string,
  { id, topic, about, attempts, created }: Delivery,
  now: number,
  reason?: string,
): void {
  const milliseconds = now - created;
  log.log(level, message, {
    ...{ delivery: id, topic, attempts, milliseconds, ...about },
    ...(reason === undefined ? {} : { reason }),
  });
}
