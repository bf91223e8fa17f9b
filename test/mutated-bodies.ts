/** Bodies with a few members replaced, removed, doubled or added to: for tests that nothing but documented rows comes out. */
import fc from 'fast-check';

type Node = unknown[] | Record<string, unknown>;

/** What stands where something sensible is expected. */
const hostile: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  ' ',
  'x',
  'other',
  '2026-02-30',
  '9'.repeat(5000),
  'Zoë',
  'a\u0000b',
  '\u001b[31m',
  '\ud800',
  '\'"\\',
  '\u202e',
  [],
  [null],
  [[]],
  {},
  { url: 'x' },
  JSON.parse('{"__proto__":{"polluted":1}}'),
  { constructor: { prototype: 1 }, toString: 'x' },
];

/** A copy of the body after one to three changes. */
export function mutated(body: object): fc.Arbitrary<unknown> {
  const change = fc.record({
    where: fc.nat(),
    what: fc.constantFrom('replace', 'remove', 'double', 'add'),
    value: fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary' }), fc.jsonValue()),
  });
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const copy = structuredClone(body) as Node; // an object, which has named members
    for (const { where, what, value } of changes) {
      const places = placesIn(copy);
      const place = places[where % Math.max(places.length, 1)];
      if (place) apply(place, what, value);
    }
    return copy;
  });
}

interface Place {
  readonly holder: Node;
  readonly name: string;
}

function placesIn(holder: Node, found: Place[] = []): Place[] {
  for (const [name, value] of Object.entries(holder)) {
    found.push({ holder, name });
    if (typeof value === 'object' && value !== null) placesIn(value as Node, found); // an object or a list
  }
  return found;
}

function apply({ holder, name }: Place, what: string, value: unknown): void {
  if (Array.isArray(holder)) {
    const index = Number(name);
    if (what === 'remove') holder.splice(index, 1);
    else if (what === 'double') holder.push(holder[index]);
    else if (what === 'add') holder.push(value);
    else holder[index] = value;
    return;
  }
  if (what === 'remove') Reflect.deleteProperty(holder, name);
  else if (what === 'add') holder[`${name}2`] = value;
  else holder[name] = what === 'double' ? [holder[name], holder[name]] : value;
}
