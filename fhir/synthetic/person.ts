/**
 * The generator of people: person n of a seed, made without those before (synthetic-patients 9).
 * Owns what one record says of a member of a household; who lives together is in household.ts.
 */
import type { PdsRecord } from '../pds/record.ts';
import { blockSize, slotsOf, type Slot } from './blocks.ts';
import { readDay } from './days.ts';
import { duplicateOf, memberSketch } from './member.ts';
import { householdOf, type Context, type Household } from './household.ts';
import { testNumberCount, tooMany } from './numbers.ts';
import { Problem } from '../../core/problem.ts';
import type { Sketch } from './sketch.ts';
import { toRecord } from './to-record.ts';
import type { Sources } from './sources.ts';

export type { Context } from './household.ts';

/** The day on which ages are reckoned unless another is given. */
export const referenceDate = '2026-11-01';

/** What generating depends on beside seed and number. `date` is `yyyy-mm-dd`. */
export function createContext(sources: Sources, date: string = referenceDate): Context {
  return { sources, today: readDay(date) };
}

/**
 * Person n, from 0. The same seed, number and context give the same record, byte for byte, on any machine.
 * Throws a Problem for a number beyond the last or a seed that is no whole number.
 */
export function person(n: number, seed: number, context: Context): PdsRecord {
  check(n + 1, seed);
  const slot = slotsOf(Math.floor(n / blockSize), seed).find((each) => n < each.first + each.size);
  if (!slot) throw tooMany(n + 1);
  return recordIn(householdOf(slot, seed, context), n, seed, context);
}

/**
 * The first `count` people of a seed, in order, made as they are asked for.
 * Throws a Problem at once when there are not so many NHS numbers, or for a seed that is no whole number.
 */
export function people(count: number, seed: number, context: Context): Iterable<PdsRecord> {
  check(count, seed);
  return peopleOf(count, seed, context);
}

function* peopleOf(count: number, seed: number, context: Context): Iterable<PdsRecord> {
  for (let block = 0; block * blockSize < count; block++)
    for (const slot of slotsOf(block, seed)) yield* peopleIn(slot, count, seed, context);
}

function* peopleIn(slot: Slot, count: number, seed: number, context: Context): Iterable<PdsRecord> {
  if (slot.first >= count) return;
  const household = householdOf(slot, seed, context);
  const end = Math.min(slot.first + slot.size, count);
  for (let n = slot.first; n < end; n++) yield recordIn(household, n, seed, context);
}

function recordIn(household: Household, n: number, seed: number, context: Context): PdsRecord {
  return toRecord(sketchIn(household, n - household.slot.first, seed, context));
}

function sketchIn(household: Household, at: number, seed: number, context: Context): Sketch {
  const own = household.members.length;
  return at < own
    ? memberSketch(household, at, seed, context)
    : duplicateOf(memberSketch(household, 0, seed, context), household, at, seed);
}

function check(count: number, seed: number): void {
  if (!Number.isSafeInteger(count) || count < 1 || count > testNumberCount) throw tooMany(count);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new Problem('invalid', `The seed is ${seed}: give a whole number from 0 upwards`);
}
