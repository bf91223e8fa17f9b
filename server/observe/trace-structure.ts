/**
 * Texts of messages as production may keep them: names and shape, every value replaced by its kind and length. Owns the
 * rendering; it reads whatever comes, cut off and malformed texts too, in one pass, and what it does not know is a value.
 */

/** The structure of XML, of JSON, or of neither. */
export function structureOf(text: string): string {
  const begin = /^[\s\ufeff]*(.)/.exec(text.slice(0, 1000))?.[1];
  if (begin === '<') return xmlStructure(text);
  if (begin === '{' || begin === '[') return jsonStructure(text);
  return text === '' ? '' : valueOf(text);
}

const xmlPieces =
  /<!--[^]*?(?:-->|$)|<!\[CDATA\[[^]*?(?:\]\]>|$)|<[!?][^>]*>?|<\/?([^\s<>/="']+)([^<>]*)>?|[^<]+|</g;
const attributes = / ([^ =<>"'/]+) ?= ?(?:"([^"]*)"?|'([^']*)'?)/g;

function xmlStructure(text: string): string {
  return text.replace(xmlPieces, (piece: string, name: string | undefined, rest: string) => {
    if (name === undefined) return piece.trim() === '' ? piece : valueOf(piece);
    if (rest === '') return `<${piece[1] === '/' ? '/' : ''}${nameOf(name)}>`;
    const plain = rest.replace(/\s+/g, ' '); // each expression that follows stays linear
    const told = [...plain.matchAll(attributes)].map(
      ([, key = '', one, other]) => ` ${nameOf(key)}="${attributeValue(key, one ?? other ?? '')}"`,
    );
    const end = plain.trimEnd().endsWith('/') ? '/>' : '>';
    return `<${piece.startsWith('</') ? '/' : ''}${nameOf(name)}${told.join('')}${end}`;
  });
}

/** Which vocabulary is meant is no value. */
function attributeValue(name: string, value: string): string {
  const isVocabulary = name === 'xmlns' || name.startsWith('xmlns:');
  return isVocabulary &&
    /^(?:urn:hl7-org:v3|https?:\/\/(?:schemas\.xmlsoap|www\.w3)\.org\/[\w/.-]{0,80})$/.test(value)
    ? value
    : valueOf(value);
}

const jsonPieces = /"[^"\\]*(?:\\[^][^"\\]*)*"?|[{}[\],:]|\s+|[^"{}[\],:\s]+/g;

function jsonStructure(text: string): string {
  let at = 0;
  return text.replace(jsonPieces, (piece: string) => {
    at += piece.length;
    if (/^[{}[\],:\s]/.test(piece)) return piece;
    if (!piece.startsWith('"')) return `"${kindOfBare(piece)}"`;
    const value = piece.endsWith('"') && piece.length > 1 ? piece.slice(1, -1) : piece.slice(1);
    const isName = /^\s*:/.test(text.slice(at, at + 20));
    return `"${isName ? nameOf(value) : valueOf(value)}"`;
  });
}

function kindOfBare(piece: string): string {
  if (piece === 'null') return 'null';
  return /^(?:true|false)$/.test(piece)
    ? 'boolean'
    : /^-?\d/.test(piece)
      ? `number ${piece.length}`
      : valueOf(piece);
}

/** A name of a vocabulary; whoever puts values where names belong shows their length. */
function nameOf(name: string): string {
  return /^[A-Za-z_@$][\w.:$@-]{0,99}$/.test(name) && !/\d{7}/.test(name) ? name : valueOf(name);
}

/** Its kind and length: `digits 10`. */
function valueOf(value: string): string {
  if (value === '') return '';
  const kind = /^\d+$/.test(value) ? 'digits' : 'text';
  return `${kind} ${value.length}`;
}

/** A line of facts without what looks like an NHS number: a second line of defence, for none should be there. */
export function withoutNumbers(text: string): string {
  return text.replace(/(?<![\w-])\d{3}[ -]?\d{3}[ -]?\d{4}(?![\w-])/g, '[number]');
}
