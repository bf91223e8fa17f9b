/**
 * Reading a whole body, as POST sends it: what field-rules-values.ts, which reads one field, does not cover.
 * Here a member that is absent is missing, and one that is empty is wrong.
 */
import { missingValue, tooFewValues, tooManyValues, unacceptable } from '../errors.ts';
import { isFields, wrong, type Fields } from './field-rules-values.ts';

/** Joins a path as messages write it: `address/0/period`. The root is the empty text. */
export function at(path: string, name: string | number): string {
  return path === '' ? String(name) : `${path}/${name}`;
}

/** The body as an object. Throws the catch-all row: no published one fits a body that is a list or a bare value. */
export function bodyOf(value: unknown): Fields {
  if (!isFields(value)) throw unacceptable(400, 'Invalid payload received - incorrect format');
  return value;
}

/** An own member, or undefined. JSON's null counts as absent: FHIR has no nulls. */
export function optional(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? (fields[name] ?? undefined) : undefined;
}

/** The member's value. Throws MISSING_VALUE when it is absent or null. */
export function present(fields: Fields, name: string, path: string): unknown {
  const value = optional(fields, name);
  if (value === undefined) throw missingValue(at(path, name));
  return value;
}

/** The value as a list of `min` to `max` items. Throws INVALID_VALUE, TOO_FEW_VALUES_SUBMITTED, TOO_MANY_VALUES_SUBMITTED. */
export function itemsOf(
  value: unknown,
  path: string,
  min: number,
  max: number,
): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(value, path);
  const items: readonly unknown[] = value;
  if (items.length < min) throw tooFewValues(path);
  if (items.length > max) throw tooManyValues(items, path);
  return items;
}

/** The list as one item, which it must hold alone. */
export function onlyOf(value: unknown, path: string): unknown {
  return itemsOf(value, path, 1, 1)[0];
}

/** A whole number from `from` to `to`. Throws INVALID_VALUE. */
export function integerOf(value: unknown, path: string, from: number, to: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < from || value > to)
    throw wrong(value, path);
  return value;
}
