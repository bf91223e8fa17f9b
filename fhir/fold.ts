/**
 * Text as it is compared: one form for all the ways in which people type the same name, postcode, number or address.
 * Owns the folding of names (accents, apostrophes, hyphens, case) and of identifiers in contacts; the original is kept for
 * display by whoever holds it. What a difference that folding hides is worth is the matcher's business.
 */

const simple = /^[A-Za-z]+(?: [A-Za-z]+)*$/;
/** Apostrophes of every kind: they are dropped, also before NFKD, which would turn an acute accent into a space. */
const apostrophes = /['’‘‛ʼʻʹʾʿˈ´`′＇]/g;
/** Hyphens, dashes, full stops and white space part words alike. */
const partings = /[\s.\u2010-\u2015\u2212_-]+/g;
const marks = /[\p{M}\p{Cc}\p{Cf}]/gu;
/** Letters that NFKD does not take apart, after upper-casing. */
const letters: Readonly<Record<string, string>> = {
  Ł: 'L',
  Ø: 'O',
  Đ: 'D',
  Ð: 'D',
  Æ: 'AE',
  Œ: 'OE',
  Þ: 'TH',
  ẞ: 'SS',
  Ħ: 'H',
  Ŧ: 'T',
  Ŋ: 'N',
};
const specials = /[ŁØĐÐÆŒÞẞĦŦŊ]/g;

/**
 * A name as letters to compare by: upper case, no accents, no apostrophes, hyphen and full stop like a space, single
 * spaces. Idempotent; the same on every machine, whatever its locale.
 */
export function fold(text: string): string {
  if (simple.test(text)) return text.toUpperCase();
  return unaccented(unaccented(text).toUpperCase())
    .replace(specials, (letter) => letters[letter] ?? letter)
    .replace(partings, ' ')
    .trim();
}

function unaccented(text: string): string {
  return text
    .replace(apostrophes, '')
    .normalize('NFKD')
    .replace(apostrophes, '')
    .replace(partings, ' ')
    .replace(marks, '');
}

/** As `fold`, but accents stay: what two spellings must share to be the same to the letter. */
export function foldKeepingAccents(text: string): string {
  if (simple.test(text)) return text.toUpperCase();
  return text
    .replace(apostrophes, '')
    .normalize('NFC')
    .toUpperCase()
    .replace(partings, ' ')
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .trim();
}

/** A folded name without its spaces. */
export function squeeze(folded: string): string {
  return folded.includes(' ') ? folded.replaceAll(' ', '') : folded;
}

/** A postcode without spaces, in upper case. */
export function foldPostcode(text: string): string {
  return text.replace(/\s+/g, '').toUpperCase();
}

/**
 * A telephone number as digits: spaces and punctuation, an extension and a bracketed nought left out, `+` written 00, the
 * United Kingdom's prefix as nought. Other countries' prefixes stay: 0091… is not the number without it.
 */
export function foldPhone(text: string): string {
  const [number = ''] = text.toLowerCase().split(/e?xt?\.?\s*\d|#/, 1);
  const digits = number
    .replace('(0)', '')
    .replace(/^\s*\+/, '00')
    .replace(/\D/g, '');
  if (digits.startsWith('00440')) return digits.slice(4);
  if (digits.startsWith('0044')) return `0${digits.slice(4)}`;
  if (digits.length === 12 && digits.startsWith('44')) return `0${digits.slice(2)}`;
  return digits;
}

/** An email address in lower case: published as compared without regard to case. */
export function foldEmail(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/\p{Cc}/gu, '');
}
