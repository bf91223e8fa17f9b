/**
 * The published errors of the PDS FHIR API as one table of typed builders (pds-fhir section 2).
 * Each gives a Problem whose row the edge renders; the row wins over the kind's defaults. Domain code throws these
 * and never builds a response for failure.
 */
import type { AccessMode } from '../../core/exchange.ts';
import { Problem, type ErrorRow, type ProblemKind } from '../../core/problem.ts';
import { pythonText } from './fields/python-text.ts';

export interface PdsRow extends ErrorRow {
  readonly severity: 'error' | 'information';
  readonly issue: string;
  readonly code: string;
  readonly display: string;
  readonly diagnostics?: string;
  /** Refused before the service was asked: such answers bear `application/json` (1.6). */
  readonly early?: boolean;
  /** The outcome as another PDS wrote it, as JSON: sent on whole in place of one made of this row. */
  readonly told?: string;
}

const kindOfStatus: Readonly<Record<number, ProblemKind>> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  408: 'too-slow',
  409: 'conflict',
  412: 'precondition-failed',
  413: 'too-large',
  429: 'throttled',
  500: 'internal',
  502: 'upstream',
  503: 'unavailable',
};

function row(
  status: number,
  code: string,
  issue: string,
  display: string,
  diagnostics?: string,
  options: {
    severity?: 'information';
    early?: boolean;
    headers?: Readonly<Record<string, string>>;
    cause?: unknown;
    /** What the log says in place of the code. */
    message?: string;
  } = {},
): Problem {
  const built: PdsRow = {
    status,
    severity: options.severity ?? 'error',
    issue,
    code,
    display,
    ...(diagnostics === undefined ? {} : { diagnostics }),
    ...(options.early ? { early: true } : {}),
  };
  // The diagnostics of some rows quote what was sent, so they stay out of the message, which may be logged.
  return new Problem(kindOfStatus[status] ?? 'invalid', options.message ?? code, {
    code,
    row: built,
    cause: options.cause,
    ...(options.headers ? { headers: options.headers } : {}),
  });
}

const apiPage = 'https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir';

/** How the mode of a caller is written in a display (2.2). */
const modeWords: Readonly<Record<AccessMode, string>> = {
  worker: 'user-restricted',
  app: 'application-restricted',
  privileged: 'privileged-application-restricted',
  patient: 'patient-access',
};

// ---- 400 ----

export const invalidResourceId = () =>
  row(400, 'INVALID_RESOURCE_ID', 'value', 'Resource Id is invalid');

export const unsupportedService = () =>
  row(400, 'UNSUPPORTED_SERVICE', 'processing', 'Unsupported Service');

/** `path` is relative to the API's base: `/HelloWorld`. */
export const unsupportedRequest = (path: string) =>
  row(
    400,
    'UNSUPPORTED_REQUEST',
    'value',
    'The request is not one that is supported.',
    `Unsupported path - '${path}'`,
    { early: true },
  );

export const missingHeader = (name: string) =>
  row(
    400,
    'MISSING_VALUE',
    'required',
    'Required value is missing',
    `Invalid request with error - ${name} header must be supplied to access this resource`,
    { early: true },
  );

/** `path` of the missing member: `address/0/period`. */
export const missingValue = (path: string) =>
  row(400, 'MISSING_VALUE', 'required', 'Required value is missing', `Missing value - '${path}'`);

export const noAsid = () =>
  row(
    400,
    'MISSING_VALUE',
    'value',
    'Required value is missing',
    'No ASID is associated with your app. Please contact support.',
    { early: true },
  );

/** A client certificate that is missing or not taken. */
export const certificateRefused = (diagnostics: string) =>
  row(403, 'ACCESS_DENIED_SSL', 'forbidden', 'Access Denied - client certificate', diagnostics);

/** An accredited system that is not the certificate's, or not assured. */
export const asidRefused = (diagnostics: string) =>
  row(403, 'ASID_CHECK_FAILED', 'forbidden', 'ASID check failed', diagnostics);

const invalidValue = (diagnostics: string, options: { early?: boolean } = {}) =>
  row(400, 'INVALID_VALUE', 'value', 'Provided value is invalid', diagnostics, options);

export const invalidHeader = (value: string, name: string) =>
  invalidValue(`Invalid value - '${value}' in header '${name}'`, { early: true });

export const invalidRole = (value: string) =>
  invalidValue(
    `Invalid value - '${value}' in header 'NHSD-Session-URID'. Refer to the guidance for this header in our API Specification ${apiPage}`,
    { early: true },
  );

export const invalidField = (value: string, field: string) =>
  invalidValue(`Invalid value - '${value}' in field '${field}'`);

/** INVALID_VALUE whose text is a sentence: `Cannot add a data item that already exists`. */
export const invalidValueWith = (sentence: string) =>
  invalidValue(`Invalid value with error - ${sentence}`);

export const invalidSearchData = (what: string) =>
  row(
    400,
    'INVALID_SEARCH_DATA',
    'value',
    'Search data is invalid',
    `Invalid search data provided - '${what}'`,
  );

/** Unknown members of a query or body, by name. */
export const additionalProperties = (names: readonly string[]) =>
  row(
    400,
    'ADDITIONAL_PROPERTIES',
    'invariant',
    'Additional properties should not be included',
    `Invalid request with error - Additional properties are not allowed (${names
      .map((name) => `'${name}'`)
      .join(', ')} ${names.length === 1 ? 'was' : 'were'} unexpected)`,
  );

/** `rest` is what follows `Invalid update with error - ` (2.4). */
export const invalidUpdate = (rest: string) =>
  row(
    400,
    'INVALID_UPDATE',
    'structure',
    'Update is invalid',
    `Invalid update with error - ${rest}`,
  );

export const invalidCreate = (what: string) =>
  row(
    400,
    'INVALID_CREATE',
    'value',
    'Patient create data is invalid',
    `Invalid patient create data provided - '${what}'`,
  );

export const unsupportedValue = (value: string, field: string) =>
  row(
    400,
    'UNSUPPORTED_VALUE',
    'value',
    'Unsupported value',
    `Schema valid but unsupported value - '${value}' in field '${field}'`,
  );

export const tooFewValues = (field: string) =>
  row(
    400,
    'TOO_FEW_VALUES_SUBMITTED',
    'value',
    'Too few values submitted',
    `Too few values submitted - <json too long to display> in field '${field}'`,
  );

/** `values` are written as a list in Python's notation, as the national back end does. */
export const tooManyValues = (values: readonly unknown[], field: string) =>
  row(
    400,
    'TOO_MANY_VALUES_SUBMITTED',
    'value',
    'Too many values submitted',
    `Too many values submitted - ${pythonText(values)} in field '${field}'`,
  );

export const birthDeathInconsistent = () =>
  row(
    400,
    'INSERT_BIRTH_DEATH_STATUS_INCONSISTENT',
    'processing',
    'INSERT_BIRTH_DEATH_STATUS_INCONSISTENT',
    'Insert Birth - Death Status Inconsistent',
  );

// ---- 401, 403 ----

export const accessDenied = (diagnostics: string, headers?: Readonly<Record<string, string>>) =>
  row(401, 'ACCESS_DENIED', 'forbidden', 'Access Denied - Unauthorised', diagnostics, {
    early: true,
    ...(headers ? { headers } : {}),
  });

export const patientForbidden = () =>
  row(
    403,
    'ACCESS_DENIED',
    'forbidden',
    'Patient cannot perform this action',
    `Your access token has insufficient permissions. See documentation regarding Patient access restrictions ${apiPage}`,
    { early: true },
  );

/** A healthcare worker in a role that opens no record. No published row exists; the shape is that of patients'. */
export const roleForbidden = (role: string) =>
  row(
    403,
    'ACCESS_DENIED',
    'forbidden',
    'Role cannot perform this action',
    `The role '${role}' has no access to patients' records. Choose another one of your roles with the header NHSD-Session-URID.`,
    { early: true },
  );

/** Coverage by anyone but a patient. */
export const coverageForbidden = (method: string, mode: AccessMode) =>
  row(
    403,
    'ACCESS_DENIED',
    'forbidden',
    `Cannot ${method} resource with ${modeWords[mode]} access token`,
    'Your app has insufficient permissions to use this operation. Please contact support.',
    { early: true },
  );

export const methodForbidden = (what: 'update' | 'create', mode: AccessMode) =>
  row(
    403,
    'INVALID_METHOD',
    'forbidden',
    `Cannot ${what} resource with ${modeWords[mode]} access token`,
    'Your app has insufficient permissions to use this method. Please contact support.',
    { early: true },
  );

export const manyResultsForbidden = (mode: AccessMode) =>
  row(
    403,
    'INVALID_VALUE',
    'token',
    `Cannot retrieve more than one result with ${modeWords[mode]} access token`,
    'Your app has insufficient permissions to perform this search. Please contact support.',
    { early: true },
  );

/** `rest` is what follows `Forbidden update with error - ` (2.5). */
export const forbiddenUpdate = (rest: string) =>
  row(
    403,
    'FORBIDDEN_UPDATE',
    'forbidden',
    'Update is forbidden',
    `Forbidden update with error - ${rest}`,
    { severity: 'information' },
  );

// ---- 404, 409, 412 ----

export const notFound = () =>
  row(404, 'RESOURCE_NOT_FOUND', 'not-found', 'Resource not found', undefined, {
    severity: 'information',
  });

export const invalidated = () =>
  row(
    404,
    'INVALIDATED_RESOURCE',
    'processing',
    'Resource that has been marked as invalid was requested - invalid resources cannot be retrieved',
  );

export const versionMismatch = () =>
  row(
    409,
    'RESOURCE_VERSION_MISMATCH',
    'conflict',
    'Resource version supplied does not match actual version',
  );

export const preconditionFailed = () =>
  row(
    412,
    'PRECONDITION_FAILED',
    'structure',
    'Required condition was not fulfilled',
    'Invalid request with error - If-Match header must be supplied to update this resource',
  );

// ---- 413, 429, 5xx ----

/** No published row exists for a body over the limits; the shape and the catch-all code are PDS's. */
export const tooLarge = (diagnostics: string) =>
  row(413, 'VALIDATION_ERROR', 'too-long', 'Validation error', diagnostics);

/** @param headers Retry-After, and how the limits stand */
export const tooManyRequests = (
  diagnostics: string,
  headers: Readonly<Record<string, string>> = { 'retry-after': '1' },
) =>
  row(429, 'TOO_MANY_REQUESTS', 'value', 'Too many requests', diagnostics, {
    early: true,
    headers,
  });

export const unknownError = (messageId: string, cause?: unknown) =>
  row(500, 'UNKNOWN_ERROR', 'unknown', 'Unknown Error', unknownText(messageId), { cause });

/** Another system that holds the records answered, and the answer is of no use; `message` tells the log why. */
export const badAnswer = (messageId: string, message: string) =>
  row(502, 'UNKNOWN_ERROR', 'unknown', 'Unknown Error', unknownText(messageId), { message });

const unknownText = (messageId: string) =>
  `An unknown error occurred processing this request. Contact us for assistance diagnosing this issue: https://digital.nhs.uk/developer/help-and-support quoting Message ID (Message ID: ${messageId})`;

export const serviceUnavailable = (cause?: unknown) =>
  row(
    503,
    'SERVICE_UNAVAILABLE',
    'timeout',
    'Service unavailable',
    "The downstream domain processing has not completed within the configured timeout period. Using the same 'X-Request-ID' header, retry your request after the time specified by the 'Retry-After' response header.",
    { headers: { 'retry-after': '5' }, cause },
  );

// ---- 200 with an OperationOutcome: answers, not failures, yet rendered from the same table ----

export const tooManyMatches = () =>
  row(200, 'TOO_MANY_MATCHES', 'multiple-matches', 'Too Many Matches', undefined, {
    severity: 'information',
  });

export const singleMatch = (nhsNumber: string) =>
  row(
    200,
    'SINGLE_MATCH',
    'value',
    'Single match found',
    `Unable to create new patient. NHS number ${nhsNumber} found for supplied demographic data.`,
  );

export const multipleMatches = () =>
  row(
    200,
    'MULTIPLE_MATCHES',
    'value',
    'Multiple matches found',
    'Unable to create new patient. Multiple matches found for supplied demographic data.',
  );

// ---- Refusals no published row exists for: the shape is PDS's, the code its catch-all ----

/** A sandbox header or another part of the request that is wrong in a way PDS has no row for. */
export const unacceptable = (status: 400 | 403 | 404 | 408 | 409, sentence: string) =>
  row(status, 'VALIDATION_ERROR', 'invalid', 'Validation error', sentence, { early: true });
