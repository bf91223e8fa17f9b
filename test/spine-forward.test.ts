import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openOutbox, type Delivery } from '../core/outbox.ts';
import { acknowledgmentAction, messageErrorAction } from '../spine/ebxml/acknowledgement.ts';
import type { EbxmlEnvelope } from '../spine/ebxml/envelope.ts';
import { writeMessageError } from '../spine/ebxml/message-error.ts';
import { signalService } from '../spine/interactions.ts';
import type { AccreditedSystem } from '../spine/sds/directory.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { acknowledging, Handler, moveEndpoints } from './message-handler.ts';
import {
  ebxmlRequest,
  hl7Message,
  post,
  retrievalOf,
  services,
  type EbxmlSent,
} from './spine-messages.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const id = () => crypto.randomUUID().toUpperCase();

/** Waits for what must come. */
async function until<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error('It has not come in 20 seconds');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('messages that Spine forwards', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let own: Handler;
  let other: Handler;
  let sender: AccreditedSystem;
  let receiver: AccreditedSystem;
  let offset = 0;
  const clock = { now: () => Date.now() + offset, newId: () => crypto.randomUUID() };
  const view = () => openDirectory(platform.store).in('shared');
  const outbox = () => openOutbox(platform.store, clock);
  const express = { service: `${services}ebs`, action: 'PRSC_IN080000UK03' };
  const reliable = { service: `${services}gp2gp`, action: 'RCMR_IN010000UK05' };

  /** Two parties of different organisations who send each other an interaction. */
  const between = async (parts: { service: string; action: string }) => {
    const interaction = `${parts.service}:${parts.action}`;
    const systems = await view().systems({ interaction }, 10);
    const [first] = systems;
    const second = systems.find(({ partyKey }) => partyKey !== first?.partyKey);
    assert.ok(first && second);
    [sender, receiver] = [first, second];
    await moveEndpoints(view(), first.partyKey, await own.listen());
    await moveEndpoints(view(), second.partyKey, await other.listen());
  };
  const messageOf = async (
    parts: { service: string; action: string },
    messageId: string,
    header: EbxmlSent,
  ) => {
    const interaction = `${parts.service}:${parts.action}`;
    const [found] = await view().handlers({ partyKey: receiver.partyKey, interaction }, 1);
    const act = { subjects: [hl7Message(retrievalOf('9000000009', id()))] };
    return ebxmlRequest(
      { id: messageId, ...parts, act, senderAsid: sender.asid, receiverAsid: receiver.asid },
      {
        ...{ fromParty: sender.partyKey, toParty: receiver.partyKey },
        ...{ cpaId: found?.cpaId ?? '', ...header },
      },
    );
  };
  type Made = Awaited<ReturnType<typeof messageOf>>;
  const send = ({ body, headers }: Made, path: string) =>
    post(`${platform.url}/reliablemessaging/${path}`, body, headers);
  /** With the final receiver as who acknowledges. */
  const toEnd = async (messageId: string): Promise<Made> => {
    const made = await messageOf(reliable, messageId, { pattern: 'forward-reliable' });
    const text = made.body.toString('latin1').replace('actor:nextMSH', 'actor:toPartyMSH');
    return { ...made, body: Buffer.from(text, 'latin1') };
  };
  const about = (messageId: string) => (received: { envelope: EbxmlEnvelope }) =>
    received.envelope.messageId === messageId;
  const signalAbout = (messageId: string) => (received: { envelope: EbxmlEnvelope }) =>
    received.envelope.service === signalService && received.envelope.refToMessageId === messageId;
  const deliveryOf = async (messageId: string): Promise<Delivery | undefined> =>
    (await outbox().named(messageId)).find(({ topic }) => topic === 'spine-send');
  const inState = (messageId: string, state: Delivery['state']) =>
    until(async () => {
      const found = await deliveryOf(messageId);
      return found?.state === state ? found : undefined;
    });
  const acknowledge = (message: EbxmlEnvelope) =>
    post(`${platform.url}/reliablemessaging/forwardreliable`, acknowledging(message).body, {
      'content-type': 'text/xml',
      soapaction: acknowledgmentAction,
    });
  const signals = (messageId: string) => own.received.filter(signalAbout(messageId)).length;

  before(async () => {
    platform = await startTestPlatform({ clock });
  });
  after(() => platform.end());
  beforeEach(() => {
    own = new Handler();
    other = new Handler();
    own.answer = acknowledging;
    other.answer = acknowledging;
  });
  afterEach(async () => {
    await own.close();
    await other.close();
  });

  describe('without reliability', () => {
    beforeEach(() => between(express));

    it('go on as they came, once, and nobody acknowledges', async () => {
      const messageId = id();
      const made = await messageOf(express, messageId, { pattern: 'forward-express' });
      const answer = await send(made, 'forwardexpress');
      assert.deepEqual(answer, { status: 202, type: 'text/xml', text: '' });
      const { text, action } = await other.next(about(messageId));
      assert.equal(text, made.body.toString());
      assert.equal(action, `"${made.headers.soapaction}"`);
      await inState(messageId, 'done');
      assert.deepEqual([other.received.length, own.received.length], [1, 0]);
    });

    it('are not sent again when the receiver is away, and nobody is told', async () => {
      const messageId = id();
      other.answer = () => ({ status: 500, body: '' });
      const made = await messageOf(express, messageId, { pattern: 'forward-express' });
      assert.equal((await send(made, 'forwardexpress')).status, 202);
      const { reason, attempts } = await inState(messageId, 'dead');
      assert.deepEqual([reason, attempts], ['retries used up: answered with 500', 1]);
      const others = (await outbox().named(messageId)).map(({ topic }) => topic);
      assert.deepEqual(others, ['spine-send']);
    });

    it('are refused with elements of reliability, and leave nothing', async () => {
      const messageId = id();
      const made = await messageOf(express, messageId, { pattern: 'forward-reliable' });
      const answer = await send(made, 'forwardexpress');
      assert.equal(answer.status, 200);
      assert.match(answer.text, /ACK_REQUESTED_INCONSISTENT_WITH_CONTRACT/);
      assert.deepEqual(await outbox().named(messageId), []);
    });
  });

  describe('with reliability between the ends', () => {
    beforeEach(() => between(reliable));

    it('bring the acknowledgement of the final receiver from its answer', async () => {
      const messageId = id();
      const made = await toEnd(messageId);
      const answer = await send(made, 'forwardreliable');
      assert.deepEqual(answer, { status: 202, type: 'text/xml', text: '' });
      assert.equal((await other.next(about(messageId))).text, made.body.toString());
      const { envelope, action } = await own.next(signalAbout(messageId));
      assert.equal(action, `"${acknowledgmentAction}"`);
      assert.deepEqual(
        [envelope.fromParty, envelope.toParty, envelope.acknowledgment?.refToMessageId],
        [receiver.partyKey, sender.partyKey, messageId],
      );
      assert.match(envelope.acknowledgment?.actor ?? '', /toPartyMSH$/);
      await inState(messageId, 'done');
      assert.equal(signals(messageId), 1);
    });

    it('bring the acknowledgement that the final receiver posts later, once', async () => {
      const messageId = id();
      other.answer = () => ({ status: 202, body: '' });
      await send(await toEnd(messageId), 'forwardreliable');
      const { envelope } = await other.next(about(messageId));
      await inState(messageId, 'sent');
      assert.equal(signals(messageId), 0);
      assert.equal((await acknowledge({ ...envelope, toParty: sender.partyKey })).status, 202);
      assert.equal((await inState(messageId, 'sent')).state, 'sent'); // of a party that is not the receiver
      assert.equal((await acknowledge(envelope)).status, 202);
      assert.equal((await acknowledge(envelope)).status, 202);
      await own.next(signalAbout(messageId));
      await inState(messageId, 'done');
      const told = (await outbox().named(messageId)).filter(({ topic }) => topic !== 'spine-send');
      assert.equal(told.length, 1);
    });

    it('are sent on again when the first sender repeats them, and acknowledged again', async () => {
      const messageId = id();
      other.answer = () => ({ status: 500, body: '' });
      const made = await toEnd(messageId);
      await send(made, 'forwardreliable');
      await inState(messageId, 'dead');
      assert.equal(signals(messageId), 0);
      other.answer = acknowledging;
      const again = await send(made, 'forwardreliable');
      assert.deepEqual(again, { status: 202, type: 'text/xml', text: '' });
      await own.next(signalAbout(messageId));
      await inState(messageId, 'done');
      const texts = other.received.filter(about(messageId)).map(({ text }) => text);
      assert.deepEqual(texts, [made.body.toString(), made.body.toString()]);
      await send(made, 'forwardreliable');
      await until(() => (signals(messageId) === 2 ? true : undefined));
      assert.equal(other.received.filter(about(messageId)).length, 2);
    });

    it('are told to have failed when the receiver refuses them', async () => {
      const messageId = id();
      other.answer = (message) => ({
        status: 200,
        body: writeMessageError(
          message,
          [
            {
              ...{ codeContext: '', errorCode: 'SecurityFailure', severity: 'Error' },
              ...{ location: '', description: 'no' },
            },
          ],
          { messageId: id(), timestamp: '2026-11-01T12:00:00Z' },
        ),
      });
      await send(await toEnd(messageId), 'forwardreliable');
      const { envelope, action } = await own.next(signalAbout(messageId));
      assert.equal(action, `"${messageErrorAction}"`);
      assert.equal(envelope.errors?.errors[0]?.errorCode, 'DeliveryFailure');
      const { reason } = await inState(messageId, 'dead');
      assert.equal(reason, 'refused by the receiver: SecurityFailure');
      await send(await toEnd(messageId), 'forwardreliable');
      assert.equal((await deliveryOf(messageId))?.state, 'dead');
    });

    it('are told to have failed when nobody has acknowledged them in their time', async () => {
      const messageId = id();
      other.answer = () => ({ status: 202, body: '' });
      await send(await toEnd(messageId), 'forwardreliable');
      await inState(messageId, 'sent');
      offset += 3 * 24 * 60 * 60_000;
      const { envelope } = await own.next(signalAbout(messageId));
      assert.equal(envelope.errors?.errors[0]?.errorCode, 'DeliveryFailure');
      const { reason, attempts } = await inState(messageId, 'dead');
      assert.deepEqual([reason, attempts], ['expired: not acknowledged', 1]);
    });
  });

  describe('with reliability from hop to hop', () => {
    beforeEach(() => between(reliable));

    it('are taken once when they come several times at once, even with other contents', async () => {
      const messageId = id();
      const made = await Promise.all(
        Array.from({ length: 5 }, () =>
          messageOf(reliable, messageId, { pattern: 'forward-reliable' }),
        ),
      );
      const answers = await Promise.all(made.map((one) => send(one, 'forwardreliable')));
      for (const answer of answers)
        assert.deepEqual(answer, { status: 202, type: 'text/xml', text: '' });
      const { text } = await other.next(about(messageId));
      assert.ok(made.some(({ body }) => body.toString() === text));
      await inState(messageId, 'done');
      await until(() => (signals(messageId) === 5 ? true : undefined));
      assert.equal(other.received.filter(about(messageId)).length, 1);
    });

    it('end with an acknowledgement that comes before the answer to the post', async () => {
      const early = createServer((request, response) => {
        void (async () => {
          await once(request.resume(), 'end');
          await acknowledge({ ...envelope, messageId });
          response.writeHead(202).end();
        })();
      });
      await new Promise<void>((resolve) => early.listen(0, '127.0.0.1', resolve));
      const { port } = early.address() as AddressInfo;
      const messageId = id();
      const before = id();
      await send(
        await messageOf(reliable, before, { pattern: 'forward-reliable' }),
        'forwardreliable',
      );
      const { envelope } = await other.next(about(before));
      await moveEndpoints(view(), receiver.partyKey, port);
      const made = await messageOf(reliable, messageId, { pattern: 'forward-reliable' });
      await send(made, 'forwardreliable');
      const { attempts, reason } = await inState(messageId, 'done');
      assert.deepEqual([attempts, reason], [1, undefined]);
      early.closeAllConnections();
      await new Promise((resolve) => early.close(resolve));
    });

    it('stay given up when an acknowledgement comes after that', async () => {
      const messageId = id();
      other.answer = () => ({ status: 202, body: '' });
      const made = await messageOf(reliable, messageId, { pattern: 'forward-reliable' });
      await send(made, 'forwardreliable');
      const { envelope } = await other.next(about(messageId));
      await inState(messageId, 'sent');
      offset += 3 * 24 * 60 * 60_000;
      await inState(messageId, 'dead');
      await until(() => (signals(messageId) === 2 ? true : undefined)); // of the hop, and of the failure
      assert.deepEqual(await acknowledge(envelope), { status: 202, type: 'text/xml', text: '' });
      assert.equal((await deliveryOf(messageId))?.state, 'dead');
      assert.equal(signals(messageId), 2);
    });
  });
});
