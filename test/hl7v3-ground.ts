/** For tests of the HL7 V3 and ITK adapters: the published and hand-made people in an embedded store, and someone who asks. */
import { join } from 'node:path';
import type { Caller } from '../core/exchange.ts';
import type { Clock } from '../core/clock.ts';
import type { Asking, Patients } from '../fhir/pds/patients.ts';
import { patientCollection, storedPatients } from '../fhir/pds/stored-patients.ts';
import { edgeCaseRecords, publishedRecords } from '../fhir/synthetic/default-data.ts';
import { allocationNumber } from '../fhir/synthetic/numbers.ts';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import type { BegunBefore, Exchanged, ExchangePayload } from '../spine/pds/exchanged.ts';

export interface Hl7v3Ground {
  readonly patients: Patients;
  readonly clock: Clock;
  /** A healthcare worker, whose message bears this id. */
  asking(id: string, caller?: Partial<Caller>): Asking;
  close(): Promise<void>;
}

const worker: Caller = {
  appId: 'hl7v3-client',
  appName: 'HL7 V3 client',
  mode: 'worker',
  scopes: [],
  asid: '200000000115',
  role: '555254240100',
  grants: new Set(),
};

/** `dir` is an empty folder. */
export async function hl7v3Ground(dir: string): Promise<Hl7v3Ground> {
  const store = await openEmbeddedStore({ dir });
  const collection = store.open(patientCollection);
  const fixtures = join(import.meta.dirname, '..', 'fixtures');
  const records = [...publishedRecords(fixtures), ...edgeCaseRecords(fixtures)];
  await Promise.all(
    records.map((record) => collection.put(record.patient.id, record, { expected: 0, by: 'test' })),
  );
  let made = 0xabc00000;
  const clock = { now: () => Date.UTC(2026, 10, 1, 12), newId: () => String(made++) };
  const patients = storedPatients({
    collection,
    counters: store.counters,
    changes: store.changes,
    clock,
    isPractice: (code) => code !== 'NOBODY',
    allocationNumber,
    newObjectId: () => (made++).toString(16).toUpperCase(),
  });
  return {
    patients,
    clock,
    asking: (requestId, caller = {}) => ({
      caller: { ...worker, ...caller },
      workspace: '',
      requestId,
      facts: { people: [] },
    }),
    close: () => store.close(),
  };
}

/** Exchanges that are known again by their keys, as long as the test runs. */
export function remembering(
  exchange: (...asked: Parameters<ExchangePayload>) => Promise<Exchanged>,
): { readonly exchange: ExchangePayload; readonly begun: BegunBefore } {
  const known = new Map<string, { seen: number; answer: Exchanged }>();
  return {
    async exchange(action, payload, asking, once) {
      const answer = await exchange(action, payload, asking, once);
      if (once) known.set(once.key, { seen: once.seen + 1, answer });
      return answer;
    },
    begun: (key) => Promise.resolve(known.get(key) ?? { seen: 0 }),
  };
}
