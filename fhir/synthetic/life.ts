/** Whether a person has died or left the registers, and how poor the dates on the record are (synthetic-patients 3). */
import { writeDay, yearOf } from './days.ts';
import type { Random } from './random.ts';
import type { Sketch } from './sketch.ts';
import { weighted } from './random.ts';

/** The share of people born so long ago who have died, by age: with the births of household.ts some 14% of all. */
const deadByAge: readonly (readonly [age: number, share: number])[] = [
  [1, 0.004],
  [20, 0.003],
  [40, 0.008],
  [50, 0.02],
  [60, 0.05],
  [70, 0.13],
  [75, 0.25],
  [80, 0.42],
  [85, 0.62],
  [90, 0.82],
  [95, 0.94],
  [100, 0.985],
  [105, 0.997],
  [111, 0.9995],
  [999, 1],
];

/** The day of death, or undefined. `aliveOn` is a day on which the person certainly lived. */
export function deathDay(
  random: Random,
  born: number,
  today: number,
  aliveOn = born,
): number | undefined {
  const age = Math.floor((today - born) / 365.25);
  const [, share] = deadByAge.find(([limit]) => age <= limit) ?? [0, 1];
  if (!random.chance(share)) return undefined;
  const earliest = Math.max(born, aliveOn, today - 30 * 365, born + Math.floor((today - born) / 2));
  return random.between(Math.min(earliest, today), today);
}

/** The death as it stands in the record: nine in ten registered, the others reported by a practice or trust. */
export function deathSketch(
  random: Random,
  day: number,
  today: number,
): NonNullable<Sketch['death']> {
  const status = random.chance(0.9) ? '2' : '1';
  const noted = `${writeDay(Math.min(day + random.between(1, 14), today))}T00:00:00+00:00`;
  return { at: deathText(random, day), status, noted };
}

function deathText(random: Random, day: number): string {
  const text = writeDay(day);
  const form = random.below(100);
  if (form < 50) return `${text}T00:00:00+00:00`;
  if (form < 70) return `${text}T${two(random.below(24))}:${two(random.below(60))}:00+00:00`;
  if (form < 97) return text;
  return form < 99 ? text.slice(0, 7) : text.slice(0, 4);
}

/** The birth date as recorded: a few hold only month or year, some unknown ones are 1 January 1900. */
export function birthText(random: Random, born: number, today: number): string {
  const text = writeDay(born);
  const chance = random.below(10_000);
  if (chance < 12) return text.slice(0, 7);
  if (chance < 24) return text.slice(0, 4);
  if (chance < 25 && yearOf(today) - yearOf(born) > 60) return '1900-01-01';
  return text;
}

/** Reasons for which one person alone leaves a practice list; AFN and SDN are the confidential ones. */
export const lonelyRemovals = weighted<'EMB' | 'SCT' | 'NIT' | 'TRA' | 'ORR' | 'AFN' | 'SDN'>([
  ['EMB', 50],
  ['SCT', 10],
  ['NIT', 5],
  ['TRA', 12],
  ['ORR', 15],
  ['AFN', 5],
  ['SDN', 3],
]);

function two(number: number): string {
  return String(number).padStart(2, '0');
}
