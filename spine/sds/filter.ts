/**
 * Search filters as text (RFC 4515): reads them as people and programs write them, and writes them back. Owns the limits
 * on their size; filter-match.ts says what they find.
 */
import { Problem } from '../../core/problem.ts';
import type { Filter } from './directory.ts';

/** Nested at most so deep, of at most so many parts, at most so many characters of text. */
export const filterLimits = { depth: 32, parts: 1_000, characters: 32_000 } as const;

/**
 * A filter from its text. Spaces between the parts are allowed, and the outer parentheses may be missing, as the command
 * line tools take it.
 * @throws Problem `invalid` naming the position, or the limit
 */
export function parseFilter(text: string): Filter {
  if (text.length > filterLimits.characters) throw new Problem('invalid', 'The filter is too long');
  return new Reader(text).whole();
}

/** The text of a filter, without spaces. */
export function formatFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return `(${filter.kind === 'and' ? '&' : '|'}${filter.filters.map(formatFilter).join('')})`;
    case 'not':
      return `(!${formatFilter(filter.filter)})`;
    case 'present':
      return `(${filter.attribute}=*)`;
    case 'substring': {
      const { attribute, initial = '', any, final = '' } = filter;
      return `(${attribute}=${[initial, ...any, final].map(escapeFilterValue).join('*')})`;
    }
    case 'extensible': {
      const { attribute = '', rule, dnAttributes, value } = filter;
      const left = `${attribute}${dnAttributes ? ':dn' : ''}${rule === undefined ? '' : `:${rule}`}`;
      return `(${left}:=${escapeFilterValue(value)})`;
    }
    default:
      return `(${filter.attribute}${signs[filter.kind]}${escapeFilterValue(filter.value)})`;
  }
}

/** A value as it stands in the text of a filter (RFC 4515 3). */
export function escapeFilterValue(value: string): string {
  return value.replace(
    /[\\*()\0]/g,
    (sign) => `\\${sign.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** Refuses a filter that was not read here when it goes beyond the limits. @throws Problem `invalid` */
export function checkFilter(filter: Filter): void {
  let parts = 0;
  const look = (one: Filter, depth: number) => {
    if (depth > filterLimits.depth) throw tooDeep();
    if (++parts > filterLimits.parts) throw tooMany();
    if (one.kind === 'not') look(one.filter, depth + 1);
    if (one.kind === 'and' || one.kind === 'or')
      for (const inner of one.filters) look(inner, depth + 1);
  };
  look(filter, 1);
}

const signs = { equal: '=', approx: '~=', greaterOrEqual: '>=', lessOrEqual: '<=' } as const;

const tooDeep = () =>
  new Problem('invalid', `The filter is nested deeper than ${filterLimits.depth}`);
const tooMany = () =>
  new Problem('invalid', `The filter has more than ${filterLimits.parts} parts`);

class Reader {
  readonly #text: string;
  #at = 0;
  #parts = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Filter {
    this.#spaces();
    const filter = this.#sign() === '(' ? this.#bracketed(1) : this.#content(1);
    this.#spaces();
    if (this.#at < this.#text.length) throw this.#fault('goes on after its end');
    return filter;
  }

  #bracketed(depth: number): Filter {
    if (depth > filterLimits.depth) throw tooDeep();
    this.#expect('(');
    const filter = this.#content(depth);
    this.#spaces();
    this.#expect(')');
    return filter;
  }

  #content(depth: number): Filter {
    if (++this.#parts > filterLimits.parts) throw tooMany();
    this.#spaces();
    const sign = this.#sign();
    if (sign === '&' || sign === '|') {
      this.#at++;
      return { kind: sign === '&' ? 'and' : 'or', filters: this.#list(depth) };
    }
    if (sign === '!') {
      this.#at++;
      this.#spaces();
      return { kind: 'not', filter: this.#bracketed(depth + 1) };
    }
    return this.#item();
  }

  /** May be empty: always true, or never (RFC 4526). */
  #list(depth: number): Filter[] {
    const filters: Filter[] = [];
    for (;;) {
      this.#spaces();
      if (this.#sign() !== '(') return filters;
      filters.push(this.#bracketed(depth + 1));
    }
  }

  #item(): Filter {
    const start = this.#at;
    while (/[\w.;:-]/.test(this.#sign())) this.#at++;
    const left = this.#text.slice(start, this.#at);
    this.#spaces();
    const sign = this.#sign();
    if ('~<>'.includes(sign) && sign !== '') this.#at++;
    else if (left.endsWith(':') && sign === '=') return this.#extensible(left.slice(0, -1), start);
    if (!/^[A-Za-z\d][\w.;-]*$/.test(left)) throw this.#fault('lacks an attribute', start);
    this.#expect('=');
    if (sign === '=') return this.#equality(left);
    const kind = sign === '~' ? 'approx' : sign === '<' ? 'lessOrEqual' : 'greaterOrEqual';
    const [value = '', ...more] = this.#value();
    if (more.length > 0) throw this.#fault('has a star where none may be', start);
    return { kind, attribute: left, value };
  }

  #equality(attribute: string): Filter {
    const pieces = this.#value();
    if (pieces.length === 1) return { kind: 'equal', attribute, value: pieces[0] ?? '' };
    if (pieces.every((piece) => piece === '') && pieces.length === 2)
      return { kind: 'present', attribute };
    const [initial = '', ...rest] = pieces;
    const final = rest.pop() ?? '';
    const any = rest.filter((piece) => piece !== '');
    if (initial === '' && final === '' && any.length === 0)
      throw this.#fault('has stars side by side');
    return {
      ...{ kind: 'substring', attribute, any },
      ...(initial === '' ? {} : { initial }),
      ...(final === '' ? {} : { final }),
    };
  }

  /** `attribute:dn:rule:=value`, each of the three may be absent. */
  #extensible(left: string, start: number): Filter {
    this.#expect('=');
    const [attribute = '', ...rest] = left.split(':');
    const dnAttributes = rest[0]?.toLowerCase() === 'dn';
    if (dnAttributes) rest.shift();
    const [rule, ...more] = rest;
    const [value = '', ...pieces] = this.#value();
    if (more.length + pieces.length > 0 || rule === '' || (attribute === '' && !rule))
      throw this.#fault('has a matching rule that cannot be read', start);
    return {
      ...{ kind: 'extensible', value, dnAttributes },
      ...(attribute === '' ? {} : { attribute }),
      ...(rule === undefined ? {} : { rule }),
    };
  }

  /** Up to the closing parenthesis, taken apart at the stars. */
  #value(): string[] {
    const pieces: string[] = [];
    let bytes: Buffer[] = [];
    let plain = this.#at;
    const keep = () => bytes.push(Buffer.from(this.#text.slice(plain, this.#at)));
    const finish = () => {
      keep();
      pieces.push(this.#decoded(bytes));
      bytes = [];
    };
    for (let sign = this.#sign(); sign !== '' && sign !== ')'; sign = this.#sign()) {
      if (sign === '(') throw this.#fault('has an unescaped parenthesis');
      if (sign === '*') {
        finish();
        plain = ++this.#at;
      } else if (sign === '\\') {
        keep();
        bytes.push(this.#escaped());
        plain = this.#at;
      } else this.#at++;
    }
    finish();
    return pieces;
  }

  #escaped(): Buffer {
    const hex = this.#text.slice(this.#at + 1, this.#at + 3);
    if (!/^[\da-f]{2}$/i.test(hex)) throw this.#fault('has an escape that is not two digits');
    this.#at += 3;
    return Buffer.from(hex, 'hex');
  }

  #decoded(bytes: readonly Buffer[]): string {
    const text = Buffer.concat(bytes).toString('utf8');
    if (text.includes('\uFFFD') || text.includes('\0'))
      throw this.#fault('has bytes that are no text');
    return text;
  }

  #sign(): string {
    return this.#text[this.#at] ?? '';
  }

  #expect(sign: string): void {
    if (this.#sign() !== sign)
      throw this.#fault(this.#sign() === '' ? 'ends too early' : `lacks a ${sign}`);
    this.#at++;
  }

  #spaces(): void {
    while (/[ \t\r\n]/.test(this.#sign())) this.#at++;
  }

  #fault(why: string, at = this.#at): Problem {
    return new Problem('invalid', `The filter ${why} at position ${at + 1}`);
  }
}
