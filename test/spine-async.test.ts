import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { readEbxml, type EbxmlEnvelope } from '../spine/ebxml/envelope.ts';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { searchAudit } from '../server/audit/search.ts';
import { allOf } from './audit-folder.ts';
import { acknowledging, Handler, moveEndpoints } from './message-handler.ts';
import { openClient } from '../scripts/gatehouse/client.ts';
import { messagesCommand } from '../scripts/gatehouse/commands/messages.ts';
import { toUpdate } from '../spine/pds/update-request.ts';
import { openOutbox } from '../core/outbox.ts';
import { toAdvancedTrace } from '../spine/pds/traces.ts';
import {
  ebxmlRequest,
  hl7Message,
  post,
  practice,
  retrievalOf,
  services,
  spine,
  type EbxmlSent,
  type Sent,
} from './spine-messages.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const id = () => crypto.randomUUID().toUpperCase();

describe('asynchronous messages of Spine', () => {
  let platform: TestPlatform;
  let own: Handler;
  let other: Handler;
  let offset = 0;
  const receiver = { asid: '', odsCode: '', partyKey: '', cpaId: '' };
  const clock = { now: () => Date.now() + offset, newId: () => crypto.randomUUID() };
  const gp2gp = `${services}gp2gp`;
  const view = () => openDirectory(platform.store).in('shared');
  const send = (sent: Sent, header: EbxmlSent, path = 'reliablerequest', more = {}) => {
    const { body, headers } = ebxmlRequest(sent, header);
    return post(`${platform.url}/reliablemessaging/${path}`, body, { ...headers, ...more });
  };
  const cpaOf = async (interaction: string, partyKey = spine.partyKey) => {
    const [found] = await view().handlers({ partyKey, interaction }, 1);
    return found?.cpaId ?? '';
  };
  const move = (partyKey: string, port: number, how = {}) =>
    moveEndpoints(view(), partyKey, port, how);
  const trace = (messageId: string): Sent => ({
    ...{ id: messageId, service: `${services}pdsquery`, action: 'QUPA_IN000006UK02' },
    act: {
      query: toAdvancedTrace({
        family: 'Smith',
        given: ['Jane'],
        gender: 'female',
        birthdate: ['eq2010-10-22'],
      } as never),
    },
  });
  const record = (messageId: string): Sent => ({
    ...{ id: messageId, service: gp2gp, action: 'RCMR_IN010000UK05' },
    receiverAsid: receiver.asid,
    act: { subjects: [hl7Message(retrievalOf('9000000009', id()))] },
  });
  const forward = async (messageId: string, more: Partial<EbxmlSent> = {}) =>
    send(
      record(messageId),
      { pattern: 'forward-reliable', toParty: receiver.partyKey, cpaId: receiver.cpaId, ...more },
      'forwardreliable',
    );

  before(async function () {
    this.timeout(60_000);
    platform = await startTestPlatform({ clock });
    own = new Handler();
    other = new Handler();
    await move(practice.partyKey, await own.listen());
    const interaction = `${gp2gp}:RCMR_IN010000UK05`;
    const systems = await view().systems({ interaction }, 3);
    const found = systems.find(({ partyKey }) => partyKey !== practice.partyKey);
    assert.ok(found);
    const { asid, odsCode, partyKey } = found;
    Object.assign(receiver, { asid, odsCode, partyKey, cpaId: await cpaOf(interaction, partyKey) });
    await move(partyKey, await other.listen());
  });
  after(async () => {
    await platform.end();
    await own.close();
    await other.close();
  });
  beforeEach(() => {
    own.received.length = 0;
    other.received.length = 0;
    own.answer = acknowledging;
    other.answer = acknowledging;
  });

  it('accepts a query with 202 and nothing, and sends the answer to the endpoint of the directory', async () => {
    const messageId = id();
    const cpaId = await cpaOf(`${services}pdsquery:QUPA_IN000006UK02`);
    const answer = await send(
      trace(messageId),
      { pattern: 'async-express', cpaId },
      'queryrequest',
    );
    assert.deepEqual(answer, { status: 202, type: 'text/xml', text: '' });
    const { envelope, text, action } = await own.next(
      ({ envelope: e }) => e.refToMessageId === messageId,
    );
    assert.match(text, /typeCode="A[AE]"/);
    assert.equal(envelope.conversationId, messageId);
    assert.deepEqual([envelope.fromParty, envelope.toParty], [spine.partyKey, practice.partyKey]);
    assert.equal(envelope.ackRequested, undefined);
    assert.equal(action, `"${envelope.service}/${envelope.action}"`);
  });

  const update = async (messageId: string): Promise<Sent> => {
    const stored = await platform.store.open(patientCollection).in('shared').get('9000000009');
    assert.ok(stored);
    const { patient } = stored.value;
    const gender = patient.gender === 'female' ? 'male' : 'female';
    const request = toUpdate(stored.value, { ...stored.value, patient: { ...patient, gender } });
    assert.ok(request);
    return {
      ...{ id: messageId, service: `${services}pds`, action: 'PRPA_IN000203UK03' },
      act: { subjects: [request] },
    };
  };

  it('acknowledges an update at once, does it once, and answers in a message of its own', async () => {
    const messageId = id();
    const cpaId = await cpaOf(`${services}pds:PRPA_IN000203UK03`);
    const before = await platform.call('/Patient/9000000009');
    const sent = await update(messageId);
    const header = { pattern: 'async-reliable', cpaId } as const;
    const [first, ...others] = await Promise.all([
      send(sent, header),
      send(sent, header),
      send(sent, header),
    ]);
    assert.equal(first.status, 202);
    const ack = readEbxml(first.text);
    assert.equal(ack.acknowledgment?.refToMessageId, messageId);
    for (const other of others) assert.deepEqual(other, first);
    const { envelope, text } = await own.next(({ envelope: e }) => e.refToMessageId === messageId);
    assert.equal(envelope.action, 'PRPA_IN000202UK01', text);
    assert.equal(envelope.duplicateElimination, true);
    assert.ok(envelope.ackRequested && envelope.syncReply);
    const after = await platform.call('/Patient/9000000009');
    assert.equal(Number(after.json.meta.versionId), Number(before.json.meta.versionId) + 1);
    assert.notEqual(after.json.gender, before.json.gender);
    const filter = { patient: '9000000009' };
    const entries = await allOf(searchAudit(join(platform.dataDir, 'audit'), filter));
    const processed = entries.filter(({ requestId }) => requestId === messageId);
    assert.deepEqual(
      processed.map(({ action, status, commit }) => [action, status, commit > 0]),
      [[`process ${services}pds:PRPA_IN000203UK03`, 200, true]],
    );
    const again = id();
    await send(sent, { ...header, messageId: again });
    const refused = await own.next(({ envelope: e }) => e.refToMessageId === again);
    assert.equal(refused.envelope.action, 'MCCI_IN010000UK13');
    assert.match(refused.text, /typeCode="AR"[^]*code="202"/);
    assert.equal(
      (await platform.call('/Patient/9000000009')).json.meta.versionId,
      after.json.meta.versionId,
    );
    assert.equal(platform.logged().includes('9000000009'), false);
  });

  it('lets senders without an endpoint fetch the answer', async () => {
    const messageId = id();
    const cpaId = await cpaOf(`${services}pdsquery:QUPA_IN000006UK02`);
    const { body, headers } = ebxmlRequest(trace(messageId), { pattern: 'async-express', cpaId });
    const init = { method: 'POST', headers, body: new Uint8Array(body) };
    const taken = await fetch(`${platform.url}/clinical`, init);
    assert.deepEqual([taken.status, await taken.text()], [202, '']);
    const place = taken.headers.get('content-location') ?? '';
    assert.match(place, /^\/clinical\/_poll\/[0-9a-f-]{36}$/);
    let answer = await fetch(platform.url + place);
    while (answer.status === 202) answer = await fetch(platform.url + place);
    assert.equal(answer.status, 200);
    const text = await answer.text();
    assert.equal(Number(answer.headers.get('content-length')), Buffer.byteLength(text));
    assert.match(text, new RegExp(`RefToMessageId>${messageId}<`));
    const none = await fetch(`${platform.url}/clinical/_poll/${crypto.randomUUID()}`);
    assert.equal(none.status, 500);
    assert.equal(own.received.length, 0);
  });

  it('shows messages to people in support, who may try again and give up', async () => {
    const messageId = id();
    other.answer = () => ({ status: 500, body: '' });
    await forward(messageId);
    await other.next(({ envelope: e }) => e.messageId === messageId);
    const client = openClient({ dataDir: platform.dataDir, url: platform.url });
    const find = async () => (await client.call('GET', `/messages/${messageId}`)).body;
    const sentOf = (body: Readonly<Record<string, unknown>>) =>
      (body.deliveries as Record<string, unknown>[]).find(({ topic }) => topic === 'spine-send');
    while (sentOf(await find())?.state !== 'waiting') await new Promise(setImmediate);
    const found = sentOf(await find());
    assert.deepEqual(
      [found?.fromParty, found?.toParty, found?.cpaId, found?.conversationId, found?.reason],
      [practice.partyKey, receiver.partyKey, receiver.cpaId, messageId, 'answered with 500'],
    );
    assert.equal(JSON.stringify(await find()).includes('9000000009'), false);
    const reason = { body: { reason: 'the practice has moved' } };
    const name = encodeURIComponent(String(found?.id));
    const ended = await client.call('POST', `/messages/${name}/abandon`, reason);
    assert.equal(ended.body.state, 'dead');
    await assert.rejects(client.call('POST', `/messages/${name}/abandon`, reason), {
      kind: 'conflict',
    });
    await assert.rejects(client.call('GET', '/messages/none'), { kind: 'not-found' });
    const dead = await client.call('GET', '/messages?state=dead&limit=200');
    assert.ok((dead.body.items as { id: string }[]).some(({ id: one }) => one === found?.id));
    other.answer = acknowledging;
    other.received.length = 0;
    const printed: string[] = [];
    const { log } = console;
    console.log = (line: string) => printed.push(line);
    try {
      const flags = ['--data-dir', platform.dataDir, '--url', platform.url];
      for (const args of [
        ['retry', messageId],
        ['show', messageId],
        ['list', '--state', 'dead'],
      ])
        await messagesCommand().parseAsync([...args, ...flags], { from: 'user' });
    } finally {
      console.log = log;
    }
    assert.match(printed.join('\n'), /state +waiting[^]*bytes/);
    await other.next(({ envelope: e }) => e.messageId === messageId);
  });

  it('forwards a message as it came, acknowledges the hop on its own, and takes a repeat once', async () => {
    const messageId = id();
    for (let i = 0; i < 3; i++) {
      const answer = await forward(messageId);
      assert.deepEqual(answer, { status: 202, type: 'text/xml', text: '' });
    }
    const { envelope, text } = await other.next(({ envelope: e }) => e.messageId === messageId);
    assert.equal(envelope.fromParty, practice.partyKey);
    assert.match(text, /RCMR_IN010000UK05/);
    const { envelope: ack, action } = await own.next(
      ({ envelope: e }) => e.acknowledgment?.refToMessageId === messageId,
    );
    assert.equal(action, '"urn:oasis:names:tc:ebxml-msg:service/Acknowledgment"');
    assert.equal(ack.fromParty, spine.partyKey);
    assert.match(ack.acknowledgment?.actor ?? '', /nextMSH$/);
    const outbox = openOutbox(platform.store, clock);
    for (;;) {
      const all = (await outbox.named(messageId)).filter(({ topic }) => topic === 'spine-send');
      assert.equal(all.length <= 1, true);
      if (all[0]?.state === 'done') break;
      await new Promise(setImmediate);
    }
    assert.equal(other.received.filter(({ envelope: e }) => e.messageId === messageId).length, 1);
  });

  it('takes acknowledgements that come on their own, late, twice and for nothing', async () => {
    const messageId = id();
    other.answer = () => ({ status: 202, body: '' });
    await forward(messageId);
    const { envelope } = await other.next(({ envelope: e }) => e.messageId === messageId);
    const outbox = openOutbox(platform.store, clock);
    const [waiting] = await outbox.named(messageId);
    assert.ok(waiting);
    const bare = (message: EbxmlEnvelope) =>
      post(`${platform.url}/reliablemessaging/forwardreliable`, acknowledging(message).body, {
        'content-type': 'text/xml',
        soapaction: 'urn:oasis:names:tc:ebxml-msg:service/Acknowledgment',
      });
    const sent = async () =>
      (await outbox.named(messageId)).find(({ topic }) => topic === 'spine-send');
    for (const others of [{ messageId: id() }, { toParty: practice.partyKey }]) {
      assert.equal((await bare({ ...envelope, ...others })).status, 202);
      assert.equal((await sent())?.ended, undefined);
    }
    for (const message of [envelope, envelope]) assert.equal((await bare(message)).status, 202);
    assert.equal((await sent())?.state, 'done');
    offset += 10 * 60_000;
    assert.equal(other.received.length, 1);
  });

  const failing = {
    'is back': () => ({ status: 500, body: '' }),
    'has acknowledged another message': (message: EbxmlEnvelope) =>
      acknowledging({ ...message, messageId: id() }),
  };
  for (const [how, answer] of Object.entries(failing))
    it(`sends again when the receiver ${how}, and the same bytes`, async () => {
      const messageId = id();
      other.answer = answer;
      await forward(messageId);
      const first = await other.next(({ envelope: e }) => e.messageId === messageId);
      other.answer = acknowledging;
      const outbox = openOutbox(platform.store, clock);
      for (;;) {
        const sent = (await outbox.named(messageId)).find(({ topic }) => topic === 'spine-send');
        if (sent?.state === 'waiting') break;
        await new Promise(setImmediate);
      }
      other.received.length = 0;
      offset += 61_000;
      const second = await other.next(({ envelope: e }) => e.messageId === messageId);
      assert.equal(second.text, first.text);
    });

  it('R166 pushes again as the contract says, lays a message aside as dead, and tells its sender', async () => {
    const messageId = id();
    other.answer = () => ({ status: 500, body: '' });
    await forward(messageId);
    await other.next(({ envelope: e }) => e.messageId === messageId);
    const outbox = openOutbox(platform.store, clock);
    const jumping = setInterval(() => (offset += 61_000), 200);
    const { envelope, action } = await own.next(
      ({ envelope: e }) => e.errors !== undefined && e.refToMessageId === messageId,
    );
    clearInterval(jumping);
    assert.equal(action, '"urn:oasis:names:tc:ebxml-msg:service/MessageError"');
    assert.equal(envelope.errors?.errors[0]?.errorCode, 'DeliveryFailure');
    const sent = (await outbox.named(messageId)).find(({ topic }) => topic === 'spine-send');
    assert.match(sent?.reason ?? '', /^retries used up: answered with 500/);
    assert.deepEqual([sent?.state, sent?.attempts], ['dead', 3]);
  });

  it('sends over TLS with its own certificate, to a server that bears the name of the directory alone', async () => {
    const pem = readFileSync(join(platform.dataDir, 'certs', 'sandbox', 'server.pem'), 'utf8');
    const { trust } = platform.certificates.authority.of('sandbox');
    const ca = trust.authorities().map(({ pem: one }) => one);
    const names: unknown[] = [];
    const secure = createTlsServer(
      { key: pem, cert: pem.slice(pem.indexOf('-----BEGIN CERT')), ca, requestCert: true },
      (request, response) => {
        // the socket of a server on TLS is one on TLS
        names.push((request.socket as TLSSocket).getPeerCertificate().subject.CN);
        request.resume().on('end', () => response.writeHead(202).end());
      },
    );
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const { port } = secure.address() as AddressInfo;
    const outbox = openOutbox(platform.store, clock);
    const reasons: (string | undefined)[] = [];
    for (const fqdn of ['localhost', 'elsewhere.test']) {
      await move(receiver.partyKey, port, { scheme: 'https', fqdn });
      const messageId = id();
      await forward(messageId);
      for (;;) {
        const [sent] = (await outbox.named(messageId)).filter(
          ({ topic }) => topic === 'spine-send',
        );
        if (sent?.reason !== undefined) {
          reasons.push(sent.reason);
          break;
        }
        await new Promise(setImmediate);
      }
    }
    secure.closeAllConnections();
    secure.close();
    assert.deepEqual(reasons, [
      'not acknowledged',
      'no answer from the endpoint: ERR_TLS_CERT_ALTNAME_INVALID',
    ]);
    assert.match(String(names[0]), /^gatehouse\./);
    assert.equal(names.length, 1);
  });

  it('refuses what is wrong with an envelope with an error, what is wrong with its sender with a fault', async () => {
    const cases: readonly (readonly [number, RegExp, Partial<EbxmlSent>, Partial<Sent>])[] = [
      [200, /501319:Unknown eb:CPAId/, { cpaId: 'S0000' }, {}],
      [200, /402005/, { toParty: 'NONE-000001' }, {}],
      [200, /DUPLICATE_ELIMINATION_INCONSISTENT_WITH_CONTRACT/, { pattern: 'forward-express' }, {}],
      [
        200,
        /ACK_REQUESTED_ACTOR_INVALID|SYNCREPLY_INCONSISTENT/,
        { pattern: 'async-reliable' },
        {},
      ],
      [200, /TimeToLiveExpired/, { timeToLive: '2020-01-01T00:00:00Z' }, {}],
      [500, /SENDER_ASID_UNKNOWN/, {}, { senderAsid: '299999999999' }],
      [500, /SENDER_ASID_OF_OTHER_PARTY/, { fromParty: 'X26-000001' }, {}],
      [500, /RECEIVER_ASID_NOT_ACCREDITED/, {}, { receiverAsid: spine.asid }],
    ];
    for (const [status, text, header, sent] of cases) {
      const answer = await send(
        { ...record(id()), ...sent },
        {
          ...{ pattern: 'forward-reliable', toParty: receiver.partyKey, cpaId: receiver.cpaId },
          ...header,
        },
        'forwardreliable',
      );
      assert.equal(answer.status, status, `${String(text)} ${answer.text}`);
      assert.match(answer.text, text);
      assert.equal(answer.type, 'text/xml');
    }
    await new Promise(setImmediate);
    assert.equal(other.received.length, 0);
  });

  it('takes nothing of a message that is cut off, mislabelled or hostile', async () => {
    const { body, headers } = ebxmlRequest(record(id()), {
      ...{ pattern: 'forward-reliable', toParty: receiver.partyKey, cpaId: receiver.cpaId },
    });
    const url = `${platform.url}/reliablemessaging/forwardreliable`;
    const before = await platform.store.open({ name: 'spine.messages' }).count();
    const cases: readonly (readonly [Buffer, Record<string, string>])[] = [
      [body.subarray(0, -20), headers],
      [body, { ...headers, 'content-type': 'multipart/related; boundary=other' }],
      [body, { ...headers, 'content-type': 'multipart/related' }],
      [body, { ...headers, 'content-type': 'application/json' }],
      [
        Buffer.from(body.toString().replace('<SOAP:Envelope', '<!DOCTYPE a><SOAP:Envelope')),
        headers,
      ],
      [Buffer.concat([body.subarray(0, -30), Buffer.alloc(6_000_000, 'a')]), headers],
    ];
    for (const [bytes, fields] of cases) {
      const answer = await post(url, bytes, fields);
      assert.deepEqual([answer.status, answer.type], [500, 'text/xml'], answer.text);
      assert.match(answer.text, /errorCode>201</);
    }
    assert.equal(await platform.store.open({ name: 'spine.messages' }).count(), before);
    assert.equal(await platform.store.open({ name: 'spine.pieces' }).count(), 0);
  });
});
