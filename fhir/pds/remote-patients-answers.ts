/**
 * What another PDS answers, read: a Patient, a searchset, or a refusal, which goes on to the caller as it was told. An answer
 * that is none of these, or that refuses the gateway and not its caller, is a 502 whose reason stands in the log; that the
 * other side cannot answer at the moment is the published 503. Nothing of it is believed unseen: it is parsed within limits,
 * and protected people are cut as this caller may see them.
 */
import type { Bundle, BundleEntry, FhirResource, Patient } from 'fhir/r4.js';
import { JsonFault, parseJson } from '../../core/json.ts';
import { Problem, type ProblemKind } from '../../core/problem.ts';
import { isNhsNumber } from '../identifiers.ts';
import * as errors from './errors.ts';
import { isFields, type Fields } from './fields/field-rules-values.ts';
import type { Asking, Found, FoundAll, Shown } from './patients.ts';
import { retrieveView } from './projection.ts';
import type { PdsPatient } from './record.ts';
import { readMatch, readNotes } from './remote-patients-explanations.ts';
import { searchset } from './searchset.ts';

export interface RemoteAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** A resource as it was sent. */
interface Resource {
  readonly text: string;
  readonly value: Fields;
}

/** Fifty people with all that is known of them are far below. */
const limits = { depth: 64, members: 100_000 };

/** @throws Problem for everything that is no 200 or 201 with a resource. */
export function resourceOf(answer: RemoteAnswer, asking: Asking): Resource {
  const { status, headers, body } = answer;
  if (status === 503 || status === 504) throw errors.serviceUnavailable();
  if (status >= 500 || (status >= 300 && status < 400) || status === 401 || status === 407)
    throw bad(asking, `The other PDS answered ${status}`);
  if (!/^application\/(?:fhir\+)?json\b/i.test(headers['content-type'] ?? ''))
    throw bad(asking, `The other PDS answered ${status} with no FHIR JSON`);
  const value = parse(body, asking);
  if (value.resourceType === 'OperationOutcome') throw refusal(answer, value, asking);
  if (status !== 200 && status !== 201)
    throw bad(asking, `The other PDS answered ${status} with no OperationOutcome`);
  return { text: body.toString('utf8').replace(/^\ufeff/, ''), value };
}

/** The one Patient that was asked for, or the one that took its place. */
export function readPatient({ text, value }: Resource, asking: Asking): Shown {
  const patient = patientOf(value, asking);
  const { id, meta } = patient;
  if (!asking.facts.people.includes(id)) asking.facts.people.push(id);
  const view = viewOf(patient, asking);
  return {
    nhsNumber: id,
    versionId: meta.versionId,
    text: view === patient ? text : JSON.stringify(view),
  };
}

/** Who was found, best first as the other side has them. */
export function readFound({ value }: Resource, asking: Asking): FoundAll {
  const entries = entriesOf(value, asking);
  const found = entries.flatMap(({ resource, search }): Found[] => {
    if (!isFields(resource) || resource.resourceType !== 'Patient') return [];
    const patient = patientOf(resource, asking);
    const match = readMatch(patient.id, search);
    if (!match) throw bad(asking, 'The other PDS found somebody and told no score');
    asking.facts.people.push(patient.id);
    // Nobody sees more of protected people here than an application (4.2).
    const shown = viewOf(patient, { ...asking, caller: { ...asking.caller, mode: 'app' } });
    return [{ resource: shown, match }];
  });
  const notes = readNotes(entries.map(({ resource }) => resource));
  return { found, ...(notes.length > 0 ? { notes } : {}) };
}

/** A searchset of what belongs to a person, with addresses of this API's own. */
export function readRelated(
  { value }: Resource,
  type: 'RelatedPerson' | 'Coverage',
  { base, now, asking }: { readonly base: string; readonly now: number; readonly asking: Asking },
): Bundle {
  const entries = entriesOf(value, asking).map(({ fullUrl, resource }): BundleEntry => {
    if (!isFields(resource) || resource.resourceType !== type)
      throw bad(asking, `The other PDS answered with something beside ${type}`);
    for (const number of numbersIn(resource)) asking.facts.people.push(number);
    const [below] = /\/(?:Patient\/\d{10}\/RelatedPerson\/[\w.-]{1,64}|Coverage\?.{1,100})$/.exec(
      typeof fullUrl === 'string' ? fullUrl : '',
    ) ?? [''];
    return {
      ...(below === '' ? {} : { fullUrl: base + below }),
      resource: resource as unknown as FhirResource, // of its type; its other members go on as they came
    };
  });
  const bundle = searchset(entries, now);
  const { meta } = value;
  if (type === 'RelatedPerson') return bundle;
  if (!isFields(meta) || !isVersion(meta.versionId))
    throw bad(asking, 'The other PDS told no version of a card');
  return { ...bundle, meta: { versionId: meta.versionId } };
}

/** The NHS numbers of those who are told of with a record of their own. */
function numbersIn({ patient, subscriber }: Fields): string[] {
  return [patient, subscriber].flatMap((reference) => {
    const { identifier } = isFields(reference) ? reference : {};
    const value = isFields(identifier) ? identifier.value : undefined;
    return typeof value === 'string' && isNhsNumber(value) ? [value] : [];
  });
}

// ---- refusals ----

const kinds: Readonly<Record<number, ProblemKind>> = {
  403: 'forbidden',
  404: 'not-found',
  408: 'too-slow',
  409: 'conflict',
  412: 'precondition-failed',
  413: 'too-large',
};

/** What refuses the gateway: its caller can do nothing about it, and is not told of it. */
const ofTheGateway: ReadonlySet<string> = new Set(['ACCESS_DENIED_SSL', 'ASID_CHECK_FAILED']);

/** The refusal as the other side told it: status, code and text are what a caller would have seen there. */
function refusal({ status, headers }: RemoteAnswer, outcome: Fields, asking: Asking): Problem {
  const [issue] = Array.isArray(outcome.issue) ? (outcome.issue as readonly unknown[]) : [];
  if (!isFields(issue)) return bad(asking, 'The other PDS answered with an outcome of nothing');
  const coding = codingOf(issue);
  const code = textOf(coding.code);
  const issueCode = textOf(issue.code);
  if (ofTheGateway.has(code) || (code === 'MISSING_VALUE' && issueCode === 'value'))
    return bad(asking, `The other PDS refuses the gateway: ${code}`);
  if (status === 429) return throttled(headers['retry-after']);
  for (const [number] of textOf(issue.diagnostics).matchAll(/\b\d{10}\b/g))
    if (code === 'SINGLE_MATCH' && isNhsNumber(number)) asking.facts.people.push(number);
  const row: errors.PdsRow = {
    status,
    severity: issue.severity === 'information' ? 'information' : 'error',
    issue: issueCode,
    code,
    display: textOf(coding.display),
    ...(typeof issue.diagnostics === 'string' ? { diagnostics: issue.diagnostics } : {}),
    ...(/^application\/json\b/i.test(headers['content-type'] ?? '') ? { early: true } : {}),
    told: JSON.stringify(outcome),
  };
  // The code goes into metrics and logs: only what looks like one does.
  const known = /^[A-Z][A-Z_]{1,59}$/.test(code) ? code : 'REFUSED';
  return new Problem(kinds[status] ?? 'invalid', known, { code: known, row });
}

/** It is the gateway that has called too often, and its quota is nobody's business here. */
function throttled(retryAfter: string | undefined): Problem {
  const wait = retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? retryAfter : '1';
  return errors.tooManyRequests(
    'This API is currently receiving a high volume of requests and is being rate limited. Please try again later.',
    { 'retry-after': wait },
  );
}

function codingOf({ details }: Fields): Fields {
  const { coding } = isFields(details) ? details : {};
  const first: unknown = Array.isArray(coding) ? coding[0] : undefined;
  return isFields(first) ? first : {};
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function bad({ requestId }: Asking, why: string): Problem {
  return errors.badAnswer(requestId, why);
}

// ---- what is of use ----

function parse(body: Buffer, asking: Asking): Fields {
  try {
    const value = parseJson(body, limits);
    if (isFields(value)) return value;
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
  }
  throw bad(asking, 'The other PDS answered with no sound JSON');
}

function entriesOf({ resourceType, entry }: Fields, asking: Asking): readonly Fields[] {
  const entries: unknown = entry ?? [];
  if (resourceType !== 'Bundle' || !Array.isArray(entries) || !entries.every(isFields))
    throw bad(asking, 'The other PDS answered with no searchset');
  return entries;
}

/**
 * A Patient of PDS: one without number, version or confidentiality label cannot be shown safely. Of the published people one
 * has a number whose check digit is wrong.
 */
function patientOf(value: Fields, asking: Asking): PdsPatient {
  const { resourceType, id, meta } = value;
  if (resourceType === 'Patient' && typeof id === 'string' && isFields(meta)) {
    const labels: unknown = meta.security;
    const label: unknown = Array.isArray(labels) ? labels[0] : undefined;
    if (/^\d{10}$/.test(id) && isVersion(meta.versionId) && isFields(label))
      if (typeof label.code === 'string') return value as unknown as PdsPatient; // what the type adds was looked at
  }
  throw bad(asking, 'The other PDS answered with no Patient of PDS');
}

const isVersion = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9]{1,10}$/.test(value);

/** The other side has cut it for the gateway, which may see more than its caller. Rights by agreement were applied there. */
function viewOf(patient: PdsPatient, { caller }: Asking): Patient {
  return retrieveView({ patient, behind: {} }, { ...caller, grants: new Set() });
}
