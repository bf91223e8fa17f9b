/**
 * The SMART FHIR base as a table: the same records and rules as the PDS API, in the terms of FHIR R4 and of SMART scopes.
 * Owns what belongs to HTTP and the order of judging: who may (access.ts), what was asked (queries.ts), the record. Rules
 * about records are behind the port Patients; tokens are judged by a policy in front, which sets the caller.
 */
import type { Patient } from 'fhir/r4.js';
import type { Caller, Exchange, Handler, Reply } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { routes, type Routes } from '../../core/routes.ts';
import { isNhsNumber } from '../identifiers.ts';
import { fhirJson } from '../outcome.ts';
import { asking, checkCoverage } from '../pds/api.ts';
import { digestOf, readBody } from '../pds/bodies.ts';
import * as errors from '../pds/errors.ts';
import type { Asking, Patients, Shown } from '../pds/patients.ts';
import { maxResultsFor, readCriteria } from '../pds/trace/search-query.ts';
import { accessTo, matches, reach, reachEveryone, type Access } from './access.ts';
import { smartCapability, type SmartEndpoints } from './capability.ts';
import { smartIds } from './front-policies.ts';
import { operationAt, type SmartRoute } from './operations.ts';
import { checkAccept, namedIn, patientIn, queryFor, subscriberIn } from './queries.ts';
import { json, resource, versioned } from './replies.ts';
import { bodyOf, ifMatch, malformed, subscriberOf } from './requests.ts';
import { emptyBundle, foundBundle, linked, personBundle } from './bundles.ts';

export interface SmartApiOptions {
  readonly patients: Patients;
  /** The absolute address of this base as the caller knows it, without a trailing slash. */
  readonly base: (exchange: Exchange) => string;
  /** Absolute addresses of the authorisation server that goes with it. */
  readonly endpoints: (exchange: Exchange) => SmartEndpoints;
  readonly now: () => number;
  /** A fresh UUID, for calls that bring none. */
  readonly newId: () => string;
  /** The gate in front of a body, by operationId of the PDS document (fhir/pds/body-checks.ts). */
  readonly bodyCheck: (operationId: string) => (body: unknown) => void;
  /** The version of the software, and when it was started as a FHIR dateTime: for the CapabilityStatement. */
  readonly version: string;
  readonly date: string;
}

/** All of the base but `.well-known/smart-configuration`. Problems are left to `smartOutcomes`. */
export function smartApi(options: SmartApiOptions): Handler {
  const table = routes(smartRoutes(options), {
    notFound: () =>
      Promise.reject(new Problem('not-found', 'This server has no such resource or operation')),
  });
  return smartIds(options.newId)((exchange) => {
    checkAccept(exchange.headers.accept);
    return table(exchange);
  });
}

/** The table of operations; a test holds it against operations.ts. */
export function smartRoutes(options: SmartApiOptions): Routes {
  const operations: Record<SmartRoute, Answer> = {
    'GET /Patient/:id': read,
    'GET /Patient': search,
    'PATCH /Patient/:id': patch,
    'POST /Patient': create,
    'GET /RelatedPerson': relatedPersons,
    'GET /Patient/:id/RelatedPerson': relatedPersonsOf,
    'GET /Coverage': coverage,
    'POST /Coverage': replaceCoverage,
  };
  const guarded = Object.entries(operations).map(([route, answer]): [string, Handler] => [
    route,
    async (exchange) => answer(judge(route as SmartRoute, options, exchange)), // the record's own key
  ]);
  return {
    'GET /metadata': (x) => Promise.resolve(json(200, smartCapability(described(options, x)))),
    ...Object.fromEntries(guarded),
  };
}

// ---- judging, before anything is read ----

/** A call that may be made, by this caller, with this query. */
interface Granted {
  readonly options: SmartApiOptions;
  readonly exchange: Exchange;
  readonly caller: Caller;
  readonly access: Access;
  readonly query: URLSearchParams;
  readonly base: string;
  readonly asking: Asking;
}

type Answer = (granted: Granted) => Promise<Reply>;

function judge(route: SmartRoute, options: SmartApiOptions, exchange: Exchange): Granted {
  const operation = operationAt(route);
  const access = accessTo(operation, exchange.caller);
  const caller = callerOf(exchange);
  return {
    options,
    exchange,
    caller,
    access,
    query: queryFor(operation, exchange.query),
    base: options.base(exchange),
    asking: asking(exchange, caller),
  };
}

function callerOf({ caller }: Exchange): Caller {
  if (caller) return caller;
  throw new Problem('unauthenticated', 'Missing Authorization header');
}

// ---- the operations ----

async function read({ options, exchange, access, asking }: Granted): Promise<Reply> {
  const nhsNumber = exchange.params.id ?? '';
  const filters = reach(access, nhsNumber);
  const shown = await retrieve(options.patients, nhsNumber, asking);
  // A record outside the scope's filter is answered as one that is not there, which tells nothing of it.
  if (!matches(filters, patientOf(shown))) throw errors.notFound();
  return resource(200, shown);
}

async function search(granted: Granted): Promise<Reply> {
  const { options, access, query, base, caller } = granted;
  const named = namedIn(query);
  if (named) return searchByNumber(granted, named.nhsNumber);
  const filters = reachEveryone(access);
  if (query.size === 0) throw new Problem('invalid', 'A search needs criteria');
  const criteria = readCriteria(query, maxResultsFor(caller.mode, query));
  const { found } = await options.patients.search(criteria, granted.asking, false);
  const people = found.filter(({ resource: patient }) => matches(filters, patient));
  return json(200, foundBundle(people, selfOf(granted, '/Patient'), base, options.now()));
}

/** `nhsNumber` undefined: what was asked can match nobody. */
async function searchByNumber(granted: Granted, nhsNumber: string | undefined): Promise<Reply> {
  const { options, access, base, asking } = granted;
  const self = selfOf(granted, '/Patient');
  const filters = reach(access, nhsNumber ?? '');
  const shown = await orNobody(() => retrieve(options.patients, nhsNumber ?? '', asking));
  const patient = shown && patientOf(shown);
  if (!patient || !matches(filters, patient)) return json(200, emptyBundle(self, options.now()));
  return json(200, personBundle(patient, self, base, options.now()));
}

async function patch({ options, exchange, access, asking }: Granted): Promise<Reply> {
  const nhsNumber = exchange.params.id ?? '';
  reach(access, nhsNumber);
  if (!isNhsNumber(nhsNumber)) throw errors.notFound();
  const versionId = ifMatch(exchange);
  const bytes = await bodyOf(exchange, ['application/json-patch+json', 'application/json']);
  const sent = readBody(bytes, malformed);
  const body = Array.isArray(sent) ? { patches: sent } : sent;
  options.bodyCheck('updatePatient')(body);
  const digest = digestOf('PATCH', versionId, bytes);
  return resource(
    200,
    await options.patients.update({ nhsNumber, versionId, body, digest }, asking),
  );
}

async function create({ options, exchange, access, asking, base }: Granted): Promise<Reply> {
  reachEveryone(access);
  const bytes = await bodyOf(exchange, [fhirJson, 'application/json']);
  const body = readBody(bytes, malformed);
  options.bodyCheck('createPatient')(body);
  const shown = await options.patients.create(body, digestOf('POST', '', bytes), asking);
  const reply = resource(201, shown);
  return {
    ...reply,
    headers: { ...reply.headers, location: `${base}/Patient/${shown.nhsNumber}` },
  };
}

/** As a search: a patient who is not there has nobody to contact. */
async function relatedPersons(granted: Granted): Promise<Reply> {
  const { options, access, query, base, asking } = granted;
  const nhsNumber = patientIn(query, base);
  reach(access, nhsNumber);
  const self = selfOf(granted, '/RelatedPerson');
  if (!isNhsNumber(nhsNumber)) return json(200, emptyBundle(self, options.now()));
  const bundle = await orNobody(() => options.patients.relatedPersons(nhsNumber, base, asking));
  return json(200, bundle ? linked(bundle, self) : emptyBundle(self, options.now()));
}

async function relatedPersonsOf(granted: Granted): Promise<Reply> {
  const { options, exchange, access, base, asking } = granted;
  const nhsNumber = exchange.params.id ?? '';
  reach(access, nhsNumber);
  if (!isNhsNumber(nhsNumber)) throw errors.notFound();
  const bundle = await options.patients.relatedPersons(nhsNumber, base, asking);
  return json(200, linked(bundle, selfOf(granted, `/Patient/${nhsNumber}/RelatedPerson`)));
}

async function coverage(granted: Granted): Promise<Reply> {
  const { options, exchange, access, caller, query, base, asking } = granted;
  checkCoverage(exchange.method, caller);
  const nhsNumber = subscriberIn(query, base);
  reach(access, nhsNumber);
  const bundle = await options.patients.coverage(nhsNumber, base, asking);
  return versioned(200, linked(bundle, selfOf(granted, '/Coverage')));
}

async function replaceCoverage(granted: Granted): Promise<Reply> {
  const { options, exchange, access, caller, base, asking } = granted;
  checkCoverage(exchange.method, caller);
  const versionId = ifMatch(exchange);
  const bytes = await bodyOf(exchange, [fhirJson, 'application/json']);
  const body = readBody(bytes, malformed);
  options.bodyCheck('replaceCoverage')(body);
  checkSubscriber(subscriberOf(body), access, exchange);
  const digest = digestOf('POST', versionId, bytes);
  const bundle = await options.patients.replaceCoverage({ body, versionId, digest }, base, asking);
  return versioned(201, bundle);
}

// ---- steps ----

/** A body that does not say whose card it is, is refused by the rules of the card. */
function checkSubscriber(nhsNumber: string, access: Access, { facts }: Exchange): void {
  if (nhsNumber === '') return;
  if (isNhsNumber(nhsNumber)) facts.people.push(nhsNumber);
  reach(access, nhsNumber);
}

/** A number that is none is nobody's. */
function retrieve(patients: Patients, nhsNumber: string, asking: Asking): Promise<Shown> {
  if (!isNhsNumber(nhsNumber)) return Promise.reject(errors.notFound());
  return patients.retrieve(nhsNumber, asking);
}

/** Undefined where there is no such person: a search that finds nobody is no failure. */
async function orNobody<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  }
}

function patientOf({ text }: Shown): Patient {
  return JSON.parse(text) as Patient; // our own text of a Patient
}

function described(options: SmartApiOptions, exchange: Exchange) {
  const { version, date } = options;
  return { base: options.base(exchange), endpoints: options.endpoints(exchange), version, date };
}

/** What was applied: an address that gives this Bundle again. */
function selfOf({ base, query }: Granted, path: string): string {
  return query.size === 0 ? `${base}${path}` : `${base}${path}?${query.toString()}`;
}
