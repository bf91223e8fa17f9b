/**
 * The published rules of SOAP requests, by flavour and with their names. Owns what is right in a header; envelope.ts reads
 * it.
 */
import type { XmlElement } from '../../core/xml.ts';
import { isUuid } from '../hl7v3/ids.ts';
import { failure, type Failure } from './failure.ts';
import { asidsOf, named } from './header-fields.ts';
import { wsa2004Uri, wsa2005Uri } from './soap-elements.ts';

/** What the rules look at; SoapEnvelope has all of it. */
export interface AddressedRequest {
  readonly flavour: 'spine' | 'itk';
  readonly header: XmlElement | undefined;
  readonly messageId: string | undefined;
  readonly action: string | undefined;
  readonly service: string;
  readonly interaction: string;
  readonly to: string | undefined;
  readonly content: XmlElement | undefined;
}

/** The rules that a request breaks, in the order of the header's elements. */
export function soapFailures(request: AddressedRequest): readonly Failure[] {
  const rules = request.flavour === 'itk' ? itkRules : spineRules;
  return rules.filter(({ holds }) => !holds(request)).map(({ broken }) => broken);
}

interface Rule {
  readonly broken: Failure;
  readonly holds: (request: AddressedRequest) => boolean;
}

const spineRules: readonly Rule[] = [
  {
    broken: failure('SOAP_MESSAGE_ID_ERROR', 'wsa:MessageID'),
    holds: ({ header, messageId = '' }) =>
      count(header, 'MessageID', wsa2004Uri) === 1 &&
      messageId.toLowerCase().startsWith('uuid:') &&
      isUuid(messageId.slice(5)),
  },
  {
    broken: failure('SOAP_ACTION_ERROR', 'wsa:Action'),
    holds: ({ header, service, interaction, action = '' }) =>
      count(header, 'Action', wsa2004Uri) === 1 &&
      action.includes('/') &&
      service !== '' &&
      interaction !== '',
  },
  {
    broken: failure('SOAP_TO_ERROR', 'wsa:To'),
    holds: ({ header, to = '' }) => count(header, 'To', wsa2004Uri) === 1 && to !== '',
  },
  {
    broken: failure('SOAP_COMM_FUNC_RCV_ERROR', 'hl7:communicationFunctionRcv', 'asid'),
    holds: ({ header }) => asidsOf(header, 'Rcv').length === 1,
  },
  {
    broken: failure('SOAP_COMM_FUNC_SND_ERROR', 'hl7:communicationFunctionSnd', 'asid'),
    holds: ({ header }) => asidsOf(header, 'Snd').length === 1,
  },
  {
    broken: failure('MESSAGE_NOT_WELL_FORMED[soapBodyChildCount]', 'SOAP Body'),
    holds: ({ content }) => content !== undefined,
  },
];

const itkRules: readonly Rule[] = [
  {
    broken: failure('SOAP_MESSAGE_ID_ERROR', 'wsa:MessageID'),
    holds: ({ header, messageId = '' }) =>
      count(header, 'MessageID', wsa2005Uri) === 1 && messageId !== '' && messageId.length <= 200,
  },
  {
    broken: failure('SOAP_ACTION_ERROR', 'wsa:Action'),
    holds: ({ header, action = '' }) => count(header, 'Action', wsa2005Uri) === 1 && action !== '',
  },
  {
    broken: failure('SOAP_TO_ERROR', 'wsa:To'),
    holds: ({ header }) => count(header, 'To', wsa2005Uri) === 1,
  },
  {
    broken: failure('MESSAGE_NOT_WELL_FORMED[soapBodyChildCount]', 'SOAP Body'),
    holds: ({ content }) => content !== undefined,
  },
];

function count(header: XmlElement | undefined, name: string, uri: string): number {
  return named(header, name, uri).length;
}
