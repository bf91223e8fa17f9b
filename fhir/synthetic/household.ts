/**
 * Who lives together: generations, births, names handed down, the address and when they came there.
 * Owns what members share; what each person's record says is in person.ts.
 */
import type { Slot } from './blocks.ts';
import { dateOf, dayOf, yearOf } from './days.ts';
import {
  childsName,
  familyNames,
  fathersName,
  mothersNames,
  type FamilyNames,
} from './family-names.ts';
import { firstName, givenNames } from './given-names.ts';
import { home, institution, landline, type Place } from './places.ts';
import { Random, weighted } from './random.ts';
import type { Heritage, Sex, Sources, Town } from './sources.ts';

/** What generating depends on: the same context, seed and number give the same record. */
export interface Context {
  readonly sources: Sources;
  /** The day on which all ages are reckoned, as counted by days.ts. */
  readonly today: number;
}

export interface Member {
  readonly sex: Sex;
  /** The day of birth. */
  readonly born: number;
  readonly given: readonly string[];
  readonly family: string;
  /** The name before marriage, and when it changed. */
  readonly before?: { readonly family: string; readonly until: number };
  /** 1 for a first-born twin, 2 for the second. */
  readonly multiple?: number;
  /** Places in the household of mother, father and partner. */
  readonly mother?: number;
  readonly father?: number;
  readonly partner?: number;
  /** No earlier than this can the member have died: the birth of the youngest child. */
  readonly aliveOn?: number;
}

export interface Household {
  readonly slot: Slot;
  readonly heritage: Heritage;
  readonly town: Town;
  readonly place: Place;
  /** The day on which its first member came there. */
  readonly movedIn: number;
  readonly landline?: string;
  /** All of them left the country's registers. */
  readonly left?: 'EMB' | 'SCT' | 'NIT';
  /** Everyone but duplicates, which repeat the first. */
  readonly members: readonly Member[];
}

/** Births of the eldest by decade: enough of the old that a fifth of all records is of the dead or departed. */
const adultBirths = weighted<number>([
  [1905, 4],
  [1915, 8],
  [1925, 9],
  [1935, 10],
  [1945, 12],
  [1955, 14],
  [1965, 14],
  [1975, 13],
  [1985, 13],
  [1995, 11],
]);

const parentBirths = weighted<number>([
  [1945, 4],
  [1955, 9],
  [1965, 18],
  [1975, 26],
  [1985, 30],
  [1993, 13],
]);

/** Makes the household of a slot. */
export function householdOf(slot: Slot, seed: number, context: Context): Household {
  const random = new Random(seed, 2, slot.first);
  const { sources, today } = context;
  const town = random.pick(sources.towns);
  const heritage = random.draw(sources.heritages);
  const drawn = { slot, heritage, town, movedIn: today - random.between(60, 11_000) };
  if (slot.kind === 'care-home') {
    const name = `${random.pick(['The Willows', 'Larkfield', 'Autumn Court', 'Abbeydale', 'The Elms'])} Care Home`;
    const place = institution(random, sources, town, name);
    return {
      ...drawn,
      place,
      landline: landline(random, town),
      members: residents(random, slot, context, 1926, 1944),
    };
  }
  if (slot.kind === 'hall') {
    const name = `${random.pick(['Aldred', 'Marchmont', 'Quayside', 'Newland', 'Somerby'])} Hall`;
    return {
      ...drawn,
      place: institution(random, sources, town, name),
      movedIn: today - random.between(40, 400),
      members: residents(random, slot, context, 2004, 2008),
    };
  }
  const place = home(random, sources, town);
  const left = random.chance(0.045) ? random.draw(departures) : undefined;
  return {
    ...drawn,
    place,
    ...(random.chance(0.5) ? { landline: landline(random, town) } : {}),
    ...(left ? { left } : {}),
    members: family(random, slot.size - slot.duplicates, heritage, context),
  };
}

const departures = weighted<'EMB' | 'SCT' | 'NIT'>([
  ['EMB', 75],
  ['SCT', 18],
  ['NIT', 7],
]);

/** People who share a house but no family. */
function residents(
  random: Random,
  slot: Slot,
  context: Context,
  from: number,
  to: number,
): Member[] {
  return Array.from({ length: slot.size }, () =>
    single(random, random.draw(context.sources.heritages), random.between(from, to), context),
  );
}

/** One person who is nobody's relative here. */
function single(random: Random, heritage: Heritage, birthYear: number, context: Context): Member {
  const names = namesOf(random, heritage, birthYear, context);
  const sex = drawSex(random, birthYear);
  const born = birthIn(random, birthYear, heritage, context.today);
  const given = givenNames(random, context.sources, { sex, birthYear, heritage });
  const age = yearOf(context.today) - birthYear;
  if (sex === 'male') return { sex, born, given, family: fathersName(names) };
  const { now, before } = mothersNames(random, names);
  const wasMarried = before !== undefined && random.chance(age > 40 ? 0.5 : 0.08);
  if (!wasMarried) return { sex, born, given, family: before ?? now };
  return {
    sex,
    born,
    given,
    family: now,
    before: { family: before, until: marriage(random, born, context.today) },
  };
}

function namesOf(
  random: Random,
  heritage: Heritage,
  birthYear: number,
  { sources }: Context,
): FamilyNames {
  const forefather = (years: number) =>
    firstName(random, sources, { sex: 'male', birthYear: birthYear - years, heritage });
  return familyNames(random, heritage, birthYear, {
    father: forefather(0),
    grandfather: forefather(30),
  });
}

/** A household of relatives: one alone, a couple, parents with children, sometimes a grandparent. */
function family(random: Random, size: number, heritage: Heritage, context: Context): Member[] {
  if (size <= 1) return [single(random, heritage, yearFrom(random, adultBirths), context)];
  if (size === 2 && random.chance(0.12))
    return [0, 1].map(() =>
      single(random, random.draw(context.sources.heritages), random.between(1970, 2005), context),
    );
  const couple = size > 2 ? !random.chance(0.22) : !random.chance(0.25);
  const eldest = yearFrom(random, size === 2 && couple ? adultBirths : parentBirths);
  const names = namesOf(random, heritage, eldest, context);
  const wife = mother(random, names, eldest, context, couple ? 1 : undefined);
  const husband: Member[] = couple ? [father(random, names, eldest, context)] : [];
  const grandparent = size >= 5 && random.chance(0.4);
  const parents = 1 + husband.length;
  const children = childrenOf(
    random,
    size - parents - (grandparent ? 1 : 0),
    wife.born,
    names,
    context,
    couple,
  );
  const youngest = children.at(-1)?.born;
  const withChildren = (member: Member): Member =>
    youngest === undefined ? member : { ...member, aliveOn: youngest };
  const elder = grandparent
    ? [single(random, heritage, yearOf(wife.born) - random.between(22, 34), context)]
    : [];
  return [withChildren(wife), ...husband.map(withChildren), ...children, ...elder];
}

function mother(
  random: Random,
  names: FamilyNames,
  birthYear: number,
  context: Context,
  partner: number | undefined,
): Member {
  const { heritage } = names;
  const born = birthIn(random, birthYear, heritage, context.today);
  const given = givenNames(random, context.sources, { sex: 'female', birthYear, heritage });
  const { now, before } = mothersNames(random, names);
  if (partner === undefined) return { sex: 'female', born, given, family: before ?? now };
  return {
    sex: 'female',
    born,
    given,
    family: now,
    partner,
    ...(before === undefined
      ? {}
      : { before: { family: before, until: marriage(random, born, context.today) } }),
  };
}

function father(random: Random, names: FamilyNames, wifesYear: number, context: Context): Member {
  const { heritage } = names;
  const birthYear = Math.min(wifesYear + random.between(-7, 4), yearOf(context.today) - 18);
  const drawn = givenNames(random, context.sources, { sex: 'male', birthYear, heritage });
  // Children's names may be made of his, so where names are handed down he bears the one that they show.
  const handedDown = names.rule === 'patronymic' || names.rule === 'initial';
  return {
    sex: 'male',
    born: birthIn(random, birthYear, heritage, context.today),
    given: handedDown ? [names.fathersGiven, ...drawn.slice(1)] : drawn,
    family: fathersName(names),
    partner: 0,
  };
}

/** Children of one mother, eldest first; about one birth in seventy is of twins, who bear neighbouring numbers. */
function childrenOf(
  random: Random,
  count: number,
  motherBorn: number,
  names: FamilyNames,
  context: Context,
  couple: boolean,
): Member[] {
  const births = birthsOf(random, count, motherBorn, context.today);
  const rank = new Map<number, number>();
  return births.map((born) => {
    const birthYear = yearOf(born);
    const sex = drawSex(random, birthYear);
    const bearer = { sex, birthYear, heritage: names.heritage };
    const twin = births.filter((other) => other === born).length > 1;
    const multiple = (rank.get(born) ?? 0) + 1;
    rank.set(born, multiple);
    return {
      sex,
      born,
      given: withHandedDown(names, givenNames(random, context.sources, bearer)),
      family: childsName(random, names, sex),
      mother: 0,
      ...(couple ? { father: 1 } : {}),
      ...(twin ? { multiple } : {}),
    };
  });
}

function withHandedDown(names: FamilyNames, given: string[]): string[] {
  if (names.rule !== 'patronymic') return given;
  return [given[0] ?? names.fathersGiven, names.fathersGiven];
}

function birthsOf(random: Random, count: number, motherBorn: number, today: number): number[] {
  const first = motherBorn + 19 * 365;
  const last = Math.max(first, Math.min(motherBorn + 42 * 365, today));
  const births: number[] = [];
  while (births.length < count) {
    const born = random.between(first, last);
    const near = births.some((other) => Math.abs(other - born) < 290);
    if (near && last - first > 1500 * count) continue;
    births.push(Math.min(born, today));
    if (births.length < count && random.chance(0.03)) births.push(Math.min(born, today));
  }
  return births.sort((one, other) => one - other);
}

function yearFrom(random: Random, decades: typeof adultBirths): number {
  return Math.min(random.draw(decades) + random.below(10), 2007);
}

function drawSex(random: Random, birthYear: number): Sex {
  return random.chance(birthYear < 1940 ? 0.58 : 0.495) ? 'female' : 'male';
}

/** Heritages in which many births were put down as the first of January. */
const estimated: ReadonlySet<string> = new Set([
  'bangladeshi',
  'pakistani',
  'black-african-horn',
  'iranian-afghan',
]);

/** A birthday in a year: 1 January has four times its natural share over all, ten times where births were estimated. */
function birthIn(random: Random, year: number, heritage: Heritage, today: number): number {
  const start = dayOf(year, 1, 1);
  const heaped = estimated.has(heritage.code) && year < 1995 ? 0.03 : 0.0092;
  if (random.chance(heaped)) return Math.min(start, today);
  return Math.min(start + random.below(dayOf(year + 1, 1, 1) - start), today);
}

function marriage(random: Random, born: number, today: number): number {
  const [, month] = dateOf(born);
  return Math.min(born + random.between(19 * 365, 38 * 365) + month, today - 10);
}
