/** The answers of the national events service: resources and OperationOutcomes in the form that the caller takes. */
import { problemsAs, type Exchange, type Reply } from '../../core/exchange.ts';
import { writeFhirXml, type Resource } from '../sds/ods-fhir-form.ts';
import { nemsRowOf } from './errors.ts';
import { answerMedia } from './media.ts';

const spineCodes = 'https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1';
const profile = 'https://fhir.nhs.uk/STU3/StructureDefinition/Spine-OperationOutcome-1';

/** One issue of an OperationOutcome. */
export interface Issue {
  readonly severity: 'information' | 'warning' | 'error' | 'fatal';
  /** The FHIR issue type. */
  readonly issue: string;
  readonly code: string;
  readonly display: string;
  readonly diagnostics: string;
}

export function outcomeOf(issues: readonly Issue[]): Resource {
  return {
    resourceType: 'OperationOutcome',
    meta: { profile: [profile] },
    issue: issues.map(({ severity, issue, code, display, diagnostics }) => ({
      ...{ severity, code: issue },
      details: { coding: [{ system: spineCodes, code, display }] },
      diagnostics,
    })),
  };
}

/** @param resource absent: an answer without a body */
export function replyWith(
  exchange: Pick<Exchange, 'headers'>,
  status: number,
  resource?: Resource,
  headers: Reply['headers'] = {},
): Reply {
  const always = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers };
  if (!resource) return { status, headers: always };
  const { form, type } = answerMedia(exchange);
  return {
    ...{ status, headers: { ...always, 'content-type': type } },
    body: form === 'xml' ? writeFhirXml(resource) : JSON.stringify(resource),
  };
}

/** The edge: whatever is thrown behind it as an OperationOutcome. */
export const nemsOutcomes = problemsAs((problem, exchange) => {
  const { status, severity, issue, code, display } = nemsRowOf(problem);
  const outcome = outcomeOf([{ severity, issue, code, display, diagnostics: problem.message }]);
  // RFC 9110 11.6.1: a 401 says how to prove oneself.
  const challenge = status === 401 ? { 'www-authenticate': 'Bearer' } : {};
  return replyWith(exchange, status, outcome, { ...challenge, ...problem.headers });
});
