/**
 * A schema as rows of a table: each member with its path, type, rules and meaning. Circles are named instead of followed;
 * depth and number of rows are limited. Pure. Owns how a schema reads; what it is checked for is catalogue/openapi's.
 */
import {
  isObject,
  listOf,
  objectOf,
  resolve,
  textOf,
  type JsonObject,
  type OpenApiDocument,
} from '../catalogue/openapi/document.ts';

export interface SchemaRow {
  /** `name[].given`; empty for the value itself. */
  readonly path: string;
  /** `text`, `list of objects`, `one of 3 forms`. */
  readonly type: string;
  readonly required: boolean;
  readonly deprecated: boolean;
  /** Markdown. */
  readonly description: string;
  /** `one of: male, female`, `at most 20 characters`. */
  readonly rules: readonly string[];
}

export interface SchemaRows {
  readonly rows: readonly SchemaRow[];
  /** Whether something was left out because it is too deep or too much. */
  readonly cut: boolean;
}

interface Limits {
  readonly depth: number;
  readonly rows: number;
}

const usual: Limits = { depth: 7, rows: 250 };

/** The rows of a schema, outermost first, in the order of the document. */
export function schemaRows(
  document: OpenApiDocument,
  schema: unknown,
  limits: Limits = usual,
): SchemaRows {
  const walk = new Walk(document, limits);
  walk.value('', schema, { required: false, depth: 0, above: [] });
  return { rows: walk.rows, cut: walk.cut };
}

/** The type and rules of one value, for a parameter. */
export function typeOfSchema(
  document: OpenApiDocument,
  schema: unknown,
): Pick<SchemaRow, 'type' | 'rules'> {
  const found = merged(document, schema, { left: mostMerged });
  const items = objectOf(resolve(document, found.items));
  const rules = [...rulesOf(found), ...(found.items === undefined ? [] : rulesOf(items))];
  return { type: typeText(document, found), rules };
}

interface Place {
  readonly required: boolean;
  readonly depth: number;
  /** The schemas around this one, to know a circle by. */
  readonly above: readonly unknown[];
}

class Walk {
  readonly rows: SchemaRow[] = [];
  cut = false;
  readonly #document: OpenApiDocument;
  readonly #limits: Limits;
  readonly #budget = { left: mostMerged };

  constructor(document: OpenApiDocument, limits: Limits) {
    this.#document = document;
    this.#limits = limits;
  }

  value(path: string, given: unknown, place: Place): void {
    if (this.rows.length >= this.#limits.rows || path.length > 300) {
      this.cut = true;
      return;
    }
    const target = resolve(this.#document, given);
    const schema = merged(this.#document, given, this.#budget);
    const circle = place.above.includes(target);
    const deep = place.depth >= this.#limits.depth;
    this.rows.push({
      path,
      type: typeText(this.#document, schema),
      required: place.required,
      deprecated: schema.deprecated === true,
      description: textOf(schema.description) ?? '',
      rules: [...rulesOf(schema), ...(circle ? [`as ${nameOf(given) ?? 'above'} further up`] : [])],
    });
    if (circle) return;
    if (deep && hasParts(schema)) this.cut = true;
    else this.#parts(path, schema, { depth: place.depth + 1, above: [...place.above, target] });
  }

  #parts(path: string, schema: JsonObject, place: Omit<Place, 'required'>): void {
    const required = new Set(listOf(schema.required));
    for (const [name, one] of Object.entries(objectOf(schema.properties)))
      this.value(path === '' ? name : `${path}.${name}`, one, {
        ...place,
        required: required.has(name),
      });
    if (schema.items !== undefined) this.#items(`${path}[]`, schema.items, place);
    listOf(schema.prefixItems ?? schema['x-gatehouse-places']).forEach((one, index) => {
      this.value(`${path}[${index}]`, one, { ...place, required: false });
    });
    if (isObject(schema.additionalProperties))
      this.value(`${path === '' ? '' : `${path}.`}(any name)`, schema.additionalProperties, {
        ...place,
        required: false,
      });
    choicesOf(schema).forEach((one, index) => {
      const title = textOf(objectOf(resolve(this.#document, one)).title) ?? nameOf(one);
      const label = `(form ${index + 1}${title === undefined ? '' : `: ${title}`})`;
      this.value(path === '' ? label : `${path} ${label}`, one, { ...place, required: false });
    });
  }

  /** What a list holds: its members stand directly below the list, for a row of its own would say nothing. */
  #items(path: string, given: unknown, place: Omit<Place, 'required'>): void {
    const target = resolve(this.#document, given);
    const schema = merged(this.#document, given, this.#budget);
    const says = textOf(schema.description) !== undefined || rulesOf(schema).length > 0;
    if (says || place.above.includes(target) || place.depth >= this.#limits.depth)
      this.value(path, given, { ...place, required: false });
    else this.#parts(path, schema, { depth: place.depth + 1, above: [...place.above, target] });
  }
}

function hasParts(schema: JsonObject): boolean {
  return (
    Object.keys(objectOf(schema.properties)).length > 0 ||
    schema.items !== undefined ||
    choicesOf(schema).length > 0
  );
}

function choicesOf(schema: JsonObject): readonly unknown[] {
  return [...listOf(schema.oneOf), ...listOf(schema.anyOf)].slice(0, 30);
}

/** Parts of `allOf` that one table takes in: lists of lists of them cost more than their document is long. */
const mostMerged = 500;

/** The schema with what its `allOf` says taken in; what it says itself wins. */
function merged(
  document: OpenApiDocument,
  given: unknown,
  budget: { left: number },
  depth = 0,
): JsonObject {
  const schema = objectOf(resolve(document, given));
  const beside = isObject(given) && given.$ref !== undefined ? besideReference(given) : {};
  const parts = depth > 8 ? [] : listOf(schema.allOf).filter(() => --budget.left >= 0);
  if (parts.length === 0) return { ...schema, ...beside };
  const all = [...parts.map((one) => merged(document, one, budget, depth + 1)), schema];
  const properties = together(all.map((one) => objectOf(one.properties)));
  const required = all.flatMap((one) => listOf(one.required));
  return { ...together(all), ...beside, properties, required: [...new Set(required)] };
}

function together(all: readonly JsonObject[]): JsonObject {
  return Object.fromEntries(all.flatMap((one) => Object.entries(one)));
}

/** OpenAPI 3.1 lets a description stand beside a reference. */
function besideReference({ description, deprecated }: JsonObject): JsonObject {
  return {
    ...(typeof description === 'string' ? { description } : {}),
    ...(deprecated === true ? { deprecated } : {}),
  };
}

/** The last word of a reference. */
function nameOf(given: unknown): string | undefined {
  const reference = textOf(objectOf(given).$ref);
  return reference?.slice(reference.lastIndexOf('/') + 1).slice(0, 100);
}

const words: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  object: 'object',
  array: 'list',
  null: 'null',
};

function typeText(document: OpenApiDocument, schema: JsonObject): string {
  const types = (Array.isArray(schema.type) ? listOf(schema.type) : [schema.type]).filter(
    (one): one is string => typeof one === 'string',
  );
  const nullable = schema.nullable === true || types.includes('null');
  const [first = guessed(schema)] = types.filter((one) => one !== 'null');
  const word = first === undefined ? 'anything' : (words[first] ?? first.slice(0, 30));
  const format = textOf(schema.format);
  const items = objectOf(resolve(document, schema.items));
  const of = first === 'array' && typeof items.type === 'string' ? ` of ${plural(items.type)}` : '';
  const text = `${word}${of}${format === undefined ? '' : ` (${format.slice(0, 40)})`}`;
  return nullable ? `${text} or null` : text;
}

function plural(type: string): string {
  return (
    { string: 'texts', integer: 'whole numbers', number: 'numbers', object: 'objects' }[type] ??
    (type === 'array' ? 'lists' : 'values')
  );
}

function guessed(schema: JsonObject): string | undefined {
  if (isObject(schema.properties) || isObject(schema.additionalProperties)) return 'object';
  if (schema.items !== undefined) return 'array';
  const choices = choicesOf(schema);
  return choices.length > 0 ? `one of ${choices.length} forms` : undefined;
}

function rulesOf(schema: JsonObject): string[] {
  const rules: string[] = [];
  const values = listOf(schema.enum);
  if (values.length > 0) rules.push(`one of: ${cutList(values.map(shown))}`);
  if ('const' in schema) rules.push(`always ${shown(schema.const)}`);
  const range = (least: string, most: string, of: string) => {
    const [from, to] = [schema[least], schema[most]];
    if (typeof from === 'number' && typeof to === 'number')
      rules.push(from === to ? `exactly ${from}${of}` : `${from} to ${to}${of}`);
    else if (typeof from === 'number') rules.push(`at least ${from}${of}`);
    else if (typeof to === 'number') rules.push(`at most ${to}${of}`);
  };
  range('minLength', 'maxLength', ' characters');
  range('minItems', 'maxItems', ' in the list');
  range('minimum', 'maximum', '');
  if (schema.uniqueItems === true) rules.push('each only once');
  const pattern = textOf(schema.pattern);
  if (pattern !== undefined) rules.push(`matches ${pattern.slice(0, 200)}`);
  if (schema.readOnly === true) rules.push('only in answers');
  if (schema.writeOnly === true) rules.push('only in requests');
  if (schema.default !== undefined) rules.push(`${shown(schema.default)} when absent`);
  const example = schema.example ?? listOf(schema.examples)[0];
  if (example !== undefined && typeof example !== 'object')
    rules.push(`example: ${shown(example)}`);
  return rules;
}

function cutList(texts: readonly string[]): string {
  return texts.length > 20
    ? `${texts.slice(0, 20).join(', ')} and ${texts.length - 20} more`
    : texts.join(', ');
}

function shown(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 100);
}
