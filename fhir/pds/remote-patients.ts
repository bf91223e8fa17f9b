/**
 * The port Patients on another PDS FHIR server: the national one, or another Gatehouse. What a caller may ask was judged in
 * front; the rules about records are the other side's, which judges the gateway that calls. So what depends on who asks here
 * is applied here too: what protection leaves out, and what a patient may change. Owns the requests; remote-patients-answers.ts reads
 * what comes back. How they travel, and as whom, is `call`'s (docs/decisions/0024-no-client-library-towards-pds.md).
 */
import type { Patient } from 'fhir/r4.js';
import type { Clock } from '../../core/clock.ts';
import { readCoverage } from './coverage.ts';
import * as errors from './errors.ts';
import { isFields } from './fields/field-rules-values.ts';
import type { Asking, Patients, Shown, Update } from './patients.ts';
import type { PdsPatient } from './record.ts';
import {
  readFound,
  readPatient,
  readRelated,
  resourceOf,
  type RemoteAnswer,
} from './remote-patients-answers.ts';
import { searchQueryOf } from './remote-patients-query.ts';
import { applyPatches, readPatches } from './update/patch.ts';

export interface RemoteRequest {
  readonly method: 'GET' | 'PATCH' | 'POST';
  /** Path and query below the other side's base. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * Sends it on behalf of whoever asks, and gathers the answer. Follows no redirect.
 * @throws Problem `timeout`, `upstream` or `unavailable` when no whole answer of a sane length came
 */
export type CallRemote = (request: RemoteRequest, asking: Asking) => Promise<RemoteAnswer>;

export interface RemotePatientsOptions {
  readonly call: CallRemote;
  readonly clock: Clock;
}

/** Patients on another PDS. */
export function remotePatients({ call, clock }: RemotePatientsOptions): Patients {
  const get = async (path: string, asking: Asking, more: Readonly<Record<string, string>> = {}) => {
    const request = { method: 'GET', path, headers: { ...fieldsOf(asking), ...more } } as const;
    return resourceOf(await call(request, asking), asking);
  };
  const send = async (
    method: 'PATCH' | 'POST',
    path: string,
    body: unknown,
    asking: Asking,
    more: Readonly<Record<string, string>> = {},
  ) => {
    const type = method === 'PATCH' ? 'application/json-patch+json' : 'application/json';
    const headers = { ...fieldsOf(asking), 'content-type': type, ...more };
    const answer = await call({ method, path, headers, body: JSON.stringify(body) }, asking);
    return { answer, resource: resourceOf(answer, asking) };
  };
  const retrieve = async (nhsNumber: string, asking: Asking): Promise<Shown> => {
    asking.facts.people.push(nhsNumber);
    return readPatient(await get(`/Patient/${nhsNumber}`, asking), asking);
  };

  return {
    retrieve,

    async search(criteria, asking, explain) {
      const more = explain ? { 'x-gatehouse-explain': 'true' } : {};
      const bundle = await get(`/Patient?${searchQueryOf(criteria)}`, asking, more);
      const found = readFound(bundle, asking);
      if (found.found.length > criteria.maxResults) throw errors.tooManyMatches();
      return found;
    },

    async update(update, asking) {
      const { nhsNumber, versionId, body } = update;
      if (asking.caller.mode === 'patient') await checkAsPatient(update, asking, retrieve, clock);
      else asking.facts.people.push(nhsNumber);
      const more = { 'if-match': `W/"${versionId}"` };
      const { resource } = await send('PATCH', `/Patient/${nhsNumber}`, body, asking, more);
      return readPatient(resource, asking);
    },

    async create(body, _digest, asking) {
      const { resource } = await send('POST', '/Patient', body, asking);
      return readPatient(resource, asking);
    },

    async registerBirth(body, _digest, ignoreMatches, asking) {
      const query = ignoreMatches ? '?ignore_potential_matches=true' : '';
      const mother = motherOf(body);
      if (mother !== undefined) asking.facts.people.push(mother);
      const path = `/Patient/$process-birth-details${query}`;
      const { answer, resource } = await send('POST', path, body, asking);
      const notificationId = answer.headers['notification-id'] ?? '';
      if (!uuid.test(notificationId))
        throw errors.badAnswer(asking.requestId, 'The other PDS gave a birth no notification id');
      return { ...readPatient(resource, asking), notificationId };
    },

    async relatedPersons(nhsNumber, base, asking) {
      asking.facts.people.push(nhsNumber);
      const bundle = await get(`/Patient/${nhsNumber}/RelatedPerson`, asking);
      return readRelated(bundle, 'RelatedPerson', { base, now: clock.now(), asking });
    },

    async coverage(nhsNumber, base, asking) {
      asking.facts.people.push(nhsNumber);
      const bundle = await get(`/Coverage?subscriber:identifier=${nhsNumber}`, asking);
      return readRelated(bundle, 'Coverage', { base, now: clock.now(), asking });
    },

    async replaceCoverage({ body, versionId }, base, asking) {
      const { nhsNumber } = readCoverage(body, clock.now());
      asking.facts.people.push(nhsNumber);
      const { mode, nhsNumber: own } = asking.caller;
      if (mode === 'patient' && own !== nhsNumber) throw errors.patientForbidden();
      const more = { 'if-match': `W/"${versionId}"` };
      const { resource } = await send('POST', '/Coverage', body, asking, more);
      return readRelated(resource, 'Coverage', { base, now: clock.now(), asking });
    },
  };
}

/** The ids go on as they came: the other side knows a repeat by the first. */
function fieldsOf({ requestId, correlationId, endUserOrganisation }: Asking) {
  return {
    accept: 'application/fhir+json',
    'x-request-id': requestId,
    ...(correlationId === undefined ? {} : { 'x-correlation-id': correlationId }),
    ...(endUserOrganisation === undefined
      ? {}
      : { 'nhsd-end-user-organisation-ods': endUserOrganisation }),
  };
}

/**
 * What a patient may not change is refused here: over there the gateway calls, not the patient. Judged on the record as it is
 * in the version that is meant; of another version the other side has the word: it refuses, or knows a repeat.
 */
async function checkAsPatient(
  { nhsNumber, versionId, body }: Update,
  asking: Asking,
  retrieve: Patients['retrieve'],
  clock: Clock,
): Promise<void> {
  const patches = readPatches(body);
  const shown = await retrieve(nhsNumber, asking);
  if (shown.nhsNumber !== nhsNumber || shown.versionId !== versionId) return;
  const patient = JSON.parse(shown.text) as PdsPatient; // readPatient looked: number, version and label are there
  let made = 0xfffff000;
  applyPatches({ patient, behind: {} }, patches, {
    mode: 'patient',
    now: clock.now(),
    newObjectId: () => (made++).toString(16).toUpperCase(),
    isPractice: () => true,
  });
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The mother's number in the Bundle of a birth (4.9), for the audit. */
function motherOf(body: unknown): string | undefined {
  if (!isFields(body) || !Array.isArray(body.entry)) return undefined;
  const entry: unknown = body.entry[7];
  const mother = isFields(entry) && isFields(entry.resource) ? entry.resource : {};
  const { identifier } = mother as Partial<Patient>; // looked at member by member below
  const first: unknown = Array.isArray(identifier) ? identifier[0] : undefined;
  const value = isFields(first) ? first.value : undefined;
  return typeof value === 'string' && /^\d{10}$/.test(value) ? value : undefined;
}
