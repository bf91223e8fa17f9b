/**
 * Distinguished names (RFC 4514): reads them as clients write them, and gives the one form in which they compare:
 * lower case, schema names, no idle spaces. Owns no entry.
 */
import { Problem } from '../../core/problem.ts';
import { attributeType, comparable } from './schema.ts';

/** One `attribute=value`; the attribute as written. */
export interface Naming {
  readonly attribute: string;
  readonly value: string;
}

const longest = 2_000;
const deepest = 16;

/** The name in the form in which names compare; '' for the root. @throws Problem `invalid` naming the position */
export function normalDn(dn: string): string {
  return parseDn(dn).map(normalRdn).join(',');
}

/** The relative names of a name in comparable form, nearest first: each may be compared as text. */
export function normalRdns(dn: string): readonly string[] {
  return parseDn(dn).map(normalRdn);
}

/** Relative names as written, nearest first; each one or more namings. @throws Problem `invalid` */
export function parseDn(dn: string): readonly (readonly Naming[])[] {
  if (dn.length > longest) throw new Problem('invalid', 'A distinguished name is too long');
  if (dn.trim() === '') return [];
  return simple(dn) ?? parsed(dn);
}

/** A name without escapes, as nearly all are: much faster. Undefined where the slow way must look. */
function simple(dn: string): readonly (readonly Naming[])[] | undefined {
  if (/[\\"+;]/.test(dn)) return undefined;
  const names: Naming[][] = [];
  for (const part of dn.split(',')) {
    const equals = part.indexOf('=');
    const attribute = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    if (equals < 1 || value === '' || !/^[A-Za-z][\w-]*$/.test(attribute)) return undefined;
    names.push([{ attribute, value }]);
  }
  return names.length > deepest ? undefined : names;
}

function parsed(dn: string): readonly (readonly Naming[])[] {
  const reader = new Reader(dn);
  const names: Naming[][] = [];
  for (;;) {
    names.push(reader.relativeName());
    if (names.length > deepest) throw reader.fault('has too many parts');
    if (reader.atEnd()) return names;
    reader.separator();
  }
}

/** What an entry itself is called: the namings of its first part. */
export function namingOf(dn: string): readonly Naming[] {
  return parseDn(dn)[0] ?? [];
}

/** A value as it stands in a name (RFC 4514 2.4). */
export function escapeDnValue(value: string): string {
  return value
    .replace(/[\\,+"<>;=]/g, '\\$&')
    .replace(/\0/g, '\\00')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}

/** The comparable name of what lies above; '' above the root of the tree. */
export function parentOf(normal: string): string {
  for (let at = 0; at < normal.length; at++) {
    if (normal[at] === '\\') at++;
    else if (normal[at] === ',') return normal.slice(at + 1);
  }
  return '';
}

/** Whether a comparable name is `base` or lies below it. */
export function isWithin(normal: string, base: string): boolean {
  if (base === '' || normal === base) return true;
  if (!normal.endsWith(`,${base}`)) return false;
  let escapes = 0;
  for (let at = normal.length - base.length - 2; normal[at] === '\\'; at--) escapes++;
  return escapes % 2 === 0; // else the comma belongs to a value
}

function normalRdn(namings: readonly Naming[]): string {
  return namings
    .map(({ attribute, value }) => {
      const type = attributeType(attribute)?.name ?? attribute;
      return `${type.toLowerCase()}=${escapeDnValue(comparable('ignore', value))}`;
    })
    .sort()
    .join('+');
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    this.#spaces();
    return this.#at >= this.#text.length;
  }

  /** A comma; older clients also write a semicolon (RFC 2253 4). */
  separator(): void {
    if (this.#text[this.#at] !== ',' && this.#text[this.#at] !== ';')
      throw this.fault('lacks a comma');
    this.#at++;
  }

  relativeName(): Naming[] {
    const namings = [this.#naming()];
    this.#spaces();
    while (this.#text[this.#at] === '+') {
      this.#at++;
      namings.push(this.#naming());
      this.#spaces();
    }
    return namings;
  }

  fault(why: string): Problem {
    return new Problem('invalid', `The distinguished name ${why} at position ${this.#at + 1}`);
  }

  #naming(): Naming {
    this.#spaces();
    const start = this.#at;
    while (/[\w.-]/.test(this.#text[this.#at] ?? '')) this.#at++;
    const attribute = this.#text.slice(start, this.#at);
    if (attribute === '') throw this.fault('lacks an attribute');
    this.#spaces();
    if (this.#text[this.#at] !== '=') throw this.fault('lacks an equals sign');
    this.#at++;
    this.#spaces();
    const value = this.#text[this.#at] === '"' ? this.#quoted() : this.#plain();
    if (value === '') throw this.fault('lacks a value');
    return { attribute: attribute.replace(/^oid\./i, ''), value };
  }

  /** The old form in quotes (RFC 2253 4). */
  #quoted(): string {
    this.#at++;
    const bytes: Buffer[] = [];
    while (this.#text[this.#at] !== '"') bytes.push(this.#character());
    this.#at++;
    return Buffer.concat(bytes).toString('utf8');
  }

  #plain(): string {
    const bytes: Buffer[] = [];
    let kept = 0;
    while (this.#at < this.#text.length && !',;+'.includes(this.#text[this.#at] ?? '')) {
      const escaped = this.#text[this.#at] === '\\';
      const blank = this.#text[this.#at] === ' ';
      bytes.push(this.#character());
      if (escaped || !blank) kept = bytes.length;
    }
    return Buffer.concat(bytes.slice(0, kept)).toString('utf8');
  }

  /** One character or escaped byte. */
  #character(): Buffer {
    const sign = this.#text.codePointAt(this.#at);
    if (sign === undefined) throw this.fault('ends too early');
    const text = String.fromCodePoint(sign);
    this.#at += text.length;
    if (text !== '\\') return Buffer.from(text);
    const hex = this.#text.slice(this.#at, this.#at + 2);
    if (/^[\da-f]{2}$/i.test(hex)) {
      this.#at += 2;
      return Buffer.from(hex, 'hex');
    }
    const next = this.#text[this.#at];
    if (next === undefined) throw this.fault('ends too early');
    this.#at++;
    return Buffer.from(next);
  }

  #spaces(): void {
    while (this.#text[this.#at] === ' ') this.#at++;
  }
}
