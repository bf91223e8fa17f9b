/**
 * NHS numbers to give away: the 999 range, which is never issued (synthetic-patients 1).
 * Owns their order. Generated people take them from the front; newly created records from the top of the range down;
 * those that the default data holds come last, so that generated people never meet them.
 */
import { nhsNumberCheckDigit } from '../identifiers.ts';
import { Problem } from '../../core/problem.ts';

// A number of the range is 999, six digits and a check digit. The first three weigh 243 in the sum, which leaves 1,
// and a sum that leaves 1 has no check digit: so it can exist unless the six digits alone weigh a multiple of 11.
const residueOf = (digits: number, weights: readonly [number, number, number]) =>
  (Math.floor(digits / 100) * weights[0] +
    (Math.floor(digits / 10) % 10) * weights[1] +
    (digits % 10) * weights[2]) %
  11;

/** For each residue of the first three digits, the last three that go with it, ascending. */
const endings: readonly (readonly number[])[] = Array.from({ length: 11 }, (_, residue) =>
  thousand().filter((last) => (residue + residueOf(last, [4, 3, 2])) % 11 !== 0),
);

/** How many numbers there are below each thousand of six-digit middles; one more entry with the total. */
const below: readonly number[] = thousand().reduce<number[]>(
  (sums, first) => [...sums, (sums.at(-1) ?? 0) + endingsOf(first).length],
  [0],
);

/** How many NHS numbers the 999 range holds: 909,091. */
export const testNumberCount = below[1000] ?? 0;

/** Runs of ranks kept for the default data, ascending: the published invalidated number, all of 999100, ten nines. */
const kept: readonly (readonly [start: number, count: number])[] = [
  [rankOf('9990003343'), 1],
  [below[100] ?? 0, endingsOf(100).length],
  [testNumberCount - 1, 1],
];
const free = testNumberCount - kept.reduce((sum, [, count]) => sum + count, 0);

/**
 * The i-th number (from 0) in the order in which they are given to generated people: upwards through the range without
 * those kept for the default data, which come at the very end. Throws a Problem beyond the last.
 */
export function testNumber(i: number): string {
  if (!Number.isSafeInteger(i) || i < 0 || i >= testNumberCount) throw tooMany(i + 1);
  return numberAt(i < free ? skipKept(i) : keptRank(i - free));
}

/**
 * The k-th number (from 0) to give a new record: downwards from the top of the range, which generated people reach
 * last. Ten nines pass the check but are refused as data by careful systems, so they are not given away.
 */
export function allocationNumber(k: number): string {
  if (!Number.isSafeInteger(k) || k < 0 || k >= testNumberCount - 1)
    throw new Problem('unavailable', 'No NHS numbers are left in the 999 test range');
  return numberAt(testNumberCount - 2 - k);
}

/** Why no more people can be made than there are numbers. */
export function tooMany(asked: number): Problem {
  return new Problem(
    'invalid',
    `${asked} people were asked for, but the 999 range, the only one that is never issued, ` +
      `holds ${testNumberCount} NHS numbers: ask for 1 to ${testNumberCount}`,
  );
}

/** The rank among unkept numbers turned into the rank among all. */
function skipKept(i: number): number {
  return kept.reduce((rank, [start, count]) => (rank >= start ? rank + count : rank), i);
}

/** The rank of the i-th kept number. */
function keptRank(i: number): number {
  let rest = i;
  for (const [start, count] of kept) {
    if (rest < count) return start + rest;
    rest -= count;
  }
  throw tooMany(testNumberCount + 1);
}

/** The number with this rank in ascending order. */
function numberAt(rank: number): string {
  let low = 0;
  let high = 999;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((below[middle] ?? 0) <= rank) low = middle;
    else high = middle - 1;
  }
  const last = endingsOf(low)[rank - (below[low] ?? 0)] ?? 0;
  const nine = `999${String(low * 1000 + last).padStart(6, '0')}`;
  return `${nine}${nhsNumberCheckDigit(nine) ?? ''}`;
}

/** The rank of a number of the range in ascending order. */
function rankOf(number: string): number {
  const first = Number(number.slice(3, 6));
  return (below[first] ?? 0) + endingsOf(first).indexOf(Number(number.slice(6, 9)));
}

function endingsOf(first: number): readonly number[] {
  return endings[residueOf(first, [7, 6, 5])] ?? [];
}

function thousand(): number[] {
  return Array.from({ length: 1000 }, (_, i) => i);
}
