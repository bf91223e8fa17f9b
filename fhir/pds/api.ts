/**
 * The PDS FHIR API as a table, whatever holds the records. Owns what belongs to HTTP: the order in which a call is
 * judged (pds-fhir 1.3), headers, ids, media types, who may call what. Rules about records are behind the port Patients.
 */
import type { Bundle, CapabilityStatement, FhirResource } from 'fhir/r4.js';
import type { Caller, Exchange, Handler, Reply } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { routes, type Routes } from '../../core/routes.ts';
import { isNhsNumber } from '../identifiers.ts';
import { fhirJson } from '../outcome.ts';
import { bodyLimit, digestOf, isJson, readBody } from './bodies.ts';
import { coverageQuery } from './coverage.ts';
import { actingRole } from './access-modes.ts';
import * as errors from './errors.ts';
import type { Asking, Patients, Shown } from './patients.ts';
import { maxResultsFor, readCriteria } from './trace/search-query.ts';
import { foundSearchset } from './searchset.ts';

export interface PdsApiOptions {
  readonly patients: Patients;
  /** The absolute address of this API, without a trailing slash: the source of every link. */
  readonly base: () => string;
  readonly now: () => number;
  /** The gate in front of a body, by operationId, derived from the OpenAPI document. */
  readonly bodyCheck: (operationId: string) => (body: unknown) => void;
}

/** What `/_ping` and `/_status` tell of the running server. */
export interface Health {
  readonly version: string;
  readonly revision: string;
  /** Throws when the store or the audit cannot be used. */
  check(): Promise<void>;
}

/** The operations that need a caller. Everything in it is audited. */
export function pdsApi(options: PdsApiOptions): Handler {
  const judged = routes(pdsRoutes(options), {
    notFound: () => Promise.reject(errors.unsupportedService()),
    notAllowed: () => Promise.reject(errors.unsupportedService()),
  });
  return async (exchange) => {
    checkPath(exchange.path);
    checkRequestId(exchange.headers['x-request-id']);
    const acting = inRole(exchange);
    checkAsid(acting.caller);
    return judged(acting);
  };
}

/** The table of operations (1.2); a test holds it against the OpenAPI document. */
export function pdsRoutes(options: PdsApiOptions): Routes {
  return {
    'GET /Patient': (x) => search(options, x),
    'GET /Patient/:id': (x) => retrieve(options, x),
    'PATCH /Patient/:id': (x) => update(options, x),
    'POST /Patient': (x) => create(options, x),
    'GET /Patient/:id/RelatedPerson': (x) => relatedPersons(options, x),
    'GET /Coverage': (x) => coverage(options, x),
    'POST /Coverage': (x) => replaceCoverage(options, x),
    'POST /Patient/$process-birth-details': (x) => registerBirth(options, x),
  };
}

/** The operations open to anyone, which touch no record (`/_ping`, `/_status`, `/metadata`). */
export function openRoutes(health: Health, capability: () => CapabilityStatement): Routes {
  return {
    'GET /_ping': () => Promise.resolve(json(200, ping(health))),
    'GET /_status': () => status(health),
    'GET /metadata': () => Promise.resolve(json(200, capability(), fhirJson)),
  };
}

// ---- the operations ----

async function retrieve({ patients }: PdsApiOptions, exchange: Exchange): Promise<Reply> {
  const caller = callerOf(exchange);
  const nhsNumber = exchange.params.id ?? '';
  checkOwn(caller, nhsNumber);
  if (nhsNumber === '') throw errors.unsupportedService();
  if (!isNhsNumber(nhsNumber)) throw errors.invalidResourceId();
  return shown(200, await patients.retrieve(nhsNumber, asking(exchange, caller)));
}

async function search(options: PdsApiOptions, exchange: Exchange): Promise<Reply> {
  const caller = callerOf(exchange);
  if (caller.mode === 'patient') throw errors.patientForbidden();
  const maxResults = maxResultsFor(caller.mode, exchange.query);
  const criteria = readCriteria(exchange.query, maxResults);
  const explain = exchange.headers['x-gatehouse-explain'] === 'true';
  const found = await options.patients.search(criteria, asking(exchange, caller), explain);
  return people(200, foundSearchset(found, options.base(), options.now(), explain));
}

async function update({ patients, bodyCheck }: PdsApiOptions, exchange: Exchange): Promise<Reply> {
  const caller = callerOf(exchange);
  const nhsNumber = exchange.params.id ?? '';
  if (!mayWrite(caller)) throw errors.methodForbidden('update', caller.mode);
  checkOwn(caller, nhsNumber);
  if (!isNhsNumber(nhsNumber)) throw errors.invalidResourceId();
  const versionId = ifMatch(exchange);
  if (!isJson(exchange, ['application/json-patch+json', 'application/json']))
    throw errors.unsupportedService();
  const bytes = await exchange.body.bytes(bodyLimit);
  const body = readBody(bytes, () =>
    errors.invalidUpdate('Invalid payload received - incorrect format'),
  );
  bodyCheck('updatePatient')(body);
  const digest = digestOf('PATCH', versionId, bytes);
  return shown(
    200,
    await patients.update({ nhsNumber, versionId, body, digest }, asking(exchange, caller)),
  );
}

async function create({ patients, bodyCheck }: PdsApiOptions, exchange: Exchange): Promise<Reply> {
  const caller = callerOf(exchange);
  if (!mayWrite(caller) || caller.mode === 'patient')
    throw errors.methodForbidden('create', caller.mode);
  const { body, digest } = await readJson(exchange);
  bodyCheck('createPatient')(body);
  return shown(201, await patients.create(body, digest, asking(exchange, caller)));
}

async function registerBirth(options: PdsApiOptions, exchange: Exchange): Promise<Reply> {
  const caller = callerOf(exchange);
  if (!mayWrite(caller) || caller.mode === 'patient')
    throw errors.methodForbidden('create', caller.mode);
  const { body, digest } = await readJson(exchange);
  options.bodyCheck('processBirthDetails')(body);
  const ignore = exchange.query.get('ignore_potential_matches') === 'true';
  const born = await options.patients.registerBirth(body, digest, ignore, asking(exchange, caller));
  const reply = shown(201, born);
  return { ...reply, headers: { ...reply.headers, 'notification-id': born.notificationId } };
}

async function relatedPersons(options: PdsApiOptions, exchange: Exchange): Promise<Reply> {
  const caller = callerOf(exchange);
  const nhsNumber = exchange.params.id ?? '';
  checkOwn(caller, nhsNumber);
  if (!isNhsNumber(nhsNumber)) throw errors.invalidResourceId();
  const bundle = await options.patients.relatedPersons(
    nhsNumber,
    options.base(),
    asking(exchange, caller),
  );
  return people(200, bundle);
}

async function coverage(options: PdsApiOptions, exchange: Exchange): Promise<Reply> {
  const caller = callerOf(exchange);
  checkCoverage(exchange.method, caller);
  const nhsNumber = coverageQuery(exchange.query);
  checkOwn(caller, nhsNumber);
  if (!isNhsNumber(nhsNumber)) throw errors.invalidResourceId();
  return bundled(
    200,
    await options.patients.coverage(nhsNumber, options.base(), asking(exchange, caller)),
  );
}

async function replaceCoverage(options: PdsApiOptions, exchange: Exchange): Promise<Reply> {
  const caller = callerOf(exchange);
  checkCoverage(exchange.method, caller);
  const versionId = ifMatch(exchange);
  const { body, digest } = await readJson(exchange, versionId);
  options.bodyCheck('replaceCoverage')(body);
  return bundled(
    201,
    await options.patients.replaceCoverage(
      { body, versionId, digest },
      options.base(),
      asking(exchange, caller),
    ),
  );
}

function ping({ version, revision }: Health): object {
  return { version, revision, releaseId: version, commitId: revision };
}

async function status(health: Health): Promise<Reply> {
  let outcome = 'pass';
  try {
    await health.check();
  } catch {
    outcome = 'fail';
  }
  const passing = outcome === 'pass';
  return json(200, {
    status: outcome,
    ...ping(health),
    checks: {
      'spine:status': {
        status: outcome,
        timeout: false,
        responseCode: passing ? 200 : 503,
        outcome: passing ? 'store and audit answer' : 'store or audit does not answer',
      },
    },
  });
}

// ---- checks, in the order of 1.3 ----

/** Step 7: paths outside the API. */
function checkPath(path: string): void {
  if (path === '/Patient' || path.startsWith('/Patient/')) return;
  if (path === '/Coverage' || path.startsWith('/Coverage/')) return;
  throw errors.unsupportedRequest(path);
}

const uuid = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/** Step 8. An empty field counts as a missing one, as the published tests of live and sandbox have it. */
function checkRequestId(id: string | undefined): void {
  if (id === undefined || id === '') throw errors.missingHeader('X-Request-ID');
  if (!uuid.test(id)) throw errors.invalidHeader(id, 'X-Request-ID');
}

/** Step 9: looked at for healthcare workers only. The caller further in acts in that role. */
function inRole(exchange: Exchange): Exchange {
  const { caller, headers, facts } = exchange;
  if (caller?.mode !== 'worker') return exchange;
  const role = actingRole(caller, headers['nhsd-session-urid']);
  if (role === undefined || role === caller.role) return exchange;
  const acting = { ...caller, role };
  facts.caller = acting;
  return exchange.with({ caller: acting });
}

/** Step 10. */
function checkAsid(caller: Caller | undefined): void {
  if (caller && caller.asid === undefined) throw errors.noAsid();
}

function callerOf({ caller }: Exchange): Caller {
  if (caller) return caller;
  throw new Problem('unauthenticated', 'Missing Authorization header');
}

/** Step 11: a patient reaches one record, named by the number they signed in with (4.4). */
function checkOwn(caller: Caller, nhsNumber: string): void {
  if (caller.mode === 'patient' && caller.nhsNumber !== nhsNumber) throw errors.patientForbidden();
}

/** Step 11: applications on their own write nothing, unless it was agreed (1.4). */
function mayWrite(caller: Caller): boolean {
  return (
    caller.mode === 'worker' ||
    caller.mode === 'patient' ||
    (caller.mode === 'app' && caller.grants.has('app-restricted-update'))
  );
}

/** Step 11: the card is for the patient, and whoever has an agreement. */
export function checkCoverage(method: string, caller: Caller): void {
  if (caller.mode !== 'patient' && !caller.grants.has('coverage'))
    throw errors.coverageForbidden(method, caller.mode);
}

function ifMatch({ headers }: Exchange): string {
  const version = /^W\/"([0-9]{1,10})"$/.exec(headers['if-match'] ?? '')?.[1];
  if (version === undefined) throw errors.preconditionFailed();
  return version;
}

/** A POST body. Live reads it as JSON even where its type is plain text or not told, and its published tests rely on it. */
async function readJson(
  exchange: Exchange,
  versionId = '',
): Promise<{ body: unknown; digest: string }> {
  if (!isJson(exchange, ['application/json', fhirJson, 'text/plain', '']))
    throw errors.unsupportedService();
  const bytes = await exchange.body.bytes(bodyLimit);
  const body = readBody(bytes, () =>
    errors.unacceptable(400, 'Invalid payload received - incorrect format'),
  );
  return { body, digest: digestOf(exchange.method, versionId, bytes) };
}

/** Who asks, as the port wants to know it. */
export function asking(exchange: Exchange, caller: Caller): Asking {
  const { headers } = exchange;
  const correlationId = headers['x-correlation-id'];
  const endUserOrganisation = headers['nhsd-end-user-organisation-ods'];
  return {
    caller,
    workspace: exchange.workspace,
    requestId: headers['x-request-id'] ?? '',
    facts: exchange.facts,
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(endUserOrganisation === undefined ? {} : { endUserOrganisation }),
    gone: () => exchange.signal,
  };
}

// ---- replies ----

/** What is known of a person is never left in a cache on its way. */
const patientData = { 'content-type': fhirJson, 'cache-control': 'no-store' };

function shown(status: number, { versionId, text }: Shown): Reply {
  return {
    status,
    headers: { ...patientData, etag: `W/"${versionId}"` },
    body: text,
  };
}

function json(status: number, value: object, type = 'application/json'): Reply {
  return { status, headers: { 'content-type': type }, body: JSON.stringify(value) };
}

function people(status: number, bundle: Bundle | Bundle<FhirResource>): Reply {
  return { status, headers: patientData, body: JSON.stringify(bundle) };
}

/** A Bundle whose version is the record's (4.10). */
function bundled(status: number, bundle: Bundle): Reply {
  const reply = people(status, bundle);
  return { ...reply, headers: { ...reply.headers, etag: `W/"${bundle.meta?.versionId ?? ''}"` } };
}
