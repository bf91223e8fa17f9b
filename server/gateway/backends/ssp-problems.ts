/**
 * What the Spine Secure Proxy refuses with: its published texts, with the reason beside them, and the edge that renders
 * them. Owns the texts and the form of the OperationOutcome; which check fails is ssp.ts's and policies/ssp-sender.ts's.
 * The texts name what the caller itself has sent and stay in its answer: messages of Problems, which are logged, do not.
 */
import type { OperationOutcome } from 'fhir/r4.js';
import { problemsAs, type Exchange, type Reply } from '../../../core/exchange.ts';
import { Problem, type ErrorRow, type ProblemKind } from '../../../core/problem.ts';
import { fhirJson } from '../../../fhir/outcome.ts';
import { messageIdField, messageIdOf } from '../message-id.ts';

/** A refusal as it is published. */
export interface SspRow extends ErrorRow {
  readonly issue: OperationOutcome['issue'][0]['code'];
  readonly severity: 'error' | 'fatal';
  readonly system: string;
  readonly code: string;
  readonly display: string;
}

const scheduleCodes = 'http://fhir.nhs.net/ValueSet/gpconnect-schedule-response-code-1-0';
const spineOutcome = 'https://fhir.nhs.uk/StructureDefinition/spine-operationoutcome-1';

export function methodNotAllowed(allowed: readonly string[]): Problem {
  const text = '405: Method Not Allowed';
  const row: SspRow = {
    ...{ status: 405, issue: 'forbidden', severity: 'fatal' },
    ...{ system: spineOutcome, code: 'METHOD_NOT_ALLOWED', display: text },
  };
  return new Problem('method-not-allowed', `Expected one of ${allowed.join(', ')}`, {
    ...{ code: 'METHOD_NOT_ALLOWED', row, headers: { allow: allowed.join(', ') } },
  });
}

/** A field that is missing, sent twice or no value of its kind. */
export function badField(message: string): Problem {
  return refusal('invalid', 'BAD_REQUEST', rowOf(400, 'invalid', message), message);
}

export function senderRefused(asid: string, message: string): Problem {
  const text = `ASID_CHECK_FAILED_MESSAGESENDER_${shown(asid)}`;
  return refusal('forbidden', 'ASID_CHECK_FAILED', rowOf(403, 'forbidden', text), message);
}

export function receiverRefused(asid: string, message: string): Problem {
  const text = `PARTYKEY_INTERACTION_CHECK_FAILED_MESSAGERECEIVER_${shown(asid)}`;
  const code = 'PARTYKEY_INTERACTION_CHECK_FAILED';
  return refusal('forbidden', code, rowOf(403, 'forbidden', text), message);
}

export function permissionRefused(from: string, to: string, message: string): Problem {
  const text = `FOT_CHECK_FAILED_MESSAGESENDER_${shown(from)}_MESSAGERECEIVER_${shown(to)}`;
  return refusal('forbidden', 'FOT_CHECK_FAILED', rowOf(403, 'forbidden', text), message);
}

export function addressRefused(registered: string, cpaId: string, target: string): Problem {
  const text = `ENDPOINT_${registered}_CPAID_${cpaId}_VARIES_FROM_TARGETURL_${shortened(target)}`;
  const message = 'Expected the address that the directory has for the receiver, and found another';
  return refusal('invalid', 'ENDPOINT_VARIES', rowOf(400, 'invalid', text), message);
}

export function mediaTypeRefused(message: string): Problem {
  const row = rowOf(415, 'not-supported', 'Unsupported_Media_Type');
  return refusal('unsupported', 'UNSUPPORTED_MEDIA_TYPE', row, message);
}

/** @param problem what the wire brought: its own words tell why */
export function unreachable(target: string, problem: Problem): Problem {
  const late = problem.kind === 'timeout';
  const text = `ERROR_COMMUNICATING_TO_ENDPOINT_URL_${shortened(target)}`;
  return new Problem(late ? 'timeout' : 'upstream', problem.message, {
    code: problem.code ?? 'ERROR_COMMUNICATING_TO_ENDPOINT',
    row: rowOf(late ? 504 : 502, 'transient', text),
    cause: problem.cause,
    ...(problem.headers === undefined ? {} : { headers: problem.headers }),
  });
}

/** The id of the chain of calls as the caller gave it; undefined where it gave none that can be shown. */
function givenTraceId({ headers }: Exchange): string | undefined {
  const given = headers['ssp-traceid'];
  return given !== undefined && /^[A-Za-z0-9.-]{1,64}$/.test(given) ? given : undefined;
}

/** The edge of the proxy's Api. @param newId a new UUID */
export function sspOutcomes(newId: () => string) {
  return problemsAs((problem, exchange): Reply => {
    const messageId = messageIdOf(exchange, newId);
    const outcome = outcomeOf(problem, givenTraceId(exchange) ?? messageId);
    const headers = {
      'cache-control': 'no-store',
      ...problem.headers,
      'content-type': fhirJson,
      'x-content-type-options': 'nosniff',
      [messageIdField]: messageId,
    };
    const { status } = problem;
    return exchange.method === 'HEAD'
      ? { status, headers }
      : { status, headers, body: JSON.stringify(outcome) };
  });
}

function outcomeOf(problem: Problem, id: string): OperationOutcome {
  const { issue, severity, system, code, display } = isSspRow(problem.row)
    ? problem.row
    : rowOf(problem.status, problem.issue, problem.message);
  return {
    resourceType: 'OperationOutcome',
    id,
    issue: [
      {
        ...{ severity, code: issue },
        details: { coding: [{ system, code, display }], text: problem.message },
        diagnostics: display,
      },
    ],
  };
}

function isSspRow(row: ErrorRow | undefined): row is SspRow {
  return row !== undefined && 'display' in row && 'system' in row;
}

function rowOf(status: number, issue: SspRow['issue'], display: string): SspRow {
  return {
    ...{ status, issue, severity: 'error', system: scheduleCodes },
    ...{ code: String(status), display },
  };
}

function refusal(kind: ProblemKind, code: string, row: SspRow, message: string): Problem {
  return new Problem(kind, message, { code, row });
}

/** What a caller sent for an ASID may be anything. */
function shown(asid: string): string {
  return asid.slice(0, 40).replace(/[^A-Za-z0-9.-]/g, '?');
}

function shortened(target: string): string {
  return target.slice(0, 2000);
}
