/**
 * Detected issues of PDS and the Problems of the FHIR API, both ways, as one table. An answer that refuses has a general issue
 * (the bucket) and, behind it, the detail. Details without a published number bear the code of the FHIR error, so that a caller
 * over our own systems is told exactly what a FHIR caller is.
 */
import { xmlSafe } from '../../core/xml-write.ts';
import { Problem, type ProblemKind } from '../../core/problem.ts';
import * as errors from '../../fhir/pds/errors.ts';
import type { PdsRow } from '../../fhir/pds/errors.ts';
import type { Issue } from '../hl7v3/control-act.ts';
import { codeSystems as oids } from '../hl7v3/ids.ts';
import type { PdsOperation } from '../interactions-pds.ts';

type Bucket = keyof typeof buckets;

const buckets = {
  0: ['ER', 'Generic Error'],
  1: ['ER', 'No match to a Service User record'],
  2: ['ER', 'Multiple matches, the limit of results was exceeded'],
  3: ['WG', 'Match - NHS Number and standard Service User details returned'],
  5: ['WG', 'Match - NHS Number and limited Service User details returned, sensitivity'],
  8: ['WG', 'Successful retrieval'],
  9: ['WG', 'Successful retrieval - Information returned limited by sensitivity conditions'],
  14: ['WG', 'Successful update'],
  15: ['WG', 'Update Failed'],
  24: ['WG', 'Superseded NHS number, new number returned'],
} as const;

/** A general issue: of those that refuse (0, 1, 2, 15) or that say how an answer is to be taken. */
export function bucket(code: Bucket): Issue {
  const [qualifier, displayName] = buckets[code];
  return { code: String(code), codeSystem: oids.pdsIssue, displayName, qualifier };
}

/** Refuses with a published detail: its number or name, and what is said of it. */
export function refusal(detail: string, text: string): Problem {
  return new Problem('invalid', text, { code: detail });
}

/** What a published detail means over FHIR; `text` is what was said with it. */
interface Detail {
  readonly bucket: Bucket;
  readonly text: string;
  readonly problem: (text: string) => Problem;
}

const searchData = (text: string) => errors.invalidSearchData(text);
const update = (text: string) => errors.invalidUpdate(text);
const nothing = () => errors.notFound();

/** The numbered details. */
const details: Readonly<Record<string, Detail>> = {
  ST004: { bucket: 1, text: 'No match to a Service User record', problem: nothing },
  ST001: {
    bucket: 0,
    text: 'All mandatory search fields must be present (birth time, gender, family name)',
    problem: searchData,
  },
  RT003: { bucket: 1, text: 'NHS Number Not Found', problem: nothing },
  AT001: { bucket: 0, text: 'Invalid search type', problem: searchData },
  AT002: { bucket: 0, text: 'A mandatory search field is missing', problem: searchData },
  AT006: { bucket: 1, text: 'No match to a Service User record', problem: nothing },
  AT009: { bucket: 0, text: 'Exactly one search type is needed', problem: searchData },
  NHSNCC002: { bucket: 1, text: 'NHS Number Not Found', problem: nothing },
  IU058: {
    bucket: 15,
    text: 'Update Failed - invalid GP Registration data supplied',
    problem: update,
  },
  GE002: {
    bucket: 0,
    text: 'Unexpected business error',
    problem: () => errors.unknownError('not known'),
  },
  GE007: {
    bucket: 0,
    text: 'Mandatory field missing',
    problem: (text) => asRow(errors.missingValue(''), text),
  },
  INVALID_NHS_NUMBER: {
    bucket: 0,
    text: 'The NHS number does not have ten digits',
    problem: () => errors.invalidResourceId(),
  },
  FAILED_MOD11_CHECK: {
    bucket: 0,
    text: 'The NHS number fails the modulus 11 check',
    problem: () => errors.invalidResourceId(),
  },
  GENDER_REMOVAL_NOT_PERMITTED: {
    bucket: 15,
    text: 'Gender cannot be removed',
    problem: errors.forbiddenUpdate,
  },
  BIRTHTIME_REMOVAL_NOT_PERMITTED: {
    bucket: 15,
    text: 'Date of birth cannot be removed',
    problem: errors.forbiddenUpdate,
  },
  UNABLE_TO_DELETE_USUAL_NAME: {
    bucket: 15,
    text: 'not permitted to remove usual name',
    problem: errors.forbiddenUpdate,
  },
};

/** The FHIR errors that have no published detail, each by an example of its row. */
const rows: ReadonlyMap<string, Problem> = new Map(
  [
    errors.invalidated(),
    errors.versionMismatch(),
    errors.preconditionFailed(),
    errors.forbiddenUpdate(''),
    errors.invalidUpdate(''),
    errors.invalidCreate(''),
    errors.invalidField('', ''),
    errors.additionalProperties([]),
    errors.unsupportedValue('', ''),
    errors.tooFewValues(''),
    errors.tooManyValues([], ''),
    errors.missingValue(''),
    errors.birthDeathInconsistent(),
    errors.unsupportedService(),
    errors.invalidSearchData(''),
    errors.singleMatch(''),
    errors.multipleMatches(),
  ].map((problem) => [problem.code ?? '', problem]),
);

/** For each operation: its general refusal, what nobody found is called, and what missing data are. */
const of: Readonly<Record<PdsOperation, { general: Bucket; nobody: string; missing?: string }>> = {
  'simple-trace': { general: 0, nobody: 'ST004', missing: 'ST001' },
  'advanced-trace': { general: 0, nobody: 'AT006', missing: 'AT002' },
  retrieval: { general: 0, nobody: 'RT003' },
  'cross-check-trace': { general: 0, nobody: 'NHSNCC002' },
  'confirm-nhs-number': { general: 0, nobody: 'NHSNCC002' },
  'general-update': { general: 15, nobody: 'RT003' },
  'number-allocation': { general: 15, nobody: 'RT003' },
  'birth-notification': { general: 15, nobody: 'RT003' },
  notification: { general: 15, nobody: 'RT003' },
};

/**
 * What a refusal of an operation is told as.
 * @throws the Problem itself, when it is no answer of the application: the service is away, overloaded, or broken
 */
export function issuesOf(problem: Problem, operation: PdsOperation): Issue[] {
  const { general, nobody, missing } = of[operation];
  if (problem.status >= 500 || problem.status === 429 || problem.status === 401) throw problem;
  const code = problem.code ?? 'GE002';
  if (code === 'TOO_MANY_MATCHES') return [bucket(2)];
  if (code === 'RESOURCE_NOT_FOUND') return [bucket(1), detailIssue(nobody)];
  if (missing !== undefined && (code === 'INVALID_SEARCH_DATA' || code === 'MISSING_VALUE'))
    return [bucket(0), detailIssue(missing)];
  const known = Object.hasOwn(details, code) ? details[code] : undefined;
  const first = known && general === 0 ? known.bucket : general;
  return [bucket(first), issue(code, textOf(problem))];
}

function detailIssue(code: string): Issue {
  return issue(code, details[code]?.text ?? code);
}

function issue(code: string, text: string): Issue {
  return { code, codeSystem: oids.pdsIssue, displayName: xmlSafe(text), qualifier: 'ER' };
}

/** What the FHIR answer would say. It may quote what was sent, which goes back to the sender alone. */
function textOf(problem: Problem): string {
  const row = problem.row as PdsRow | undefined; // all Problems with a row that come here are of errors.ts
  return row?.diagnostics ?? row?.display ?? problem.message;
}

/**
 * The Problem that an answer's issues stand for; undefined when they only say how the answer is to be taken. Of several the last
 * one tells most. `TOO_MANY_MATCHES` and `RESOURCE_NOT_FOUND` are for the caller to understand as an answer.
 */
export function problemOf(issues: readonly Issue[], refused: boolean): Problem | undefined {
  if (!refused) return undefined;
  const telling = issues.filter(({ code }) => !Object.hasOwn(buckets, code));
  const detail = telling.findLast(({ qualifier }) => qualifier !== 'WG') ?? telling.at(-1);
  if (detail) return problemOfDetail(detail);
  const codes = issues.map(({ code }) => code);
  if (codes.includes('2')) return errors.tooManyMatches();
  if (codes.includes('1')) return errors.notFound();
  return codes.includes('15') ? errors.invalidUpdate('Update Failed') : refusedWithout();
}

const refusedWithout = () =>
  new Problem('upstream', 'The demographics service refused without a reason');

function problemOfDetail({ code, codeSystem, displayName }: Issue): Problem {
  if (codeSystem === oids.tmsDetail)
    return new Problem('conflict', 'The message was taken before', { code });
  const known = Object.hasOwn(details, code) ? details[code] : undefined;
  if (known) return known.problem(displayName === '' ? known.text : displayName);
  const row = rows.get(code);
  return row
    ? asRow(row, displayName)
    : errors.invalidUpdate(displayName === '' ? code : displayName);
}

/** The error of the example's row that says this. */
function asRow(example: Problem, text: string): Problem {
  const row = example.row as PdsRow; // made by errors.ts
  const said = text === '' || text === row.display ? {} : { diagnostics: text };
  const kind: ProblemKind = example.kind;
  const code = example.code ?? row.code;
  return new Problem(kind, code, { code, row: { ...unsaid(row), ...said } });
}

/** The row without what its example said. */
function unsaid(row: PdsRow): PdsRow {
  const copy: { -readonly [K in keyof PdsRow]: PdsRow[K] } = { ...row };
  delete copy.diagnostics;
  return copy;
}
