/**
 * The schema of the directory: finds attribute types and object classes in any spelling. Owns what the tables mean;
 * schema-check.ts holds entries against it, schema-attributes.ts and schema-classes.ts are the tables.
 */
import {
  nationalAttributes,
  operationalAttributes,
  standardAttributes,
  type CaseRule,
} from './schema-attributes.ts';
import { classRows } from './schema-classes.ts';

export interface AttributeType {
  /** In the schema's spelling: the key in `Entry.attributes`. */
  readonly name: string;
  readonly oid: string;
  /** Further names of the standard schema: `surname`. Other spellings differ in case only. */
  readonly aliases: readonly string[];
  readonly rule: CaseRule;
  readonly single: boolean;
  /** Kept by the server, shown only when asked for (`+`). */
  readonly operational: boolean;
}

export interface ObjectClass {
  readonly name: string;
  readonly oid: string;
  readonly superior?: string;
  readonly kind: 'abstract' | 'structural' | 'auxiliary';
  /** Names of attribute types, without those of the superior. */
  readonly must: readonly string[];
  readonly may: readonly string[];
}

/** All attribute types, in the order of the subschema entry. */
export const attributeTypes: readonly AttributeType[] = [
  ...typesOf(standardAttributes, ''),
  ...rowsOf(operationalAttributes).map((row) => toType(row, 'none', '', true)),
  ...typesOf(nationalAttributes, '1.2.826.0.1285.0.'),
];

/** All object classes. */
export const objectClasses: readonly ObjectClass[] = Object.entries(classRows).map(
  ([name, row]) => ({
    name,
    oid: row.oid.split('.').length > 3 ? row.oid : `1.2.826.0.1285.0.${row.oid}`,
    ...(row.superior === undefined ? {} : { superior: row.superior }),
    kind: row.kind ?? 'structural',
    must: wordsOf(row.must),
    may: wordsOf(row.may),
  }),
);

const typesByName = new Map(
  attributeTypes.flatMap((type) =>
    [type.name, type.oid, ...type.aliases].map((name) => [name.toLowerCase(), type] as const),
  ),
);

const classesByName = new Map(
  objectClasses.flatMap((one) => [one.name, one.oid].map((name) => [name.toLowerCase(), one])),
);

/** The attribute type of a name in any spelling, or of an object identifier; undefined for one that is not known. */
export function attributeType(name: string): AttributeType | undefined {
  return typesByName.get(name) ?? typesByName.get(name.toLowerCase());
}

/** The object class of a name in any spelling, or of an object identifier. */
export function objectClass(name: string): ObjectClass | undefined {
  return classesByName.get(name.toLowerCase());
}

/** A class and its superiors, up to `top`. */
export function lineOf(one: ObjectClass): readonly ObjectClass[] {
  const above = one.superior === undefined ? undefined : objectClass(one.superior);
  return above === undefined ? [one] : [one, ...lineOf(above)];
}

/** A value as it compares under a rule (RFC 4518 2.6: outer spaces do not count, inner ones count once). */
export function comparable(rule: CaseRule, value: string): string {
  const whole = /^[\x20-\x7e]*$/.test(value) ? value : value.normalize('NFKC');
  const text = rule === 'ignore' ? whole.toLowerCase() : whole;
  return text.includes(' ') || text.includes('\t') ? text.trim().replace(/[ \t]+/g, ' ') : text;
}

function typesOf(table: Readonly<Record<CaseRule, string>>, root: string): AttributeType[] {
  const rules: readonly CaseRule[] = ['exact', 'ignore', 'none'];
  return rules.flatMap((rule) => rowsOf(table[rule]).map((row) => toType(row, rule, root, false)));
}

function rowsOf(table: string): string[] {
  return table.split(',').map((row) => row.trim());
}

/** A row is `oid name/other names`, with a star when it takes many values. */
function toType(row: string, rule: CaseRule, root: string, operational: boolean): AttributeType {
  const [oid = '', names = ''] = row.split(' ');
  const [name = '', ...aliases] = names.replace('*', '').split('/');
  return { name, oid: root + oid, aliases, rule, single: !names.endsWith('*'), operational };
}

function wordsOf(words = ''): readonly string[] {
  return words === '' ? [] : words.split(' ');
}
