/**
 * Given names: by birth cohort and sex, by heritage, with the long tail of spellings that official lists cut off
 * (synthetic-patients 2). Owns first and middle names; family names are in family-names.ts.
 */
import type { Random } from './random.ts';
import type { Cohort, Heritage, Sex, Sources } from './sources.ts';

/** Who is to be named. */
export interface Bearer {
  readonly sex: Sex;
  readonly birthYear: number;
  readonly heritage: Heritage;
}

/** One given name followed by its middle names: at most five in all. */
export function givenNames(random: Random, sources: Sources, bearer: Bearer): string[] {
  const first = firstName(random, sources, bearer);
  const names = [first];
  const rate = takesMiddleNames.has(bearer.heritage.code) ? 0.86 : 0.58;
  if (random.chance(rate)) names.push(differentName(random, sources, bearer, names));
  if (names.length === 2 && random.chance(0.14))
    names.push(differentName(random, sources, bearer, names));
  return names;
}

const takesMiddleNames: ReadonlySet<string> = new Set([
  'white-british',
  'welsh',
  'irish',
  'gypsy-traveller',
  'black-caribbean',
]);

/** A first name alone. */
export function firstName(random: Random, sources: Sources, bearer: Bearer): string {
  const own = bearer.heritage[bearer.sex];
  // The British-born of most heritages bear a mixture of both worlds' names.
  const useOwn = own !== undefined && !random.chance(bearer.birthYear > 1990 ? 0.3 : 0.08);
  if (useOwn) {
    const name = random.pick(own);
    return random.chance(0.15) ? respelt(random, name) : name;
  }
  return cohortName(random, sources, bearer.sex, bearer.birthYear);
}

function differentName(
  random: Random,
  sources: Sources,
  bearer: Bearer,
  taken: readonly string[],
): string {
  for (let i = 0; i < 6; i++) {
    const name = firstName(random, sources, bearer);
    if (!name.includes(' ') && !taken.includes(name)) return name;
  }
  return bearer.sex === 'female' ? 'Anne' : 'James';
}

function cohortName(random: Random, sources: Sources, sex: Sex, birthYear: number): string {
  const name = random.draw(cohortOf(sources, birthYear)[sex]);
  if (birthYear < 1996) return random.chance(0.03) ? respelt(random, name) : name;
  if (random.chance(hyphenRate(birthYear))) return hyphenated(random, sex, name);
  if (random.chance(0.00013))
    return random.pick(sex === 'female' ? ["A'isha", "La'rosa"] : ["Mika'il", "D'andre"]);
  return random.chance(tail[sex](birthYear)) ? respelt(random, name) : name;
}

function cohortOf(sources: Sources, birthYear: number): Cohort {
  const cohort = sources.cohorts.find(({ to }) => birthYear <= to) ?? sources.cohorts.at(-1);
  if (!cohort) throw new Error('there are no names by birth years');
  return cohort;
}

/** The share of births outside the 400 most frequent names (measured by five years, straightened). */
const tail = {
  female: (birthYear: number) => 0.18 + Math.min(24, birthYear - 1996) * 0.0055,
  male: (birthYear: number) => 0.11 + Math.min(24, birthYear - 1996) * 0.005,
};

/** Births with a hyphen in the name: 1.4% over 1996-2020, 2.5% at its end; a part comes with the lists themselves. */
function hyphenRate(birthYear: number): number {
  return birthYear >= 2016 ? 0.014 : 0.006;
}

function hyphenated(random: Random, sex: Sex, name: string): string {
  if (name.includes('-') || name.length > 8) return name;
  const second = random.pick(
    sex === 'female'
      ? ['Mae', 'Rose', 'Grace', 'Leigh', 'Mai', 'Jo']
      : ['James', 'Jay', 'Lee', 'John'],
  );
  return name === second ? name : `${name}-${second}`;
}

/** Ways in which one name comes to be spelt another way; the first that fits from a random start is taken. */
const respellings: readonly (readonly [RegExp, string])[] = [
  [/ay/, 'ai'],
  [/ai/, 'ay'],
  [/ie$/, 'y'],
  [/ey$/, 'y'],
  [/(?<!e)y$/, 'ie'],
  [/c(?=[aorly])/, 'k'],
  [/ck/, 'k'],
  [/ph/, 'f'],
  [/ll/, 'l'],
  [/nn/, 'n'],
  [/tt/, 't'],
  [/(?<=[aeo])l(?=[aei])/, 'll'],
  [/(?<=[aei])n(?=[aei])/, 'nn'],
  [/ee/, 'ea'],
  [/ea/, 'ee'],
  [/i(?=[a-z])/, 'y'],
  [/a$/, 'ah'],
  [/ah$/, 'a'],
  [/en$/, 'on'],
  [/on$/, 'en'],
  [/er$/, 'ar'],
  [/th/, 't'],
  [/s(?=[aeio])/, 'z'],
];

/** The name in another spelling, or as it is where none fits. */
function respelt(random: Random, name: string): string {
  const start = random.below(respellings.length);
  for (let i = 0; i < respellings.length; i++) {
    const [from, to] = respellings[(start + i) % respellings.length] ?? [/$^/, ''];
    const changed = name.slice(0, 1) + name.slice(1).replace(from, to);
    if (changed !== name && changed.length > 2) return changed;
  }
  return name;
}

/** Short forms by which people are known. */
export const shortForms: Readonly<Record<string, string>> = {
  Margaret: 'Peggy',
  Elizabeth: 'Liz',
  Katherine: 'Kate',
  Catherine: 'Cathy',
  Susan: 'Sue',
  Patricia: 'Pat',
  Dorothy: 'Dot',
  Deborah: 'Debbie',
  Christine: 'Chris',
  Jennifer: 'Jenny',
  Rebecca: 'Becky',
  Victoria: 'Vicky',
  Samantha: 'Sam',
  Alexandra: 'Alex',
  Florence: 'Flo',
  William: 'Bill',
  Robert: 'Bob',
  Richard: 'Dick',
  James: 'Jim',
  John: 'Jack',
  Thomas: 'Tom',
  Michael: 'Mike',
  Christopher: 'Chris',
  Anthony: 'Tony',
  Andrew: 'Andy',
  Stephen: 'Steve',
  Joseph: 'Joe',
  Daniel: 'Dan',
  Matthew: 'Matt',
  Benjamin: 'Ben',
  Frederick: 'Fred',
  Edward: 'Ted',
  Mohammed: 'Mo',
};
