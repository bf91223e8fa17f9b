/**
 * Holds an entry against the schema, and gives it in the schema's spelling. Owns no place in the tree: what lies above an
 * entry is the directory's to ask.
 */
import { Problem } from '../../core/problem.ts';
import { namingOf } from './dn.ts';
import type { Entry } from './directory.ts';
import {
  attributeType,
  comparable,
  lineOf,
  objectClass,
  objectClasses,
  type AttributeType,
  type ObjectClass,
} from './schema.ts';

/** No value is longer, in characters; no attribute has more values. */
const longestValue = 4_000;
const mostValues = 4_000;

/**
 * The entry with its attributes and classes in the schema's spelling, the class `top`, and the naming attribute added
 * where they were left out. Operational attributes are dropped: the server knows better.
 * @param lacking told of each attribute that a class needs and the entry lacks, in place of a refusal
 * @throws Problem `invalid` that names the attribute and what is wrong (RFC 4512 2.4, 2.5)
 */
export function conforming(entry: Entry, lacking?: (attribute: string) => void): Entry {
  const values = spelled(entry);
  nameItself(entry.dn, values);
  const classes = classesOf(values);
  values.set('objectClass', namesOf(classes));
  checkContent(values, classes, lacking);
  return { ...entry, attributes: Object.fromEntries(values) };
}

/** The structural class of an entry in the schema's spelling: `nhsAs`. Empty when it has none. */
export function structuralClass(entry: Entry): string {
  const classes = (entry.attributes.objectClass ?? []).flatMap((name) => objectClass(name) ?? []);
  return mostSpecific(classes)?.name ?? '';
}

function spelled({ attributes }: Entry): Map<string, readonly string[]> {
  const values = new Map<string, readonly string[]>();
  for (const [name, given] of Object.entries(attributes)) {
    const type = attributeType(name);
    if (type === undefined) throw refused(name, 'is not an attribute of the schema');
    if (type.operational) continue;
    const all = [...(values.get(type.name) ?? []), ...given];
    if (all.length > 0) values.set(type.name, checkedValues(type, all));
  }
  return values;
}

function checkedValues(type: AttributeType, values: readonly string[]): readonly string[] {
  if (type.single && values.length > 1) throw refused(type.name, 'takes one value');
  if (values.length > mostValues) throw refused(type.name, `takes at most ${mostValues} values`);
  const seen = new Set<string>();
  for (const value of values) {
    if (value === '' || value.length > longestValue || value.includes('\0'))
      throw refused(type.name, `has a value that is empty, too long or holds a NUL`);
    const compared = comparable(type.rule, value);
    if (seen.has(compared)) throw refused(type.name, 'has the same value twice');
    seen.add(compared);
  }
  return values;
}

/** What an entry is called by must be among its values (RFC 4511 4.7); it is added where it is not. */
function nameItself(dn: string, values: Map<string, readonly string[]>): void {
  for (const { attribute, value } of namingOf(dn)) {
    const type = attributeType(attribute);
    if (type === undefined) throw refused(attribute, 'is not an attribute of the schema');
    const known = values.get(type.name) ?? [];
    const wanted = comparable('ignore', value);
    if (known.some((one) => comparable('ignore', one) === wanted)) continue;
    values.set(type.name, checkedValues(type, [...known, value]));
  }
}

function classesOf(values: ReadonlyMap<string, readonly string[]>): readonly ObjectClass[] {
  const given = values.get('objectClass') ?? [];
  const classes = given.map((name) => {
    const found = objectClass(name);
    if (found === undefined) throw refused('objectClass', 'names a class that is not known');
    return found;
  });
  const structural = mostSpecific(classes);
  if (structural === undefined) throw refused('objectClass', 'names no structural class');
  const line = new Set(lineOf(structural));
  const stray = classes.find((one) => one.kind === 'structural' && !line.has(one));
  if (stray) throw refused('objectClass', 'names two structural classes of different lines');
  return classes;
}

function mostSpecific(classes: readonly ObjectClass[]): ObjectClass | undefined {
  let found: ObjectClass | undefined;
  for (const one of classes)
    if (one.kind === 'structural' && (found === undefined || depthOf(one) > depthOf(found)))
      found = one;
  return found;
}

const depths = new Map(objectClasses.map((one) => [one, lineOf(one).length]));

function depthOf(one: ObjectClass): number {
  return depths.get(one) ?? 0;
}

function namesOf(classes: readonly ObjectClass[]): readonly string[] {
  return [...new Set(['top', ...classes.map(({ name }) => name)])];
}

function checkContent(
  values: ReadonlyMap<string, readonly string[]>,
  classes: readonly ObjectClass[],
  lacking?: (attribute: string) => void,
): void {
  const all = new Set(classes.flatMap(lineOf));
  const may = new Set(['objectClass']);
  for (const { must, may: further, name } of all) {
    for (const needed of must)
      if (!values.has(needed)) {
        if (!lacking) throw refused(needed, `is missing from an entry of class ${name}`);
        lacking(needed);
      }
    for (const allowed of [...must, ...further]) may.add(allowed);
  }
  for (const name of values.keys())
    if (!may.has(name)) throw refused(name, 'does not belong in an entry of this class');
}

function refused(attribute: string, why: string): Problem {
  const shown = /^[\w.;-]{1,80}$/.test(attribute) ? attribute : 'An attribute';
  return new Problem('invalid', `${shown} ${why}`);
}
