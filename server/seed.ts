/** Loads the default data once, into an empty store; a killed load goes on where it was. */
import type { EmbeddedStore } from './store/embedded.ts';
import { defaultRecords } from '../fhir/synthetic/default-data.ts';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import type { PdsRecord } from '../fhir/pds/record.ts';

/** The name under which the store remembers how far the default data is loaded. */
const mark = 'default-data';
const finished = 'finished';

/**
 * @param progress called with the number of records kept so far.
 * @returns how many records were loaded; 0 when that was done before.
 */
export async function seedDefaults(
  store: EmbeddedStore,
  fixtures: string,
  progress: (kept: number) => void,
): Promise<number> {
  if ((await store.mark(mark)) === finished) return 0;
  const kept = await store.bulk(patientCollection, withIds(defaultRecords(fixtures)), {
    onProgress: progress,
  });
  await store.setMark(mark, finished);
  return kept;
}

function* withIds(records: Iterable<PdsRecord>): Iterable<{ id: string; value: PdsRecord }> {
  for (const record of records) yield { id: record.patient.id, value: record };
}
