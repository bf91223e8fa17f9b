/** A message handler of an organisation for tests: keeps what comes to its endpoint, and answers as it is told. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeAcknowledgment } from '../spine/ebxml/acknowledgement.ts';
import { readEbxml, type EbxmlEnvelope } from '../spine/ebxml/envelope.ts';
import { openMessage, xmlBytes } from '../spine/ebxml/multipart.ts';
import type { Directory } from '../spine/sds/directory.ts';

export interface Received {
  readonly action: string;
  readonly envelope: EbxmlEnvelope;
  readonly text: string;
}

export class Handler {
  readonly received: Received[] = [];
  answer: (message: EbxmlEnvelope) => { status: number; body: string } = () => ({
    status: 202,
    body: '',
  });
  readonly #server: Server;
  #waiting: (() => void)[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
        const bytes = Buffer.concat(chunks);
        assert.equal(Number(request.headers['content-length']), bytes.length);
        const message = openMessage(one(bytes), request.headers['content-type'] ?? '');
        const envelope = readEbxml(xmlBytes((await message.first()).envelope));
        const { status, body } = this.answer(envelope);
        response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
        const action = String(request.headers.soapaction);
        this.received.push({ action, envelope, text: bytes.toString() });
        for (const wake of this.#waiting) wake();
      })();
    });
  }

  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** The first message of this kind, when it has come. */
  async next(is: (received: Received) => boolean): Promise<Received> {
    for (;;) {
      const found = this.received.find(is);
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield bytes;
}

/** Answers with the acknowledgement of a message. */
export const acknowledging = (message: EbxmlEnvelope) => ({
  status: 200,
  body: writeAcknowledgment(message, {
    messageId: crypto.randomUUID().toUpperCase(),
    timestamp: '2026-11-01T12:00:00Z',
  }),
});

/** Has the endpoints of a party lead to this port, in the view that a directory is of. */
export async function moveEndpoints(
  directory: Directory,
  partyKey: string,
  port: number,
  { scheme = 'http', fqdn = '' } = {},
): Promise<void> {
  for (const { id } of await directory.handlers({ partyKey })) {
    const entry = await directory.entry(`uniqueIdentifier=${id},ou=Services,o=nhs`);
    if (!entry) continue;
    const attributes = {
      ...entry.attributes,
      nhsMHSEndPoint: [`${scheme}://127.0.0.1:${port}/in`],
      ...(fqdn === '' ? {} : { nhsMhsFQDN: [fqdn] }),
    };
    await directory.replace({ ...entry, attributes }, 'test');
  }
}
