/**
 * Parsing a JSON body once, at the edge, within limits. What it lets through is safe to walk: not too deep, not too
 * many values, no member twice, no name of a prototype, no text that is none, no number that is none.
 * Owns no shape of any body, and no answer: api.ts maps a JsonFault to a row of its protocol.
 */
import { isUtf8 } from 'node:buffer';

export interface JsonLimits {
  /** How many objects and lists may be open at once. */
  readonly depth: number;
  /** How many members and items there may be altogether. */
  readonly members: number;
}

/**
 * Why a body is refused: bytes that are no UTF-8, no JSON, nested too deep, too many members and items, a member twice
 * in one object, a name such as `__proto__`, a text with NUL or half a character, a number beyond all bounds.
 */
export type JsonFaultKind =
  'encoding' | 'syntax' | 'depth' | 'members' | 'duplicate' | 'name' | 'text' | 'number';

/** Holds nothing of what was sent but the names on the way, and no cause: the parser's own message quotes the body. */
export class JsonFault extends Error {
  readonly kind: JsonFaultKind;
  /** Where, as far as that is known: `name/0/given`. */
  readonly path: string;

  constructor(kind: JsonFaultKind, path = '') {
    super(`JSON refused: ${kind}`);
    this.name = 'JsonFault';
    this.kind = kind;
    this.path = path;
  }
}

/**
 * The value of a JSON text in UTF-8. A byte order mark in front is tolerated (RFC 8259, 8.1 lets a reader do so).
 * One pass over the bytes comes before JSON.parse, one over the value after it; both are linear.
 * @throws JsonFault
 */
export function parseJson(bytes: Buffer, limits: JsonLimits): unknown {
  if (!isUtf8(bytes)) throw new JsonFault('encoding');
  const body = hasMark(bytes) ? bytes.subarray(3) : bytes;
  const shape = measure(body, limits);
  const value = parse(body.toString('utf8'));
  const names = checkValue(value, shape.escapes);
  // Of a member that was sent twice JSON.parse keeps the last: then there are fewer members than colons.
  if (names !== shape.colons) throw new JsonFault('duplicate');
  return value;
}

function hasMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new JsonFault('syntax');
  }
}

interface Shape {
  /** Colons outside of texts: one for each member. */
  readonly colons: number;
  /** Whether any text holds an escape. Without one there can be neither NUL nor half a character. */
  readonly escapes: boolean;
}

const quote = 0x22;
const backslash = 0x5c;

/** Counts what stands outside of texts, and stops at a limit. Whether it is JSON at all, the parser says. */
function measure(bytes: Buffer, limits: JsonLimits): Shape {
  let depth = 0;
  let colons = 0;
  let values = 0;
  let escapes = false;
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]) {
      case quote:
        for (i++; i < bytes.length && bytes[i] !== quote; i++)
          if (bytes[i] === backslash) {
            escapes = true;
            i++;
          }
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > limits.depth) throw new JsonFault('depth');
        if (++values > limits.members) throw new JsonFault('members');
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      case 0x3a: // :
        colons++;
        break;
      case 0x2c: // ,
        if (++values > limits.members) throw new JsonFault('members');
        break;
    }
  }
  return { colons, escapes };
}

/** Names that reach a prototype where a careless reader copies members. */
const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

const notText = /[\0\p{Cs}]/u;

/**
 * Refuses names, texts and numbers; gives how many members all objects have together. Recursion is safe: depth is limited.
 * A path is put together only on the way out of a fault, so that a sound body costs no text.
 */
function checkValue(value: unknown, escapes: boolean): number {
  if (typeof value === 'string') {
    if (escapes && notText.test(value)) throw new JsonFault('text');
    return 0;
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new JsonFault('number');
    return 0;
  }
  if (typeof value !== 'object' || value === null) return 0;
  return Array.isArray(value) ? checkItems(value, escapes) : checkMembers(value, escapes);
}

function checkItems(items: readonly unknown[], escapes: boolean): number {
  let names = 0;
  for (let i = 0; i < items.length; i++) {
    try {
      names += checkValue(items[i], escapes);
    } catch (error) {
      throw inside(String(i), error);
    }
  }
  return names;
}

function checkMembers(members: object, escapes: boolean): number {
  const entries = members as Record<string, unknown>; // what JSON.parse makes of an object
  const keys = Object.keys(entries);
  let names = keys.length;
  for (const name of keys) {
    if (forbidden.has(name)) throw new JsonFault('name', name);
    if (escapes && notText.test(name)) throw new JsonFault('text');
    try {
      names += checkValue(entries[name], escapes);
    } catch (error) {
      throw inside(name, error);
    }
  }
  return names;
}

/** The fault seen from one level further out. */
function inside(name: string, error: unknown): unknown {
  if (!(error instanceof JsonFault)) return error;
  return new JsonFault(error.kind, error.path === '' ? name : `${name}/${error.path}`);
}
