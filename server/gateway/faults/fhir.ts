/** Refusals as OperationOutcome, in JSON or XML. Its id is the gateway's message id. */
import type { OperationOutcome, OperationOutcomeIssue } from 'fhir/r4.js';
import type { Problem, ProblemKind } from '../../../core/problem.ts';
import { xmlAttribute, xmlElement, type XmlElement } from '../../../core/xml.ts';
import { writeXml, xmlSafe } from '../../../core/xml-write.ts';
import { fhirJson } from '../../../fhir/outcome.ts';
import type { FaultForm } from './form.ts';
import { prefersXml } from './accept.ts';

/** With the issue types of FHIR R4. */
export const fhirFault = form((problem) => problem.issue);

/** With the issue types that national APIs publish where those differ. */
export const nhsFhirFault = form(({ kind, issue }) => {
  if (kind === 'throttled') return 'value';
  return kind === 'unauthenticated' ? 'forbidden' : issue;
});

/** The national code of each kind, where the Problem brings none. */
const codes: Readonly<Record<ProblemKind, string>> = {
  invalid: 'INVALID_VALUE',
  unauthenticated: 'ACCESS_DENIED',
  forbidden: 'ACCESS_DENIED',
  'not-found': 'RESOURCE_NOT_FOUND',
  'method-not-allowed': 'INVALID_METHOD',
  'not-acceptable': 'NOT_ACCEPTABLE',
  'too-slow': 'REQUEST_TIMEOUT',
  conflict: 'CONFLICT',
  gone: 'GONE',
  'precondition-failed': 'PRECONDITION_FAILED',
  'too-large': 'PAYLOAD_TOO_LARGE',
  unsupported: 'UNSUPPORTED_MEDIA_TYPE',
  unprocessable: 'UNPROCESSABLE_ENTITY',
  throttled: 'TOO_MANY_REQUESTS',
  internal: 'UNKNOWN_ERROR',
  upstream: 'BAD_GATEWAY',
  unavailable: 'SERVICE_UNAVAILABLE',
  timeout: 'GATEWAY_TIMEOUT',
};

/** Codes that the national code system has. */
const national: ReadonlySet<string> = new Set([
  'INVALID_VALUE',
  'MISSING_VALUE',
  'ACCESS_DENIED',
  'ACCESS_DENIED_SSL',
  'ASID_CHECK_FAILED',
  'NO_ORGANISATION_CONSENT',
  'RESOURCE_NOT_FOUND',
  'INVALID_METHOD',
  'PRECONDITION_FAILED',
  'TOO_MANY_REQUESTS',
  'UNKNOWN_ERROR',
  'SERVICE_UNAVAILABLE',
]);
const nationalSystem = 'https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode';

function form(issueOf: (problem: Problem) => OperationOutcomeIssue['code']): FaultForm {
  return (problem, exchange, id) => {
    const code = problem.code ?? codes[problem.kind];
    const system = national.has(code) ? { system: nationalSystem } : {};
    const outcome = {
      resourceType: 'OperationOutcome' as const,
      id,
      issue: [
        {
          severity: 'error' as const,
          code: issueOf(problem),
          details: { coding: [{ ...system, code }] },
          diagnostics: problem.message,
        },
      ],
    } satisfies OperationOutcome;
    const { status } = problem;
    return prefersXml(exchange)
      ? { status, type: 'application/fhir+xml', body: toXml(outcome) }
      : { status, type: fhirJson, body: JSON.stringify(outcome) };
  };
}

/** The XML form (FHIR R4 2.6.1): members are elements in the order of the definition, scalars `value` attributes. */
function toXml({ resourceType, ...members }: { resourceType: string } & object): string {
  const uri = 'http://hl7.org/fhir';
  const toElements = (name: string, value: unknown): XmlElement[] => {
    if (Array.isArray(value)) return value.flatMap((one: unknown) => toElements(name, one));
    if (typeof value === 'object' && value !== null)
      return [xmlElement(name, childrenOf(value), { uri })];
    const attributes = [xmlAttribute('value', xmlSafe(String(value)))];
    return [xmlElement(name, [], { uri, attributes })];
  };
  const childrenOf = (value: object) =>
    Object.entries(value).flatMap(([name, one]) => toElements(name, one));
  return writeXml(xmlElement(resourceType, childrenOf(members), { uri }), { declaration: true });
}
