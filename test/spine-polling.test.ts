import assert from 'node:assert/strict';
import { deliveryCollection, openOutbox } from '../core/outbox.ts';
import { answerKey, messageCollection } from '../spine/mhs/kept-message.ts';
import { toAdvancedTrace } from '../spine/pds/traces.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import {
  ebxmlRequest,
  hl7Message,
  practice,
  retrievalOf,
  services,
  spine,
  type EbxmlSent,
  type Sent,
} from './spine-messages.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const id = () => crypto.randomUUID().toUpperCase();

describe('the polling front of Spine', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let cpaId = '';
  const trace = (messageId: string): Sent => ({
    ...{ id: messageId, service: `${services}pdsquery`, action: 'QUPA_IN000006UK02' },
    act: {
      query: toAdvancedTrace({
        ...{ family: 'Smith', given: ['Jane'], gender: 'female', maxResults: 50 },
        birthDate: { from: '2010-10-22', to: '2010-10-22' },
        ...{ fuzzy: false, exact: false, history: false },
      }),
    },
  });
  const prescription = (messageId: string): Sent => ({
    ...{ id: messageId, service: `${services}mm`, action: 'PORX_IN020101SM31' },
    act: { subjects: [hl7Message(retrievalOf('9000000009', id()))] },
  });
  const send = async (base: string, sent: Sent, header: EbxmlSent) => {
    const { body, headers } = ebxmlRequest(sent, header);
    const url = platform.url + base;
    const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
    return { answer, text: await answer.text() };
  };
  /** A message that has been answered. */
  const answered = async (base: string) => {
    const messageId = id();
    const { answer, text } = await send(base, trace(messageId), {
      pattern: 'async-express',
      cpaId,
    });
    assert.deepEqual([answer.status, text], [202, '']);
    const place = answer.headers.get('content-location') ?? '';
    const poll = async () => {
      const found = await fetch(platform.url + place);
      return { found, text: await found.text() };
    };
    const end = Date.now() + 20_000;
    for (let { found } = await poll(); found.status === 202; { found } = await poll())
      assert.ok(Date.now() < end);
    return { messageId, answer, place, poll };
  };
  /** As if the answer had never been made. */
  const withoutAnswer = async (messageId: string, change: object) => {
    const outbox = openOutbox(platform.store, { now: () => Date.now() });
    const [work] = await outbox.named(messageId);
    assert.ok(work);
    const messages = platform.store.open(messageCollection);
    const key = answerKey(work.body);
    const stored = await messages.get(key);
    if (stored) await messages.remove(key, stored.version);
    const deliveries = platform.store.open(deliveryCollection);
    const found = await deliveries.get(work.id);
    assert.ok(found);
    const ended = { ...found.value, ...change };
    await deliveries.put(work.id, ended, { expected: found.version });
  };

  before(async () => {
    platform = await startTestPlatform();
    const view = openDirectory(platform.store).in('shared');
    const interaction = `${services}pdsquery:QUPA_IN000006UK02`;
    const [handler] = await view.handlers({ partyKey: spine.partyKey, interaction }, 1);
    cpaId = handler?.cpaId ?? '';
  });
  after(() => platform.end());

  it('tells where the answer is, and when to ask in the units of its clients', async () => {
    for (const [base, retryAfter] of [
      ['/Prescription', '1'],
      ['/clinical', '500'],
    ] as const) {
      const { answer, place, poll } = await answered(base);
      assert.match(place, new RegExp(`^${base}/_poll/[0-9a-f-]{36}$`));
      assert.equal(answer.headers.get('retry-after'), retryAfter);
      for (let i = 0; i < 2; i++) {
        const { found, text } = await poll();
        assert.equal(found.status, 200);
        assert.match(found.headers.get('content-type') ?? '', /^multipart\/related/);
        assert.match(text, /QUPA_IN000011UK02/);
      }
    }
  });

  it('says so again while there is no answer', async () => {
    const { messageId, place, poll } = await answered('/clinical');
    const later = Date.now() + 60_000;
    await withoutAnswer(messageId, { state: 'sending', ended: undefined, due: later });
    const { found, text } = await poll();
    assert.deepEqual([found.status, text], [202, '']);
    assert.equal(found.headers.get('content-location'), place);
    assert.equal(found.headers.get('retry-after'), '500');
  });

  it('tells of a message that got no answer in its time, and of one that could not be processed', async () => {
    for (const [reason, status, code] of [
      ['expired: away', 504, '206'],
      ['retries used up: away', 500, '200'],
    ] as const) {
      const { messageId, poll } = await answered('/Prescription');
      await withoutAnswer(messageId, { state: 'dead', reason });
      const { found, text } = await poll();
      assert.deepEqual([found.status, found.headers.get('content-type')], [status, 'text/xml']);
      assert.match(text, new RegExp(`errorCode>${code}<`));
    }
  });

  it('knows no answers but its own', async () => {
    for (const path of [crypto.randomUUID(), 'x', '']) {
      const found = await fetch(`${platform.url}/clinical/_poll/${path}`);
      assert.equal(found.status, 500, path);
      assert.match(await found.text(), /errorCode>101</);
    }
    const { place } = await answered('/clinical');
    const elsewhere = await fetch(`${platform.url}/env/int${place}`);
    assert.equal(elsewhere.status, 500);
  });

  it('takes the agreement of prescriptions, for which there is no service here', async () => {
    const constant = { pattern: 'async-reliable', cpaId: 'S1001A1630' } as const;
    const messageId = id();
    const none = await send('/Prescription', prescription(messageId), constant);
    assert.deepEqual(
      [none.answer.status, none.answer.headers.get('content-type')],
      [500, 'text/xml'],
    );
    assert.match(none.text, /errorCode>101</);
    const broken = { ...constant, pattern: 'async-express' } as const;
    const { answer, text } = await send('/Prescription', prescription(messageId), broken);
    assert.equal(answer.status, 500);
    assert.match(text, /DUPLICATE_ELIMINATION_INCONSISTENT_WITH_CONTRACT/);
    const outbox = openOutbox(platform.store, { now: () => Date.now() });
    assert.deepEqual(await outbox.named(messageId), []);
  });

  it('tells of errors in the envelope with a fault, for nobody reads errors in ebXML there', async () => {
    const express = { pattern: 'async-express', cpaId } as const;
    const constant = 'S1001A1630';
    const cases: readonly (readonly [RegExp, Sent, EbxmlSent])[] = [
      [/201.*501319:Unknown eb:CPAId/, trace(id()), { ...express, cpaId: 'S0000' }],
      [/201.*501319:Unknown eb:CPAId/, trace(id()), { ...express, cpaId: constant }],
      [/201.*402005/, prescription(id()), { pattern: 'async-reliable', cpaId: 'S0000' }],
      [
        /201.*402005/,
        prescription(id()),
        { pattern: 'async-reliable', cpaId: constant, toParty: practice.partyKey },
      ],
      [
        /201.*TimeToLive|time to live/,
        trace(id()),
        { ...express, timeToLive: '2020-01-01T00:00:00Z' },
      ],
      [/300.*SENDER_ASID_UNKNOWN/, { ...trace(id()), senderAsid: '299999999999' }, express],
    ];
    for (const [why, sent, header] of cases) {
      const { answer, text } = await send('/Prescription', sent, header);
      assert.deepEqual(
        [answer.status, answer.headers.get('content-type')],
        [500, 'text/xml'],
        text,
      );
      assert.match(text, why);
    }
    const url = `${platform.url}/reliablemessaging/reliablerequest`;
    const { body, headers } = ebxmlRequest(prescription(id()), {
      ...{ pattern: 'async-reliable', cpaId: constant },
    });
    const elsewhere = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
    assert.equal(elsewhere.status, 200);
    assert.match(await elsewhere.text(), /MessageError/);
  });

  it('passes nothing on: nobody could fetch an answer', async () => {
    const view = openDirectory(platform.store).in('shared');
    const interaction = `${services}gp2gp:RCMR_IN010000UK05`;
    const systems = await view.systems({ interaction }, 3);
    const to = systems.find(({ partyKey }) => partyKey !== practice.partyKey);
    assert.ok(to);
    const [handler] = await view.handlers({ partyKey: to.partyKey, interaction }, 1);
    const sent = {
      ...{ id: id(), service: `${services}gp2gp`, action: 'RCMR_IN010000UK05' },
      ...{ receiverAsid: to.asid, act: {} },
    };
    const { answer, text } = await send('/clinical', sent, {
      ...{ pattern: 'forward-reliable', toParty: to.partyKey, cpaId: handler?.cpaId ?? '' },
    });
    assert.equal(answer.status, 500);
    assert.match(text, /errorCode>101</);
  });
});
