/** The queries of the demographics service over the port Patients. */
import type { Patient, RelatedPerson, Resource } from 'fhir/r4.js';
import * as errors from '../../fhir/pds/errors.ts';
import type { Shown } from '../../fhir/pds/patients.ts';
import { grants } from '../../fhir/pds/projection.ts';
import { maxResultsFor, readCriteria } from '../../fhir/pds/trace/search-query.ts';
import type { Issue } from '../hl7v3/control-act.ts';
import * as crossCheck from './cross-check.ts';
import { bucket } from './issues.ts';
import * as retrieval from './retrieval.ts';
import { toTraceMatch } from './trace-answers.ts';
import { fromAdvancedTrace, fromSimpleTrace } from './traces.ts';

import { layoutOf, patientOf, type Outcome, type PdsService, type Work } from './operation-work.ts';

/** QUPA_IN000005UK01: the one who fits. */
export async function simpleTrace(work: Work): Promise<Outcome> {
  const { patients, asking } = work.service;
  const { search } = fromSimpleTrace(work.payload);
  const { found } = await patients.search(readCriteria(search, 1), asking, false);
  const [only] = found;
  if (!only) throw errors.notFound();
  const match = toTraceMatch({ patient: only.resource }, 'simple', layoutOf(work));
  return { subjects: [match], issues: [bucket(isRestricted(only.resource) ? 5 : 3)] };
}

/** QUPA_IN000006UK02: all who fit, ranked. */
export async function advancedTrace(work: Work): Promise<Outcome> {
  const { patients, asking } = work.service;
  const { search, nhsNumber } = fromAdvancedTrace(work.payload);
  const criteria = readCriteria(search, maxResultsFor(asking.caller.mode, search));
  const all = (await patients.search(criteria, asking, false)).found;
  const found = all.filter(({ match }) => nhsNumber === undefined || match.nhsNumber === nhsNumber);
  if (found.length === 0) throw errors.notFound();
  const subjects = found.map(({ resource, match }) =>
    toTraceMatch({ patient: resource, score: match.score }, 'advanced', layoutOf(work)),
  );
  const limited = found.some(({ resource }) => isRestricted(resource));
  return { subjects, issues: [bucket(limited ? 5 : 3)] };
}

/** QUPA_IN000008UK02: a record by its number. */
export async function retrieve(work: Work): Promise<Outcome> {
  const query = retrieval.fromRetrieval(work.payload);
  const wanted = query.items.map((item) => item.toLowerCase());
  const shown = await withLines(work.service, query.nhsNumber);
  const layout = layoutOf(work, wanted.includes(retrieval.allExtras.toLowerCase()));
  if (wanted.every((item) => item === 'person.scn'))
    return { subjects: [retrieval.toVersionAnswer(shown.versionId, layout)] };
  const patient = patientOf(shown);
  const replaced = shown.nhsNumber === query.nhsNumber ? [] : [query.nhsNumber];
  const relatedPersons = await relatedTo(shown, work.service);
  const answer = retrieval.toRetrievalAnswer({ patient, relatedPersons, replaced }, layout);
  return { subjects: [answer], issues: warningsOf(patient, replaced) };
}

function warningsOf(patient: Patient, replaced: readonly string[]): Issue[] {
  return [
    ...(replaced.length > 0 ? [bucket(24)] : []),
    ...(isRestricted(patient) ? [bucket(9)] : []),
  ];
}

/** The record with all five lines of addresses, which have their places in HL7 V3. */
function withLines({ patients, asking }: PdsService, nhsNumber: string): Promise<Shown> {
  const { caller } = asking;
  const granted = new Set([...caller.grants, grants.emptyAddressLines]);
  return patients.retrieve(nhsNumber, { ...asking, caller: { ...caller, grants: granted } });
}

async function relatedTo({ nhsNumber }: Shown, service: PdsService): Promise<RelatedPerson[]> {
  const bundle = await service.patients.relatedPersons(nhsNumber, '', service.asking);
  return (bundle.entry ?? []).flatMap(({ resource }) => (isRelated(resource) ? [resource] : []));
}

function isRelated(resource: Resource | undefined): resource is RelatedPerson {
  return resource?.resourceType === 'RelatedPerson';
}

/** QUPA_IN000014UK01: whether a number is that person's. */
export async function crossCheckTrace(work: Work): Promise<Outcome> {
  const asked = crossCheck.fromCrossCheck(work.payload);
  const shown = await withLines(work.service, asked.nhsNumber);
  const patient = patientOf(shown);
  if (!crossCheck.agrees(asked, patient)) throw errors.notFound();
  const replaced = shown.nhsNumber === asked.nhsNumber ? [] : [asked.nhsNumber];
  const answer = crossCheck.toCrossCheckAnswer(patient, layoutOf(work));
  return { subjects: [answer], issues: warningsOf(patient, replaced) };
}

/** QUPA_IN000016UK02: whether a number is somebody's. */
export async function confirm({ payload, service }: Work): Promise<Outcome> {
  const number = crossCheck.fromConfirmation(payload);
  const shown = await service.patients.retrieve(number, service.asking);
  return {
    subjects: [crossCheck.toConfirmationAnswer(shown.nhsNumber)],
    issues: shown.nhsNumber === number ? [] : [bucket(24)],
  };
}

const isRestricted = ({ meta }: Patient) => (meta?.security?.[0]?.code ?? 'U') !== 'U';
