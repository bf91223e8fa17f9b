/**
 * What the record of one member of a household says: names and their history, addresses, registration, contacts.
 * Draws are made in a fixed order from one source per person, so a change here changes everyone after it in a record,
 * never anyone else.
 */
import { writeDay } from './days.ts';
import { email, landline, mobile } from './places.ts';
import { birthText, deathDay, deathSketch, lonelyRemovals } from './life.ts';
import type { Context, Household, Member } from './household.ts';
import { languageOf, birthPlaceOf } from './origins.ts';
import { dwelling, hiddenAddress } from './dwelling.ts';
import { memberNames } from './member-names.ts';
import { testNumber } from './numbers.ts';
import { Random } from './random.ts';
import { relatives, since } from './relatives.ts';
import type { AddressSketch, Sketch, TelecomSketch } from './sketch.ts';

/** One member's record in short. `at` is the place in the household. */
export function memberSketch(
  household: Household,
  at: number,
  seed: number,
  context: Context,
): Sketch {
  const member = memberAt(household, at);
  const { today } = context;
  const random = new Random(seed, 4, household.slot.first + at);
  const died = deathDay(random, member.born, today, member.aliveOn);
  const last = died ?? today;
  const names = memberNames(random, member, household, today);
  const registered = registration(random, household, member, context, died);
  const home = dwelling(random, household, member, context, last);
  const telecoms =
    died === undefined || random.chance(0.3) ? reachable(random, household, member, last) : [];
  const label = labelOf(random);
  const tags = [
    ...registered.tags,
    ...home.tags,
    ...(label.tag ? [label.tag] : []),
    ...(at === 0 && household.slot.duplicates > 0 ? ['superseding'] : []),
  ];
  const adult = last - member.born > 16 * 365;
  return {
    nhsNumber: testNumber(household.slot.first + at),
    version: 1 + random.below(9),
    ...(label.label ? { label: label.label } : {}),
    names: names.shown,
    gender: genderOf(random, member),
    birthDate: birthText(random, member.born, today),
    ...multipleBirth(random, member),
    ...(died === undefined
      ? deathTakenBack(random, today)
      : { death: deathSketch(random, died, today) }),
    ...(home.addresses.length > 0 ? { addresses: home.addresses } : {}),
    ...(telecoms.length > 0 ? { telecoms } : {}),
    ...(random.chance(0.12)
      ? { contacts: [{ period: { start: since(random, member, last) }, value: mobile(random) }] }
      : {}),
    ...registered.sketch,
    ...languageOf(random, household.heritage, member.born, today),
    ...(adult && random.chance(0.03) ? { preference: preference(random) } : {}),
    ...(random.chance(0.6) ? { birthPlace: birthPlaceOf(random, household, context) } : {}),
    ...history(names.former, home.former),
    ...(random.chance(0.0005)
      ? { hidden: { addresses: [hiddenAddress(random, household, context, member)] } }
      : {}),
    ...relatives(random, household, member, last),
    ...(adult && died === undefined && random.chance(0.03) ? { card: card(random, today) } : {}),
    ...(random.chance(0.02)
      ? { consent: random.chance(0.8) ? ('1' as const) : ('2' as const) }
      : {}),
    ...(tags.length > 0 ? { tags } : {}),
  };
}

/**
 * A retired number of the same person, replaced by the number before it in the household: a slip in the name or the
 * birth date had made a second record of them.
 */
export function duplicateOf(kept: Sketch, household: Household, at: number, seed: number): Sketch {
  const random = new Random(seed, 5, household.slot.first + at);
  const own = household.members.length;
  const [usual] = kept.names ?? [];
  const slipped = usual ? { ...usual, family: slip(random, usual.family) } : undefined;
  return {
    nhsNumber: testNumber(household.slot.first + at),
    version: 2,
    ...(slipped ? { names: [slipped] } : {}),
    ...(kept.gender ? { gender: kept.gender } : {}),
    ...(kept.birthDate ? { birthDate: kept.birthDate } : {}),
    ...(kept.addresses ? { addresses: kept.addresses } : {}),
    supersededBy: testNumber(household.slot.first + (at === own ? 0 : at - 1)),
    tags: [at === own ? 'superseded' : 'superseded-chain'],
  };
}

/** The name without one of its inner letters. */
function slip(random: Random, name: string): string {
  if (name.length < 5) return name;
  const at = random.between(2, name.length - 2);
  return name.slice(0, at) + name.slice(at + 1);
}

function memberAt(household: Household, at: number): Member {
  const member = household.members[at];
  if (!member) throw new Error(`no member ${at} in a household of ${household.members.length}`);
  return member;
}

function labelOf(random: Random): { label?: 'R' | 'V' | 'REDACTED'; tag?: string } {
  const chance = random.below(100_000);
  if (chance < 200) return { label: 'R', tag: 'restricted' };
  if (chance < 220) return { label: 'V', tag: 'very-restricted' };
  if (chance < 250) return { label: 'REDACTED', tag: 'invalidated' };
  return {};
}

function genderOf(random: Random, { sex }: Member): NonNullable<Sketch['gender']> {
  const chance = random.below(1000);
  if (chance < 2) return 'other';
  return chance < 4 ? 'unknown' : sex;
}

function multipleBirth(random: Random, member: Member): Pick<Sketch, 'multipleBirth'> {
  if (member.multiple !== undefined) return { multipleBirth: member.multiple };
  const chance = random.below(100);
  if (chance < 4) return { multipleBirth: 1 };
  return chance < 6 ? { multipleBirth: random.pick([8, 9]) } : {};
}

/** A death that was reported in error and taken back: a status, no date. */
function deathTakenBack(random: Random, today: number): Pick<Sketch, 'death'> {
  if (!random.chance(0.0003)) return {};
  return {
    death: { status: 'U', noted: `${writeDay(today - random.between(5, 900))}T00:00:00+00:00` },
  };
}

/** Practice, pharmacies, and why there is none: at most one of registration and removal is current. */
function registration(
  random: Random,
  household: Household,
  member: Member,
  context: Context,
  died: number | undefined,
): { sketch: Partial<Sketch>; tags: string[] } {
  const { sources, today } = context;
  const { town } = household;
  const until = died ?? today;
  if (died !== undefined && random.chance(0.93))
    return {
      sketch: {
        removal: { code: 'DEA', start: writeDay(Math.min(died + random.between(0, 20), today)) },
      },
      tags: [],
    };
  const code = household.left ?? (random.chance(0.02) ? random.draw(lonelyRemovals) : undefined);
  if (code !== undefined && died === undefined) {
    const start = writeDay(random.between(Math.max(member.born, today - 4000), today));
    return {
      sketch: {
        removal: { code, start },
        managing: { code: random.pick(sources.authorities), period: { start } },
      },
      tags: code === 'AFN' || code === 'SDN' ? ['confidential-removal'] : [],
    };
  }
  const start = writeDay(Math.max(member.born, until - random.between(30, 9000)));
  const chance = random.below(1000);
  if (chance < 20) return { sketch: {}, tags: [] };
  if (chance < 26) return { sketch: { practice: { code: 'V81997', period: { start } } }, tags: [] };
  if (chance < 28)
    return {
      sketch: { practice: { code: random.pick(sources.closedPractices), period: { start } } },
      tags: ['closed-practice'],
    };
  return {
    sketch: {
      practice: { code: practiceOf(random, household), period: { start } },
      ...(random.chance(0.55) ? { pharmacy: random.pick(town.pharmacies) } : {}),
      ...(random.chance(0.04) ? { dispenser: random.pick(town.pharmacies) } : {}),
      ...(random.chance(0.01) ? { appliances: random.pick(town.pharmacies) } : {}),
    },
    tags: [],
  };
}

/** Most of a household go to one practice of the town. */
function practiceOf(random: Random, { slot, town }: Household): string {
  const shared = town.practices[slot.first % town.practices.length];
  return shared !== undefined && random.chance(0.85) ? shared : random.pick(town.practices);
}

/** How the person is reached; children seldom are. */
function reachable(
  random: Random,
  household: Household,
  member: Member,
  last: number,
): TelecomSketch[] {
  const age = Math.floor((last - member.born) / 365.25);
  const telecoms: TelecomSketch[] = [];
  const period = { start: since(random, member, last) };
  if (random.chance(age < 14 ? 0.1 : age > 85 ? 0.35 : 0.8))
    telecoms.push({ period, system: 'phone', value: mobile(random), use: 'mobile' });
  if (household.landline && random.chance(0.8))
    telecoms.push({ period, system: 'phone', value: household.landline, use: 'home' });
  if (random.chance(age < 14 ? 0.05 : age > 80 ? 0.2 : 0.55))
    telecoms.push({
      period,
      system: 'email',
      value: email(random, member.given[0], member.family),
      use: 'home',
    });
  if (age > 18 && age < 67 && random.chance(0.05))
    telecoms.push({
      period,
      system: 'phone',
      value: landline(random, household.town),
      use: 'work',
    });
  if (random.chance(0.002))
    telecoms.push({
      period,
      system: 'other',
      value: landline(random, household.town),
      use: 'home',
    });
  return telecoms;
}

function preference(random: Random): NonNullable<Sketch['preference']> {
  const format = random.chance(0.4) ? { format: random.pick(['11', '11', '12', '13']) } : {};
  return {
    ...format,
    method: random.pick(['1', '2', '3', '3', '4', '5', '6', '7', '8']),
    ...(random.chance(0.5)
      ? { times: random.pick(['Not after 7pm', 'Mornings only', 'After school hours', 'Weekdays']) }
      : {}),
  };
}

function history(
  names: NonNullable<Sketch['names']>,
  addresses: readonly AddressSketch[],
): Pick<Sketch, 'former'> {
  if (names.length === 0 && addresses.length === 0) return {};
  return {
    former: {
      ...(names.length > 0 ? { names } : {}),
      ...(addresses.length > 0 ? { addresses } : {}),
    },
  };
}

const cardCountries = [
  ['FRA', 'France'],
  ['DEU', 'Germany'],
  ['ESP', 'Spain'],
  ['POL', 'Poland'],
  ['IRL', 'Ireland'],
  ['ITA', 'Italy'],
  ['ROU', 'Romania'],
  ['PRT', 'Portugal'],
] as const;

function card(random: Random, today: number): NonNullable<Sketch['card']> {
  const [country, countryName] = random.pick(cardCountries);
  const digits = () => String(random.below(100_000_000)).padStart(8, '0');
  return {
    number: `80${digits()}${digits()}00`,
    country,
    countryName,
    institution: `${country.slice(0, 2)}${String(random.below(100_000)).padStart(5, '0')}`,
    personalId: digits(),
    end: writeDay(today + random.between(30, 1700)),
  };
}
