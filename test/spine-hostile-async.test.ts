import assert from 'node:assert/strict';
import type { AccreditedSystem } from '../spine/sds/directory.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { acknowledging, Handler, moveEndpoints } from './message-handler.ts';
import {
  ebxmlRequest,
  hl7Message,
  post,
  practice,
  retrievalOf,
  services,
} from './spine-messages.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const id = () => crypto.randomUUID().toUpperCase();
const boundary = '--=_MIME-Boundary';
const eb = 'http://www.oasis-open.org/committees/ebxml-msg/schema/msg-header-2_0.xsd';
const line = '\r\n';

/** How a message differs from a sound one, as text. */
type Change = (sound: string) => string;

/** What is refused: the status, and the word that tells why. */
type Case = readonly [name: string, status: 200 | 500, why: RegExp, change: Change];

/** A further part behind the payload. */
function attached(content: string, head = 'Content-Transfer-Encoding: base64', contentId = 'A1') {
  const part = `--${boundary}${line}Content-Id: <${contentId}>${line}Content-Type: text/plain${line}${head}${line}${line}${content}${line}`;
  return (sound: string) => sound.replace(`--${boundary}--`, `${part}--${boundary}--`);
}

/** Puts something behind the head of the payload's root element. */
function inside(more: string): Change {
  return (sound) => sound.replace('<RCMR_IN010000UK05 xmlns="urn:hl7-org:v3">', `$&${more}`);
}

function replaced(what: string | RegExp, by: string): Change {
  return (sound) => sound.replace(what, by);
}

const long = `<a>${'b '.repeat(300_000)}</a>`;
const payloadEncoding = /(Content-Type: application\/xml[^]*?Encoding: )8bit/;
const envelopeStart = '<SOAP:Envelope';
const payloadStart = '<RCMR_IN010000UK05';
const doctype = '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;&b;&b;">]>';
const external = '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd">';

const mimeCases: readonly Case[] = [
  ['no delimiter', 500, /mime\.boundary/, () => 'nothing'],
  ['nothing at all', 500, /mime\.boundary/, () => ''],
  ['no part', 500, /mime\.parts/, () => `--${boundary}--${line}`],
  ['an end within a head', 500, /mime\.truncated/, (sound) => sound.slice(0, 60)],
  ['an end within the envelope', 500, /mime\.truncated/, (sound) => sound.slice(0, 900)],
  ['an end within the payload', 500, /mime\.truncated/, (sound) => sound.slice(0, -200)],
  [
    'an end within a long attachment',
    500,
    /mime\.truncated/,
    (sound) => attached('QUJD'.repeat(300_000))(sound).slice(0, -100),
  ],
  ['a payload that is no base64', 500, /mime\.base64/, replaced(payloadEncoding, '$1base64')],
  ['an attachment that is no base64', 500, /mime\.base64/, attached('QUJD*UJD')],
  ['padding within base64', 500, /mime\.base64/, attached('QQ==QUJD')],
  ['half a group of base64', 500, /mime\.base64/, attached(`${'QUJD'.repeat(300_000)}QU`)],
  [
    'an encoding of no kind',
    500,
    /mime\.encoding/,
    replaced(payloadEncoding, '$1quoted-printable'),
  ],
  ['a head without an end', 500, /mime\.head/, attached('a', `X-Long: ${'a'.repeat(20_000)}`)],
  [
    'too many parts',
    500,
    /mime\.parts/,
    (sound) => Array.from({ length: 99 }).reduce<string>((text) => attached('QUJD')(text), sound),
  ],
  [
    'an envelope that is too long',
    500,
    /mime\.part/,
    replaced(envelopeStart, `<!--${'a'.repeat(140_000)}-->$&`),
  ],
  ['more than is taken', 500, /mime\.size|not well formed/, attached('QUJD'.repeat(1_300_000))],
  [
    'a reference to no part',
    200,
    /INVALID_MANIFEST_REFERENCE/,
    replaced('</eb:Reference>', '$&<eb:Reference xlink:href="cid:none"/>'),
  ],
  [
    'a reference to nowhere',
    200,
    /INVALID_MANIFEST_REFERENCE/,
    replaced(/href="cid:[^"]*"/, 'href=""'),
  ],
  [
    'a payload that is not the one that is named',
    200,
    /INVALID_MANIFEST_REFERENCE/,
    replaced(/(Content-Id: <)([0-9A-F-]{36})@/, '$1other@'),
  ],
];

const envelopeCases: readonly Case[] = [
  ['no XML', 500, /xml\.syntax/, replaced('</SOAP:Header>', '')],
  ['entities', 500, /xml\.doctype/, replaced(envelopeStart, `${doctype}$&`)],
  ['a DTD of elsewhere', 500, /xml\.doctype/, replaced(envelopeStart, `${external}$&`)],
  ['an entity of no name', 500, /xml\.entity/, replaced('<eb:CPAId>', '$&&other;')],
  ['10,000 levels', 500, /xml\.depth/, replaced('<SOAP:Body>', `$&${'<a>'.repeat(10_000)}`)],
  [
    'another namespace of SOAP',
    500,
    /soapEnvelope/,
    replaced('http://schemas.xmlsoap.org/soap/envelope/', 'urn:other'),
  ],
  ['another namespace of ebXML', 500, /ebXMLSchema\.MessageHeader/, replaced(eb, 'urn:other')],
  ['a prefix of no namespace', 500, /xml\.namespace/, replaced(`xmlns:eb="${eb}"`, '')],
  ['no header', 500, /soapHeaderCount/, replaced(/<SOAP:Header>.*<\/SOAP:Header>/, '')],
  ['two bodies', 500, /soapBodyCount/, replaced('</SOAP:Body>', '$&<SOAP:Body/>')],
  [
    'two headers of a message',
    500,
    /ebXMLSchema\.MessageHeader/,
    replaced(/<eb:MessageHeader .*<\/eb:MessageHeader>/, '$&$&'),
  ],
  [
    'another version',
    500,
    /INVALID_MESSAGE_HEADER_VERSION/,
    replaced('eb:version="2.0"', 'eb:version="1.0"'),
  ],
  [
    'two ids',
    500,
    /ebXMLSchema\.MessageData\/MessageId/,
    replaced(/<eb:MessageId>.*<\/eb:MessageId>/, '$&$&'),
  ],
  [
    'an id that is none',
    500,
    /ebXMLSchema\.MessageData\/MessageId/,
    replaced(/(<eb:MessageId>)[^<]*/, `$1${'A'.repeat(301)}`),
  ],
  ...['CPAId', 'ConversationId', 'Service', 'Action', 'MessageId', 'Timestamp'].flatMap(
    (name): Case[] => {
      const why = new RegExp(`ebXMLSchema\\.(?:MessageData/)?${name}`);
      const element = new RegExp(`<eb:${name}>[^<]*</eb:${name}>`);
      return [
        [`no ${name}`, 500, why, replaced(element, '')],
        [`an empty ${name}`, 500, why, replaced(element, `<eb:${name}/>`)],
      ];
    },
  ),
  ...['From', 'To'].map((name): Case => [
    `no ${name}`,
    500,
    new RegExp(`ebXMLSchema\\.${name}`),
    replaced(new RegExp(`<eb:${name}>.*?</eb:${name}>`), ''),
  ]),
  [
    'a party of another type',
    200,
    /501314:Invalid To Party Type/,
    replaced('ocs+serviceInstance', 'other'),
  ],
  [
    'an agreement of nobody',
    200,
    /501319:Unknown eb:CPAId/,
    replaced(/(<eb:CPAId>)[^<]*/, '$1S0000'),
  ],
  [
    'a service of nobody',
    200,
    /402005/,
    replaced('names:services:gp2gp</eb:Service', 'names:services:none</eb:Service'),
  ],
  [
    'an acknowledgement of nothing',
    500,
    /EBXML_ACK_INVALID/,
    replaced('<eb:AckRequested', `<eb:Acknowledgment/>$&`),
  ],
];

const payloadCases: readonly Case[] = [
  [
    'none',
    500,
    /MESSAGE_NOT_WELL_FORMED\[payload\]/,
    (sound) =>
      sound.replace(
        /\r\n----=_MIME-Boundary\r\nContent-Id: <[0-9A-F-]{36}@[^]*/,
        `${line}--${boundary}--${line}`,
      ),
  ],
  ['no XML', 500, /xml\.syntax/, replaced('</RCMR_IN010000UK05>', '')],
  ['entities', 500, /xml\.doctype/, replaced(payloadStart, `${doctype}$&`)],
  [
    'entities in a long one',
    500,
    /xml\.doctype/,
    (sound) => inside(long)(sound).replace(payloadStart, `${doctype}$&`),
  ],
  ['10,000 levels', 500, /xml\.depth/, inside('<a>'.repeat(10_000))],
  ['10,000 levels in a long one', 500, /xml\.depth/, inside(long + '<a>'.repeat(10_000))],
  [
    'no XML in a long one',
    500,
    /xml\.syntax/,
    (sound) => inside(long)(sound).replace('</RCMR_IN010000UK05>', ''),
  ],
  ['more elements than a wrapper has', 500, /xml\.nodes/, inside('<a/>'.repeat(6_000))],
  ['more of them in a long one', 500, /xml\.nodes/, inside('<a/>'.repeat(200_000))],
  [
    'an encoding that nobody reads',
    500,
    /xml\.encoding/,
    replaced(/(<\?xml version="1.0" encoding=")UTF-8("\?>\s*<RCMR)/, '$1UTF-7$2'),
  ],
  [
    'another namespace',
    500,
    /SENDER_ASID_UNKNOWN/,
    replaced('xmlns="urn:hl7-org:v3"', 'xmlns="urn:other"'),
  ],
  [
    'a sender of nobody',
    500,
    /SENDER_ASID_UNKNOWN/,
    (sound) => sound.replaceAll(`"${practice.asid}"`, '"299999999999"'),
  ],
  [
    'no sender',
    500,
    /SENDER_ASID_UNKNOWN/,
    replaced(/<communicationFunctionSnd.*?<\/communicationFunctionSnd>/, ''),
  ],
  [
    'no receiver',
    500,
    /RECEIVER_ASID_UNKNOWN/,
    replaced(/<communicationFunctionRcv.*?<\/communicationFunctionRcv>/, ''),
  ],
  [
    'a sender of another party',
    500,
    /SENDER_ASID_OF_OTHER_PARTY/,
    replaced(practice.partyKey, 'X26-000001'),
  ],
];

describe('hostile asynchronous messages of Spine', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let receiver: AccreditedSystem;
  let cpaId = '';
  const other = new Handler();
  const parts = { service: `${services}gp2gp`, action: 'RCMR_IN010000UK05' };
  const sound = (messageId = id()) => {
    const act = { subjects: [hl7Message(retrievalOf('9000000009', id()))] };
    const { body, headers } = ebxmlRequest(
      { id: messageId, ...parts, act, receiverAsid: receiver.asid },
      { pattern: 'forward-reliable', toParty: receiver.partyKey, cpaId },
    );
    return { text: body.toString(), headers };
  };
  const send = (text: string, headers: Record<string, string>) =>
    post(`${platform.url}/reliablemessaging/forwardreliable`, Buffer.from(text), headers);
  /** All that is kept of messages. */
  const kept = () =>
    Promise.all(
      ['spine.messages', 'spine.pieces', 'spine.hl7-ids', 'outbox.deliveries'].map((name) =>
        platform.store.open({ name }).count(),
      ),
    );

  before(async () => {
    platform = await startTestPlatform();
    const view = openDirectory(platform.store).in('shared');
    const interaction = `${parts.service}:${parts.action}`;
    const systems = await view.systems({ interaction }, 3);
    const found = systems.find(({ partyKey }) => partyKey !== practice.partyKey);
    assert.ok(found);
    receiver = found;
    const [handler] = await view.handlers({ partyKey: found.partyKey, interaction }, 1);
    cpaId = handler?.cpaId ?? '';
    other.answer = acknowledging;
    await moveEndpoints(view, found.partyKey, await other.listen());
  });
  after(async () => {
    await platform.end();
    await other.close();
  });

  const groups = { body: mimeCases, envelope: envelopeCases, payload: payloadCases };
  for (const [what, cases] of Object.entries(groups))
    it(`leave nothing of what is wrong with the ${what}`, async () => {
      const before = await kept();
      for (const [name, status, why, change] of cases) {
        const { text, headers } = sound();
        const changed = change(text);
        assert.notEqual(changed, text, name);
        const answer = await send(changed, headers);
        assert.deepEqual(
          [answer.status, answer.type],
          [status, 'text/xml'],
          `${name} ${answer.text}`,
        );
        assert.match(answer.text, why, name);
        assert.deepEqual(await kept(), before, name);
      }
      assert.equal(other.received.length, 0);
    });

  it('leave nothing of a wrong media type', async () => {
    const before = await kept();
    const { text, headers } = sound();
    const cases = {
      'mime.contentType': ['application/json', '', 'multipart/mixed; boundary=a'],
      'mime.boundary': [
        'multipart/related',
        'multipart/related; boundary=',
        'multipart/related; boundary="ä"',
        `multipart/related; boundary="${'a'.repeat(300)}"`,
        'multipart/related; boundary=other',
      ],
    };
    for (const [why, types] of Object.entries(cases))
      for (const type of types) {
        const answer = await send(text, { ...headers, 'content-type': type });
        assert.equal(answer.status, 500, type);
        assert.ok(answer.text.includes(why), `${type} ${answer.text}`);
      }
    assert.deepEqual(await kept(), before);
  });

  it('are told from what is only unusual, which is taken as it came', async () => {
    const spellings: Readonly<Record<string, Change>> = {
      'bare line feeds': (text) => text.replaceAll('\r\n', '\n'),
      'a blank line in front': (text) => `${line}${text}`,
      'no line end behind': (text) => text.trimEnd(),
      'ids without a blank': (text) => text.replaceAll('Content-Id: ', 'Content-ID:'),
      'no encoding told': (text) => text.replaceAll(`${line}Content-Transfer-Encoding: 8bit`, ''),
      'a text in DuplicateElimination': (text) =>
        text.replace(
          '<eb:DuplicateElimination/>',
          '<eb:DuplicateElimination>always</eb:DuplicateElimination>',
        ),
      'an attachment as it is': attached('plain text', 'Content-Transfer-Encoding: 7bit'),
      'two attachments of one id': (text) => attached('QUJD')(attached('QUJD')(text)),
      'an attachment in lines': attached(`QUJD${line}QUJD${line}`),
      'a long payload': inside(long),
    };
    for (const [name, change] of Object.entries(spellings)) {
      const messageId = id();
      const { text, headers } = sound(messageId);
      const answer = await send(change(text), headers);
      assert.deepEqual(answer, { status: 202, type: 'text/xml', text: '' }, name);
      const received = await other.next(({ envelope }) => envelope.messageId === messageId);
      assert.equal(received.text, change(text), name);
    }
  });

  it('are refused as acknowledgements too when they are broken', async () => {
    const before = await kept();
    const { body } = acknowledging({
      ...{ fromParty: practice.partyKey, toParty: receiver.partyKey, cpaId, messageId: id() },
      conversationId: id(),
    } as never); // an acknowledgement takes no more of the message
    for (const [text, why] of [
      [body.slice(0, -10), /xml\.syntax/],
      [body.replace(/<eb:RefToMessageId>[^<]*<\/eb:RefToMessageId>/g, ''), /EBXML_ACK_INVALID/],
      [body.replace(/<eb:MessageId>[^<]*<\/eb:MessageId>/, ''), /ebXMLSchema/],
      [body.replace('<SOAP:Envelope', `${doctype}$&`), /xml\.doctype/],
    ] as const) {
      const answer = await send(text, { 'content-type': 'text/xml' });
      assert.deepEqual([answer.status, answer.type], [500, 'text/xml'], answer.text);
      assert.match(answer.text, why);
    }
    assert.equal((await send(body, { 'content-type': 'text/xml' })).status, 202);
    assert.deepEqual(await kept(), before);
  });
});
