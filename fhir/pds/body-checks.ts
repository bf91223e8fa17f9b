/**
 * The gate in front of request bodies: their shape, checked against the OpenAPI document, refused with the published rows.
 * Owns which faults the gate tells. What needs a rule of a field, another member or a record is told by the operation's
 * own reader (create.ts, birth.ts, coverage.ts, patch.ts), whose texts and order are published too.
 */
import { Schemas, type Fault } from '../../core/schema.ts';
import type { Problem } from '../../core/problem.ts';
import { definitions, requestSchema, type OpenApi } from '../openapi.ts';
import {
  additionalProperties,
  invalidField,
  missingValue,
  tooFewValues,
  tooManyValues,
} from './errors.ts';
import { pythonText } from './fields/python-text.ts';

export interface BodyChecks {
  /**
   * The check of one operation's body. It throws MISSING_VALUE, INVALID_VALUE, TOO_FEW_VALUES_SUBMITTED,
   * TOO_MANY_VALUES_SUBMITTED or ADDITIONAL_PROPERTIES. An operation without a gate is not checked here.
   */
  readonly bodyCheck: (operationId: string) => (body: unknown) => void;
  /** Faults of a Patient of ours, in words; empty when it is one the document describes. Records withdrawn pass too. */
  readonly patientFaults: (patient: unknown) => readonly string[];
}

/** What the gate judges of one operation. */
interface Gate {
  /** A member of the body that the operation's reader asks for last, after the members inside of others. */
  readonly last?: string;
  /** Members that the operation's reader tells in words of its own. */
  readonly leaves?: readonly string[];
}

/**
 * PATCH has no gate: `No patches found`, then the version, then each patch in turn are told only once the record is known
 * to exist (pds-fhir 3.1), and a gate stands in front of that.
 */
const gates: Readonly<Record<string, Gate>> = {
  createPatient: { last: 'extension' },
  // Both are told without the path of the entry.
  processBirthDetails: { leaves: ['entry/0/resource/gender', 'entry/0/resource/birthDate'] },
  // Whatever is no NHS number is INVALID_RESOURCE_ID.
  replaceCoverage: { leaves: ['subscriber/identifier/value'] },
};

/**
 * Keywords the gate tells, in the order in which it tells them of one object. Patterns, lengths of texts and choices
 * are rules of fields: gender before the address is complete would be told too early, and under another path.
 */
const judged = [
  'required',
  'minItems',
  'type',
  'maxItems',
  'minimum',
  'maximum',
  'enum',
  'additionalProperties',
];

const unchecked = () => undefined;

/** Compiles the gates of a document. Takes some tens of milliseconds; done once, at start. What judges a Patient waits for its first use. */
export function createBodyChecks(doc: OpenApi): BodyChecks {
  const schemas = new Schemas([definitions(doc)], { allErrors: true });
  const checks = new Map(
    Object.entries(gates).map(([operationId, gate]) => {
      const schema = requestSchema(doc, operationId);
      if (!schema) throw new Error(`${operationId} is said to take no body`);
      return [operationId, gateOf(schemas.faults(schema), gate)];
    }),
  );
  const patientSchema = { $ref: `${String(definitions(doc).$id)}#/components/schemas/Patient` };
  let patient: ReturnType<Schemas['faults']> | undefined;
  return {
    bodyCheck: (operationId) => checks.get(operationId) ?? unchecked,
    patientFaults: (value) =>
      (patient ??= schemas.faults(patientSchema))(value)
        .filter((fault) => !isWithdrawal(fault, value))
        .slice(0, 20)
        .map(({ path, message }) => `${path.join('/') || 'the Patient'} ${message}`),
  };
}

function gateOf(faultsOf: (body: unknown) => readonly Fault[], gate: Gate) {
  return (body: unknown): void => {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return; // its reader has words for that
    const told = faultsOf(body).filter((fault) => isJudged(fault, body, gate));
    const first = told.reduce<Fault | undefined>(
      (best, fault) => (best && compare(best, fault, gate) <= 0 ? best : fault),
      undefined,
    );
    if (first) throw toRow(first, told, body);
  };
}

/**
 * A fixed text is a matter of shape, a choice of several a rule of the field. A null counts as absent, and whether
 * something may be absent, the reader says. A text in a list (given names, lines) is told under the list's own path,
 * which is the reader's work too.
 */
function isJudged({ keyword, params, path }: Fault, body: unknown, gate: Gate): boolean {
  if (gate.leaves?.includes(path.join('/'))) return false;
  if (keyword !== 'required' && valueAt(body, path) === null) return false;
  if (keyword === 'type' && params.type === 'string' && /^\d+$/.test(path.at(-1) ?? ''))
    return false;
  if (keyword !== 'enum') return judged.includes(keyword);
  return Array.isArray(params.allowedValues) && params.allowedValues.length === 1;
}

/** The outermost fault first, as the national back end does: what is missing at the top hides all that is wrong below. */
function compare(one: Fault, other: Fault, { last }: Gate): number {
  return (
    Number(isAbout(one, last)) - Number(isAbout(other, last)) ||
    one.path.length - other.path.length ||
    judged.indexOf(one.keyword) - judged.indexOf(other.keyword)
  );
}

function isAbout({ path, keyword, params }: Fault, member: string | undefined): boolean {
  if (member === undefined) return false;
  return path.length === 0
    ? keyword === 'required' && params.missingProperty === member
    : path[0] === member;
}

function toRow(fault: Fault, all: readonly Fault[], body: unknown): Problem {
  const path = fault.path.join('/');
  const value = valueAt(body, fault.path);
  switch (fault.keyword) {
    case 'required':
      return missingValue([...fault.path, String(fault.params.missingProperty)].join('/'));
    case 'minItems':
      return tooFewValues(path);
    case 'maxItems':
      return tooManyValues(Array.isArray(value) ? value : [], path);
    case 'additionalProperties':
      return additionalProperties(unknownNames(path, all));
    default:
      return invalidField(pythonText(value), path);
  }
}

/** All unknown members of the one object, as the row lists them; hostile names and numbers of them are cut. */
function unknownNames(path: string, all: readonly Fault[]): string[] {
  return all
    .filter((fault) => fault.keyword === 'additionalProperties' && fault.path.join('/') === path)
    .slice(0, 20)
    .map(({ params }) => String(params.additionalProperty))
    .map((name) => (name.length > 100 ? `${name.slice(0, 100)}…` : name));
}

function valueAt(body: unknown, path: readonly string[]): unknown {
  let at = body;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name]; // has this member, as just seen
  }
  return at;
}

/** The label of a withdrawn record is kept and never shown, so the document, which tells what is shown, lacks it. */
function isWithdrawal({ path }: Fault, patient: unknown): boolean {
  const label = path.slice(0, 3).join('/') === 'meta/security/0';
  return label && valueAt(patient, ['meta', 'security', '0', 'code']) === 'REDACTED';
}
