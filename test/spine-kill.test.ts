import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rmSync } from 'node:fs';
import { openMessage, xmlBytes } from '../spine/ebxml/multipart.ts';
import { readEbxml } from '../spine/ebxml/envelope.ts';
import { writeAcknowledgment } from '../spine/ebxml/acknowledgement.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import {
  ebxmlRequest,
  hl7Message,
  post,
  practice,
  retrievalOf,
  services,
} from './spine-messages.ts';
import { startServerProcess } from './server-process.ts';
import { startTestPlatform } from './start-platform.ts';

const id = () => crypto.randomUUID().toUpperCase();

/** Answers nobody until it is told to; then acknowledges, and counts each message by its id. */
class Receiver {
  up = false;
  readonly received = new Map<string, number>();
  readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
        if (!this.up) return; // hangs, so that it is being sent when the sender dies
        const message = openMessage(
          one(Buffer.concat(chunks)),
          request.headers['content-type'] ?? '',
        );
        const envelope = readEbxml(xmlBytes((await message.first()).envelope));
        const { messageId } = envelope;
        this.received.set(messageId, (this.received.get(messageId) ?? 0) + 1);
        const parts = { messageId: id(), timestamp: '2026-11-01T12:00:00Z' };
        response.writeHead(200, { 'content-type': 'text/xml' });
        response.end(writeAcknowledgment(envelope, parts));
      })().catch(() => undefined); // cut off by the kill
    });
  }
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield bytes;
}

describe('messages of a server that is killed', () => {
  it('has delivered after the next start each that it had accepted, once', async function () {
    this.timeout(150_000);
    const interaction = `${services}gp2gp:RCMR_IN010000UK05`;
    const receiver = new Receiver();
    await new Promise<void>((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
    const { port } = receiver.server.address() as AddressInfo;
    const platform = await startTestPlatform();
    const view = openDirectory(platform.store).in('shared');
    const systems = await view.systems({ interaction }, 3);
    const to = systems.find(({ partyKey }) => partyKey !== practice.partyKey);
    assert.ok(to);
    const [handler] = await view.handlers({ partyKey: to.partyKey, interaction }, 1);
    const entry = await view.entry(`uniqueIdentifier=${handler?.id},ou=Services,o=nhs`);
    assert.ok(handler && entry);
    const attributes = {
      ...entry.attributes,
      nhsMHSEndPoint: [`http://127.0.0.1:${port}/`],
      nhsMHSRetryInterval: ['PT1S'],
    };
    await view.replace({ ...entry, attributes }, 'test');
    await platform.stop();

    const settings = { DATA_DIR: platform.dataDir, PORT: '0' };
    const first = startServerProcess(settings);
    const url = `${await first.ready}/reliablemessaging/forwardreliable`;
    const accepted: string[] = [];
    const sendOne = async () => {
      const messageId = id();
      const act = { subjects: [hl7Message(retrievalOf('9000000009', id()))] };
      const sent = { id: messageId, service: `${services}gp2gp`, action: 'RCMR_IN010000UK05', act };
      const { body, headers } = ebxmlRequest(
        { ...sent, receiverAsid: to.asid },
        { pattern: 'forward-reliable', toParty: to.partyKey, cpaId: handler.cpaId },
      );
      const { status } = await post(url, body, headers);
      if (status !== 202) throw new Error(String(status));
      accepted.push(messageId);
      if (accepted.length === 40) first.child.kill('SIGKILL');
    };
    await Promise.allSettled(
      Array.from({ length: 8 }, async () => {
        for (;;) await sendOne(); // ends with the server
      }),
    );
    await first.exit;
    assert.ok(accepted.length >= 40);
    receiver.up = true;
    const second = startServerProcess(settings);
    await second.ready;
    const until = Date.now() + 45_000;
    while (accepted.some((one) => !receiver.received.has(one)) && Date.now() < until)
      await new Promise(setImmediate);
    second.child.kill('SIGTERM');
    await second.exit;
    receiver.server.closeAllConnections();
    receiver.server.close();
    rmSync(platform.dataDir, { recursive: true, force: true });
    assert.deepEqual(
      accepted.filter((one) => receiver.received.get(one) !== 1),
      [],
    );
  });
});
