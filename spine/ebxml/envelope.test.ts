import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { before, describe, it } from 'mocha';
import { Problem } from '../../core/problem.ts';
import { contractOfPattern, endPartyContract, type Pattern } from '../interactions-contract.ts';
import { failure } from '../soap/failure.ts';
import { writeAcknowledgment } from './acknowledgement.ts';
import { readAttachmentDescription, writeAttachmentDescription } from './attachment-description.ts';
import { contractFailures, partFailures } from './contract-checks.ts';
import { ebxmlFailures, isExpired } from './envelope-checks.ts';
import { kindOf, readEbxml, sameMessageId } from './envelope.ts';
import {
  deliveryFailure,
  errorOf,
  expired,
  noContract,
  partyErrors,
  unknownCpa,
  writeMessageError,
} from './message-error.ts';
import { openMessage } from './multipart.ts';
import { payloadReference, writeEbxml } from './write-envelope.ts';

const url = (name: string) => new URL(`../../fixtures/messages/ebxml/${name}`, import.meta.url);

async function envelopeIn(name: string, boundary: string): Promise<string> {
  const body = Readable.from([readFileSync(url(name))]);
  const message = openMessage(body, `multipart/related; boundary="${boundary}"`);
  return (await message.first()).envelope.content.toString();
}

const signal = {
  messageId: '2D1E7B63-6E6A-4B47-8A77-7C2B4A3D3002',
  timestamp: '2026-03-01T10:15:01Z',
};

describe('ebXML envelopes', () => {
  let request = '';
  let forward = '';
  before(async () => {
    request = await envelopeIn('reliable-request.mime', '--=_MIME-Boundary');
    forward = await envelopeIn(
      'forward-with-attachments.mime',
      '6D0C4B0A-10F2-47A6-8F9E-0A2E6B8A4000',
    );
  });
  const changed = (from: string | RegExp, to: string) => {
    const text = request.replace(from, to);
    assert.notEqual(text, request);
    return readEbxml(text);
  };
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

  it('tell parties, contract, conversation and message', () => {
    const { header, references, ackRequested, syncReply, ...read } = readEbxml(request);
    assert.deepEqual(read, {
      ...{ version: '2.0', fromParty: 'A20047-0000001', toParty: 'YES-0000806' },
      fromPartyType: 'urn:nhs:names:partyType:ocs+serviceInstance',
      toPartyType: 'urn:nhs:names:partyType:ocs+serviceInstance',
      ...{ cpaId: 'S20001A000168', conversationId: '1C0D6A52-5D59-4A36-9F6B-6A1B3F2C3001' },
      ...{ service: 'urn:nhs:names:services:pds', action: 'PRPA_IN000203UK03' },
      messageId: '1C0D6A52-5D59-4A36-9F6B-6A1B3F2C3001',
      ...{ timestamp: '2026-03-01T10:15:00.123Z', timeToLive: '2026-03-01T10:20:00Z' },
      ...{ refToMessageId: undefined, duplicateElimination: true, manifestVersion: '2.0' },
      ...{ acknowledgment: undefined, errors: undefined, fault: undefined },
    });
    assert.ok(header && ackRequested && syncReply);
    assert.equal(references[0]?.isPayload, true);
    assert.equal(kindOf(readEbxml(request)), 'message');
    assert.deepEqual(ebxmlFailures(readEbxml(request)), []);
  });

  it('refer to parts, and to contents in other messages', () => {
    const { references } = readEbxml(forward);
    assert.deepEqual(
      references.map(({ scheme, target, id }) => [scheme, target, id]),
      [
        ['cid', 'Content1@gp.test/Record/1', ''],
        ['cid', 'Attachment1@gp.test', '_5B1C'],
        ['cid', 'Attachment2@gp.test', ''],
        ['mid', '9E8D7C6B-5A49-4838-A726-150413024003', '_77AA'],
      ],
    );
    assert.deepEqual(
      references.map(({ description }) => readAttachmentDescription(description)),
      [
        undefined,
        {
          ...{ filename: 'ward letter.txt', contentType: 'text/plain', compressed: false },
          ...{ largeAttachment: false, originalBase64: true, length: 25 },
          domainData: 'X-GP2GP-Skeleton: Yes',
        },
        undefined,
        {
          ...{ filename: 'scan.tif', contentType: 'image/tiff', compressed: true },
          ...{ largeAttachment: true, originalBase64: false, length: undefined },
          domainData: undefined,
        },
      ],
    );
    const told = readAttachmentDescription(references[1]?.description ?? '');
    assert.ok(told);
    assert.deepEqual(readAttachmentDescription(writeAttachmentDescription(told)), told);
    const ids = ['content1@gp.test/record/1', 'Attachment1@gp.test', 'Attachment2@gp.test'];
    assert.deepEqual(partFailures(readEbxml(forward), ids), []);
    assert.deepEqual(names(partFailures(readEbxml(forward), ids.slice(1))), [
      'INVALID_MANIFEST_REFERENCE',
    ]);
  });

  it('are refused for each thing that is missing or comes twice', () => {
    const cases: readonly (readonly [string | RegExp, string, string])[] = [
      [/<eb:From>.*<\/eb:From>/, '', 'From/PartyId'],
      [/YES-0000806/, ' ', 'To/PartyId'],
      [/<eb:CPAId>.*<\/eb:CPAId>/, '', 'CPAId'],
      [/<eb:ConversationId>.*<\/eb:ConversationId>/, '<eb:ConversationId/>', 'ConversationId'],
      [/<eb:Service>/, '<eb:Service>a</eb:Service><eb:Service>', 'Service'],
      [/PRPA_IN000203UK03<\/eb:Action>/, '</eb:Action>', 'Action'],
      [/<eb:MessageId>.*<\/eb:MessageId>/, '', 'MessageData/MessageId'],
      [/<eb:MessageId>1/, `<eb:MessageId>${'1'.repeat(300)}`, 'MessageData/MessageId'],
      [/<eb:Timestamp>.*<\/eb:Timestamp>/, '', 'MessageData/Timestamp'],
      [/eb:MessageHeader/g, 'eb:Header', 'MessageHeader'],
      [/oasis-open.org\/committees/, 'oasis-open.test/committees', 'MessageHeader'],
    ];
    for (const [from, to, name] of cases)
      assert.deepEqual(
        names(ebxmlFailures(changed(from, to))),
        [`MESSAGE_NOT_WELL_FORMED[ebXMLSchema.${name}]`],
        name,
      );
    assert.deepEqual(names(ebxmlFailures(changed(/"2.0">\s*<eb:From>/, '"1.0"><eb:From>'))), [
      'INVALID_MESSAGE_HEADER_VERSION',
    ]);
  });

  it('are judged by the contract of their pattern', () => {
    const rules = (pattern: Pattern) => ({
      contract: contractOfPattern(pattern),
      isForwarded: pattern.startsWith('forward'),
    });
    const of = (pattern: Pattern, text = request) =>
      names(contractFailures(readEbxml(text), rules(pattern)));
    const [duplicates, acks, syncs] = [
      'DUPLICATE_ELIMINATION_INCONSISTENT_WITH_CONTRACT',
      'ACK_REQUESTED_INCONSISTENT_WITH_CONTRACT',
      'SYNCREPLY_INCONSISTENT_WITH_CONTRACT',
    ] as const;
    assert.deepEqual(of('async-reliable'), []);
    assert.deepEqual(of('async-express'), [duplicates, acks]);
    assert.deepEqual(of('forward-reliable'), ['ACK_REQUESTED_ACTOR_INVALID', syncs]);
    assert.deepEqual(of('forward-express'), [acks, syncs]);
    assert.deepEqual(of('forward-reliable', forward), []);
    assert.deepEqual(of('async-reliable', forward), [
      ...['ACK_REQUESTED_ACTOR_INVALID', syncs, 'INVALID_MANIFEST_REFERENCE'],
    ]);
    const endParty = { contract: endPartyContract, isForwarded: true };
    assert.deepEqual(names(contractFailures(readEbxml(forward), endParty)), [
      'ACK_REQUESTED_ACTOR_INVALID',
    ]);
  });

  it('have each element of reliability as it must be', () => {
    const rules = { contract: contractOfPattern('async-reliable'), isForwarded: false };
    const cases: readonly (readonly [string | RegExp, string, string])[] = [
      [/<eb:DuplicateElimination>.*>/, '', 'DUPLICATE_ELIMINATION_INCONSISTENT_WITH_CONTRACT'],
      [/<eb:AckRequested.*>/, '', 'ACK_REQUESTED_INCONSISTENT_WITH_CONTRACT'],
      [/(<eb:AckRequested.*>)/, '$1$1', 'ACK_REQUESTED_INCONSISTENT_WITH_CONTRACT'],
      [/(<eb:AckRequested.*)"2.0"/, '$1"3.0"', 'ACK_REQUESTED_VERSION_INVALID'],
      [/signed="false"/, 'signed="true"', 'ACK_REQUESTED_SIGNED_INVALID'],
      [/actor:toPartyMSH/, 'actor:other', 'ACK_REQUESTED_ACTOR_INVALID'],
      [/<eb:SyncReply.*>/, '', 'SYNCREPLY_INCONSISTENT_WITH_CONTRACT'],
      [/(<eb:SyncReply.*)"2.0"/, '$1""', 'SYNCREPLY_VERSION_INVALID'],
      [/soap\/actor\/next/, 'soap/actor/last', 'SYNCREPLY_ACTOR_INVALID'],
      [/"cid:1c.*?"/, '"cid:"', 'INVALID_MANIFEST_REFERENCE'],
      [/"cid:1c/, '"mid:1c', 'INVALID_MANIFEST_REFERENCE'],
      [/<eb:Manifest[^]*<\/eb:Manifest>/, '', 'INVALID_MANIFEST_REFERENCE'],
      [/(<eb:Manifest.*)"2.0"/, '$1"1.0"', 'INVALID_MANIFEST_REFERENCE'],
    ];
    for (const [from, to, name] of cases)
      assert.deepEqual(names(contractFailures(changed(from, to), rules)), [name], String(from));
  });

  it('are over when their time to live is', () => {
    const read = readEbxml(request);
    assert.equal(isExpired(read, Date.UTC(2026, 2, 1, 10, 20, 0)), false);
    assert.equal(isExpired(read, Date.UTC(2026, 2, 1, 10, 20, 1)), true);
    assert.equal(isExpired(readEbxml(forward), 1e15), false);
  });

  it('are written as each pattern wants them', () => {
    const parts = {
      ...{ fromParty: 'YES-0000806', toParty: 'A&B-1', cpaId: 'S1', conversationId: 'C1' },
      ...{ service: 'urn:nhs:names:services:pdsquery', action: 'QUPA_IN000011UK02' },
      ...{ messageId: 'M1', timestamp: '2026-03-01T10:15:01Z', refToMessageId: 'R1' },
      references: [
        payloadReference('M1', 'QUPA_IN000011UK02'),
        { scheme: 'mid', target: 'M2', id: '_1', description: 'Filename="a"' } as const,
      ],
    };
    for (const pattern of [
      'async-express',
      'async-reliable',
      'forward-reliable',
      'forward-express',
    ] as const) {
      const contract = contractOfPattern(pattern);
      const read = readEbxml(writeEbxml({ ...parts, contract }));
      assert.deepEqual(ebxmlFailures(read), []);
      assert.deepEqual(contractFailures(read, { contract, isForwarded: true }), [], pattern);
      assert.deepEqual(
        [read.toParty, read.refToMessageId, read.timeToLive],
        ['A&B-1', 'R1', undefined],
      );
      assert.deepEqual(
        read.references.map(({ target }) => target),
        ['M1@spine.nhs.uk', 'M2'],
      );
    }
    const contract = contractOfPattern('async-express');
    const mine = writeEbxml({ ...parts, contract });
    assert.match(
      mine,
      /<eb:Schema eb:location="urn:hl7-org:v3_QUPA_IN000011UK02.xsd" eb:version="02"\/>/,
    );
    assert.match(mine, /<eb:Manifest eb:version="2.0">/);
    const client = writeEbxml({ ...parts, contract, style: 'client' });
    assert.match(client, /nhsia\.nhs\.uk\/schemas\/HL7-Message\.xsd" eb:version="1\.0"/);
    assert.match(client, /<eb:Manifest SOAP:mustUnderstand="1" eb:version="2.0">/);
  });

  it('are acknowledged to their sender, with their own actor', () => {
    const text = writeAcknowledgment(readEbxml(request), signal);
    assert.equal(`${text}\n`, readFileSync(url('acknowledgment.xml'), 'utf8'));
    const read = readEbxml(text);
    assert.equal(kindOf(read), 'acknowledgment');
    assert.deepEqual(ebxmlFailures(read), []);
    assert.deepEqual(
      [read.fromParty, read.toParty, read.conversationId],
      [...['YES-0000806', 'A20047-0000001', '1C0D6A52-5D59-4A36-9F6B-6A1B3F2C3001']],
    );
    assert.ok(
      sameMessageId(read.acknowledgment?.refToMessageId, '1c0d6a52-5d59-4a36-9f6b-6a1b3f2c3001'),
    );
    assert.equal(sameMessageId(undefined, undefined), false);
    const next = readEbxml(writeAcknowledgment(readEbxml(forward), signal));
    assert.equal(next.acknowledgment?.actor, 'urn:oasis:names:tc:ebxml-msg:actor:nextMSH');
    const broken = readEbxml(
      text.replace(
        /<eb:RefToMessageId>[^<]*(?=<\/eb:RefToMessageId><eb:From>)/,
        '<eb:RefToMessageId>X',
      ),
    );
    assert.deepEqual(names(ebxmlFailures(broken)), ['EBXML_ACK_INVALID']);
    const bare = readEbxml(text.replace(/<eb:Acknowledgment [^]*<\/eb:Acknowledgment>/, ''));
    assert.deepEqual(names(ebxmlFailures(bare)), ['EBXML_ACK_INVALID']);
  });

  it('are answered by errors of the catalogue', () => {
    const errors = [unknownCpa, noContract, expired, deliveryFailure('Y90002-820002')];
    const text = writeMessageError(readEbxml(request), errors, signal);
    const one = writeMessageError(readEbxml(request), [unknownCpa], signal);
    assert.equal(`${one}\n`, readFileSync(url('message-error.xml'), 'utf8'));
    const read = readEbxml(text);
    assert.equal(kindOf(read), 'error');
    assert.equal(read.errors?.highestSeverity, 'Error');
    assert.deepEqual(read.errors.errors, errors);
    const codes = [
      errorOf(failure('MESSAGE_NOT_WELL_FORMED[mime.base64]', 'MIME')),
      errorOf(failure('INCONSISTENT_COMM_FUNC_SND', 'x', 'asid')),
      errorOf(failure('X', 'x', 'unsupported')),
      errorOf(failure('INVALID_MANIFEST_REFERENCE', 'x')),
    ].map(({ errorCode }) => errorCode);
    assert.deepEqual(codes, ['MimeProblem', 'SecurityFailure', 'NotSupported', 'Inconsistent']);
  });

  it('are for this party, of the one type', () => {
    assert.deepEqual(partyErrors(readEbxml(request), 'YES-0000806'), []);
    assert.equal(partyErrors(readEbxml(request), 'YES-0000807').length, 1);
    assert.equal(partyErrors(changed('ocs+serviceInstance', 'other')).length, 1);
  });

  it('are refused or read whatever they are, and hostile XML is a fault', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 'xml.doctype'],
      ['<a>'.repeat(10_000), 'xml.depth'],
      ['<a/>', 'soapEnvelope'],
      [request.replace(/<SOAP:Header>[^]*<\/SOAP:Header>/, ''), 'soapHeaderCount'],
      [request.replace('</SOAP:Body>', '</SOAP:Body><SOAP:Body/>'), 'soapBodyCount'],
      [`${request.slice(0, -20)}${' '.repeat(200_000)}`, 'xml.size'],
    ];
    for (const [text, reason] of cases)
      assert.throws(() => readEbxml(text), { code: `MESSAGE_NOT_WELL_FORMED[${reason}]` });
    const edit = fc.tuple(fc.nat(request.length), fc.nat(60), fc.string({ maxLength: 12 }));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let text = request;
        for (const [at, gone, put] of edits) text = text.slice(0, at) + put + text.slice(at + gone);
        try {
          const read = readEbxml(text);
          kindOf(read);
          ebxmlFailures(read);
          contractFailures(read, {
            contract: contractOfPattern('async-reliable'),
            isForwarded: false,
          });
        } catch (error) {
          assert.ok(error instanceof Problem && error.status === 500, String(error));
        }
      }),
      { numRuns: 200, seed: 6 },
    );
  });
});
