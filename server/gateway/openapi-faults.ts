/**
 * Faults of a call in words: where, what was expected, what kind of thing was found. Never the value, and never a name that
 * the caller chose and that might be one (an NHS number as the name of a member): it may be patient data.
 */
import type { Fault } from '../../core/schema.ts';

/** More faults help nobody. */
export const mostFaults = 10;

/** `query/limit must be integer (found: text)`. */
export function faultText(where: string, fault: Fault, value: unknown): string {
  const path = [where, ...fault.path.map(shown)].join('/');
  return `${path} ${fault.message} (found: ${kindOf(at(value, fault.path))})`;
}

/** The kind of a JSON value in plain words. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return (
    { string: 'text', number: 'a number', boolean: 'true or false' }[typeof value as string] ??
    'an object'
  );
}

function shown(name: string): string {
  return /^([A-Za-z_$@][\w$@.-]{0,63}|\d{1,6})$/.test(name) ? name : '*';
}

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name))
      return undefined;
    found = (found as Record<string, unknown>)[name]; // an object or list that has this member, as just seen
  }
  return found;
}
