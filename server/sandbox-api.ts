/**
 * The sandbox's own API below /_sandbox: workspaces and rehearsal scenarios.
 * Nothing of the national service lives here; it is what a tester wishes beside it.
 */
import type { Exchange, Handler, Reply } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { routes, type Routes } from '../core/routes.ts';
import { checker } from '../core/schema.ts';
import type { Collection } from '../core/store.ts';
import { isNhsNumber } from '../fhir/identifiers.ts';
import { JsonFault, parseJson } from '../fhir/json.ts';
import { behindFaults } from '../fhir/pds/behind-check.ts';
import { fromLine, type PdsRecord } from '../fhir/pds/record.ts';
import type { Scenario } from './gateway/policies/rehearsal.ts';
import type { Workspace, Workspaces } from './workspaces.ts';

export interface SandboxOptions {
  readonly workspaces: Workspaces;
  readonly scenarios: readonly Scenario[];
  readonly patients: Collection<PdsRecord>;
  /** Faults of a Patient that is to be seeded, in words; empty when it may be kept. */
  readonly patientFaults: (patient: unknown) => readonly string[];
  /** Enters one seeded record into the audit: each write has a commit of its own, and a call's entry names only one. */
  readonly enterSeeded: (exchange: Exchange, nhsNumber: string, commit: number) => Promise<void>;
}

const seedLimit = 16 * 1024 * 1024;
const bodyLimit = 64 * 1024;
const mostSeeded = 5_000;

export function sandboxApi(options: SandboxOptions): Handler {
  return routes(sandboxRoutes(options));
}

function sandboxRoutes(options: SandboxOptions): Routes {
  return {
    'GET /scenarios': () => Promise.resolve(json(200, { scenarios: listed(options.scenarios) })),
    'POST /workspaces': (x) => create(options, x),
    'GET /workspaces': (x) => list(options, x),
    'GET /workspaces/:id': (x) => show(options, x),
    'DELETE /workspaces/:id': (x) => remove(options, x),
    'POST /workspaces/:id/reset': (x) => reset(options, x),
    'POST /workspaces/:id/patients': (x) => seed(options, x),
    'PUT /workspaces/:id/scenario': (x) => arm(options, x),
    'DELETE /workspaces/:id/scenario': (x) => disarm(options, x),
  };
}

function listed(scenarios: readonly Scenario[]): object[] {
  return scenarios.map(({ name, description }) => ({ name, description }));
}

const checkCreate = checker<{ name?: string }>({
  type: 'object',
  properties: { name: { type: 'string', minLength: 1, maxLength: 100 } },
  additionalProperties: false,
});

async function create({ workspaces }: SandboxOptions, exchange: Exchange): Promise<Reply> {
  const bytes = await exchange.body.bytes(bodyLimit);
  const { name } = checkCreate(bytes.length === 0 ? {} : parse(bytes));
  const workspace = await workspaces.create(name ?? '', exchange.peer.address);
  return {
    ...json(201, shown(workspace, 0)),
    headers: {
      'content-type': 'application/json',
      location: `/_sandbox/workspaces/${workspace.id}`,
    },
  };
}

async function list({ workspaces }: SandboxOptions, { peer }: Exchange): Promise<Reply> {
  const mine = workspaces.list(peer.address);
  const shownAll = await Promise.all(
    mine.map(async (workspace) => shown(workspace, await workspaces.changed(workspace.id))),
  );
  return json(200, { workspaces: shownAll });
}

async function show({ workspaces }: SandboxOptions, { params }: Exchange): Promise<Reply> {
  const workspace = workspaces.get(params.id ?? '');
  const armed = workspaces.armed(workspace.id);
  return json(200, {
    ...shown(workspace, await workspaces.changed(workspace.id)),
    ...(armed ? { scenario: armed } : {}),
  });
}

async function remove({ workspaces }: SandboxOptions, { params }: Exchange): Promise<Reply> {
  await workspaces.remove(params.id ?? '');
  return { status: 204 };
}

async function reset({ workspaces }: SandboxOptions, { params }: Exchange): Promise<Reply> {
  return json(200, { dropped: await workspaces.reset(params.id ?? '') });
}

const checkArm = checker<{ scenario: string; calls: number }>({
  type: 'object',
  properties: {
    scenario: { type: 'string' },
    calls: { type: 'integer', minimum: 1, maximum: 100_000, default: 1 },
  },
  required: ['scenario'],
  additionalProperties: false,
});

async function arm(options: SandboxOptions, exchange: Exchange): Promise<Reply> {
  const { scenario, calls } = checkArm(parse(await exchange.body.bytes(bodyLimit)));
  const names = options.scenarios.map(({ name }) => name);
  if (!names.includes(scenario))
    throw new Problem('invalid', `scenario must be one of: ${names.join(', ')}`);
  options.workspaces.arm(exchange.params.id ?? '', scenario, calls);
  return json(200, { scenario, calls });
}

function disarm({ workspaces }: SandboxOptions, { params }: Exchange): Promise<Reply> {
  workspaces.disarm(params.id ?? '');
  return Promise.resolve({ status: 204 });
}

/**
 * Seeds a workspace with NDJSON lines or one JSON Patient, list of Patients or Bundle.
 * All are checked before the first is kept; the answer says what was kept and warns of numbers that are issued to people.
 */
async function seed(options: SandboxOptions, exchange: Exchange): Promise<Reply> {
  const { id } = options.workspaces.get(exchange.params.id ?? '');
  const records = toRecords(await exchange.body.bytes(seedLimit));
  if (records.length === 0) throw new Problem('invalid', 'There is no Patient in the body');
  records.forEach((record, i) => {
    const faults = faultsOf(record, options);
    if (faults.length > 0)
      throw new Problem('invalid', `Patient ${i + 1}: ${faults.slice(0, 5).join('; ')}`);
  });
  const view = options.patients.in(id);
  // Side by side, so that they share commits and audit writes.
  await Promise.all(
    records.map(async (record) => {
      const nhsNumber = record.patient.id;
      const stored = await view.get(nhsNumber);
      const put = { expected: stored?.version ?? 0, by: exchange.facts.caller?.appId ?? 'sandbox' };
      const { commit } = await view.put(nhsNumber, record, put);
      await options.enterSeeded(exchange, nhsNumber, commit);
    }),
  );
  const issued = records.filter(({ patient }) => /^[4-7]/.test(patient.id)).length;
  return json(201, {
    kept: records.length,
    ...(issued > 0
      ? { warnings: [`${issued} numbers lie in ranges issued to real people: use 999 numbers`] }
      : {}),
  });
}

function faultsOf(record: PdsRecord, { patientFaults }: SandboxOptions): readonly string[] {
  const id: unknown = record.patient.id; // not checked yet
  if (typeof id !== 'string' || !isNhsNumber(id)) return ['id must be a valid NHS number'];
  return [...patientFaults(record.patient), ...behindFaults(record.behind)];
}

function toRecords(bytes: Buffer): PdsRecord[] {
  const text = bytes.toString('utf8').trim();
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const [first = ''] = lines;
  const isNdjson = lines.length > 1 && first.startsWith('{') && first.trimEnd().endsWith('}');
  const resources = isNdjson
    ? atMostSeeded(lines).map((line) => parse(Buffer.from(line)))
    : atMostSeeded(patientsOf(parse(bytes)));
  return resources.map((resource) => {
    if (typeof resource !== 'object' || resource === null)
      throw new Problem('invalid', 'Each entry must be a Patient');
    return toRecord(resource);
  });
}

function atMostSeeded<T>(patients: readonly T[]): readonly T[] {
  if (patients.length <= mostSeeded) return patients;
  throw new Problem('too-large', `At most ${mostSeeded} patients a call`);
}

function toRecord(resource: object): PdsRecord {
  try {
    const record = fromLine(JSON.stringify(resource));
    // What lies behind came as a text in a text, past the limits of the body.
    parse(Buffer.from(JSON.stringify(record.behind)));
    return record;
  } catch {
    throw new Problem('invalid', 'A Patient cannot be read');
  }
}

function patientsOf(body: unknown): unknown[] {
  if (Array.isArray(body)) return body;
  if (typeof body !== 'object' || body === null) return [body];
  const { resourceType, entry } = body as { resourceType?: unknown; entry?: unknown };
  if (resourceType !== 'Bundle' || !Array.isArray(entry)) return [body];
  return entry.map((item: { resource?: unknown } | null) => item?.resource);
}

function parse(bytes: Buffer): unknown {
  try {
    return parseJson(bytes, { depth: 64, members: 1_000_000 });
  } catch (error) {
    if (error instanceof JsonFault)
      throw new Problem('invalid', 'The body is not JSON of the accepted form');
    throw error;
  }
}

function shown({ id, name, created, expires }: Workspace, changed: number): object {
  const lasting = expires === Number.MAX_SAFE_INTEGER;
  return {
    id,
    name,
    ...(lasting
      ? {}
      : { created: new Date(created).toISOString(), expires: new Date(expires).toISOString() }),
    changed,
  };
}

function json(status: number, value: object): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  };
}
