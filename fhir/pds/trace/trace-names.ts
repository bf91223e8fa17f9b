/**
 * How one name compares with another: the rules and what each costs. A loss is what a difference takes from the score 1.
 * The figures are set so that the published recordings come out (docs/decisions/0006-demographic-matching.md);
 * their order is what clients rest on.
 */
import type { HumanName } from 'fhir/r4.js';
import { fold, foldKeepingAccents, squeeze } from '../../fold.ts';
import { soundex, soundKey } from '../../soundex.ts';
import { shortFormsOf } from './trace-short-forms.ts';

/** A rule by which two values agree, and what it takes from the score. */
export interface Agreement {
  readonly how: string;
  readonly loss: number;
}

const losses = {
  accentsTyped: 0.028575,
  accentsHeld: 0.005,
  spacing: 0.005,
  /** The same sound with one letter more or less. */
  near: 0.00614,
  sound: 0.09626,
  homophone: 0.12,
  shortForm: 0.04,
  initial: 0.02,
  /** A given name that is there, but not in its place: a second one, or a word of a compound one. */
  elsewhere: 0.03,
  wildcard: 0.02,
  /** Times the share of the name that the wildcards cover. */
  covered: 0.24283,
} as const;

/** What is taken when given and family name stand in each other's place. */
export const swapLoss = 0.05;
/** What a given name of the person that was not asked for takes, where the rest is not exact either. */
export const extraGivenLoss = 0.02902;

/** A name as asked for, folded once per search. */
export interface Asked {
  readonly plain: string;
  readonly folded: string;
  /** The folded texts between the wildcards, where there are any. */
  readonly pieces: readonly string[] | undefined;
}

/** Folds a name of the query. */
export function askedName(text: string): Asked {
  const wild = text.includes('*');
  return {
    plain: foldKeepingAccents(text),
    folded: fold(text),
    pieces: wild ? text.split('*').map(fold) : undefined,
  };
}

/** By which rule a name agrees to the letter, but for accents, or with a wildcard; undefined when it does not. */
export function agreeExactly(asked: Asked, held: string): Agreement | undefined {
  const folded = fold(held);
  if (asked.pieces) return agreeWild(asked.pieces, folded);
  return folded === asked.folded ? agreeAccents(asked, held, folded) : undefined;
}

/** By which rule a name agrees in a fuzzy search; undefined when it does not. */
export function agreeLoosely(asked: Asked, held: string): Agreement | undefined {
  const folded = fold(held);
  if (folded === asked.folded) return agreeAccents(asked, held, folded);
  const [one, other] = [squeeze(asked.folded), squeeze(folded)];
  if (one === '' || other === '') return undefined;
  if (one === other) return { how: 'written together or apart', loss: losses.spacing };
  if (soundKey(one) !== soundKey(other)) return undefined;
  const accents = agreeAccents(asked, held, folded).loss;
  if (soundex(one) !== soundex(other))
    return { how: 'homophone', loss: losses.homophone + accents };
  return isOneLetterLonger(one, other) || isOneLetterLonger(other, one)
    ? { how: 'sound, one letter more or less', loss: losses.near + accents }
    : { how: 'sound', loss: losses.sound + accents };
}

/** Accents typed but not held cost more than accents held but not typed: most keyboards have none. */
function agreeAccents(asked: Asked, held: string, folded: string): Agreement {
  const plain = foldKeepingAccents(held);
  if (plain === asked.plain) return { how: 'exact', loss: 0 };
  const loss =
    (asked.plain === asked.folded ? 0 : losses.accentsTyped) +
    (plain === folded ? 0 : losses.accentsHeld);
  return { how: 'but for accents', loss };
}

function agreeWild(pieces: readonly string[], folded: string): Agreement | undefined {
  if (!fitsPieces(pieces, folded)) return undefined;
  const letters = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const open = folded === '' ? 0 : Math.max(0, 1 - letters / folded.length);
  return { how: 'wildcard', loss: losses.wildcard + losses.covered * open };
}

/** Whether the text begins with the first piece, ends with the last and holds the others between, in order. Linear. */
export function fitsPieces(pieces: readonly string[], text: string): boolean {
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (!text.startsWith(first) || text.length < first.length + last.length) return false;
  if (!text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

function isOneLetterLonger(longer: string, shorter: string): boolean {
  if (longer.length !== shorter.length + 1) return false;
  let i = 0;
  while (i < shorter.length && longer[i] === shorter[i]) i++;
  return longer.slice(i + 1) === shorter.slice(i);
}

/**
 * Given names of one name without fuzziness: each asked for must be one of them; a wildcard is held against the first
 * (pds-fhir 1.8). The loss is the greatest of them.
 */
export function agreeGivenExactly(
  asked: readonly Asked[],
  { given = [] }: HumanName,
): Agreement | undefined {
  return worst(
    asked.map((name) =>
      best((name.pieces ? given.slice(0, 1) : given).map((held) => agreeExactly(name, held))),
    ),
  );
}

/**
 * Given names of one name in a fuzzy search: as a whole, or word by word in any order, where an initial may stand for a
 * name beside one that is written out.
 */
export function agreeGivenLoosely(
  asked: readonly Asked[],
  { given = [] }: HumanName,
): Agreement | undefined {
  const inPlace = worst(
    asked.map((name, i) => {
      const held = given[i];
      return held === undefined ? undefined : agreeLoosely(name, held);
    }),
  );
  if (inPlace?.loss === 0) return inPlace;
  const anywhere = worst(asked.map((name) => best(given.map((held) => agreeLoosely(name, held)))));
  return best([inPlace, elsewhere(best([anywhere, agreeWords(asked, given)]))]);
}

function elsewhere(found: Agreement | undefined): Agreement | undefined {
  if (!found || found.loss >= losses.elsewhere) return found;
  const how = found.loss === 0 ? 'another of the given names' : found.how;
  return { how, loss: losses.elsewhere };
}

/** Word by word in any order; an initial counts only beside a name that is written out. */
function agreeWords(asked: readonly Asked[], given: readonly string[]): Agreement | undefined {
  const words = asked.flatMap((name) =>
    name.plain.includes(' ') ? name.plain.split(' ').map(askedName) : [name],
  );
  const held = given.flatMap((name) => foldKeepingAccents(name).split(' '));
  const full = words.filter(({ folded }) => folded.length > 1);
  const initials = words.filter(({ folded }) => folded.length === 1);
  if (full.length === 0) return undefined;
  return worst([
    ...full.map((word) => best(held.map((name) => agreeWord(word, name)))),
    ...initials.map((initial) => agreeInitial(initial, held)),
  ]);
}

function agreeWord(word: Asked, held: string): Agreement | undefined {
  const folded = fold(held);
  const short =
    shortFormsOf(word.folded).has(folded) ||
    isStem(word.folded, folded) ||
    isStem(folded, word.folded);
  return best([
    agreeLoosely(word, held),
    short ? { how: 'short form', loss: losses.shortForm } : undefined,
  ]);
}

/** Sam of Samson, Alex of Alexandrina: three letters or more that begin the other. */
function isStem(short: string, long: string): boolean {
  return short.length >= 3 && long.length > short.length && long.startsWith(short);
}

function agreeInitial({ folded }: Asked, held: readonly string[]): Agreement | undefined {
  return held.some((name) => fold(name).startsWith(folded))
    ? { how: 'initial', loss: losses.initial }
    : undefined;
}

/** The agreement that costs least. */
export function best(all: readonly (Agreement | undefined)[]): Agreement | undefined {
  let found: Agreement | undefined;
  for (const one of all) if (one && (!found || one.loss < found.loss)) found = one;
  return found;
}

/** All must agree; the one that costs most speaks for them. */
function worst(all: readonly (Agreement | undefined)[]): Agreement | undefined {
  let found: Agreement | undefined = { how: 'exact', loss: 0 };
  for (const one of all) {
    if (!one) return undefined;
    if (one.loss > found.loss) found = one;
  }
  return found;
}
