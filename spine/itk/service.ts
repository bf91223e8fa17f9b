/**
 * The face of the demographics mini-services: a SOAP envelope with a distribution envelope in it, answered in the same
 * exchange over the records that the other faces have. Owns the order of the checks: what is wrong with envelopes or with
 * who sends is a fault of the toolkit, which the edge in front renders; refusals by the records are answers (200).
 */
import type { Caller, Exchange, Handler } from '../../core/exchange.ts';
import type { Problem } from '../../core/problem.ts';
import type { XmlElement } from '../../core/xml.ts';
import type { Patients } from '../../fhir/pds/patients.ts';
import { itkOperationOf, itkUri, type ItkOperation } from '../interactions-itk.ts';
import { asidRefused, type LookUps } from '../mhs/look-ups.ts';
import { tellingRefusals } from '../mhs/told-refusals.ts';
import { at, attributeOf } from '../pds/elements.ts';
import { receiveSoap, uuidOf, type SoapEnvelope, type XmlReader } from '../soap/envelope.ts';
import { failure } from '../soap/failure.ts';
import { fault, faultOf } from '../soap/fault.ts';
import { readingOf, soapBody } from '../soap/request-body.ts';
import { answerTo, writeSoap } from '../soap/write-envelope.ts';
import {
  distributionFailures,
  readDistribution,
  writeDistribution,
  type Distribution,
} from './distribution.ts';
import { handleItkOperation } from './handle.ts';

export interface ItkServiceOptions {
  readonly patients: Patients;
  readonly lookUps: Pick<LookUps, 'system'>;
  readonly xml: XmlReader;
  /** The application behind a connection that calls as this system, if as one. @throws Problem when it is another's */
  readonly systemOf: (exchange: Exchange, asid: string | undefined) => Promise<Caller>;
  /** The view in which an exchange looks into the directory. */
  readonly viewOf: (exchange: Exchange) => string;
  /** The name of a practice by its ODS code, where the directory has it. */
  readonly practiceName: (odsCode: string, view: string) => Promise<string | undefined>;
  /** ODS code in whose name answers are sent. */
  readonly organisation: string;
  /** A new UUID. */
  readonly newId: () => string;
}

/** @returns the handler of one address, whatever stands below it in the path */
export function itkService(options: ItkServiceOptions): Handler {
  return tellingRefusals(async (exchange) => {
    if (exchange.method !== 'POST') throw fault('101', { location: 'HTTP method' });
    const bytes = await soapBody(exchange);
    const { trace } = exchange.facts;
    trace?.add('received', 'A request in SOAP came', { facts: { bytes: String(bytes.length) } });
    const soap = { ...readingOf(exchange), flavour: 'itk' as const };
    const envelope = await receiveSoap(options.xml, bytes, soap);
    const operation = knownOperation(exchange, envelope);
    exchange.facts.route = `POST ${operation.service}`;
    const asked = soundDistribution(envelope, operation);
    tellChecked(exchange, envelope, asked);
    const text = await answered(options, exchange, envelope, operation, asked);
    trace?.add('translated', 'The payload was asked of the records, and their answer told in one', {
      before: () => bytes.toString(),
      after: () => text,
    });
    trace?.add('answered', 'Answered in the same exchange', { facts: { status: '200' } });
    return {
      status: 200,
      headers: { 'content-type': 'text/xml; charset=utf-8' },
      body: Buffer.from(text),
    };
  });
}

async function answered(
  options: ItkServiceOptions,
  exchange: Exchange,
  envelope: SoapEnvelope,
  operation: ItkOperation,
  { payload, ...asked }: Asked,
): Promise<string> {
  const { patients, practiceName, newId, organisation, viewOf } = options;
  const { facts, workspace, log } = exchange;
  const caller = await callerOf(options, exchange, asked);
  facts.caller = caller;
  const requestId = uuidOf(envelope.messageId) ?? (envelope.messageId ?? '').slice(0, 100);
  facts.requestId = requestId;
  const answer = await handleItkOperation(operation, payload, {
    ...{ patients, newId, asking: { caller, workspace, requestId, facts } },
    practiceName: (odsCode) => practiceName(odsCode, viewOf(exchange)),
    refused({ level, kind }: Problem) {
      if (level !== 'info') log.log(level, 'a mini-service was answered with a refusal', { kind });
    },
  });
  const code = attributeOf(at(answer, 'value'), 'code') ?? '';
  facts.trace?.add('checked', 'The records have answered', { facts: { code } });
  const body = writeDistribution({
    ...{ service: operation.answerService, trackingId: newId().toUpperCase() },
    auditIdentity: `urn:nhs-uk:identity:ods:${organisation}:SMSP:PDS`,
    sender: `urn:nhs-uk:addressing:ods:${organisation}:SMSP`,
    ...{ payload: answer, payloadId: newId().toUpperCase() },
  });
  const parts = { messageId: newId(), interaction: operation.answerService, body };
  return writeSoap(answerTo(envelope, parts));
}

/** @throws Problem of fault 201 for a field that says another thing than the envelope, 101 for what is not answered here */
function knownOperation({ headers }: Exchange, { action = '' }: SoapEnvelope): ItkOperation {
  const told = (headers.soapaction ?? '').trim().replace(/^"(.*)"$/, '$1');
  if (told !== '' && told !== action)
    throw fault('201', { name: 'SOAP_ACTION_ERROR', location: 'HTTP Header - SOAPAction' });
  const operation = itkOperationOf(action);
  if (!operation) throw fault('101', { location: 'wsa:Action' });
  return operation;
}

/** What is asked, and in whose name. */
interface Asked extends Pick<Distribution, 'asid' | 'auditIdentity' | 'trackingId'> {
  readonly payload: XmlElement;
}

/** @throws Problem of fault 201 for the first broken rule of the distribution envelope */
function soundDistribution({ content }: SoapEnvelope, { service }: ItkOperation): Asked {
  if (content?.name !== 'DistributionEnvelope' || content.uri !== itkUri)
    throw fault('201', {
      name: 'MESSAGE_NOT_WELL_FORMED[itk.DistributionEnvelope]',
      location: 'SOAP Body',
    });
  const distribution = readDistribution(content);
  const [first] = distributionFailures(distribution, service);
  if (first) throw faultOf(first);
  const [payload] = distribution.payloads;
  if (!payload) throw faultOf(failure('MESSAGE_NOT_WELL_FORMED[itk.payloads]', 'itk:payloads'));
  const { asid, auditIdentity, trackingId } = distribution;
  return { asid, auditIdentity, trackingId, payload };
}

function tellChecked(
  { facts: { trace } }: Exchange,
  { messageId = '', action = '' }: SoapEnvelope,
  { trackingId = '', asid = '' }: Asked,
): void {
  trace?.named(uuidOf(messageId) ?? messageId, ...(trackingId === '' ? [] : [trackingId]));
  trace?.add(
    'checked',
    'The envelopes are sound: XML, addressing, one operation that is answered here, one payload',
    { facts: { service: action, messageId, trackingId, senderAsid: asid } },
  );
}

/**
 * The system that the audit identity names, or in a sandbox whoever it names, without one.
 * @throws Problem of fault 300 for a system that the directory does not have; what `systemOf` throws
 */
async function callerOf(
  { systemOf, lookUps, viewOf }: ItkServiceOptions,
  exchange: Exchange,
  { asid, auditIdentity }: Omit<Asked, 'payload'>,
): Promise<Caller> {
  const system = await systemOf(exchange, asid);
  if (asid !== undefined) {
    const known = await lookUps.system(asid, viewOf(exchange));
    if (!known) throw asidRefused('SENDER_ASID_UNKNOWN', 'itk:auditIdentity');
    const found = { senderParty: known.partyKey };
    exchange.facts.trace?.add('looked-up', 'The directory has the system', { facts: found });
  }
  return auditIdentity === undefined
    ? { ...system, mode: 'app' }
    : { ...system, mode: 'worker', userId: auditIdentity };
}
