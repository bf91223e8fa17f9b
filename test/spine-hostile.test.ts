import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { itkRequest } from './itk-messages.ts';
import { retrievalOf, soapRequest } from './spine-messages.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const id = () => crypto.randomUUID().toUpperCase();

/** A connection whose request is all there but for its last byte. */
async function almost(port: number, path: string, body: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`;
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.write(head + body.slice(0, -1), () => {
      resolve();
    });
  });
  return socket;
}

function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('error', reject);
    socket.on('end', () => {
      resolve(text);
    });
  });
}

describe('hostile messages of Spine', function () {
  this.timeout(60_000);
  let platform: TestPlatform;

  before(async () => {
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  const faces = [
    ['/sync-service', () => soapRequest(retrievalOf('9000000009', id())), 'SOAP:Body'],
    [
      '/smsp/pds',
      () =>
        itkRequest({
          operation: 'verifyNHSNumber',
          terms: { nhsNumber: '9000000009', birthDate: '2010-10-22' },
        }),
      'SOAP:Body',
    ],
  ] as const;

  for (const [path, sound, at] of faces)
    it(`are read beside the others' calls, whatever their size: ${path}`, async () => {
      const long = `<a>${'b '.repeat(450_000)}</a>${'<a>'.repeat(200)}`;
      const body = sound().replace(`<${at}>`, `<${at}>${long}`);
      const sockets = await Promise.all(
        Array.from({ length: 6 }, () => almost(platform.port, path, body)),
      );
      for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate); // what was sent is read
      const order: string[] = [];
      const answers = sockets.map(async (socket) => {
        const text = await answerOf(socket);
        order.push('hostile');
        return text;
      });
      const other = connect(platform.port, '127.0.0.1');
      await new Promise<void>((resolve) => other.once('connect', resolve));
      const answered = answerOf(other).then((text) => {
        order.push('other');
        return text;
      });
      // Nothing of the platform runs between these lines: it finds the ends of all documents, and behind them the call.
      for (const socket of sockets) socket.write(body.slice(-1));
      other.write(
        'GET /personal-demographics/FHIR/R4/Patient/9000000009 HTTP/1.1\r\nX-Request-ID: 6AD90F2F-09A2-4BF5-9F26-9B5E1F0B6D11\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      );
      for (const text of await Promise.all(answers)) {
        assert.match(text, /^HTTP\/1\.1 500 /);
        assert.match(text, /xml\.depth/);
      }
      assert.match(await answered, /^HTTP\/1\.1 200 /);
      assert.notEqual(order.at(-1), 'other', order.join(' '));
    });
});
