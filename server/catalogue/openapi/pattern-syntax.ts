/**
 * The syntax of a `pattern` (ECMA-262) as a tree, as far as it can be matched in linear time: no look-around, no
 * back-references. Owns the reading only; pattern.ts matches.
 */

export type PatternNode =
  | { readonly kind: 'character'; readonly accepts: (character: string) => boolean }
  | { readonly kind: 'edge'; readonly edge: '^' | '$' | 'b' | 'B' }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly parts: readonly PatternNode[] }
  | {
      readonly kind: 'repeat';
      readonly part: PatternNode;
      readonly min: number;
      readonly max: number;
    };

/** Why a pattern is not run. */
export class PatternRefused extends Error {}

/** In characters; longer patterns are not read. */
const longest = 2000;

/** Groups in groups. */
const deepest = 50;

/** @throws PatternRefused */
export function parsePattern(pattern: string): PatternNode {
  if (pattern.length > longest) throw new PatternRefused(`longer than ${longest} characters`);
  native(pattern);
  return new Reader(pattern).read();
}

/** The platform's own expression: with the u flag as JSON Schema asks, without it where that is refused. */
export function native(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    try {
      return new RegExp(pattern);
    } catch {
      throw new PatternRefused('no regular expression of ECMA-262');
    }
  }
}

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): PatternNode {
    const node = this.#choice();
    if (this.#at < this.#text.length) throw new PatternRefused('a bracket that closes nothing');
    return node;
  }

  #choice(): PatternNode {
    if (++this.#depth > deepest) throw new PatternRefused('nested too deep');
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    this.#depth--;
    return parts.length === 1 && parts[0] ? parts[0] : { kind: 'choice', parts };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (this.#at < this.#text.length && !'|)'.includes(this.#peek()))
      parts.push(this.#quantified());
    return { kind: 'sequence', parts };
  }

  #quantified(): PatternNode {
    let part = this.#atom();
    for (let range = this.#range(); range; range = this.#range()) {
      this.#take('?'); // greedy or not: whether it matches at all is the same
      part = { kind: 'repeat', part, ...range };
    }
    return part;
  }

  #range(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity };
    if (this.#take('+')) return { min: 1, max: Infinity };
    if (this.#take('?')) return { min: 0, max: 1 };
    const found = /^\{(\d{1,6})(,(\d{0,6}))?\}/.exec(this.#text.slice(this.#at, this.#at + 20));
    if (!found) return undefined;
    this.#at += found[0].length;
    const min = Number(found[1]);
    if (found[2] === undefined) return { min, max: min };
    return { min, max: found[3] === '' ? Infinity : Number(found[3]) };
  }

  #atom(): PatternNode {
    const character = this.#next();
    if (character === '(') return this.#group();
    if (character === '[') return this.#class();
    if (character === '\\') return this.#escape();
    if (character === '^' || character === '$') return { kind: 'edge', edge: character };
    if (character === '.') return matching('.');
    return literal(character);
  }

  #group(): PatternNode {
    if (this.#take('?')) {
      const name = /^<[A-Za-z_$][\w$]*>/.exec(this.#text.slice(this.#at, this.#at + 100));
      if (name) this.#at += name[0].length;
      else if (!this.#take(':')) throw new PatternRefused('look-around or flags in a group');
    }
    const node = this.#choice();
    if (!this.#take(')')) throw new PatternRefused('a bracket is not closed');
    return node;
  }

  #class(): PatternNode {
    const begin = this.#at - 1;
    while (this.#at < this.#text.length && this.#peek() !== ']')
      this.#at += this.#peek() === '\\' ? 2 : 1;
    this.#at++;
    return matching(this.#text.slice(begin, this.#at));
  }

  #escape(): PatternNode {
    const rest = this.#text.slice(this.#at, this.#at + 80);
    if (/^([1-9]|k<)/.test(rest)) throw new PatternRefused('a reference back');
    if (rest.startsWith('b') || rest.startsWith('B')) {
      this.#at++;
      return { kind: 'edge', edge: rest.startsWith('b') ? 'b' : 'B' };
    }
    const long =
      /^(x[\da-fA-F]{2}|u[\da-fA-F]{4}|u\{[\da-fA-F]{1,6}\}|c[A-Za-z]|[pP]\{[^}]{1,60}\})/.exec(
        rest,
      );
    if (!long && !/^[dDwWsStnvfr0]/.test(rest)) return literal(this.#next());
    const escape = long?.[0] ?? rest.charAt(0);
    this.#at += escape.length;
    return matching(`\\${escape}`);
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  /** One code point. */
  #next(): string {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    this.#at += character.length;
    return character;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }
}

function literal(character: string): PatternNode {
  return { kind: 'character', accepts: (other) => other === character };
}

/** What the platform says of one character at a time: that cannot take long. Remembered for ASCII. */
function matching(atom: string): PatternNode {
  const expression = native(`^${atom}$`);
  const known = new Map<string, boolean>();
  const accepts = (character: string) => {
    let accepted = known.get(character);
    if (accepted === undefined) {
      accepted = expression.test(character);
      if (character <= '\x7f') known.set(character, accepted);
    }
    return accepted;
  };
  return { kind: 'character', accepts };
}
