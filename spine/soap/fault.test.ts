import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { Problem } from '../../core/problem.ts';
import { parseXml, usualXmlLimits } from '../../core/xml.ts';
import { readSoapLoosely } from './envelope.ts';
import { failure } from './failure.ts';
import {
  fault,
  faultOf,
  faultReply,
  isRetriable,
  soapFaultOf,
  writeFault,
  type FaultCode,
} from './fault.ts';
import { itkFaultReply } from './itk-fault.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/messages/soap/${name}`, import.meta.url), 'utf8');

describe('SOAP faults', () => {
  it('are status 500 and exactly text/xml, of known length', () => {
    const reply = faultReply(fault('300', { location: 'SOAP Header' }));
    assert.equal(reply.status, 500);
    assert.deepEqual(reply.headers, { 'content-type': 'text/xml' });
    assert.ok(Buffer.isBuffer(reply.body));
    assert.equal(`${reply.body.toString()}\n`, fixture('fault.xml'));
  });

  it('are read with other prefixes and the other namespace of details', () => {
    const read = readSoapLoosely(fixture('fault-other-prefixes.xml')).fault;
    assert.equal(read?.faultcode, 'Server');
    assert.deepEqual(
      read.errors.map(({ errorCode, location }) => [errorCode, location]),
      [
        ['200', 'ebxml'],
        ['206', ''],
      ],
    );
    assert.equal(isRetriable(read), true);
  });

  it('may be tried again only when every error says so', () => {
    const of = (...codes: FaultCode[]) => ({
      ...soapFaultOf(fault('200')),
      errors: codes.flatMap((code) => soapFaultOf(fault(code)).errors),
    });
    const answers = [of('200'), of('206', '208'), of('200', '201'), of('300'), of()].map(
      isRetriable,
    );
    assert.deepEqual(answers, [true, true, false, false, false]);
  });

  it('name the rule of a failure, and its kind decides the code', () => {
    const kinds = [
      [failure('SOAP_TO_ERROR', 'wsa:To'), '201', 'SOAP_TO_ERROR'],
      [failure('INCONSISTENT_COMM_FUNC_SND', 'x', 'asid'), '300', 'INCONSISTENT_COMM_FUNC_SND'],
      [failure('UNKNOWN', 'x', 'unsupported'), '101', 'UNKNOWN'],
    ] as const;
    for (const [one, errorCode, name] of kinds) {
      const [error] = soapFaultOf(faultOf(one)).errors;
      assert.equal(error?.errorCode, errorCode);
      assert.ok(error.description.endsWith(`: ${name}`));
      assert.equal(faultOf(one).code, name);
    }
  });

  it('are made of what others throw by its kind, and tell nothing of a failure within', () => {
    const codes = (
      ['invalid', 'forbidden', 'not-found', 'timeout', 'internal', 'throttled'] as const
    ).map((kind) => soapFaultOf(new Problem(kind, 'SECRET <b>')).errors[0]?.errorCode);
    assert.deepEqual(codes, ['201', '300', '101', '206', '200', '200']);
    const why = (code: string) =>
      soapFaultOf(new Problem('forbidden', 'SECRET', { code })).errors[0]?.description;
    assert.equal(why('ASID_CHECK_FAILED'), 'Access to service denied: ASID_CHECK_FAILED');
    assert.equal(why('not <a> name'), 'Access to service denied');
    const { body } = faultReply(Problem.from(new Error('SECRET')));
    assert.ok(Buffer.isBuffer(body) && !body.includes('SECRET'));
  });

  it('hold any text as text', () => {
    const odd = { ...soapFaultOf(fault('200')), faultstring: '<a>&\u0000' };
    const root = parseXml(writeFault(odd), usualXmlLimits);
    assert.equal(readSoapLoosely(writeFault(odd)).fault?.faultstring, '<a>&?');
    assert.equal(root.name, 'Envelope');
  });

  it('have the detail of the toolkit on its faces', () => {
    const told = (problem: Problem) => {
      const { status, headers, body } = itkFaultReply(problem, '0E7E5D63');
      assert.deepEqual([status, headers], [500, { 'content-type': 'text/xml' }]);
      assert.ok(Buffer.isBuffer(body));
      const text = body.toString();
      assert.equal(readSoapLoosely(text).action, 'http://www.w3.org/2005/08/addressing/soap/fault');
      assert.match(text, /<itk:ErrorID>urn:uuid:0E7E5D63<\/itk:ErrorID>/);
      return /17\.268">(\d+)</.exec(text)?.[1];
    };
    assert.equal(told(fault('201', { name: 'SOAP_TO_ERROR' })), '3000');
    assert.equal(told(fault('300')), '2200');
    assert.equal(told(new Problem('unavailable', 'x')), '1000');
    assert.equal(told(Problem.from(new Error('x'))), '1000');
  });
});
