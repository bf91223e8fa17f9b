/**
 * The port Patients over Spine messages: a PDS FHIR API in front of a demographics service that only speaks HL7 V3. Rules that
 * need no store are applied here, on what was retrieved; the other side has the last word. What has no counterpart is refused with
 * a published row. How a message gets there and back is the exchange's.
 */
import type { Bundle, FhirResource, Patient } from 'fhir/r4.js';
import type { Clock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import type { XmlElement } from '../../core/xml.ts';
import { writeXml } from '../../core/xml-write.ts';
import { notificationIdOf, readBirth } from '../../fhir/pds/create/birth.ts';
import { readCreate } from '../../fhir/pds/create/create.ts';
import * as errors from '../../fhir/pds/errors.ts';
import type { Asking, Found, FoundAll, Patients, Shown, Update } from '../../fhir/pds/patients.ts';
import { retrieveView, searchView } from '../../fhir/pds/projection.ts';
import { confidentialityOf, type PdsRecord } from '../../fhir/pds/record.ts';
import { relatedPersonsBundle } from '../../fhir/pds/related-persons.ts';
import type { Criteria } from '../../fhir/pds/trace/trace.ts';
import { applyPatches, readPatches, type PatchContext } from '../../fhir/pds/update/patch.ts';
import type { BegunBefore, ExchangePayload, Exchanged } from './exchanged.ts';
import { fromRegistrationAnswer, toRegistration } from './allocation.ts';
import { toBirth } from './birth-event.ts';
import { problemOf } from './issues.ts';
import { writeKey } from './recent-writes.ts';
import * as retrieval from './retrieval.ts';
import { fromTraceMatch } from './trace-answers.ts';
import { isExpressible, isSimpleTrace, toAdvancedTrace, toSimpleTrace } from './traces.ts';
import { toUpdate } from './update-request.ts';

export interface SpinePatientsOptions {
  readonly exchange: ExchangePayload;
  readonly begun: BegunBefore;
  readonly clock: Clock;
  /** Whether an ODS code is that of a practice. */
  readonly isPractice: (odsCode: string) => boolean;
  /** Whether the other side is one of our own, which can be asked for what HL7 V3 has no place for. */
  readonly extras?: boolean;
}

/** The messages that are sent: those of 2008-A. */
const actions = {
  simpleTrace: 'QUPA_IN000005UK01',
  advancedTrace: 'QUPA_IN000006UK02',
  retrieval: 'QUPA_IN000008UK02',
  update: 'PRPA_IN000203UK03',
  allocation: 'PRPA_IN000200UK03',
  birth: 'PRPA_IN000205UK03',
} as const;

/** What has no counterpart: the operation is there, this back end cannot do it. */
const noCounterpart = (what: string) =>
  errors.unacceptable(400, `${what} is not supported over the messages of this back end`);

export function spinePatients(options: SpinePatientsOptions): Patients {
  const { exchange, clock } = options;

  async function ask(
    action: string,
    payload: XmlElement,
    asking: Asking,
    from: () => string,
  ): Promise<Exchanged> {
    toldTranslated(asking, payload, from);
    return judged(await exchange(action, payload, asking));
  }

  /** A change: one that was begun before is not sent again, unless the other side could not do it just then. */
  async function change(
    action: string,
    asking: Asking,
    { what, digest, body }: { what: string; digest: string; body: unknown },
    payload: () => Promise<XmlElement> | XmlElement,
  ): Promise<Exchanged> {
    const key = writeKey(what, digest, asking);
    const { seen, answer } = await options.begun(key, asking);
    if (answer && !isPassing(answer)) return judged(answer);
    const request = await payload();
    toldTranslated(asking, request, () => JSON.stringify(body));
    return judged(await exchange(action, request, asking, { key, seen }));
  }

  async function read(nhsNumber: string, asking: Asking): Promise<PdsRecord> {
    asking.facts.people.push(nhsNumber);
    const items = options.extras ? [retrieval.allData, retrieval.allExtras] : [retrieval.allData];
    const query = retrieval.toRetrieval({ nhsNumber, history: false, items });
    const { subjects } = await ask(actions.retrieval, query, asking, () => nhsNumber);
    const [answer] = subjects;
    if (!answer) throw new Problem('upstream', 'The answer to a retrieval holds nobody');
    const { record } = retrieval.fromRetrievalAnswer(answer);
    if (record.patient.id === '') throw new Problem('upstream', 'The answer names nobody');
    if (record.patient.id !== nhsNumber) asking.facts.people.push(record.patient.id);
    asking.facts.trace?.add('translated', 'HL7 V3 was made FHIR', {
      before: () => writeXml(answer),
      after: () => JSON.stringify(record.patient),
    });
    return record;
  }

  async function toChange(update: Update, asking: Asking): Promise<XmlElement> {
    const { nhsNumber } = update;
    const record = await read(nhsNumber, asking);
    checkWritable(record, nhsNumber, asking);
    const patches = readPatches(update.body);
    if (record.patient.meta.versionId !== update.versionId) throw errors.versionMismatch();
    const changed = applyPatches(record, patches, patchContext(options, asking));
    const request = toUpdate(record, changed);
    if (!request) throw noCounterpart('This change');
    return request;
  }

  return {
    retrieve: async (nhsNumber, asking) => shownOf(await read(nhsNumber, asking), asking),

    search: (criteria, asking) => search(criteria, asking, ask),

    async update(update, asking) {
      const { nhsNumber: what, digest, body } = update;
      await change(actions.update, asking, { what, digest, body }, () => toChange(update, asking));
      // The other side gives ids to what is new, and may write it otherwise: what it holds is read again.
      return shownOf(await read(what, asking), asking);
    },

    async create(body, digest, asking) {
      const given = { what: 'created', digest, body };
      const answer = await change(actions.allocation, asking, given, () =>
        toRegistration(readCreate(body, createContext(options))),
      );
      const numbers = answer.subjects.flatMap(fromRegistrationAnswer);
      const [number] = numbers;
      if (answer.action === 'PRPA_IN000206UK01') throw candidates(numbers);
      if (number === undefined) throw new Problem('upstream', 'The answer gives no NHS number');
      return shownOf(await read(number, asking), asking);
    },

    async registerBirth(body, digest, ignoreMatches, asking) {
      if (ignoreMatches) throw noCounterpart('Ignoring potential matches');
      const { draft } = readBirth(body, createContext(options));
      const { subjects } = await change(actions.birth, asking, { what: 'born', digest, body }, () =>
        // Checked by readBirth: the Bundle has the form that is read here.
        toBirth(draft, body as Bundle<FhirResource>),
      );
      const [number] = subjects.flatMap(fromRegistrationAnswer);
      // A success names the version alone; whose it is must be looked for.
      const found = number ?? (await newborn(draft, asking, ask));
      const shown = shownOf(await read(found, asking), asking);
      return { ...shown, notificationId: notificationIdOf(shown.nhsNumber, asking.requestId) };
    },

    async relatedPersons(nhsNumber, base, asking) {
      const record = await read(nhsNumber, asking);
      // The other side has judged what may be told of people with a record of their own.
      return relatedPersonsBundle(record, base, () => undefined, clock.now(), asking.caller);
    },

    coverage: () => Promise.reject(noCounterpart('Coverage')),
    replaceCoverage: () => Promise.reject(noCounterpart('Coverage')),
  };
}

type Ask = (
  action: string,
  payload: XmlElement,
  asking: Asking,
  from: () => string,
) => Promise<Exchanged>;

/** @throws Problem for an answer that refuses */
function judged(answer: Exchanged): Exchanged {
  const problem = problemOf(answer.issues, answer.typeCode !== 'AA');
  if (problem) throw problem;
  return answer;
}

/** Whether the other side could not, rather than would not: it may be asked again. */
function isPassing({ issues, typeCode }: Exchanged): boolean {
  const problem = problemOf(issues, typeCode !== 'AA');
  return problem !== undefined && problem.status >= 500;
}

function toldTranslated({ facts }: Asking, payload: XmlElement, from: () => string): void {
  facts.trace?.add('translated', 'FHIR was made HL7 V3', {
    before: from,
    after: () => writeXml(payload),
  });
}

async function search(criteria: Criteria, asking: Asking, ask: Ask): Promise<FoundAll> {
  if (!isExpressible(criteria))
    throw noCounterpart('A search by telephone, email or managing organisation');
  const simple = isSimpleTrace(criteria);
  const action = simple ? actions.simpleTrace : actions.advancedTrace;
  const query = simple ? toSimpleTrace(criteria) : toAdvancedTrace(criteria);
  const answer = await ask(action, query, asking, () => JSON.stringify(criteria)).catch(
    (error: unknown) => {
      if (Problem.from(error).code === 'RESOURCE_NOT_FOUND') return undefined;
      throw error;
    },
  );
  const matches = (answer?.subjects ?? []).map(fromTraceMatch);
  const fitting = matches.filter(({ score = 1 }) => !criteria.exact || score === 1);
  if (fitting.length > criteria.maxResults) throw errors.tooManyMatches();
  return { found: fitting.map(({ patient, score }) => foundOf(patient, score ?? 1, asking)) };
}

function foundOf(patient: PdsRecord['patient'], score: number, asking: Asking): Found {
  asking.facts.people.push(patient.id);
  const resource = searchView({ patient, behind: {} }, asking.caller);
  return { resource, match: { nhsNumber: patient.id, score, reasons: [] } };
}

/** The child that was just registered: the one of that name, day and gender. */
async function newborn({ patient }: PdsRecord, asking: Asking, ask: Ask): Promise<string> {
  const [name] = patient.name ?? [];
  const { birthDate = '', gender } = patient;
  const criteria: Criteria = {
    ...(name?.family === undefined ? {} : { family: name.family }),
    ...(gender === undefined ? {} : { gender }),
    given: name?.given ?? [],
    birthDate: { from: birthDate, to: birthDate },
    fuzzy: false,
    exact: true,
    history: false,
    maxResults: 50,
  };
  const { found } = await search(criteria, asking, ask);
  const same = found.filter(
    ({ resource }) =>
      resource.multipleBirthInteger === undefined ||
      resource.multipleBirthInteger === patient.multipleBirthInteger,
  );
  const number = (same.length === 1 ? same : found)[0]?.match.nhsNumber;
  if (number === undefined) throw new Problem('upstream', 'The child registered is not found');
  return number;
}

function candidates(numbers: readonly string[]): Problem {
  const [only] = numbers;
  return only !== undefined && numbers.length === 1
    ? errors.singleMatch(only)
    : errors.multipleMatches();
}

/** As the store's own records are judged. */
function checkWritable(record: PdsRecord, nhsNumber: string, { caller }: Asking): void {
  if (record.patient.id !== nhsNumber)
    throw errors.forbiddenUpdate('Update Failed - NHS No. supplied has been superseded in a merge');
  if (confidentialityOf(record) !== 'U' && !caller.grants.has('restricted-update'))
    throw errors.forbiddenUpdate('source not permitted to update a restricted record');
}

function patchContext(options: SpinePatientsOptions, { caller }: Asking): PatchContext {
  return { ...createContext(options), mode: caller.mode };
}

/** Ids of what is new are the other side's to give: these never leave. */
function createContext({ clock, isPractice }: SpinePatientsOptions) {
  let made = 0xfffff000;
  const newObjectId = () => (made++).toString(16).toUpperCase();
  return { now: clock.now(), isPractice, newObjectId };
}

function shownOf(record: PdsRecord, { caller }: Asking): Shown {
  const view: Patient = retrieveView(record, caller);
  const { id, meta } = record.patient;
  return { nhsNumber: id, versionId: meta.versionId, text: JSON.stringify(view) };
}
