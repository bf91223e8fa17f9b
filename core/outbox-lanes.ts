/**
 * Looks through the lanes of the outbox: which deliveries of each may begin now. Owns that a full lane keeps no other
 * waiting however much it holds, and that of a line only the first goes. How many may run is the runner's.
 */
import { firstLine, lineKey, noLine, timeKey, type Delivery } from './outbox.ts';
import type { Collection, Find, Stored } from './store.ts';

export interface LanesOptions {
  readonly collection: Collection<Delivery>;
  readonly now: () => number;
  readonly isRunning: (id: string) => boolean;
  readonly begin: (stored: Stored<Delivery>) => void;
  /** How many more of its topic and lane may begin. */
  readonly roomFor: (delivery: Delivery) => number;
  /** How many of its lane run. */
  readonly runningIn: (delivery: Delivery) => number;
}

export interface Lanes {
  /** Begins what may; goes round, so that each lane is first at some time. */
  look(): Promise<void>;
}

/** Heads of lines that are looked at in one lane at a time. */
const mostHeads = 200;

export function lanesOf(options: LanesOptions): Lanes {
  const { collection } = options;
  /** Where the next look begins: among lanes, and in each among its lines. */
  let start = '';
  const starts = new Map<string, string>();
  return {
    async look() {
      await round(start, async (from) => {
        const [first] = await found(collection, { index: 'lane', ...from });
        const { lane } = first?.value ?? {};
        if (!first || lane === undefined) return undefined;
        const begun = await fill(options, first.value, lane, starts);
        if (begun > 0) start = `${lane}\u0001`;
        return lane;
      });
    },
  };
}

/** Calls `visit` for all there is, from `start` to the end and on from the beginning to `start`. */
async function round(
  start: string,
  visit: (from: { readonly from?: string }) => Promise<string | undefined>,
): Promise<void> {
  let [from, isSecond] = [start, start === ''];
  for (;;) {
    const seen = await visit(from === '' ? {} : { from });
    if (seen === undefined && isSecond) return;
    if (seen === undefined) [from, isSecond] = ['', true];
    else if (isSecond && start !== '' && seen >= start) return;
    else from = `${seen}\u0001`;
  }
}

/** Begins what one lane has room for. @returns how many */
async function fill(
  options: LanesOptions,
  some: Delivery,
  lane: string,
  starts: Map<string, string>,
): Promise<number> {
  const { collection, roomFor, runningIn, begin, isRunning, now } = options;
  if (roomFor(some) <= 0) return 0;
  let begun = 0;
  const mayBegin = ({ id, value }: Stored<Delivery>) =>
    !isRunning(id) && value.ended === undefined && value.due <= now() && roomFor(value) > 0;
  const unordered = await found(collection, {
    ...{ index: 'lane', equals: [lane, noLine], to: timeKey(now()) },
    // Those that run may not have written their claim yet.
    limit: Math.min(1000, roomFor(some) + runningIn(some)),
  });
  const offer = (stored: Stored<Delivery>) => {
    if (!mayBegin(stored)) return;
    begin(stored);
    begun++;
  };
  unordered.forEach(offer);
  let heads = 0;
  const start = starts.get(lane) ?? '';
  starts.delete(lane);
  await round(start, async ({ from = firstLine }) => {
    if (roomFor(some) <= 0 || heads >= mostHeads) {
      if (!starts.has(lane)) starts.set(lane, from);
      return undefined;
    }
    const [head] = await found(collection, { index: 'lane', equals: [lane], from });
    if (!head?.value.turn) return undefined;
    heads++;
    offer(head);
    return lineKey(head.value.turn);
  });
  return begun;
}

async function found(
  collection: Collection<Delivery>,
  query: Find,
): Promise<readonly Stored<Delivery>[]> {
  return (await collection.find({ limit: 1, ...query })).items;
}
