/**
 * Which of a person's names fit the family and given names asked for, and what the fit takes from the score: across
 * current and former names, and in a fuzzy search with both exchanged. Single names are compared in trace-names.ts.
 */
import type { HumanName } from 'fhir/r4.js';
import type { PdsRecord } from '../record.ts';
import { namesOf, type HeldName } from './trace-keys.ts';
import {
  agreeExactly,
  agreeGivenExactly,
  agreeGivenLoosely,
  agreeLoosely,
  askedName,
  best,
  extraGivenLoss,
  swapLoss,
  type Agreement,
  type Asked,
} from './trace-names.ts';
import type { Criteria, Part } from './trace-terms.ts';

/** The parts of family and given name, or the one of them that excludes the record. */
export type Named =
  { readonly parts: readonly (readonly [string, Part])[] } | { readonly failed: readonly string[] };

/** A given name that was once used with another family name is less than one that still is. */
const formerGivenLoss = 0.05;
/** In a fuzzy search, where history is looked at unasked, a current family name comes first. */
const formerFamilyLoss = 0.02;
/** What a given name makes of the loss by a wildcard in the family name: the search was more specific. */
const givenRight = 0.8;

interface AskedNames {
  readonly family: Asked | undefined;
  readonly given: readonly Asked[];
  readonly fuzzy: boolean;
}

/** The name judge of one search. */
export function nameJudgeOf(criteria: Criteria): (record: PdsRecord) => Named {
  const asked: AskedNames = {
    family: criteria.family === undefined ? undefined : askedName(criteria.family),
    given: criteria.given.map(askedName),
    fuzzy: criteria.fuzzy,
  };
  const former = criteria.fuzzy || criteria.history;
  return (record) => {
    const held = namesOf(record).filter((name) => former || !name.former);
    const found = bestOf([...straight(asked, held), ...swapped(asked, held)]);
    return found ? { parts: found.parts } : { failed: whatFailed(asked, held) };
  };
}

/** A way in which the names fit. */
interface Fit {
  readonly loss: number;
  readonly parts: readonly (readonly [string, Part])[];
}

/** Family and given name each from any of the person's names: a nickname is often held without a family name. */
function straight(asked: AskedNames, held: readonly HeldName[]): Fit[] {
  const families = held.map(({ name }) => agreeFamily(asked, name));
  const givens = held.map(({ name }) => agreeGiven(asked, name));
  return families.flatMap((family, i) =>
    givens.flatMap((given, j) => {
      if (!family || !given) return [];
      const names = { family: held[i], given: held[j] };
      return [
        asked.fuzzy ? fuzzyFit(asked, family, given, names) : plainFit(asked, family, given, names),
      ];
    }),
  );
}

const notAsked: Agreement = { how: 'not asked', loss: 0 };

function agreeFamily({ family, fuzzy }: AskedNames, name: HumanName): Agreement | undefined {
  if (!family) return notAsked;
  return (fuzzy ? agreeLoosely : agreeExactly)(family, name.family ?? '');
}

function agreeGiven({ given, fuzzy }: AskedNames, name: HumanName): Agreement | undefined {
  if (given.length === 0) return notAsked;
  return (fuzzy ? agreeGivenLoosely : agreeGivenExactly)(given, name);
}

interface From {
  readonly family: HeldName | undefined;
  readonly given: HeldName | undefined;
}

function plainFit(asked: AskedNames, family: Agreement, given: Agreement, from: From): Fit {
  const former = crossLoss(from);
  const wild = asked.given.some(({ pieces }) => pieces !== undefined);
  const part: Part = wild
    ? {
        how: given.how,
        factor: Math.min(1, givenRight + given.loss / 2),
        floor: given.loss / 8,
        loss: former,
      }
    : { how: given.how, factor: givenRight, loss: given.loss + former };
  return toFit(asked, { how: family.how, loss: family.loss }, part, from);
}

function fuzzyFit(asked: AskedNames, family: Agreement, given: Agreement, from: From): Fit {
  const current = from.family?.former === true ? formerFamilyLoss : 0;
  const loss = family.loss + current;
  const former = crossLoss(from);
  const held = from.given?.name.given?.length ?? 0;
  const extra = held > asked.given.length && asked.given.length > 0;
  const inexact = loss + given.loss + former > 0;
  const givenPart = {
    how: given.how,
    loss: given.loss + former + (extra && inexact ? extraGivenLoss : 0),
  };
  return toFit(asked, { how: family.how, loss }, givenPart, from);
}

function crossLoss({ family, given }: From): number {
  return given?.former === true && given !== family ? formerGivenLoss : 0;
}

function toFit(asked: AskedNames, family: Part, given: Part, from: From): Fit {
  const parts: (readonly [string, Part])[] = [];
  if (asked.family) parts.push(['family', withFormer(family, from.family)]);
  if (asked.given.length > 0) parts.push(['given', withFormer(given, from.given)]);
  return { loss: (family.loss ?? 0) + (given.loss ?? 0) + (given.floor ?? 0), parts };
}

function withFormer(part: Part, held: HeldName | undefined): Part {
  return held?.former === true ? { ...part, how: `${part.how}, former name` } : part;
}

/** In a fuzzy search: the family name asked for is a given name of theirs, and the other way round. */
function swapped({ family, given, fuzzy }: AskedNames, held: readonly HeldName[]): Fit[] {
  const [first] = given;
  if (!fuzzy || !family || !first) return [];
  return held.flatMap(({ name, former }) => {
    const all = name.given ?? [];
    const asGiven = best([...all, all.join(' ')].map((one) => agreeLoosely(family, one)));
    const asFamily = agreeLoosely(first, name.family ?? '');
    if (!asGiven || !asFamily) return [];
    const loss = asGiven.loss + swapLoss / 2 + (former ? formerFamilyLoss : 0);
    return [
      toFit(
        { family, given, fuzzy },
        { how: `${asGiven.how}, names exchanged`, loss },
        { how: `${asFamily.how}, names exchanged`, loss: asFamily.loss + swapLoss / 2 },
        { family: { name, former }, given: { name, former } },
      ),
    ];
  });
}

function bestOf(fits: readonly Fit[]): Fit | undefined {
  let found: Fit | undefined;
  for (const fit of fits) if (!found || fit.loss < found.loss) found = fit;
  return found;
}

function whatFailed(asked: AskedNames, held: readonly HeldName[]): string[] {
  const family = held.some(({ name }) => agreeFamily(asked, name));
  const given = held.some(({ name }) => agreeGiven(asked, name));
  return [...(family ? [] : ['family']), ...(given ? [] : ['given'])];
}
