/**
 * What every rule about a field of a Patient builds on: reading untrusted JSON member by member, and the texts for it.
 * Used by PATCH and by the two ways to create a record. Nothing here knows which operation is running: the sentence of
 * a broken rule is refused as the Rules say (`invalidUpdate` or `invalidCreate`).
 */
import type { Problem } from '../../../core/problem.ts';
import {
  additionalProperties,
  invalidField,
  missingValue,
  tooManyValues,
  unsupportedValue,
} from '../errors.ts';
import { pythonText } from './python-text.ts';

/** What a rule needs to know of its surroundings. */
export interface Rules {
  /** Milliseconds since the epoch: what counts as today and as the future. */
  readonly now: number;
  /** How a broken business rule is said: `invalidUpdate`, `invalidCreate`. */
  readonly refuse: (sentence: string) => Problem;
  /** Whether the code belongs to a general practice. */
  readonly isPractice: (odsCode: string) => boolean;
}

/** A JSON object whose members are yet to be checked. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The longest value that is quoted back: room for an extension in a test that failed. */
const longest = 500;

/** A value as the national back end writes it into its texts: text bare, everything else in Python's notation. */
export const shown = (value: unknown): string => pythonText(value, longest);

/** Refuses a value of a field: `Invalid value - 'x' in field 'path'`. */
export const wrong = (value: unknown, path: string): Problem => invalidField(shown(value), path);

/** Refuses a value that can be read in old records and not be set. */
export const unsupported = (value: string, path: string): Problem => unsupportedValue(value, path);

/** The value as an object with no members but those named. Anything else is refused. */
export function objectOf(value: unknown, path: string, members: readonly string[]): Fields {
  if (!isFields(value)) throw wrong(value, path);
  const unknown = Object.keys(value).filter((name) => !members.includes(name));
  if (unknown.length > 0) throw additionalProperties(unknown.slice(0, 20).map(shown));
  return value;
}

/** Whether nothing is there: absent, null, or text without a visible character. */
export function isBlank(value: unknown): boolean {
  return (
    value === undefined || value === null || (typeof value === 'string' && value.trim() === '')
  );
}

/** The member, which must be there and not be blank. */
export function required(fields: Fields, name: string, path: string): unknown {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (isBlank(value)) throw missingValue(`${path}/${name}`);
  return value;
}

/** The member as a list of at most `most` items; absent or null is an empty list. More are refused with the list written out. */
export function listOf(value: unknown, path: string, most: number): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrong(value, path);
  if (value.length > most) throw tooManyValues(value, path);
  return value;
}

/** C0 and C1 control characters, and halves of surrogate pairs: never part of a value that is kept. */
const unprintable = /[\u0000-\u001f\u007f-\u009f]|\p{Cs}/u; // eslint-disable-line no-control-regex -- they are what is refused

/** The value as text of at most `most` characters, trimmed, without control characters and not blank. */
export function textOf(value: unknown, path: string, most: number): string {
  if (typeof value !== 'string') throw wrong(value, path);
  const text = value.trim();
  if (text === '' || text.length > most || unprintable.test(text)) throw wrong(value, path);
  return text;
}

/** The value as one of a set of codes, to the letter. */
export function codeOf<Code extends string>(
  value: unknown,
  path: string,
  codes: readonly Code[],
): Code {
  const found = codes.find((code) => code === value);
  if (found === undefined) throw wrong(value, path);
  return found;
}

/** An object id: letters, digits, dots and hyphens as FHIR has it. */
export function idOf(value: unknown, path: string): string {
  if (typeof value !== 'string' || !/^[A-Za-z0-9\-.]{1,64}$/.test(value)) throw wrong(value, path);
  return value;
}

/** `{ name: value }` when there is a value, else nothing: for members that are left out rather than empty. */
export function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  // A computed key widens to an index signature; the one member is the one named.
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>);
}
