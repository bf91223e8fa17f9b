/**
 * Loads the default data once; a killed load is done again. People whom somebody has loaded before are not touched:
 * beside them come only the published and the hand-made people, since the generated ones bear the same numbers.
 */
import {
  defaultRecords,
  edgeCaseRecords,
  publishedRecords,
} from '../fhir/synthetic/default-data.ts';
import type { PdsRecord } from '../fhir/pds/record.ts';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import type { ServedStore } from './store/served.ts';

/** The name under which the store remembers what of the default data is to be loaded, and that it is. */
const mark = 'default-data';
type State = 'all' | 'beside others' | 'finished';

/**
 * @param progress called with the number of records kept so far.
 * @returns how many records were loaded; 0 when that was done before.
 */
export async function seedDefaults(
  store: ServedStore,
  fixtures: string,
  progress: (kept: number) => void,
): Promise<number> {
  if ((await store.mark(mark)) === 'finished') return 0;
  return store.alone('start', () => load(store, fixtures, progress));
}

async function load(
  store: ServedStore,
  fixtures: string,
  progress: (kept: number) => void,
): Promise<number> {
  const state = await stateOf(store);
  if (state === 'finished') return 0; // by another machine meanwhile
  await store.setMark(mark, state);
  const records = state === 'all' ? defaultRecords(fixtures) : besideOthers(store, fixtures);
  const kept = await store.bulk(patientCollection, withIds(records), { onProgress: progress });
  await store.setMark(mark, 'finished' satisfies State);
  return kept;
}

async function stateOf(store: ServedStore): Promise<State> {
  const marked = (await store.mark(mark)) as State | undefined; // nobody else sets it
  if (marked !== undefined) return marked;
  return (await store.open(patientCollection).count()) === 0 ? 'all' : 'beside others';
}

/** The published and hand-made people who are not there already. */
async function* besideOthers(store: ServedStore, fixtures: string): AsyncIterable<PdsRecord> {
  const patients = store.open(patientCollection);
  for (const record of [...publishedRecords(fixtures), ...edgeCaseRecords(fixtures)])
    if (!(await patients.get(record.patient.id))) yield record;
}

async function* withIds(
  records: Iterable<PdsRecord> | AsyncIterable<PdsRecord>,
): AsyncIterable<{ id: string; value: PdsRecord }> {
  for await (const record of records) yield { id: record.patient.id, value: record };
}
