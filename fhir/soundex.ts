/** Soundex, and a key built on it that also brings homophones with different first letters together. */
import { squeeze } from './fold.ts';

/** The digit of each letter A to Z; 0 parts equal digits (vowels), - does not (H, W). */
const digits = '0123012-02245501262301-202';

/** The four characters of American Soundex for a folded name; empty when it holds no Latin letter. */
export function soundex(folded: string): string {
  let code = '';
  let last = '';
  for (const letter of folded) {
    const digit = digits[letter.charCodeAt(0) - 65];
    if (digit === undefined || letter.length > 1) continue;
    if (code === '') code = letter;
    else if (digit > '0' && digit !== last) code += digit;
    if (digit !== '-') last = digit;
    if (code.length === 4) break;
  }
  return code === '' ? '' : code.padEnd(4, '0');
}

/** First sounds written in several ways, each with the letter that stands for it. The first rule that fits is taken. */
const openings: readonly (readonly [RegExp, string])[] = [
  [/^[KGP]N/, 'N'],
  [/^WR/, 'R'],
  [/^WH/, 'W'],
  [/^RH/, 'R'],
  [/^PS/, 'S'],
  [/^PH/, 'F'],
  [/^CH(?=[RL])/, 'K'],
  [/^C(?=[EIY])/, 'S'],
  [/^C(?!H)/, 'K'],
  [/^Q/, 'K'],
  [/^G(?=[EIY])/, 'J'],
  [/^[ZX]/, 'S'],
];

/** The letters that any rule begins with: most names need no rule looked at. */
const openers = new Set('CGKPQRWXZ'.split(''));

/**
 * What a folded name sounds like, as an index key: Soundex after the spelling of the first sound has been levelled, so
 * that Catherine and Katherine, Knight and Night, Wright and Right share it. A name in another script is its own key.
 */
export function soundKey(folded: string): string {
  const name = squeeze(folded);
  if (!openers.has(name.charAt(0))) return soundex(name) || name;
  for (const [opening, letter] of openings) {
    if (opening.test(name)) return soundex(name.replace(opening, letter));
  }
  return soundex(name) || name;
}
