/**
 * How people are laid out in households, so that the household of person n is found by arithmetic and a few draws:
 * blocks of 120 people, each filled by households whose sizes depend only on the seed and the block.
 */
import { Random, weighted } from './random.ts';

export const blockSize = 120;

export type HouseholdKind = 'home' | 'care-home' | 'hall';

export interface Slot {
  readonly kind: HouseholdKind;
  /** The number n of its first person. */
  readonly first: number;
  readonly size: number;
  /** How many of its numbers, the last ones, are retired duplicates of its first person. */
  readonly duplicates: number;
}

/** Household sizes: 2.4 people on average. */
const sizes = weighted<number>([
  [1, 30],
  [2, 34],
  [3, 16],
  [4, 13],
  [5, 4.5],
  [6, 1.6],
  [7, 0.6],
  [8, 0.3],
]);

/** The households of a block, in order; together they hold exactly `blockSize` people. */
export function slotsOf(block: number, seed: number): Slot[] {
  const random = new Random(seed, 1, block);
  const slots: Slot[] = [];
  let used = 0;
  const add = (kind: HouseholdKind, size: number, duplicates = 0) => {
    slots.push({ kind, first: block * blockSize + used, size, duplicates });
    used += size;
  };
  if (block % 64 === 5) add('care-home', 50);
  if (block % 64 === 11) add('hall', 50);
  // One block in eight has a merged record, every fourth of those a chain of two.
  if (block % 32 === 19) add('home', 4, 2);
  else if (block % 8 === 3) add('home', 3, 1);
  while (used < blockSize) add('home', Math.min(random.draw(sizes), blockSize - used));
  return slots;
}
