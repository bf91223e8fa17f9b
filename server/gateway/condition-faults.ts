/**
 * What a condition's schema may not use, found by walking through it: what would let a call decide how long it is judged, and
 * names of facts that there are not, which would make a condition that always holds.
 */

/** Faults in sentences; what only compiling shows is not among them. */
export function schemaFaults(schema: Readonly<Record<string, unknown>>): readonly string[] {
  if (JSON.stringify(schema).length > longestSchema)
    return [`a condition has at most ${longestSchema} characters`];
  const faults: string[] = [];
  walk(schema, 0, faults);
  if (faults.length === 0) checkNames(schema, facts, '', faults);
  return faults;
}

const longestSchema = 16_384;
const deepest = 30;

const refused: Readonly<Record<string, string>> = {
  $ref: 'a condition stands for itself and refers to nothing',
  $dynamicRef: 'a condition stands for itself and refers to nothing',
  $recursiveRef: 'a condition stands for itself and refers to nothing',
  $id: 'a condition has no name of its own',
  format: 'format is not checked in conditions; use pattern',
};

const byName: ReadonlySet<string> = new Set([
  ...[
    'properties',
    'patternProperties',
    'dependentSchemas',
    'dependencies',
    'definitions',
    '$defs',
  ],
]);
const lists: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items']);
const single: ReadonlySet<string> = new Set([
  ...['not', 'if', 'then', 'else', 'items', 'contains', 'additionalItems'],
  ...['additionalProperties', 'propertyNames', 'unevaluatedItems', 'unevaluatedProperties'],
]);

function walk(schema: unknown, depth: number, faults: string[]): void {
  if (!isObject(schema)) return;
  if (depth > deepest) {
    faults.push(`a condition is at most ${deepest} deep`);
    return;
  }
  for (const [keyword, value] of Object.entries(schema)) {
    const why = Object.hasOwn(refused, keyword) ? refused[keyword] : undefined;
    if (why !== undefined) faults.push(`${keyword}: ${why}`);
    const inner =
      byName.has(keyword) && isObject(value)
        ? Object.values(value)
        : lists.has(keyword) && Array.isArray(value)
          ? value
          : single.has(keyword)
            ? [value]
            : [];
    for (const one of inner) walk(one, depth + 1, faults);
  }
}

interface Names {
  readonly [name: string]: Names | 'anything';
}

const facts: Names = {
  request: { method: {}, path: {}, headers: 'anything', query: 'anything' },
  app: { id: {}, name: {}, mode: {}, product: {}, scopes: {}, attributes: 'anything' },
  user: { id: {}, role: {}, level: {} },
};

/** A name nobody knows is a typing error; a condition that asks for it never holds, or always. */
function checkNames(schema: unknown, names: Names, at: string, faults: string[]): void {
  if (!isObject(schema)) return;
  for (const keyword of ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else'])
    for (const one of [schema[keyword]].flat()) checkNames(one, names, at, faults);
  const { properties = {}, required = [] } = schema;
  const asked = Array.isArray(required) ? required.map(String) : [];
  for (const name of isObject(properties) ? [...Object.keys(properties), ...asked] : asked)
    if (!Object.hasOwn(names, name) && Object.keys(names).length > 0)
      faults.push(`there is no ${at}${name}; there are: ${Object.keys(names).join(', ')}`);
  for (const [name, below] of Object.entries(names))
    if (below !== 'anything' && isObject(properties))
      checkNames(properties[name], below, `${at}${name}.`, faults);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
