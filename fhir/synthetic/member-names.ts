/** The names of one member as recorded: the usual one, those before, what clerks and old systems did to them. */
import { writeDay, yearOf } from './days.ts';
import { shortForms } from './given-names.ts';
import type { Household, Member } from './household.ts';
import type { Random } from './random.ts';
import type { NameSketch } from './sketch.ts';

export interface MemberNames {
  /** Names of the Patient, the usual one first. */
  readonly shown: readonly NameSketch[];
  /** Names that PDS keeps behind it. */
  readonly former: readonly NameSketch[];
}

export function memberNames(
  random: Random,
  member: Member,
  household: Household,
  today: number,
): MemberNames {
  const write = spelling(random, member, today);
  const age = Math.floor((today - member.born) / 365.25);
  if (today - member.born < 42) return unnamed(member, write);
  const given = givenAsRecorded(random, member).map(write);
  const start = writeDay(startOf(member, today));
  const prefix = prefixOf(random, member, age);
  const usual: NameSketch = {
    use: 'usual',
    period: { start },
    ...(given.length > 0 ? { given } : {}),
    family: write(member.family),
    ...(prefix ? { prefix: [write(prefix)] } : {}),
    ...(age > 30 && random.chance(0.008)
      ? { suffix: [random.pick(['PhD', 'MBE', 'OBE', 'BSc', 'MBBS'])] }
      : {}),
  };
  const before = earlierNames(random, member, household, today, given, write);
  const nickname = nicknameOf(random, member, write);
  // PDS shows some earlier names and keeps others; a search with history finds both.
  const areShown = random.chance(0.5);
  return {
    shown: [usual, ...(nickname ? [nickname] : []), ...(areShown ? before : [])],
    former: areShown ? [] : before,
  };
}

/** Until a birth is registered the baby goes by a makeshift name. */
function unnamed(member: Member, write: (name: string) => string): MemberNames {
  const makeshift =
    member.multiple === undefined
      ? member.sex === 'female'
        ? 'Baby Girl'
        : 'Baby Boy'
      : `Twin ${member.multiple === 1 ? 'One' : 'Two'}`;
  const period = { start: writeDay(member.born) };
  return {
    shown: [{ use: 'usual', period, given: [write(makeshift)], family: write(member.family) }],
    former: [],
  };
}

/** Some have one name only; the first is left out, or padded by another system. */
function givenAsRecorded(random: Random, member: Member): readonly string[] {
  const chance = random.below(10_000);
  if (chance < 1) return [];
  if (chance < 2) return [random.pick(['.', 'Unknown'])];
  return member.given;
}

/** How the record is spelt: as it is, without its marks, or in the capitals of an old system. */
function spelling(random: Random, member: Member, today: number): (name: string) => string {
  const marksLost = random.chance(0.45);
  const capitals = yearOf(today) - yearOf(member.born) > 45 && random.chance(0.14);
  return (name) => {
    const spelt = marksLost ? withoutMarks(name) : name;
    return capitals ? spelt.toUpperCase() : spelt;
  };
}

const letters: Readonly<Record<string, string>> = {
  ł: 'l',
  Ł: 'L',
  ø: 'o',
  đ: 'd',
  Đ: 'D',
  ı: 'i',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  þ: 'th',
  ð: 'd',
};

function withoutMarks(name: string): string {
  if (/^[ -~]*$/.test(name)) return name;
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[łŁøđĐıßæœþð]/g, (letter) => letters[letter] ?? letter);
}

/** Since when the usual name has been so: marriage for some, birth or an old migration for the others. */
function startOf(member: Member, today: number): number {
  if (member.before) return member.before.until;
  return today - member.born > 60 * 365 ? member.born + 20_000 : member.born;
}

function prefixOf(random: Random, member: Member, age: number): string | undefined {
  if (!random.chance(age < 16 ? 0.5 : 0.8)) return undefined;
  if (age >= 25 && random.chance(0.02)) return random.pick(['Dr', 'Dr', 'Rev', 'Prof']);
  if (member.sex === 'male') return age < 16 ? 'Master' : 'Mr';
  if (age < 16) return 'Miss';
  return member.before
    ? random.pick(['Mrs', 'Mrs', 'Mrs', 'Ms'])
    : random.pick(['Miss', 'Ms', 'Mrs']);
}

function earlierNames(
  random: Random,
  member: Member,
  household: Household,
  today: number,
  given: readonly string[],
  write: (name: string) => string,
): NameSketch[] {
  const names: NameSketch[] = [];
  const withGiven = given.length > 0 ? { given } : {};
  if (member.before)
    names.push({
      use: 'maiden',
      period: { start: writeDay(member.born), end: writeDay(member.before.until) },
      ...withGiven,
      family: write(member.before.family),
    });
  const changed = member.sex === 'female' ? 0.06 : 0.03;
  const since = startOf(member, today);
  if (today - member.born > 18 * 365 && random.chance(changed))
    names.push({
      use: 'old',
      period: {
        start: writeDay(Math.max(member.born, since - random.between(400, 4000))),
        end: writeDay(since),
      },
      ...withGiven,
      family: write(random.draw(household.heritage.families)),
    });
  if (today - member.born < 6 * 365 && random.chance(0.35))
    names.push({
      use: 'old',
      period: { start: writeDay(member.born), end: writeDay(Math.min(member.born + 40, today)) },
      given: [write('Baby')],
      family: write(member.family),
    });
  return names;
}

function nicknameOf(
  random: Random,
  member: Member,
  write: (name: string) => string,
): NameSketch | undefined {
  const short = shortForms[member.given[0] ?? ''];
  if (short === undefined || !random.chance(0.08)) return undefined;
  return { use: 'nickname', given: [write(short)], family: write(member.family) };
}
