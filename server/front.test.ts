import assert from 'node:assert/strict';
import { connect, type AddressInfo } from 'node:net';
import { Readable, Writable } from 'node:stream';
import type { Handler } from '../core/exchange.ts';
import { createLog } from '../core/log.ts';
import { createFront, type Front } from './front.ts';
import { MountTable } from './mount-table.ts';

/** Sends bytes on a fresh connection and gives all that comes back until it closes or `quiet` ms pass. */
function raw(port: number, bytes: string | Buffer, quiet = 300): Promise<string> {
  return new Promise((resolve) => {
    let got = '';
    const socket = connect(port, '127.0.0.1');
    const end = () => {
      socket.destroy();
      resolve(got);
    };
    let timer = setTimeout(end, quiet * 4);
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
      clearTimeout(timer);
      timer = setTimeout(end, quiet);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(got);
    });
    socket.on('error', () => undefined);
    socket.write(bytes);
  });
}

describe('the front', () => {
  let front: Front;
  let port: number;
  const seen: { path: string; environment: string; query: string }[] = [];

  const handler: Handler = async (exchange) => {
    seen.push({
      path: exchange.path,
      environment: exchange.environment,
      query: exchange.rawQuery,
    });
    if (exchange.path === '/echo')
      return { status: 200, body: await exchange.body.bytes(1000).then(String) };
    if (exchange.path === '/stream') return { status: 200, body: Readable.from(['a', 'b', 'c']) };
    if (exchange.path === '/broken') throw new Error('let through');
    if (exchange.path === '/slow')
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
    return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'fine' };
  };

  beforeEach(async () => {
    seen.length = 0;
    front = createFront({
      tables: [
        new MountTable([
          { environment: 'sandbox', base: '/api', api: 'test', handler },
          { environment: 'production', base: '/api', api: 'live', handler },
        ]),
      ],
      environment: 'sandbox',
      toEnvironment: (name) => (['sandbox', 'production'].includes(name) ? name : undefined),
      log: createLog(
        'error',
        new Writable({
          write: (_c, _e, done) => {
            done();
          },
        }),
      ),
      pages: (_request, response) => {
        response.writeHead(404).end('a page');
      },
    });
    await new Promise<void>((resolve) => front.server.listen(0, '127.0.0.1', resolve));
    port = (front.server.address() as AddressInfo).port;
  });
  afterEach(() => front.drain(100));

  it('hands an API its own paths and leaves the rest to the pages', async () => {
    assert.match(
      await raw(port, 'GET /api/x?a=1 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'),
      /200 OK[^]*fine/,
    );
    assert.deepEqual(seen, [{ path: '/x', environment: 'sandbox', query: 'a=1' }]);
    for (const path of ['/apix', '/', '/env', '/other/api'])
      assert.match(
        await raw(port, `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`),
        /404[^]*a page/,
      );
  });

  it('finds the environment in the host or below /env', async () => {
    await raw(port, 'GET /api/x HTTP/1.1\r\nhost: production.example\r\nconnection: close\r\n\r\n');
    await raw(port, 'GET /env/production/api/y HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    await raw(port, 'GET http://elsewhere/api/z HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    assert.deepEqual(
      seen.map(({ environment, path }) => [environment, path]),
      [
        ['production', '/x'],
        ['production', '/y'],
        ['sandbox', '/z'],
      ],
    );
    assert.match(
      await raw(port, 'GET /env/nowhere/api/y HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'),
      / 404 /,
    );
  });

  it('refuses malformed framing with 400 and closes the connection', async () => {
    const bad = [
      'GET /api/x HTTP/1.1\r\n\r\n',
      'GET /api/x HTTP/1.1\r\nhost: a\r\nhost : b\r\n\r\n',
      'POST /api/echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      'POST /api/echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc',
      'GET /api/x HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n',
      'NONSENSE\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    ];
    for (const bytes of bad) {
      const got = await raw(port, bytes);
      assert.match(got, /^HTTP\/1\.1 400 /, JSON.stringify(bytes));
      assert.match(got, /connection: close/i);
    }
    assert.equal(seen.length, 0);
    assert.match(
      await raw(port, `GET /api/x HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`),
      / 431 /,
    );
  });

  it('gives the body as bytes up to the limit and no further', async () => {
    const post = (length: number, body: string) =>
      raw(
        port,
        `POST /api/echo HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`,
      );
    assert.match(await post(5, 'hello'), /200 OK[^]*hello/);
    assert.doesNotMatch(await post(1001, 'x'.repeat(1001)), /xxxx/);
    const chunked = `POST /api/echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n`;
    assert.match(await raw(port, `${chunked}5\r\nhello\r\n0\r\n\r\n`), /hello/);
  });

  it('streams an answer and keeps the connection', async () => {
    const request = 'GET /api/stream HTTP/1.1\r\nhost: a\r\n\r\n';
    const got = await raw(port, request + request);
    assert.equal(got.match(/200 OK/g)?.length, 2);
  });

  it('answers 500 without a word about the cause when a handler lets an error through', async () => {
    const got = await raw(port, 'GET /api/broken HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    assert.match(got, / 500 /);
    assert.doesNotMatch(got, /let through/);
  });

  it('finishes the calls that run before it closes, and takes no new ones', async () => {
    const running = raw(port, 'GET /api/slow HTTP/1.1\r\nhost: a\r\n\r\n', 1000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const drained = front.drain(5000);
    assert.match(await running, /200 OK[^]*fine/);
    await drained;
    assert.equal(await raw(port, 'GET /api/x HTTP/1.1\r\nhost: a\r\n\r\n'), '');
  });
});
