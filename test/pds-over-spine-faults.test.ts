/** What PDS over Spine messages makes of services that refuse, are away, are late, or answer something else. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { openOutbox } from '../core/outbox.ts';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { writeAcknowledgment } from '../spine/ebxml/acknowledgement.ts';
import { readEbxml, type EbxmlEnvelope } from '../spine/ebxml/envelope.ts';
import { unknownCpa, writeMessageError } from '../spine/ebxml/message-error.ts';
import { openMessage, xmlBytes } from '../spine/ebxml/multipart.ts';
import { fault, soapFaultOf, writeFault } from '../spine/soap/fault.ts';
import { callTls } from './mutual-tls-ground.ts';
import { deployRecords, showRecords } from './pds-remote-ground.ts';
import { person } from './pds-suite.ts';
import { handOn, PostOffice, type Letter, type Receipt } from './post-office.ts';
import { ownListener, spineClientGround, type SpineClientGround } from './spine-client-ground.ts';
import { services } from './spine-messages.ts';
import { startTestPlatform, type Answer, type TestPlatform } from './start-platform.ts';

const jane = '9000000009';
const retrieval = `${services}pdsquery:QUPA_IN000008UK02`;
const updating = `${services}pds:PRPA_IN000203UK03`;
const clock = { now: () => Date.now() };
const signal = () => ({ messageId: randomUUID().toUpperCase(), timestamp: '2026-11-01T12:00:00Z' });
const xml = (status: number, body: string): Receipt => ({ status, type: 'text/xml', body });
const faulty = (code: '300' | '200'): Receipt => {
  return xml(500, writeFault(soapFaultOf(fault(code))));
};

async function envelopeOf({ body, headers }: Letter): Promise<EbxmlEnvelope> {
  const message = openMessage(whole(body), headers['content-type'] ?? '');
  return readEbxml(xmlBytes((await message.first()).envelope));
}

async function* whole(bytes: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield bytes;
}

function first({ letters: [letter] }: PostOffice): Letter {
  assert.ok(letter);
  return letter;
}

async function until(what: string, fits: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 25) {
    if (await fits()) return;
    await sleep(25);
  }
  assert.fail(`never: ${what}`);
}

describe('PDS over Spine messages that go wrong', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let ground: SpineClientGround;
  let requests: PostOffice;
  let answers: PostOffice;
  let requestsAt: string;
  const read = () => platform.call(`/Patient/${jane}`);
  const isAway = ({ status, json, headers, text }: Answer, of: string) => {
    assert.equal(status, 503, text);
    assert.equal(json.issue[0].details.coding[0].code, 'SERVICE_UNAVAILABLE');
    assert.equal(headers.get('retry-after'), '5');
    assert.ok(platform.logged().includes(of), `${of} is logged`);
    assert.equal(platform.logged().includes(jane), false);
  };
  const newcomer = async (): Promise<string> => {
    const how = { method: 'POST', headers: { 'x-request-id': randomUUID() }, body: person() };
    let made = await platform.call('/Patient', how);
    // On a slow machine the answer may come late; the repeat of the call has it.
    for (let tries = 0; tries < 10 && made.status === 503; tries++)
      made = await platform.call('/Patient', how);
    assert.equal(made.status, 201, made.text);
    return made.json.id;
  };
  const change = (id: string, requestId: string = randomUUID()) =>
    platform.call(`/Patient/${id}`, {
      method: 'PATCH',
      headers: { 'if-match': 'W/"1"', 'x-request-id': requestId },
      body: { patches: [{ op: 'replace', path: '/gender', value: 'male' }] },
    });
  const versionOf = async (id: string) =>
    (await platform.store.open(patientCollection).in('shared').get(id))?.value.patient.meta
      .versionId;
  const toService: PostOffice['treat'] = ({ path, ...letter }) =>
    handOn(platform.url + path, { path, ...letter });
  const inbound = (letter: Letter) => handOn(`${platform.url}/spine-inbound`, letter);

  before(async () => {
    platform = await startTestPlatform();
    ground = await spineClientGround(platform);
    requests = new PostOffice(toService);
    answers = new PostOffice(inbound);
    requestsAt = await requests.listen();
    await ground.nationalAt(ownListener(platform));
    await ground.ownAt({ url: await answers.listen(), fqdn: 'localhost', retryInterval: 'PT1S' });
    const asked = () => platform.logged().includes('QUPA_IN000008UK02');
    await showRecords(platform, { ...ground.records, timeout: 2 }, { asked });
  });
  after(async () => {
    await platform.end();
    await requests.close();
    await answers.close();
  });
  afterEach(async () => {
    requests.treat = toService;
    answers.treat = inbound;
    requests.letters.length = 0;
    answers.letters.length = 0;
    await ground.nationalAt(ownListener(platform));
  });

  const through = (interaction: string) =>
    ground.endpointAt(interaction, {
      ...{ url: requestsAt, fqdn: 'localhost', retryInterval: 'PT1S', retries: '5' },
    });

  describe('asked in SOAP', () => {
    it('tell that the service is away when the directory has no endpoint', async () => {
      await ground.nationalAt(undefined);
      isAway(await read(), 'The directory has not an endpoint for the interaction');
    });

    it('tell so when nobody listens', async () => {
      await ground.endpointAt(retrieval, { url: 'http://127.0.0.1:1', fqdn: 'localhost' });
      isAway(await read(), 'no answer from the endpoint: ECONNREFUSED');
    });

    it('tell so when the endpoint may not be called', async () => {
      await ground.endpointAt(retrieval, { url: 'http://192.0.2.1', fqdn: 'localhost' });
      isAway(await read(), 'the endpoint may not be called');
    });

    it('tell so when the endpoint bears another name', async () => {
      await ground.endpointAt(retrieval, { ...ownListener(platform), fqdn: 'elsewhere.test' });
      isAway(await read(), 'ERR_TLS_CERT_ALTNAME_INVALID');
    });

    it('tell so when nothing comes in time', async () => {
      await through(retrieval);
      requests.treat = () => undefined;
      isAway(await read(), 'The back end did not answer in time');
    });

    const odd: readonly (readonly [string, Receipt, string])[] = [
      ['a fault', faulty('300'), 'refused the message with fault 300'],
      ['a page', { status: 502, type: 'text/html', body: '<html>' }, 'answered with 502'],
      ['half an envelope', xml(200, '<a><b>'), 'ANSWER_NOT_WELL_FORMED'],
      ['an entity', xml(200, '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), 'ANSWER_NOT_WELL_FORMED'],
      ['nothing', xml(200, ''), 'ANSWER_NOT_WELL_FORMED'],
    ];
    for (const [what, receipt, logged] of odd)
      it(`tell so when ${what} comes back`, async () => {
        await through(retrieval);
        requests.treat = () => receipt;
        isAway(await read(), logged);
      });

    it('tell so when the answer is to another message, or of another system', async () => {
      await through(retrieval);
      const changed: readonly (readonly [RegExp, string, string])[] = [
        [/RelatesTo>uuid:[0-9A-F-]+/, `RelatesTo>uuid:${randomUUID()}`, 'ANSWER_TO_ANOTHER'],
        [/(<messageRef>.*?root=")[0-9A-F-]+/, `$1${randomUUID()}`, 'ANSWER_TO_ANOTHER'],
        [/928942012545(?=[^]*<ControlActEvent)/g, '200000000149', 'ANSWER_OF_ANOTHER_SYSTEM'],
      ];
      for (const [from, to, logged] of changed) {
        requests.treat = async (letter) => {
          const receipt = await handOn(platform.url + letter.path, letter);
          const body = receipt.body.replace(from, to);
          assert.notEqual(body, receipt.body);
          return { ...receipt, body };
        };
        isAway(await read(), logged);
      }
    });
  });

  describe('asked in ebXML', () => {
    it('keep the answer that comes too late, for the repeat of the call', async () => {
      const id = await newcomer();
      await through(updating);
      answers.treat = () => xml(503, '');
      answers.letters.length = 0;
      const requestId = randomUUID();
      isAway(await change(id, requestId), 'The back end did not answer in time');
      await until('it is done there', async () => (await versionOf(id)) === '2');
      await until('it was answered', () => answers.letters.length > 0);
      answers.treat = inbound;
      const again = await change(id, requestId);
      assert.equal(again.status, 200, again.text);
      assert.equal(again.json.meta.versionId, '2');
      assert.equal(await versionOf(id), '2');
      assert.equal(requests.letters.length, 1, 'it was sent once');
      const other = await change(id);
      assert.equal(other.json.issue[0].details.coding[0].code, 'RESOURCE_VERSION_MISMATCH');
    });

    it('send the same bytes again by the contract, and do it once', async () => {
      const id = await newcomer();
      await through(updating);
      requests.treat = (letter) =>
        requests.letters.length < 3 ? faulty('200') : toService(letter);
      const requestId = randomUUID();
      let answer = await change(id, requestId);
      for (let tries = 0; tries < 10 && answer.status === 503; tries++)
        answer = await change(id, requestId);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(requests.letters.length, 3);
      const [first, ...others] = requests.letters;
      for (const other of others) assert.deepEqual(other.body, first?.body);
      assert.equal(await versionOf(id), '2');
    });

    const refusals: readonly (readonly [string, (e: EbxmlEnvelope) => Receipt, string])[] = [
      [
        'an error',
        (e) => xml(200, writeMessageError(e, [unknownCpa], signal())),
        'error ValueNotRecognized',
      ],
      ['a fault', () => faulty('300'), 'fault 300'],
      ['403', () => ({ status: 403, type: 'text/plain', body: 'no' }), 'fault 403'],
    ];
    for (const [what, refusal, logged] of refusals)
      it(`tell that the service is away for ${what}, and send a repeat as a new message`, async () => {
        const id = await newcomer();
        await through(updating);
        requests.treat = async (letter) => refusal(await envelopeOf(letter));
        const requestId = randomUUID();
        isAway(await change(id, requestId), `refused the message with ${logged}`);
        requests.treat = toService;
        const again = await change(id, requestId);
        assert.equal(again.status, 200, again.text);
        const [first, second] = await Promise.all(requests.letters.map(envelopeOf));
        assert.notEqual(first?.messageId, second?.messageId);
        assert.equal(await versionOf(id), '2');
      });

    it('take acknowledgement and error that come on their own', async () => {
      const [one, other] = [await newcomer(), await newcomer()];
      await through(updating);
      requests.treat = () => xml(202, '');
      const outbox = openOutbox(platform.store, clock);
      const stateOf = async ({ messageId }: EbxmlEnvelope) =>
        (await outbox.named(messageId)).find(({ topic }) => topic === 'spine-ask')?.state;
      const sendSignal = (body: string) =>
        inbound({ path: '', headers: { 'content-type': 'text/xml' }, body: Buffer.from(body) });
      const acknowledged = change(one);
      await until('it was sent', () => requests.letters.length === 1);
      const taken = await envelopeOf(first(requests));
      await until('it waits', async () => (await stateOf(taken)) === 'sent');
      for (let times = 0; times < 2; times++)
        assert.equal((await sendSignal(writeAcknowledgment(taken, signal()))).status, 202);
      assert.equal(await stateOf(taken), 'done');
      isAway(await acknowledged, 'The back end did not answer in time');

      requests.letters.length = 0;
      const refused = change(other);
      await until('it was sent', () => requests.letters.length === 1);
      const second = await envelopeOf(first(requests));
      await until('it waits', async () => (await stateOf(second)) === 'sent');
      await sendSignal(writeMessageError(second, [unknownCpa], signal()));
      isAway(await refused, 'refused the message with error ValueNotRecognized');
      assert.equal(await stateOf(second), 'dead');
    });

    it('take an answer once, and no answer to what was not asked', async () => {
      const id = await newcomer();
      await through(updating);
      answers.treat = () => xml(202, '');
      answers.letters.length = 0;
      const requestId = randomUUID();
      isAway(await change(id, requestId), 'The back end did not answer in time');
      await until('it was answered', () => answers.letters.length > 0);
      const letter = first(answers);
      const { refToMessageId = '', conversationId, cpaId } = await envelopeOf(letter);
      const strange = randomUUID().toUpperCase();
      const but = (from: string | RegExp, to: string): Letter => {
        const text = letter.body.toString().replaceAll(from, to);
        assert.notEqual(text, letter.body.toString());
        return { ...letter, body: Buffer.from(text) };
      };
      const cases: readonly (readonly [Letter, number, RegExp])[] = [
        [but(`RefToMessageId>${refToMessageId}`, `RefToMessageId>${strange}`), 500, />201</],
        [but(/<eb:RefToMessageId>[^<]*<\/eb:RefToMessageId>/g, ''), 500, /REF_TO_MESSAGE_ID/],
        [but('>Y90001-910001<', '>Y90001-999999<'), 200, /501314/],
        [
          but(`ConversationId>${conversationId}`, `ConversationId>${strange}`),
          200,
          /CONVERSATION_ID_INCONSISTENT/,
        ],
        [but(`CPAId>${cpaId}`, 'CPAId>S0000'), 200, /501319/],
        [but('<eb:DuplicateElimination/>', ''), 200, /DUPLICATE_ELIMINATION_INCONSISTENT/],
        [but('PRPA_IN000202UK01', 'PRPA_IN000201UK01'), 200, /ACTION_INCONSISTENT/],
        [but('928942012545', '200000000149'), 500, /SENDER_ASID_OF_OTHER_PARTY/],
        [but(ground.system.asid, '200000000149'), 500, /RECEIVER_ASID_OF_OTHER_PARTY/],
        [but(/(<messageRef>.*?root=")[0-9A-F-]+/g, `$1${strange}`), 500, /MESSAGE_REF_UNKNOWN/],
        [but('<PRPA', '<!DOCTYPE a><PRPA'), 500, />201</],
        [{ ...letter, body: letter.body.subarray(0, -20) }, 500, />201</],
      ];
      const kept = platform.store.open({ name: 'spine.messages' });
      const before = await kept.count();
      for (const [odd, status, text] of cases) {
        const receipt = await inbound(odd);
        assert.equal(receipt.status, status, `${String(text)} ${receipt.body}`);
        assert.match(receipt.body, text);
        assert.equal(receipt.type, 'text/xml');
      }
      assert.equal(await kept.count(), before, 'nothing of these was kept');
      const receipts = await Promise.all([inbound(letter), inbound(letter), inbound(letter)]);
      for (const receipt of receipts) {
        assert.equal(receipt.status, 202, receipt.body);
        const { acknowledgment } = readEbxml(receipt.body);
        assert.equal(acknowledgment?.refToMessageId, (await envelopeOf(letter)).messageId);
      }
      assert.equal(await kept.count(), before + 1);
      const again = await change(id, requestId);
      assert.equal(again.status, 200, again.text);
      assert.equal(requests.letters.length, 1);
      const { cert, key } = ground.system.sent;
      const port = platform.tls?.test ?? 0;
      const { headers } = letter;
      const body = letter.body.toString();
      const ours = { method: 'POST', cert, key, headers, body };
      const { status, text } = await callTls(port, '/spine-inbound', undefined, ours);
      assert.equal(status, 500, text);
      assert.match(text, /PARTY_OF_OTHER_CERTIFICATE/);
      const get = await fetch(`${platform.url}/spine-inbound`);
      assert.deepEqual([get.status, (await get.text()).includes('errorCode>101<')], [500, true]);
    });
  });

  describe('asked as a system that is none', () => {
    const as = async (asid: string, more: object = {}) => {
      const { records } = ground;
      const { status, text } = await deployRecords(
        platform,
        { ...records, asid, ...more },
        'sandbox',
        Date.now,
      );
      assert.ok(status < 300, text);
    };
    const cases: readonly (readonly [string, string, object, string])[] = [
      ['nobody has', '299999999999', {}, 'The directory has not our own system'],
      ['is of another certificate', '200000010003', {}, 'refused the message with fault 300'],
      [
        'asks a receiver that is none',
        '',
        { receiver: 'X26' },
        'The directory has not a receiving system',
      ],
    ];
    it('are refused when they are deployed with what cannot be', async () => {
      const wrong: readonly (readonly [object, string])[] = [
        [{ asid: '1' }, '/backend/config/records/asid'],
        [{ receiver: 'x y' }, '/backend/config/records/receiver'],
        [{ timeout: 0 }, '/backend/config/records/timeout'],
        [{ user: { id: '1' } }, '/backend/config/records/user'],
        [{ security: { kind: 'key' } }, '/backend/config/records/security'],
        [{ security: { kind: 'mtls', secret: 'nothing' } }, '/backend/config/records/security'],
      ];
      for (const [more, at] of wrong) {
        const records = { ...ground.records, ...more };
        const { status, text } = await deployRecords(platform, records, 'sandbox', Date.now);
        assert.equal(status, 422, text);
        assert.ok(text.includes(at), text);
      }
    });

    for (const [what, asid, more, logged] of cases)
      it(`tell that the service is away, and the log why: one that ${what}`, async () => {
        await as(asid === '' ? ground.system.asid : asid, more);
        await until('the revision serves', async () => {
          const answer = await read();
          return answer.status === 503 && platform.logged().includes(logged);
        });
        isAway(await read(), logged);
      });
  });
});
