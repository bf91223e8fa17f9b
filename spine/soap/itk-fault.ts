/**
 * SOAP faults of the Interoperability Toolkit, whose detail is its own. Owns the policy `itkFaults` and which of the
 * toolkit's codes a Problem gets: 1000 for what may be tried again, 2200 for who may not, 3000 for what is wrong with it.
 */
import type { Exchange, Policy, Reply } from '../../core/exchange.ts';
import { problemsAs } from '../../core/exchange.ts';
import type { Problem } from '../../core/problem.ts';
import { xmlAttribute, xmlElement, xmlnsUri } from '../../core/xml.ts';
import { writeXml, xmlSafe } from '../../core/xml-write.ts';
import { itkUri } from '../interactions-itk.ts';
import { faultType, soapFaultOf } from './fault.ts';
import { soapElement, soapUri, wsa2005Uri } from './soap-elements.ts';

/** The code system of toolkit errors. */
const itkErrorSystem = '2.16.840.1.113883.2.1.3.2.4.17.268';

/** The policy in front of toolkit faces: status 500, exactly `text/xml`. Ids of errors are asked of `newId`. */
export function itkFaults(newId: () => string): Policy {
  return problemsAs((problem: Problem, _exchange: Exchange) => itkFaultReply(problem, newId()));
}

/** The reply of a Problem; `id` is a UUID under which support finds it. */
export function itkFaultReply(problem: Problem, id: string): Reply {
  return {
    status: 500,
    headers: { ...problem.headers, 'content-type': faultType },
    body: Buffer.from(writeItkFault(problem, id)),
  };
}

const faultAction = `${wsa2005Uri}/soap/fault`;

function writeItkFault(problem: Problem, id: string): string {
  const { faultcode, errors } = soapFaultOf(problem);
  const itk = (name: string, text: string, attributes = [] as ReturnType<typeof xmlAttribute>[]) =>
    xmlElement(name, [xmlSafe(text)], { prefix: 'itk', uri: itkUri, attributes });
  const info = xmlElement(
    'ToolkitErrorInfo',
    [
      itk('ErrorID', `urn:uuid:${id}`),
      itk('ErrorCode', codeOf(problem), [xmlAttribute('codeSystem', itkErrorSystem)]),
      itk('ErrorText', 'The message was not processed'),
      itk('ErrorDiagnosticText', errors[0]?.description ?? problem.message),
    ],
    { prefix: 'itk', uri: itkUri },
  );
  const fault = soapElement('Fault', [
    xmlElement('faultcode', [`SOAP:${faultcode}`]),
    xmlElement('faultstring', [told(faultcode)]),
    xmlElement('detail', [info]),
  ]);
  const header = soapElement('Header', [
    xmlElement('MessageID', [id], { prefix: 'wsa', uri: wsa2005Uri }),
    xmlElement('Action', [faultAction], { prefix: 'wsa', uri: wsa2005Uri }),
  ]);
  const declared = [
    xmlAttribute('SOAP', soapUri, 'xmlns', xmlnsUri),
    xmlAttribute('wsa', wsa2005Uri, 'xmlns', xmlnsUri),
    xmlAttribute('itk', itkUri, 'xmlns', xmlnsUri),
  ];
  const envelope = soapElement('Envelope', [header, soapElement('Body', [fault])], declared);
  return writeXml(envelope, { declaration: true });
}

function told(faultcode: string): string {
  const whose = faultcode === 'Server' ? 'server' : 'client';
  return `A ${whose} related error has occurred, see detail element for further information`;
}

function codeOf({ kind }: Problem): string {
  if (kind === 'forbidden' || kind === 'unauthenticated') return '2200';
  return kind === 'internal' || tryAgain.has(kind) ? '1000' : '3000';
}

const tryAgain: ReadonlySet<string> = new Set(['upstream', 'unavailable', 'timeout', 'throttled']);
