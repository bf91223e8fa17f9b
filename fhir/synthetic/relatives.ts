/** Relatives on the record of a member of a household: parents, partners, and people known by name alone. */
import { writeDay, yearOf } from './days.ts';
import type { Household, Member } from './household.ts';
import { testNumber } from './numbers.ts';
import { mobile } from './places.ts';
import type { Random } from './random.ts';
import type { RelatedSketch } from './related.ts';
import type { Sketch } from './sketch.ts';

/** Relatives on the record: parents of some children, partners, next of kin with or without a number of their own. */
export function relatives(
  random: Random,
  household: Household,
  member: Member,
  last: number,
): Pick<Sketch, 'related'> {
  const numberOf = (place: number) => testNumber(household.slot.first + place);
  const related: RelatedSketch[] = [];
  const minor = last - member.born < 18 * 365;
  const start = writeDay(member.born);
  if (minor && member.mother !== undefined && random.chance(0.3)) {
    related.push({
      nhsNumber: numberOf(member.mother),
      type: 'MTH',
      nextOfKin: true,
      period: { start },
      rank: 1,
    });
    if (member.father !== undefined && random.chance(0.6))
      related.push({ nhsNumber: numberOf(member.father), type: 'FTH', period: { start }, rank: 2 });
  } else if (!minor && member.partner !== undefined && random.chance(0.08))
    related.push({
      nhsNumber: numberOf(member.partner),
      type: 'SPS',
      nextOfKin: true,
      period: { start: since(random, member, last) },
      rank: 1,
    });
  if (!minor && random.chance(0.035))
    related.push(stranger(random, household, member, last, related.length + 1));
  return related.length > 0 ? { related } : {};
}

/** Someone known by name and address alone. */
function stranger(
  random: Random,
  household: Household,
  member: Member,
  last: number,
  rank: number,
): RelatedSketch {
  const age = yearOf(last) - yearOf(member.born);
  return {
    type:
      age > 75
        ? random.pick(['CHILD', 'Carer', 'ProxyContact', 'FAMMEMB'])
        : random.pick(['PRN', 'SIS', 'BRO', 'FAMMEMB', 'DOMPART']),
    nextOfKin: random.chance(0.4),
    period: { start: since(random, member, last) },
    rank,
    copyCorrespondence: random.chance(0.2),
    name: {
      given: [random.pick(['Alex', 'Sam', 'Chris', 'Jo', 'Pat', 'Robin'])],
      family: member.family,
    },
    phone: mobile(random),
    ...(random.chance(0.5) ? { address: { ...household.place } } : {}),
  };
}

/** A day on which something began to hold for the person. */
export function since(random: Random, { born }: Member, last: number): string {
  return writeDay(Math.max(born, last - random.between(10, 5000)));
}
