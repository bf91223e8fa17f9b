/**
 * SOAP 1.1 faults as Spine makes them: the catalogue, a Problem for each row, writing and reading. Owns the policy
 * `faults`. A fault is for transport, shape, addressing and authorisation; a refusal for business reasons is an answer in
 * HL7 with status 200.
 */
import type { Exchange, Policy, Reply } from '../../core/exchange.ts';
import { problemsAs } from '../../core/exchange.ts';
import { Problem, type ErrorRow, type ProblemKind } from '../../core/problem.ts';
import { childElements, childNamed, textOf, xmlElement, type XmlElement } from '../../core/xml.ts';
import { writeXml, xmlSafe } from '../../core/xml-write.ts';
import type { Failure, FailureKind } from './failure.ts';
import { soapElement, soapUri } from './soap-elements.ts';

/** A row of the catalogue: always answered with status 500. */
export interface FaultRow extends ErrorRow {
  readonly status: 500;
  /** Whose doing: `Client` is the sender's. */
  readonly faultcode: 'Client' | 'Server' | 'VersionMismatch' | 'MustUnderstand';
  readonly errorCode: string;
  readonly description: string;
  /** Whether senders may try again. */
  readonly retriable: boolean;
  /** What this is in the platform's words. */
  readonly kind: ProblemKind;
}

/** A fault with one or more errors, as read or about to be written. */
export interface SoapFault {
  /** Without its prefix: `Client`. */
  readonly faultcode: string;
  readonly faultstring: string;
  readonly errors: readonly FaultError[];
}

export interface FaultError {
  readonly codeContext: string;
  readonly errorCode: string;
  readonly severity: string;
  readonly location: string;
  readonly description: string;
}

/** The namespace of fault details. */
const naspUri = 'http://national.carerecords.nhs.uk/schema/';

/** The one media type of faults: deployed clients compare the text. */
export const faultType = 'text/xml';

/** The catalogue, by error code. */
export const faultRows = {
  '101': row(
    'Client',
    '101',
    'unsupported',
    'The service/interaction is not supported for the requested URI',
  ),
  '200': row('Server', '200', 'internal', 'System failure to process message - default', true),
  '201': row('Client', '201', 'invalid', 'The message is not well formed'),
  '206': row('Server', '206', 'upstream', 'Message routing or delivery failure', true),
  '208': row('Server', '208', 'internal', 'Failure storing variable in memo', true),
  '300': row('Client', '300', 'forbidden', 'Access to service denied'),
} as const satisfies Record<string, FaultRow>;

export type FaultCode = keyof typeof faultRows;

export interface FaultOptions {
  /** Where, in words: `HTTP Header - SOAPAction`. */
  readonly location?: string;
  /** The validators' name of the rule, told in the description and in the access line. */
  readonly name?: string;
  readonly cause?: unknown;
}

/** A Problem that `faults` renders as this row. `Problem.code` is the rule's name, or the error code. */
export function fault(code: FaultCode, { location, name, cause }: FaultOptions = {}): Problem {
  const base: FaultRow = faultRows[code];
  const told = name === undefined ? base.description : `${base.description}: ${name}`;
  const found: ToldRow = { ...base, description: told, location: location ?? 'Not Supported' };
  return new Problem(base.kind, told, { code: name ?? code, row: found, cause });
}

/** The fault of a broken rule: 201 for shape, 300 for who sends, 101 for what nobody here takes. */
export function faultOf({ name, kind, location }: Failure): Problem {
  return fault(codeOfKind[kind], { name, location });
}

/** The policy in front of every SOAP and ebXML face: status 500 and a fault, exactly `text/xml`, length known. */
export const faults: Policy = problemsAs((problem: Problem, _exchange: Exchange) =>
  faultReply(problem),
);

/** The reply of a Problem. What bears no row of the catalogue gets the one that fits its kind. */
export function faultReply(problem: Problem): Reply {
  return {
    status: 500,
    headers: { ...problem.headers, 'content-type': faultType },
    body: Buffer.from(writeFault(soapFaultOf(problem))),
  };
}

/** The fault that a Problem is told as. */
export function soapFaultOf(problem: Problem): SoapFault {
  const { faultcode, errorCode, description, location } = toldRow(problem);
  const error = { codeContext, errorCode, severity: 'Error', location, description };
  return { faultcode, faultstring: 'Application Failure', errors: [error] };
}

/** A whole envelope with a fault in it. */
export function writeFault({ faultcode, faultstring, errors }: SoapFault): string {
  const detail = naspElement('errorList', errors.map(errorElement));
  const body = soapElement('Fault', [
    xmlElement('faultcode', [`SOAP:${faultcode}`]),
    xmlElement('faultstring', [xmlSafe(faultstring)]),
    xmlElement('detail', [detail]),
  ]);
  const envelope = soapElement('Envelope', [soapElement('Body', [body])]);
  return writeXml(envelope, { declaration: true });
}

/** The fault in a SOAP body, of whatever prefixes and namespaces of details; undefined where there is none. */
export function readFault(body: XmlElement): SoapFault | undefined {
  const found = childNamed(body, 'Fault', soapUri);
  if (!found) return undefined;
  const code = childText(found, 'faultcode');
  const detail = childNamed(found, 'detail');
  const list = detail && childElements(detail).find((one) => one.name === 'errorList');
  const errors = (list ? childElements(list) : []).filter((one) => one.name === 'error');
  return {
    faultcode: code.slice(code.lastIndexOf(':') + 1),
    faultstring: childText(found, 'faultstring'),
    errors: errors.map(readError),
  };
}

/** Whether a sender may try again: only when every error says so. */
export function isRetriable({ errors }: SoapFault): boolean {
  return errors.length > 0 && errors.every(({ errorCode }) => retriableCodes.has(errorCode));
}

interface ToldRow extends FaultRow {
  readonly location: string;
}

const codeContext = 'urn:nhs:names:error:tms';

const codeOfKind: Readonly<Record<FailureKind, FaultCode>> = {
  structure: '201',
  asid: '300',
  unsupported: '101',
};

const retriableCodes: ReadonlySet<string> = new Set(
  Object.values(faultRows)
    .filter(({ retriable }) => retriable)
    .map(({ errorCode }) => errorCode),
);

/** Kinds that others throw, in the words of the catalogue; all else is 200. */
const codeOfProblem: Partial<Record<ProblemKind, FaultCode>> = {
  ...{ invalid: '201', unprocessable: '201', 'too-large': '201', unsupported: '201' },
  ...{ unauthenticated: '300', forbidden: '300' },
  ...{ 'not-found': '101', 'method-not-allowed': '101', 'not-acceptable': '101' },
  ...{ upstream: '206', timeout: '206', unavailable: '206' },
};

function row(
  faultcode: FaultRow['faultcode'],
  errorCode: string,
  kind: ProblemKind,
  description: string,
  retriable = false,
): FaultRow {
  return { status: 500, faultcode, errorCode, kind, description, retriable };
}

function toldRow(problem: Problem): ToldRow {
  if (problem.row && 'faultcode' in problem.row) return problem.row as ToldRow; // only `fault` makes such rows
  const base: FaultRow = faultRows[codeOfProblem[problem.kind] ?? '200'];
  const description = base.description + toldName(problem, base);
  return { ...base, description, location: 'Not Supported' };
}

/** Who is refused by a certificate or a system is told by which rule: `ASID_CHECK_FAILED`, a name of ours. */
function toldName({ code = '' }: Problem, { errorCode }: FaultRow): string {
  return errorCode === '300' && /^[A-Z][A-Z_]{2,59}$/.test(code) ? `: ${code}` : '';
}

function errorElement(error: FaultError): XmlElement {
  return naspElement('error', [
    naspElement('codeContext', [error.codeContext]),
    naspElement('errorCode', [error.errorCode]),
    naspElement('severity', [error.severity]),
    naspElement('location', [xmlSafe(error.location)]),
    naspElement('description', [xmlSafe(error.description)]),
  ]);
}

function naspElement(name: string, children: readonly (XmlElement | string)[]): XmlElement {
  return xmlElement(name, children, { prefix: 'nasp', uri: naspUri });
}

function readError(element: XmlElement): FaultError {
  return {
    codeContext: childText(element, 'codeContext'),
    errorCode: childText(element, 'errorCode'),
    severity: childText(element, 'severity'),
    location: childText(element, 'location'),
    description: childText(element, 'description'),
  };
}

function childText(parent: XmlElement, name: string): string {
  const found = childNamed(parent, name);
  return found ? textOf(found).trim() : '';
}
