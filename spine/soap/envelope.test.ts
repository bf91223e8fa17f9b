import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { Problem } from '../../core/problem.ts';
import { readXml, xmlElement } from '../../core/xml.ts';
import { readControlAct } from '../hl7v3/control-act.ts';
import { inconsistencies, interactionIn, readTransmission } from '../hl7v3/wrapper.ts';
import { hl7 } from '../hl7v3/datatypes.ts';
import { readSoap, readSoapLoosely, receiveSoap, uuidOf } from './envelope.ts';
import { faultReply } from './fault.ts';
import { answerTo, writeSoap } from './write-envelope.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/messages/soap/${name}`, import.meta.url), 'utf8');
const request = fixture('retrieval-request.xml');
const toolkit = fixture('toolkit-request.xml');

const refused =
  (name: string, errorCode = '201') =>
  (error: unknown) => {
    assert.ok(error instanceof Problem, String(error));
    assert.equal(error.code, name);
    const { status, body } = faultReply(error);
    assert.equal(status, 500);
    assert.ok(Buffer.isBuffer(body));
    assert.match(body.toString(), new RegExp(`<nasp:errorCode>${errorCode}</nasp:errorCode>`));
    return true;
  };

/** The request with one text in the place of another. */
function changed(from: string | RegExp, to: string): string {
  const text = request.replace(from, to);
  assert.notEqual(text, request);
  return text;
}

describe('SOAP envelopes of Spine', () => {
  it('are read with any prefixes', () => {
    const { body, header, content, fault, ...read } = readSoap(request);
    assert.deepEqual(read, {
      flavour: 'spine',
      action: 'urn:nhs:names:services:pdsquery/QUPA_IN000008UK02',
      service: 'urn:nhs:names:services:pdsquery',
      interaction: 'QUPA_IN000008UK02',
      messageId: 'uuid:6E0C2A54-63F1-4B7E-8C66-0B1B0F6D1001',
      to: 'https://spine.test/sync-service',
      from: 'https://client.test/reply',
      replyTo: 'https://client.test/reply',
      relatesTo: undefined,
      senderAsid: '200000000115',
      receiverAsid: '928942012545',
      username: undefined,
    });
    assert.ok(header && !fault);
    assert.equal(content?.name, 'QUPA_IN000008UK02');
    assert.equal(interactionIn(body), content);
  });

  it('agree with the message in them, or the difference is told', () => {
    const envelope = readSoap(request);
    const message = readTransmission(envelope.content ?? envelope.body);
    assert.deepEqual(inconsistencies(message, envelope), []);
    const other = { interaction: 'QUPA_IN000005UK01', senderAsid: '1', receiverAsid: '2' };
    assert.deepEqual(
      inconsistencies(message, other).map(({ name, kind }) => [name, kind]),
      [
        ['INCONSISTENT_HL7_INTERACTION_ID', 'structure'],
        ['INCONSISTENT_COMM_FUNC_RCV', 'asid'],
        ['INCONSISTENT_COMM_FUNC_SND', 'asid'],
      ],
    );
  });

  it('are refused by the first rule that they break', () => {
    const rcv = /<v3:communicationFunctionRcv>.*<\/v3:communicationFunctionRcv>/;
    const cases: readonly (readonly [string, string, string?])[] = [
      [changed(/<a:MessageID>.*<\/a:MessageID>/, ''), 'SOAP_MESSAGE_ID_ERROR'],
      [changed('uuid:6E', '6E'), 'SOAP_MESSAGE_ID_ERROR'],
      [changed('uuid:6E', 'uuid:{6E'), 'SOAP_MESSAGE_ID_ERROR'],
      [changed('uuid:6E0C2A54-', 'uuid:6E0C2A54_'), 'SOAP_MESSAGE_ID_ERROR'],
      [changed('ws/2004/08/addressing', 'ws/2004/03/addressing'), 'SOAP_MESSAGE_ID_ERROR'],
      [changed('pdsquery/QUPA', 'pdsquery:QUPA'), 'SOAP_ACTION_ERROR'],
      [changed('<a:To>', '<a:Action>x:y/z</a:Action><a:To>'), 'SOAP_ACTION_ERROR'],
      [changed(/<a:Action>.*<\/a:Action>/, ''), 'SOAP_ACTION_ERROR'],
      [changed('https://spine.test/sync-service', ' '), 'SOAP_TO_ERROR'],
      [changed(rcv, ''), 'SOAP_COMM_FUNC_RCV_ERROR', '300'],
      [changed('extension="928942012545"', 'extension=""'), 'SOAP_COMM_FUNC_RCV_ERROR', '300'],
      [
        changed('root="1.2.826.0.1285.0.2.0.107"/></v3', 'root="1.2"/></v3'),
        'SOAP_COMM_FUNC_SND_ERROR',
        '300',
      ],
      [
        changed('xmlns:v3="urn:hl7-org:v3"', 'xmlns:v3="urn:hl7-org:v2"'),
        'SOAP_COMM_FUNC_RCV_ERROR',
        '300',
      ],
      [
        changed('</SOAP-ENV:Body>', '<x/></SOAP-ENV:Body>'),
        'MESSAGE_NOT_WELL_FORMED[soapBodyChildCount]',
      ],
    ];
    for (const [text, name, errorCode] of cases)
      assert.throws(() => readSoap(text), refused(name, errorCode), name);
  });

  it('are refused when they are not one header and one body of SOAP 1.1', () => {
    const header = /<SOAP-ENV:Header>[^]*<\/SOAP-ENV:Header>/;
    const cases: readonly (readonly [string, string])[] = [
      [changed(header, ''), 'soapHeaderCount'],
      [changed('</SOAP-ENV:Header>', '</SOAP-ENV:Header><SOAP-ENV:Header/>'), 'soapHeaderCount'],
      [changed('</SOAP-ENV:Body>', '</SOAP-ENV:Body><SOAP-ENV:Body/>'), 'soapBodyCount'],
      [
        changed('schemas.xmlsoap.org/soap/envelope', 'www.w3.org/2003/05/soap-envelope'),
        'soapEnvelope',
      ],
      ['<Envelope/>', 'soapEnvelope'],
    ];
    for (const [text, reason] of cases)
      assert.throws(() => readSoap(text), refused(`MESSAGE_NOT_WELL_FORMED[${reason}]`), reason);
  });

  it('are refused for XML that is hostile or broken, and nothing of it is told', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['<!DOCTYPE a [<!ENTITY b "SECRET">]><a>&b;</a>', 'doctype'],
      ['<!DOCTYPE a SYSTEM "file:///SECRET"><a/>', 'doctype'],
      [changed('<v3:communicationFunctionRcv>', '&SECRET;<v3:communicationFunctionRcv>'), 'entity'],
      ['<a>'.repeat(10_000), 'depth'],
      [changed('</a:To>', '</SECRET>'), 'syntax'],
      [changed('xmlns:a=', 'xmlns:b='), 'namespace'],
      [request.slice(0, 500), 'syntax'],
      ['', 'syntax'],
    ];
    for (const [text, kind] of cases)
      assert.throws(
        () => readSoap(text),
        (error) =>
          refused(`MESSAGE_NOT_WELL_FORMED[xml.${kind}]`)(error) &&
          !JSON.stringify(error).includes('SECRET'),
        kind,
      );
    assert.throws(
      () => readSoap(Buffer.from([0x3c, 0xff])),
      refused('MESSAGE_NOT_WELL_FORMED[xml.encoding]'),
    );
  });

  it('are read by the thread of large parts too', async () => {
    const reader = { read: (bytes: Buffer) => readXml(bytes, { ...limits }) };
    const limits = { size: 1e6, depth: 100, nodes: 1000, attributes: 50, value: 1000 };
    assert.equal((await receiveSoap(reader, Buffer.from(request))).senderAsid, '200000000115');
    await assert.rejects(
      receiveSoap(reader, Buffer.from(changed('uuid:6E', '6E'))),
      refused('SOAP_MESSAGE_ID_ERROR'),
    );
    await assert.rejects(
      receiveSoap(reader, Buffer.from('<a')),
      refused('MESSAGE_NOT_WELL_FORMED[xml.syntax]'),
    );
  });

  it('are answered with sender and receiver turned round', () => {
    const answer = answerTo(readSoap(request), {
      messageId: '6e0c2a54-63f1-4b7e-8c66-0b1b0f6d1002',
      interaction: 'QUPA_IN000009UK03',
      body: hl7('retrievalQueryResponse', {}, [hl7('QUPA_IN000009UK03', { a: '<&>' })]),
    });
    assert.equal(`${writeSoap(answer)}\n`, fixture('retrieval-answer.xml'));
    const { relatesTo, senderAsid, receiverAsid, action, to, from } = readSoap(writeSoap(answer));
    assert.deepEqual(
      [relatesTo, senderAsid, receiverAsid, action, to, from],
      [
        'uuid:6E0C2A54-63F1-4B7E-8C66-0B1B0F6D1001',
        ...['928942012545', '200000000115'],
        'urn:nhs:names:services:pdsquery/QUPA_IN000009UK03',
        ...['https://client.test/reply', 'https://spine.test/sync-service'],
      ],
    );
  });

  it('leave the address of an answer empty when the request gave none', () => {
    const bare = changed(/<a:From>.*<\/a:From>/, '').replace(/<a:ReplyTo>.*<\/a:ReplyTo>/, '');
    const answer = answerTo(readSoap(bare), { messageId: 'x', interaction: 'y', body: hl7('y') });
    assert.match(writeSoap(answer), /<wsa:To\/><wsa:From>/);
  });

  it('tell what they answer where simulators put it', () => {
    const odd = changed(
      '<a:ReplyTo><a:Address>https://client.test/reply',
      '<a:ReplyTo><a:Address>uuid:1',
    );
    assert.equal(readSoapLoosely(odd).relatesTo, 'uuid:1');
    assert.equal(uuidOf('urn:uuid:6e0c2a54-63f1-4b7e-8c66-0b1b0f6d1002')?.slice(0, 8), '6E0C2A54');
    assert.equal(uuidOf('uuid:6e0c'), undefined);
  });

  it('are requests that are read as they were written', () => {
    const text = writeSoap({
      messageId: '6e0c2a54-63f1-4b7e-8c66-0b1b0f6d1002',
      action: 'urn:nhs:names:services:pdsquery/QUPA_IN000005UK01',
      to: 'https://spine.test/a?b&c',
      ...{ senderAsid: '1', receiverAsid: '2', body: hl7('QUPA_IN000005UK01') },
    });
    const { to, messageId, replyTo, content } = readSoap(text);
    assert.deepEqual(
      [to, messageId, replyTo, content?.name],
      [
        'https://spine.test/a?b&c',
        'uuid:6E0C2A54-63F1-4B7E-8C66-0B1B0F6D1002',
        undefined,
        'QUPA_IN000005UK01',
      ],
    );
    assert.match(text, /<hl7:device><hl7:id root=/);
  });

  it('tell the user, the system and the query of a request', () => {
    const { controlAct } = readTransmission(readSoap(request).content ?? xmlElement('none'));
    const act = readControlAct(controlAct ?? xmlElement('none'));
    assert.deepEqual(act.author, {
      ...{ roleProfileId: '555254239107', userId: '555254240100' },
      jobRole: 'S8000:G8000:R8001',
    });
    assert.deepEqual(act.systems, ['200000000115']);
  });

  it('refuse or read whatever they get, and throw nothing else', () => {
    const edit = fc.tuple(fc.nat(request.length), fc.nat(40), fc.string({ maxLength: 12 }));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let text = request;
        for (const [at, gone, put] of edits) text = text.slice(0, at) + put + text.slice(at + gone);
        try {
          readSoap(Buffer.from(text));
        } catch (error) {
          assert.ok(error instanceof Problem && error.status === 500, String(error));
        }
      }),
      { numRuns: 200, seed: 6 },
    );
  });
});

describe('SOAP envelopes of the toolkit', () => {
  it('are read in the later addressing', () => {
    const { flavour, messageId, service, interaction, username, content } = readSoap(toolkit);
    assert.deepEqual(
      [flavour, messageId, service, interaction, username, content?.name],
      [
        ...['itk', '0E7E5D63-2A5C-4B0A-A6D6-2E4E8D0F2001'],
        'urn:nhs-itk:services:201005:verifyNHSNumber-v1-0',
        ...['verifyNHSNumber-v1-0', 'ward-client', 'DistributionEnvelope'],
      ],
    );
  });

  it('are refused at a face of Spine, and by their own rules', () => {
    assert.throws(() => readSoap(toolkit, { flavour: 'spine' }), refused('SOAP_MESSAGE_ID_ERROR'));
    const cases: readonly (readonly [RegExp, string])[] = [
      [/<wsa:MessageID>.*<\/wsa:MessageID>/, 'SOAP_MESSAGE_ID_ERROR'],
      [/<wsa:Action>.*<\/wsa:Action>/, 'SOAP_ACTION_ERROR'],
      [/<wsa:To>.*<\/wsa:To>/, 'SOAP_TO_ERROR'],
      [/<itk:Dist.*\/>/, 'MESSAGE_NOT_WELL_FORMED[soapBodyChildCount]'],
    ];
    for (const [from, name] of cases)
      assert.throws(() => readSoap(toolkit.replace(from, '')), refused(name), name);
  });

  it('are answered in it, and bear their security when they ask', () => {
    const body = xmlElement('DistributionEnvelope', [], { uri: 'urn:nhs-itk:ns:201005' });
    const answerService = 'urn:nhs-itk:services:201005:verifyNHSNumber-v1-0Response';
    const messageId = '0E7E5D63-2A5C-4B0A-A6D6-2E4E8D0F2002';
    const answer = writeSoap(
      answerTo(readSoap(toolkit), { messageId, interaction: answerService, body }),
    );
    const read = readSoap(answer);
    assert.deepEqual(
      [read.action, read.relatesTo, read.to, read.messageId],
      [
        answerService,
        '0E7E5D63-2A5C-4B0A-A6D6-2E4E8D0F2001',
        'https://client.test/reply',
        messageId,
      ],
    );
    const security = {
      username: 'u',
      created: '2026-03-01T10:15:00Z',
      expires: '2026-03-01T10:20:00Z',
    };
    const asked = { flavour: 'itk', messageId, action: 'a:b', to: 'c', body, security } as const;
    assert.equal(readSoap(writeSoap(asked)).username, 'u');
  });
});
