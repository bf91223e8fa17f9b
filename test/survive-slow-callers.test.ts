import assert from 'node:assert/strict';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { createLog } from '../core/log.ts';
import { outcomes } from '../fhir/outcome.ts';
import { createFront, type Front } from '../server/front.ts';
import { MountTable } from '../server/mount-table.ts';
import { sendRaw } from './raw-http.ts';

/** Those of the service are 10 s, 30 s, 3 s and 120 s. */
const timeouts = { headers: 600, body: 600, linger: 300, still: 3000 };
const mebibyte = 1024 * 1024;

describe('slow callers', function () {
  this.timeout(30_000);
  let front: Front;
  let port: number;
  const opened: Socket[] = [];

  before(async () => {
    front = createFront({
      tables: [
        new MountTable([
          {
            environment: 'sandbox',
            base: '/api',
            api: 'test',
            handler: outcomes(async (exchange) => {
              if (exchange.path === '/large')
                return { status: 200, body: 'x'.repeat(32 * mebibyte) };
              const body = await exchange.body.bytes(mebibyte);
              return { status: 200, body: String(body.length) };
            }),
          },
        ]),
      ],
      environment: 'sandbox',
      toEnvironment: (name) => (['sandbox'].includes(name) ? name : undefined),
      log: createLog(
        'error',
        new Writable({
          write: (_chunk, _encoding, done) => {
            done();
          },
        }),
      ),
      pages: (_request, response) => {
        response.writeHead(404).end();
      },
      timeouts,
    });
    await new Promise<void>((resolve) => front.server.listen(0, '127.0.0.1', resolve));
    port = (front.server.address() as AddressInfo).port; // a server on a port has no pipe's name
  });
  after(() => front.drain(100));
  afterEach(() => {
    for (const socket of opened.splice(0)) socket.destroy();
  });

  const open = () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined); // being cut is what is expected
    opened.push(socket);
    return socket;
  };
  /** Sends the head, then one byte again and again; gives what came back once it was cut off. */
  const drip = (head: string, byte: string) =>
    new Promise<string>((resolve) => {
      const socket = open();
      let got = '';
      socket.write(head);
      const dripping = setInterval(() => socket.write(byte), 100);
      socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
      socket.once('close', () => {
        clearInterval(dripping);
        resolve(got);
      });
    });
  const ask = () => sendRaw(port, { path: '/api/x' });

  it('are cut off when their header fields do not come to an end', async () => {
    assert.match(await drip('GET /api/x HTTP/1.1\r\nhost: a\r\nx-a: ', 'a'), /^HTTP\/1\.1 408 /);
  });

  it('are cut off when they say nothing at all', async () => {
    await new Promise((resolve) => open().once('close', resolve).resume());
  });

  it('are cut off when the body they announced hardly gets on', async () => {
    const post = 'POST /api/x HTTP/1.1\r\nhost: a\r\n';
    for (const length of ['content-length: 100000', 'transfer-encoding: chunked']) {
      const byte = length.startsWith('t') ? '1\r\na\r\n' : 'a';
      const got = await drip(`${post}${length}\r\n\r\n`, byte);
      assert.match(got, /^HTTP\/1\.1 408 [^]*OperationOutcome/);
    }
  });

  it('are heard to the end as long as their body gets on', async () => {
    const socket = open();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    let got = '';
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
    socket.write(
      'POST /api/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 20000\r\n\r\n',
    );
    for (let i = 0; i < 10; i++) {
      socket.write('a'.repeat(2000));
      await new Promise((resolve) => setTimeout(resolve, 150)); // in all, longer than the patience
    }
    await closed;
    assert.match(got, /200 OK[^]*20000/);
  });

  it('are cut off when they do not fetch the answer', async () => {
    const socket = open();
    socket.write('GET /api/large HTTP/1.1\r\nhost: a\r\n\r\n');
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const connections = () =>
      new Promise<number>((resolve) => {
        front.server.getConnections((_error, count) => {
          resolve(count);
        });
      });
    assert.equal(await connections(), 1, 'the answer is more than the buffers on the way hold');
    while ((await connections()) > 0) await new Promise((resolve) => setTimeout(resolve, 100));
  });

  it('see why a body too large was refused, however long it is', async () => {
    for (const chunked of [false, true]) {
      const body = Buffer.alloc(40 * mebibyte, 0x20);
      const answer = await sendRaw(port, { method: 'POST', path: '/api/x', body, chunked });
      assert.equal(answer.status, 413);
      assert.match(answer.body, /at most 1048576 bytes/);
      assert.ok(answer.closed);
    }
  });

  it('do not keep others from being served, a thousand of them', async () => {
    const slow = Array.from({ length: 1000 }, (_, i) => {
      const socket = open();
      // Some say nothing, some half a request, some half a body.
      if (i % 3 === 1) socket.write('GET /api/x HTTP/1.1\r\nhost: ');
      if (i % 3 === 2) socket.write('POST /api/x HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n');
      return new Promise((resolve) => socket.once('close', resolve).resume());
    });
    for (let i = 0; i < 50; i++) assert.equal((await ask()).status, 200);
    await Promise.all(slow);
    assert.equal((await ask()).status, 200);
  });
});
