/**
 * Which attributes of an entry a search asks for, and under which names it gets them (RFC 4511 4.5.1.8): those that were
 * named come back in the spelling of the caller, whose programs look them up by it.
 */
import type { Entry } from './directory.ts';
import { valuesOf } from './filter-match.ts';
import { attributeType, attributeTypes } from './schema.ts';

/** Attributes as they are sent, in the order of the entry. */
export type Selected = readonly (readonly [name: string, values: readonly string[]])[];

/**
 * The attributes that were asked for: none named means all, `*` all, `+` those the server keeps, `1.1` none. Unknown ones
 * are passed over.
 */
export function selectAttributes(entry: Entry, requested: readonly string[]): Selected {
  const named = namesOf(requested);
  const all = requested.length === 0 || requested.includes('*');
  const plain = Object.entries(entry.attributes).flatMap(([name, values]) => {
    const shown = named.get(name) ?? (all ? name : undefined);
    return shown === undefined ? [] : [[shown, values] as const];
  });
  return [...plain, ...operational(entry, named, requested.includes('+'))];
}

/** The caller's spelling of each attribute, the first if it was named twice. */
function namesOf(requested: readonly string[]): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  for (const name of requested) {
    const type = attributeType(name);
    if (type !== undefined && !named.has(type.name)) named.set(type.name, name);
  }
  return named;
}

const kept = attributeTypes.filter((type) => type.operational);

function operational(entry: Entry, named: ReadonlyMap<string, string>, all: boolean): Selected {
  if (!all && named.size === 0) return [];
  return kept.flatMap((type) => {
    const shown = named.get(type.name) ?? (all ? type.name : undefined);
    const values = shown === undefined ? undefined : valuesOf(entry, type);
    return shown === undefined || values === undefined ? [] : [[shown, values] as const];
  });
}
