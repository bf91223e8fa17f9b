/**
 * The SMART base over a real store with the published people in it, for tests of its handlers and policies. A caller is
 * handed in, as the policy that judges tokens would; every answer is judged by the R4 schema.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble, type Caller, type Facts, type Handler } from '../core/exchange.ts';
import { loadOpenApi } from '../fhir/openapi.ts';
import { createBodyChecks } from '../fhir/pds/body-checks.ts';
import { patientCollection, storedPatients } from '../fhir/pds/stored-patients.ts';
import { smartApi, type SmartApiOptions } from '../fhir/smart/api.ts';
import { namesAskedPerson, smartCors, smartIds } from '../fhir/smart/front-policies.ts';
import { smartOutcomes } from '../fhir/smart/outcomes.ts';
import { publishedRecords } from '../fhir/synthetic/default-data.ts';
import { allocationNumber } from '../fhir/synthetic/numbers.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../server/store/embedded.ts';
import { exchangeFor } from './exchange-for.ts';
import { r4Faults } from './r4-schema.ts';

export const base = 'https://gatehouse.example/fhir/R4';
const endpoints = {
  authorize: 'https://gatehouse.example/smart/authorize',
  token: 'https://gatehouse.example/smart/token',
};
const root = join(import.meta.dirname, '..');

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly text: string;
  /** Parsed; loosely typed, for tests look into it by path. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test names the members it expects
  readonly json: any;
  readonly facts: Facts;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless it is text. */
  readonly body?: unknown;
}

export interface SmartGround {
  /** `target` is a path below the base, with its query. */
  readonly ask: (caller: Caller | undefined, target: string, asked?: Asked) => Promise<Answer>;
}

/** A caller in a mode with these scopes; `patient` is in context, and signed in when the mode is `patient`. */
export function callerWith(mode: Caller['mode'], scopes: string, patient?: string): Caller {
  return {
    appId: 'app-1',
    appName: 'An app',
    mode,
    scopes: [],
    grants: new Set(),
    ...(mode === 'patient' && patient !== undefined ? { nhsNumber: patient } : {}),
    smart: { scopes: scopes.split(' '), ...(patient === undefined ? {} : { patient }) },
  };
}

/** Sets up the base for the tests of the `describe` around it; each test finds the data as published. */
export function smartGround(): SmartGround {
  let store: EmbeddedStore;
  let dir: string;
  let handler: Handler;

  before(async function () {
    this.timeout(30_000);
    dir = await mkdtemp(join(tmpdir(), 'gatehouse-smart-'));
    store = await openEmbeddedStore({ dir });
    const people = publishedRecords(join(root, 'fixtures'));
    await store.bulk(
      patientCollection,
      people.map((value) => ({ id: value.patient.id, value })),
    );
    handler = assemble(
      [
        namesAskedPerson,
        smartCors({ origins: ({ headers }) => headers.origin === 'https://app.example' }),
        smartIds(randomUUID),
        smartOutcomes,
      ],
      smartApi(optionsOver(store)),
    );
    r4Faults({}); // compiles the schema now
  });
  after(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });
  beforeEach(() => store.reset('test'));

  return {
    async ask(caller, target, { method = 'GET', headers = {}, body } = {}) {
      const [path = '', rawQuery = ''] = target.split('?', 2);
      const exchange = exchangeFor({
        method,
        path,
        rawQuery,
        headers,
        caller,
        workspace: 'test',
        facts: { people: [] },
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const reply = await handler(exchange);
      const text = typeof reply.body === 'string' ? reply.body : '';
      const json: unknown = text === '' ? undefined : JSON.parse(text);
      if (json !== undefined) assert.deepEqual(r4Faults(json), [], text);
      return {
        status: reply.status,
        headers: reply.headers ?? {},
        text,
        json,
        facts: exchange.facts,
      };
    },
  };
}

function optionsOver(store: EmbeddedStore): SmartApiOptions {
  let made = 0xabc00000;
  const document = loadOpenApi(join(root, 'fhir', 'pds', 'openapi.json'));
  const clock = { now: () => Date.UTC(2026, 5, 1, 12), newId: randomUUID };
  return {
    patients: storedPatients({
      collection: store.open(patientCollection),
      counters: store.counters,
      changes: store.changes,
      clock,
      isPractice: () => true,
      allocationNumber,
      newObjectId: () => (made++).toString(16).toUpperCase(),
    }),
    base: () => base,
    endpoints: () => endpoints,
    now: () => clock.now(),
    newId: () => clock.newId(),
    bodyCheck: createBodyChecks(document).bodyCheck,
    version: '0.1.0',
    date: '2026-06-01T12:00:00Z',
  };
}
