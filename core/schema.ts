/** The only door to Ajv: a JSON schema becomes a check. */
import { Ajv, type ErrorObject, type Options } from 'ajv';
import addFormats from 'ajv-formats';
import { Problem } from './problem.ts';

/** One fault of a value, in terms no library leaks into. */
export interface Fault {
  /** Where: member names and indexes from the root. */
  readonly path: readonly string[];
  /** The schema keyword that failed: required, type, enum, additionalProperties … */
  readonly keyword: string;
  /** The keyword's own details, e.g. `missingProperty`, `additionalProperty`, `limit`. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A value that branches through a recursive schema has as many faults as it has ways. */
const mostFaults = 200;

/** Compiles schemas that may refer to the given definitions by `$id`. */
export class Schemas {
  readonly #ajv: Ajv;

  constructor(definitions: readonly object[] = [], options: Options = {}) {
    this.#ajv = new Ajv({ strict: false, allErrors: false, ...options });
    (addFormats as unknown as (ajv: Ajv) => void)(this.#ajv); // its types describe the CommonJS module only
    for (const definition of definitions) this.#ajv.addSchema(definition);
  }

  /** A function that gives the faults of a value; an empty list means that it passes. */
  faults(schema: object): (value: unknown) => readonly Fault[] {
    const validate = this.#ajv.compile(schema);
    return (value) =>
      validate(value) ? [] : (validate.errors ?? []).slice(0, mostFaults).map(toFault);
  }
}

/** More faults than these help nobody, and a hostile value has as many as it likes. */
const mostTold = 20;

let compiler: Schemas | undefined;

/** Turns a JSON schema into a check: a value comes out typed, or a Problem names its faults, at most 20. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says what the schema describes
export function checker<T>(schema: object): (value: unknown) => T {
  // Compiled at first use, by one compiler for all: it costs tens of milliseconds to make, and every start paid for each.
  let faults: ((value: unknown) => readonly Fault[]) | undefined;
  return (value) => {
    compiler ??= new Schemas([], { allErrors: true, useDefaults: true, coerceTypes: true });
    faults ??= compiler.faults(schema);
    const found = faults(value);
    if (found.length === 0) return value as T; // the schema describes T; both stand side by side
    throw new Problem(
      'invalid',
      found
        .slice(0, mostTold)
        .map(({ path, message }) => `${path.join('/') || 'value'} ${message}`)
        .join('; '),
    );
  };
}

function toFault({ instancePath, keyword, params, message }: ErrorObject): Fault {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const allowed: unknown = params.allowedValues;
  const told = Array.isArray(allowed) ? `must be one of: ${allowed.join(', ')}` : message;
  return { path, keyword, params, message: told ?? keyword };
}
