/**
 * Checks values against the schemas of one OpenAPI document: compiled at first use, references shared by all checks of the
 * document. Every value has a budget of steps, since a document from outside can describe work that never ends.
 */
import { Schemas, type Fault } from '../../../core/schema.ts';
import { isObject, lookUp, type OpenApiDocument } from './document.ts';
import { toDraft7, type Direction, type Translation } from './json-schemas.ts';
import { linearPattern, type Budget } from './pattern.ts';

/** Gives the faults of a value; an empty list means that it passes. */
export type ValueCheck = (value: unknown) => readonly Fault[];

export interface SchemaChecks {
  /** A check against a schema of this document. Costs nothing until it is first called. */
  check(schema: unknown): ValueCheck;
}

/** Of patterns: characters looked at; of schemas: references followed, a hundred each. */
const steps = 10_000_000;

const perReference = 100;

const base = 'https://gatehouse.example/openapi';

/** Thrown where the budget ends; leaves through the compiled check. */
class TooMuch extends Error {}

const tooMuch: Fault = {
  path: [],
  keyword: 'budget',
  params: {},
  message: 'takes too many steps to check',
};

export function schemaChecks(
  document: OpenApiDocument,
  direction: Direction,
  formats = true,
): SchemaChecks {
  const budget: Budget = { left: steps };
  let compiler: Compiler | undefined;
  const made = new WeakMap<object, ValueCheck>();
  return {
    check: (schema) => {
      const known = isObject(schema) ? made.get(schema) : undefined;
      if (known) return known;
      let faults: ValueCheck | undefined;
      const check: ValueCheck = (value) => {
        compiler ??= compilerOf(document, direction, formats, budget);
        faults ??= compiler.compile(schema);
        budget.left = steps;
        try {
          const found = faults(value);
          return budget.left > 0 ? found : [tooMuch];
        } catch (error) {
          if (error instanceof TooMuch || error instanceof RangeError) return [tooMuch];
          throw error;
        }
      };
      if (isObject(schema)) made.set(schema, check);
      return check;
    },
  };
}

interface Compiler {
  compile(schema: unknown): ValueCheck;
}

function compilerOf(
  document: OpenApiDocument,
  direction: Direction,
  formats: boolean,
  budget: Budget,
): Compiler {
  const names = namesOfSchemas(document);
  const nameOf = (reference: string) => names.get(reference);
  const translation: Translation = { document, direction, formats, nameOf };
  const definitions = Object.fromEntries(
    [...names].map(([reference, name]) => [
      name.slice(name.lastIndexOf('/') + 1),
      // The step first: what fails after it must have cost something.
      { allOf: [{ gatehouseStep: true }, toDraft7(lookUp(document, reference), translation)] },
    ]),
  );
  const schemas = new Schemas([{ $id: base, definitions }], optionsOf(budget));
  return { compile: (schema) => schemas.faults(toSchema(schema, translation)) };
}

function toSchema(schema: unknown, translation: Translation): object {
  const made = toDraft7(schema, translation);
  return typeof made === 'boolean' ? { allOf: [made] } : made;
}

/** Every local reference that may lead to a schema, and the name it gets. */
function namesOfSchemas(document: OpenApiDocument): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, one] of Object.entries(value)) {
      if (name === '$ref' && typeof one === 'string') add(one);
      else walk(one);
    }
  };
  const add = (reference: string) => {
    if (names.has(reference) || elsewhere.test(reference)) return;
    if (lookUp(document, reference) !== undefined)
      names.set(reference, `${base}#/definitions/s${names.size}`);
  };
  walk(document);
  return names;
}

/** What is surely no schema. */
const elsewhere =
  /^#\/components\/(parameters|responses|headers|examples|requestBodies|securitySchemes|links|callbacks|pathItems)\//;

type SchemasOptions = NonNullable<ConstructorParameters<typeof Schemas>[1]>;

function optionsOf(budget: Budget): SchemasOptions {
  // The compiler tells expressions apart by their text.
  const engine = (pattern: string) => ({
    ...linearPattern(pattern, budget),
    toString: () => pattern,
  });
  const regExp = Object.assign(engine, { code: 'linearPattern' });
  const step = () => {
    budget.left -= perReference;
    if (budget.left <= 0) throw new TooMuch();
    return true;
  };
  return {
    logger: false,
    // Made by toDraft7, which writes nothing that the meta-schema refuses; checking that takes longer than compiling.
    validateSchema: false,
    multipleOfPrecision: 8,
    // Most schemas of a document are compiled for few values: compiling counts.
    inlineRefs: false,
    code: { regExp, optimize: false },
    keywords: [
      { keyword: 'gatehouseStep', schema: false, validate: step },
      { keyword: 'gatehouseUnique', type: 'array', schema: false, validate: isUnique },
    ],
  }; // the union of Ajv's keyword kinds is not inferred from a literal
}

/** In linear time; the library compares each item with each. */
function isUnique(items: readonly unknown[]): boolean {
  return new Set(items.map((item) => JSON.stringify(item, sorted))).size === items.length;
}

function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
