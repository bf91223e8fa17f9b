/** Where a member of a household lives or lived: home, temporary addresses, those before, pseudo postcodes. */
import { writeDay } from './days.ts';
import type { Context, Household, Member } from './household.ts';
import { home, pseudoPlaces, type Place } from './places.ts';
import type { Random } from './random.ts';
import type { AddressSketch } from './sketch.ts';

interface Dwelling {
  readonly addresses: AddressSketch[];
  readonly former: AddressSketch[];
  readonly tags: string[];
}

/** Where the person lives or last lived, and before; those who have none have one of the pseudo postcodes. */
export function dwelling(
  random: Random,
  household: Household,
  member: Member,
  context: Context,
  last: number,
): Dwelling {
  const movedIn = Math.max(member.born, Math.min(household.movedIn, last - 100));
  const odd = random.below(10_000);
  const tag =
    odd < 2
      ? 'no-fixed-abode'
      : odd < 5
        ? 'address-not-known'
        : odd < 13
          ? 'overseas'
          : odd < 33
            ? 'no-address'
            : undefined;
  const period = { start: writeDay(movedIn) };
  if (tag === 'no-address') return { addresses: [], former: [], tags: [tag] };
  const place: Place =
    tag === 'no-fixed-abode'
      ? pseudoPlaces.noFixedAbode
      : tag === 'address-not-known'
        ? pseudoPlaces.notKnown
        : tag === 'overseas'
          ? pseudoPlaces.india
          : household.place;
  const keys = tag === undefined && household.slot.kind === 'home' ? keysOf(household) : {};
  const addresses: AddressSketch[] = [{ period, use: 'home', ...place, ...keys }];
  if (household.slot.kind === 'hall')
    addresses[0] = {
      period: { start: writeDay(member.born) },
      use: 'home',
      ...home(random, context.sources, random.pick(context.sources.towns)),
    };
  const temporary = temporaryAddress(random, household, member, context);
  if (temporary && last === context.today) addresses.push(temporary);
  return {
    addresses,
    former:
      household.slot.kind === 'hall'
        ? []
        : formerHomes(random, household, member, context, movedIn),
    tags: tag === undefined ? [] : [tag],
  };
}

/** Keys of the postcode address file and of the property, the same for all who live there; a third has them. */
function keysOf(household: Household): Pick<AddressSketch, 'paf' | 'uprn'> {
  const { first } = household.slot;
  if (first % 3 !== 0) return {};
  return {
    paf: String(90_000_000 + first),
    ...(first % 2 === 0 ? { uprn: String(10_090_000_000 + first) } : {}),
  };
}

/** A second address for a time: students in hall, respite, holiday homes; seldom one for letters. */
function temporaryAddress(
  random: Random,
  household: Household,
  member: Member,
  context: Context,
): AddressSketch | undefined {
  const { today, sources } = context;
  if (household.slot.kind === 'hall') {
    const period = { start: writeDay(today - 40), end: writeDay(today + 45) };
    return { period, use: 'temp', text: 'Student Accommodation', ...household.place };
  }
  const chance = random.below(1000);
  if (chance >= 12) return undefined;
  const start = Math.max(member.born, today - random.between(1, 60));
  const place = home(random, sources, random.pick(sources.towns));
  if (chance < 5)
    return {
      period: { start: writeDay(start), end: writeDay(start + 180) },
      use: 'billing',
      ...place,
    };
  const text = random.pick([
    'Second Home',
    'Respite Care Address',
    'Temporary Residence Address',
    'Convalescence Home',
    'Mobile Home',
    'Holiday Home',
  ]);
  return {
    period: { start: writeDay(start), end: writeDay(start + 80) },
    use: 'temp',
    text,
    ...place,
  };
}

/** Homes before this one, newest first. A tenth of people move each year, so most adults have lived elsewhere. */
function formerHomes(
  random: Random,
  household: Household,
  member: Member,
  { sources }: Context,
  movedIn: number,
): AddressSketch[] {
  const homes: AddressSketch[] = [];
  let end = movedIn;
  for (let i = 0; i < 4 && random.chance(i === 0 ? 0.6 : 0.35); i++) {
    const start = end - random.between(200, 4000);
    if (start < member.born) break;
    const town = random.chance(0.7) ? household.town : random.pick(sources.towns);
    homes.push({
      period: { start: writeDay(start), end: writeDay(end) },
      use: 'home',
      ...home(random, sources, town),
    });
    end = start;
  }
  return homes;
}

/** A former address that is marked hidden: kept, never matched. */
export function hiddenAddress(
  random: Random,
  household: Household,
  { sources, today }: Context,
  member: Member,
): AddressSketch {
  const start = Math.max(member.born, today - 3000);
  return {
    period: { start: writeDay(start), end: writeDay(Math.max(start, today - 1000)) },
    use: 'home',
    ...home(random, sources, household.town),
  };
}
