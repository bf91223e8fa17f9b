/**
 * The port Patients over the Store: every rule of the service, on records that remember.
 * Owns the order of the checks that need a record, versions, repeats and allocation; the rules themselves are pure
 * functions in patch.ts, create.ts, birth.ts, coverage.ts, trace.ts and projection.ts.
 */
import type { Bundle } from 'fhir/r4.js';
import { dayOf, type Clock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import type {
  Changes,
  Collection,
  CollectionOf,
  Counters,
  OutboxEntry,
  Stored,
} from '../../core/store.ts';
import { changeEntry } from './changes.ts';
import { motherLink, notificationIdOf, readBirth } from './create/birth.ts';
import { coverageBundle, readCoverage, withCoverage } from './coverage.ts';
import {
  createCriteria,
  haveSameMother,
  isSamePerson,
  readCreate,
  toNewRecord,
} from './create/create.ts';
import * as errors from './errors.ts';
import { applyPatches, readPatches } from './update/patch.ts';
import type { Asking, FoundAll, Patients, Shown } from './patients.ts';
import { hasOwnView, retrieveView, searchView } from './projection.ts';
import {
  confidentialityOf,
  decodeRecord,
  encodeRecord,
  isOpenText,
  openText,
  type PdsRecord,
  type RecentUpdate,
} from './record.ts';
import { relatedNumbers, relatedPersonsBundle } from './related-persons.ts';
import { ShownCache } from './shown-cache.ts';
import { keysOf } from './trace/trace-keys.ts';
import { trace } from './trace/trace.ts';

/** The records of PDS, by NHS number. */
export const patientCollection: CollectionOf<PdsRecord> = {
  name: 'pds.patients',
  overlaid: true,
  keys: (record) => ({ ...keysOf(record), created: createdKeys(record) }),
  encode: encodeRecord,
  decode: decodeRecord,
};

export interface StoredPatientsOptions {
  readonly collection: Collection<PdsRecord>;
  readonly counters: Counters;
  readonly changes: Changes;
  readonly clock: Clock;
  /** Whether an ODS code is that of a practice. */
  readonly isPractice: (odsCode: string) => boolean;
  /** The k-th number given to new records. */
  readonly allocationNumber: (k: number) => string;
  readonly newObjectId: () => string;
  /**
   * Does this work while no other creation runs, in other processes that serve the same records too: two equal creations
   * at once must not both find nobody and both create. One after the other in this process when absent.
   */
  readonly inTurn?: <T>(work: () => Promise<T>) => Promise<T>;
}

/** How long and how many accepted writes are remembered on a record, to know a repeat by. */
const rememberFor = 10 * 60_000;
const remembered = 5;
/** A chain of mergers is followed this far; a longer one is a fault in the data. */
const longestChain = 20;

export function storedPatients(options: StoredPatientsOptions): Patients {
  const { collection, clock } = options;
  const inTurn = options.inTurn ?? turns();
  const cache = new ShownCache(options.changes, patientCollection.name);

  return {
    async retrieve(nhsNumber, asking) {
      const alike = !hasOwnView(asking.caller);
      const kept = alike ? cache.get(asking.workspace, nhsNumber) : undefined;
      if (kept) {
        asking.facts.people.push(nhsNumber);
        return kept;
      }
      const { generation } = cache;
      const stored = await current(collection, nhsNumber, asking);
      const shown = toShown(stored, asking);
      if (alike && isOpenText(stored.text)) cache.keep(asking.workspace, shown, generation);
      return shown;
    },

    async search(criteria, asking, explain): Promise<FoundAll> {
      const view = collection.in(asking.workspace);
      const result = await trace((query) => view.find(query), criteria, {
        explain,
        today: dayOf(clock.now()),
      });
      if (result.tooMany) throw errors.tooManyMatches();
      const found = result.matches.map(({ record, match }) => {
        asking.facts.people.push(match.nhsNumber);
        return { resource: searchView(record, asking.caller), match };
      });
      return { found, ...(result.notes ? { notes: result.notes } : {}) };
    },

    async update(update, asking) {
      const stored = await writable(collection, update.nhsNumber, asking);
      const repeat = repeatOf(stored.value, asking.requestId, update.digest, clock.now());
      if (repeat) return toShown(stored, asking);
      checkMayChange(stored.value, asking);
      const patches = readPatches(update.body);
      if (stored.value.patient.meta.versionId !== update.versionId) throw errors.versionMismatch();
      const changed = applyPatches(stored.value, patches, {
        mode: asking.caller.mode,
        now: clock.now(),
        newObjectId: options.newObjectId,
        isPractice: options.isPractice,
      });
      return toShown(await writeOnce(options, stored, changed, update.digest, asking), asking);
    },

    create: (body, digest, asking) =>
      inTurn(async () => {
        const draft = readCreate(body, {
          now: clock.now(),
          newObjectId: options.newObjectId,
          isPractice: options.isPractice,
        });
        return addNew(options, draft, digest, asking, false);
      }),

    registerBirth: (body, digest, ignoreMatches, asking) =>
      inTurn(async () => {
        const birth = readBirth(body, {
          now: clock.now(),
          newObjectId: options.newObjectId,
          isPractice: options.isPractice,
        });
        const mother = await collection.in(asking.workspace).get(birth.motherNhsNumber);
        if (mother) asking.facts.people.push(mother.id);
        const draft = motherLink(birth, mother?.value);
        const shown = await addNew(options, draft, digest, asking, ignoreMatches);
        return { ...shown, notificationId: notificationIdOf(shown.nhsNumber, asking.requestId) };
      }),

    async relatedPersons(nhsNumber, base, asking): Promise<Bundle> {
      const stored = await current(collection, nhsNumber, asking);
      const view = collection.in(asking.workspace);
      const related = new Map<string, PdsRecord>();
      for (const number of relatedNumbers(stored.value)) {
        const found = await view.get(number);
        if (found) related.set(number, found.value);
        asking.facts.people.push(number);
      }
      return relatedPersonsBundle(
        stored.value,
        base,
        (number) => related.get(number),
        clock.now(),
        asking.caller,
      );
    },

    async coverage(nhsNumber, base, asking) {
      const stored = await current(collection, nhsNumber, asking);
      return coverageBundle(stored.value, base, clock.now());
    },

    async replaceCoverage({ body, versionId, digest }, base, asking) {
      const { nhsNumber, coverage } = readCoverage(body, clock.now());
      if (asking.caller.mode === 'patient' && asking.caller.nhsNumber !== nhsNumber) {
        asking.facts.people.push(nhsNumber);
        throw errors.patientForbidden();
      }
      const stored = await writable(collection, nhsNumber, asking);
      const repeat = repeatOf(stored.value, asking.requestId, digest, clock.now());
      if (repeat) return coverageBundle(stored.value, base, clock.now());
      if (stored.value.patient.meta.versionId !== versionId) throw errors.versionMismatch();
      const changed = withCoverage(stored.value, coverage);
      const written = await writeOnce(options, stored, changed, digest, asking);
      return coverageBundle(written.value, base, clock.now());
    },
  };
}

/** The record that answers for a number today: chains of mergers are followed to their end (4.4). */
async function current(
  collection: Collection<PdsRecord>,
  nhsNumber: string,
  asking: Asking,
): Promise<Stored<PdsRecord>> {
  const view = collection.in(asking.workspace);
  let number = nhsNumber;
  for (let hops = 0; hops < longestChain; hops++) {
    const stored = await view.get(number);
    asking.facts.people.push(number);
    if (!stored) throw errors.notFound();
    // An open record is neither superseded nor withdrawn, so its text need not be parsed.
    if (isOpenText(stored.text)) return stored;
    const { supersededBy } = stored.value.behind;
    if (supersededBy === undefined) {
      if (confidentialityOf(stored.value) === 'REDACTED') throw errors.invalidated();
      return stored;
    }
    number = supersededBy;
  }
  throw new Problem('internal', 'A chain of merged records does not end');
}

/** The record under exactly this number, if it may be written to (3.7). */
async function writable(
  collection: Collection<PdsRecord>,
  nhsNumber: string,
  asking: Asking,
): Promise<Stored<PdsRecord>> {
  asking.facts.people.push(nhsNumber);
  const stored = await collection.in(asking.workspace).get(nhsNumber);
  if (!stored) throw errors.notFound();
  if (stored.value.behind.supersededBy !== undefined)
    throw errors.forbiddenUpdate('Update Failed - NHS No. supplied has been superseded in a merge');
  if (confidentialityOf(stored.value) === 'REDACTED') throw errors.invalidated();
  return stored;
}

/** Restricted records are changed by certain sources only (3.7); which text live uses is not published. */
function checkMayChange(record: PdsRecord, { caller }: Asking): void {
  if (confidentialityOf(record) !== 'U' && !caller.grants.has('restricted-update'))
    throw errors.forbiddenUpdate('source not permitted to update a restricted record');
}

async function write(
  { collection, clock }: StoredPatientsOptions,
  stored: Stored<PdsRecord>,
  changed: PdsRecord,
  asking: Asking,
): Promise<Stored<PdsRecord>> {
  const outbox = [told(clock, asking, changed, stored.value)];
  const written = await collection
    .in(asking.workspace)
    .put(stored.id, changed, { expected: stored.version, by: asking.caller.appId, outbox })
    .catch((error: unknown) => {
      // Somebody else's write came between our read and ours: their version is not the one in If-Match.
      if (error instanceof Problem && error.kind === 'conflict') throw errors.versionMismatch();
      throw error;
    });
  asking.facts.commit = written.commit;
  return written;
}

/** Writes a change and remembers whose request it was; a repeat that comes second gets what the first one wrote. */
async function writeOnce(
  options: StoredPatientsOptions,
  stored: Stored<PdsRecord>,
  changed: PdsRecord,
  digest: string,
  asking: Asking,
): Promise<Stored<PdsRecord>> {
  const { collection, clock } = options;
  const remembering = remember(changed, asking.requestId, digest, clock.now());
  try {
    return await write(options, stored, remembering, asking);
  } catch (error) {
    // The winner may be this very request, whose caller was told to repeat it before it had landed (1.5, 3.6).
    const winner = await collection.in(asking.workspace).get(stored.id);
    if (!winner || !repeatOf(winner.value, asking.requestId, digest, clock.now())) throw error;
    return winner;
  }
}

/** The entry that tells of a write, for whoever wants to know (changes.ts). */
function told(
  clock: Clock,
  { workspace, caller: { appId, asid } }: Asking,
  after: PdsRecord,
  before?: PdsRecord,
): OutboxEntry {
  const facts = { id: clock.newId(), at: clock.now(), workspace, app: appId };
  return changeEntry(before, after, { ...facts, ...(asid === undefined ? {} : { asid }) });
}

async function addNew(
  options: StoredPatientsOptions,
  draft: PdsRecord,
  digest: string,
  asking: Asking,
  ignoreMatches: boolean,
): Promise<Shown> {
  const view = options.collection.in(asking.workspace);
  const repeated = await view.find({ index: 'created', equals: [asking.requestId] });
  const again = repeated.items.find(({ value }) =>
    repeatOf(value, asking.requestId, digest, options.clock.now()),
  );
  if (again) {
    asking.facts.people.push(again.id);
    return toShown(again, asking);
  }
  await refuseKnownPerson(view, draft, dayOf(options.clock.now()), asking, ignoreMatches);
  for (;;) {
    const nhsNumber = options.allocationNumber((await options.counters.add('pds.allocated')) - 1);
    if (await view.get(nhsNumber)) continue;
    const record = toNewRecord(draft, nhsNumber);
    const written = await view.put(
      nhsNumber,
      remember(record, asking.requestId, digest, options.clock.now()),
      { expected: 0, by: asking.caller.appId, outbox: [told(options.clock, asking, record)] },
    );
    asking.facts.people.push(nhsNumber);
    asking.facts.commit = written.commit;
    return toShown(written, asking);
  }
}

/**
 * Refuses to create somebody who is there already (4.7). A birth that is to ignore potential matches is still refused
 * when the same mother has this very child.
 */
async function refuseKnownPerson(
  view: Collection<PdsRecord>,
  draft: PdsRecord,
  today: string,
  asking: Asking,
  ignoreMatches: boolean,
): Promise<void> {
  const result = await trace((query) => view.find(query), createCriteria(draft), { today });
  const same = result.matches.filter(
    ({ record }) =>
      isSamePerson(draft, record) && (!ignoreMatches || haveSameMother(draft, record)),
  );
  const [only] = same;
  if (same.length > 1 || (result.tooMany && !ignoreMatches)) throw errors.multipleMatches();
  if (!only) return;
  asking.facts.people.push(only.match.nhsNumber);
  throw errors.singleMatch(only.match.nhsNumber);
}

function toShown(stored: Stored<PdsRecord>, { caller }: Asking): Shown {
  const open = hasOwnView(caller) ? undefined : openText(stored.text);
  if (open) return { nhsNumber: stored.id, ...open };
  const view = retrieveView(stored.value, caller);
  return {
    nhsNumber: stored.id,
    versionId: stored.value.patient.meta.versionId,
    text: JSON.stringify(view),
  };
}

function repeatOf(
  { behind }: PdsRecord,
  requestId: string,
  digest: string,
  now: number,
): RecentUpdate | undefined {
  return behind.recent?.find(
    (recent) =>
      recent.requestId === requestId && recent.digest === digest && now - recent.at < rememberFor,
  );
}

function remember(record: PdsRecord, requestId: string, digest: string, at: number): PdsRecord {
  const { versionId } = record.patient.meta;
  const recent = [
    ...(record.behind.recent ?? []).filter((earlier) => at - earlier.at < rememberFor),
    { requestId, digest, versionId, at },
  ].slice(-remembered);
  return { ...record, behind: { ...record.behind, recent } };
}

/** A created record is found again by the id of the request that made it. */
function createdKeys({ behind, patient }: PdsRecord): [string][] {
  if (patient.meta.versionId !== '1') return [];
  return (behind.recent ?? []).map(({ requestId }) => [requestId]);
}

/** Lets one at a time pass. */
function turns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
