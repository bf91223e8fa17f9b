/**
 * Refusals as SOAP faults: of version 1.2 for a request in its media type, else of 1.1. The detail names kind, code and the
 * gateway's message id.
 */
import type { Problem, ProblemKind } from '../../../core/problem.ts';
import { xmlAttribute, xmlElement, type XmlElement } from '../../../core/xml.ts';
import { writeXml, xmlSafe } from '../../../core/xml-write.ts';
import type { FaultForm } from './form.ts';

export const soapFault: FaultForm = (problem, { headers }, messageId) => {
  const newer = headers['content-type']?.trim().toLowerCase().startsWith('application/soap+xml');
  const { version, type, statusOf } = newer === true ? soap12 : soap11;
  const status = ofHttp.has(problem.kind) ? problem.status : statusOf(problem);
  return { status, type, body: version(problem, detailOf(problem, messageId)) };
};

/**
 * Kinds that HTTP itself speaks of, with fields of their own (WWW-Authenticate, Allow, Retry-After): they keep their status.
 * The others are failures to process the message, whose status SOAP gives.
 */
const ofHttp: ReadonlySet<ProblemKind> = new Set<ProblemKind>([
  'unauthenticated',
  'forbidden',
  'not-found',
  'method-not-allowed',
  'not-acceptable',
  'too-slow',
  'gone',
  'too-large',
  'unsupported',
  'throttled',
  'upstream',
  'unavailable',
  'timeout',
]);

interface Version {
  readonly version: (problem: Problem, detail: XmlElement) => string;
  readonly type: string;
  readonly statusOf: (problem: Problem) => number;
}

const uri11 = 'http://schemas.xmlsoap.org/soap/envelope/';
const uri12 = 'http://www.w3.org/2003/05/soap-envelope';

/** SOAP 1.1 4.4 and 6.2. Deployed readers compare the media type letter by letter: no parameter. */
const soap11: Version = {
  type: 'text/xml',
  statusOf: () => 500,
  version: (problem, detail) => {
    const side = isOfSender(problem) ? 'Client' : 'Server';
    return envelope(uri11, [
      xmlElement('faultcode', [`soap:${side}`]),
      xmlElement('faultstring', [xmlSafe(problem.message)]),
      xmlElement('detail', [detail]),
    ]);
  },
};

/** SOAP 1.2 part 1 5.4, part 2 7.5.2. */
const soap12: Version = {
  type: 'application/soap+xml',
  statusOf: (problem) => (isOfSender(problem) ? 400 : 500),
  version: (problem, detail) => {
    const side = isOfSender(problem) ? 'Sender' : 'Receiver';
    const lang = xmlAttribute('lang', 'en', 'xml', 'http://www.w3.org/XML/1998/namespace');
    const text = { ...soapName(uri12), attributes: [lang] };
    return envelope(uri12, [
      xmlElement('Code', [xmlElement('Value', [`soap:${side}`], soapName(uri12))], soapName(uri12)),
      xmlElement('Reason', [xmlElement('Text', [xmlSafe(problem.message)], text)], soapName(uri12)),
      xmlElement('Detail', [detail], soapName(uri12)),
    ]);
  },
};

function soapName(uri: string): { prefix: string; uri: string } {
  return { prefix: 'soap', uri };
}

function envelope(uri: string, fault: readonly XmlElement[]): string {
  const body = xmlElement('Body', [xmlElement('Fault', fault, soapName(uri))], soapName(uri));
  return writeXml(xmlElement('Envelope', [body], soapName(uri)), { declaration: true });
}

/** A message that is refused only for now is not the sender's mistake. */
function isOfSender({ kind, status }: Problem): boolean {
  return status < 500 && kind !== 'throttled';
}

function detailOf({ kind, code }: Problem, messageId: string): XmlElement {
  const uri = 'urn:gatehouse:fault';
  const members = { kind, ...(code === undefined ? {} : { code }), messageId };
  const children = Object.entries(members).map(([name, value]) =>
    xmlElement(name, [xmlSafe(value)], { uri }),
  );
  return xmlElement('fault', children, { uri });
}
