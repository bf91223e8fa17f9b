/**
 * Patients of a caller's own, put into a workspace: read, checked one by one, then written side by side.
 * Owns what a seed may look like; what one Patient may look like is said by the OpenAPI document.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Exchange } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import type { Collection } from '../core/store.ts';
import { isNhsNumber } from '../fhir/identifiers.ts';
import { JsonFault, parseJson } from '../core/json.ts';
import { behindFaults } from '../fhir/pds/behind-check.ts';
import { fromLine, type PdsRecord } from '../fhir/pds/record.ts';

export interface SeedOptions extends SeedGround {
  /** Enters one seeded record into the audit: each write has a commit of its own, and a call's entry names only one. */
  readonly enterSeeded: (exchange: Exchange, nhsNumber: string, commit: number) => Promise<void>;
}

export interface SeedGround {
  readonly patients: Collection<PdsRecord>;
  /** Faults of a Patient that is to be seeded, in words; empty when it may be kept. */
  readonly patientFaults: (patient: unknown) => readonly string[];
}

/** Bytes of a body of lines, and of one that is a single JSON value, which is parsed at one go. */
const linesLimit = 16 * 1024 * 1024;
const valueLimit = 2 * 1024 * 1024;
const most = 5_000;
/** Other calls get their turn after so many records. */
const bite = 50;
/** Longer texts than any of the service's own are refused at the door. */
const longestText = 1_000;

/**
 * Keeps the Patients of a body: NDJSON lines, or one JSON Patient, list of Patients or Bundle.
 * All are checked before the first is kept. Each is a write of its own: a crash in the middle keeps part of a seed that
 * was not acknowledged.
 * @returns the NHS numbers kept.
 * @throws Problem `invalid` that names the first faulty Patient by its place.
 */
export async function seedWorkspace(
  workspace: string,
  exchange: Exchange,
  options: SeedOptions,
): Promise<readonly string[]> {
  const bytes = await exchange.body.bytes(linesLimit);
  return seedPatients(workspace, bytes, options, (nhsNumber, commit) =>
    options.enterSeeded(exchange, nhsNumber, commit),
  );
}

/** The same for bytes. @param enter enters one that was kept into the audit */
export async function seedPatients(
  workspace: string,
  bytes: Buffer,
  options: SeedGround,
  enter: (nhsNumber: string, commit: number) => Promise<void>,
): Promise<readonly string[]> {
  const records = await inBites(readSeed(bytes), toRecord);
  if (records.length === 0) throw new Problem('invalid', 'There is no Patient in the body');
  const seen = new Set<string>();
  await inBites(records, (record, i) => {
    const faults = faultsOf(record, seen, options);
    if (faults.length > 0)
      throw new Problem('invalid', `Patient ${i + 1}: ${faults.slice(0, 5).join('; ')}`);
  });
  const view = options.patients.in(workspace);
  for (let i = 0; i < records.length; i += most / 10) {
    // Side by side, so that they share commits and audit writes; all have ended before a failure is told.
    const ended = await Promise.allSettled(
      records.slice(i, i + most / 10).map(async (record) => {
        const nhsNumber = record.patient.id;
        const stored = await view.get(nhsNumber);
        const { commit } = await view.put(nhsNumber, record, {
          expected: stored?.version ?? 0,
          by: 'sandbox',
        });
        await enter(nhsNumber, commit);
      }),
    );
    const failed = ended.find((end) => end.status === 'rejected');
    if (failed) throw Problem.from(failed.reason);
  }
  return [...seen];
}

/** Applies a step to each item, letting other calls run in between. */
async function inBites<T, U>(
  items: readonly T[],
  step: (item: T, index: number) => U,
): Promise<U[]> {
  const results: U[] = [];
  for (const [i, item] of items.entries()) {
    if (i % bite === bite - 1) await turn();
    results.push(step(item, i));
  }
  return results;
}

/** The Patients as sent: texts of lines, or values. */
function readSeed(bytes: Buffer): readonly unknown[] {
  const isLines = isNdjson(bytes);
  if (!isLines && bytes.length > valueLimit)
    throw new Problem('too-large', `A body that is no NDJSON may have at most ${valueLimit} bytes`);
  const patients = isLines
    ? bytes
        .toString('utf8')
        .split('\n')
        .filter((line) => line.trim() !== '')
    : patientsOf(parse(bytes));
  if (patients.length > most) throw new Problem('too-large', `At most ${most} patients a call`);
  return patients;
}

/** More than one line, and the first is an object of its own. */
function isNdjson(bytes: Buffer): boolean {
  const end = bytes.indexOf('\n');
  if (end < 0 || bytes.subarray(end).toString('latin1', 0, 100).trim() === '') return false;
  const first = bytes.toString('utf8', 0, end).trim();
  return first.startsWith('{') && first.endsWith('}');
}

function patientsOf(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body;
  if (typeof body !== 'object' || body === null) return [body];
  const { resourceType, entry } = body as { resourceType?: unknown; entry?: unknown };
  if (resourceType !== 'Bundle' || !Array.isArray(entry)) return [body];
  return entry.map((item: { resource?: unknown } | null) => item?.resource);
}

function toRecord(patient: unknown): PdsRecord {
  const value = typeof patient === 'string' ? parse(Buffer.from(patient)) : patient;
  if (typeof value !== 'object' || value === null)
    throw new Problem('invalid', 'Each entry must be a Patient');
  try {
    const record = fromLine(JSON.stringify(value));
    // What lies behind came as a text in a text, past the limits of the body.
    parse(Buffer.from(JSON.stringify(record.behind)));
    return record;
  } catch {
    throw new Problem('invalid', 'A Patient cannot be read');
  }
}

function faultsOf(
  { patient, behind }: PdsRecord,
  seen: Set<string>,
  { patientFaults }: SeedGround,
): readonly string[] {
  const id: unknown = patient.id; // not checked yet
  if (typeof id !== 'string' || !isNhsNumber(id)) return ['id must be a valid NHS number'];
  if (seen.has(id)) return ['the same NHS number stands in the body twice'];
  seen.add(id);
  if (!/^[1-9][0-9]{0,8}$/.test(patient.meta.versionId))
    return ['meta/versionId must be a whole number of at most 9 digits'];
  const faults = [...patientFaults(patient), ...behindFaults(behind)];
  if (faults.length === 0 && hasLongText(patient))
    return [`a text may have at most ${longestText} characters`];
  return faults;
}

function hasLongText(value: unknown): boolean {
  if (typeof value === 'string') return value.length > longestText;
  return (
    typeof value === 'object' && value !== null && Object.values(value).some((v) => hasLongText(v))
  );
}

/** The value of a body that passes the limits of every body. @throws Problem `invalid` */
export function parse(bytes: Buffer): unknown {
  try {
    return parseJson(bytes, { depth: 64, members: 1_000_000 });
  } catch (error) {
    if (error instanceof JsonFault)
      throw new Problem('invalid', 'The body is not JSON of the accepted form');
    throw error;
  }
}
