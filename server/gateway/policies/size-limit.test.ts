import assert from 'node:assert/strict';
import { connect, type AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { assemble, problemsAs, type Handler } from '../../../core/exchange.ts';
import { createLog } from '../../../core/log.ts';
import { configOf, helloApi, tried } from '../../../test/access-ground.ts';
import { exchangeFor } from '../../../test/exchange-for.ts';
import { createFront, type Front } from '../../front.ts';
import type { PolicySite } from '../policy.ts';
import { sizeLimit } from './size-limit.ts';

const site = { api: helloApi } as PolicySite; // it looks at nothing of where it stands
const policyOf = (config: object) => sizeLimit.create(configOf(sizeLimit, config), site);

/** Counts what a handler could read of the body, in the way that the path names. */
const reads: Handler = async (exchange) => {
  if (exchange.path === '/bytes')
    return { status: 200, body: String((await exchange.body.bytes(1000)).length) };
  let length = 0;
  const count = new Writable({
    write(chunk: Buffer, _encoding, done) {
      length += chunk.length;
      done();
    },
  });
  await pipeline(exchange.body.stream(), count);
  return { status: 200, body: String(length) };
};

describe('the policy of sizes', () => {
  it('refuses too long a query with 414 and too many fields with 431', async () => {
    const policy = policyOf({ query: 10, headers: 10 });
    const rawHeaders = (fields: number) => Array<string>(2 * fields).fill('x');
    assert.equal((await tried(policy, exchangeFor({ rawQuery: 'a=34567890' }))).status, 200);
    assert.equal((await tried(policy, exchangeFor({ rawQuery: 'a=345678901' }))).status, 414);
    assert.equal((await tried(policy, exchangeFor({ rawHeaders: rawHeaders(10) }))).status, 200);
    assert.equal((await tried(policy, exchangeFor({ rawHeaders: rawHeaders(11) }))).status, 431);
  });

  describe('over a real socket', () => {
    let front: Front;
    let port: number;
    before(async () => {
      const edge = problemsAs(({ status, code = '' }) => ({ status, body: code }));
      const handler = assemble([edge, policyOf({ body: 100 })], reads);
      const mount = { environment: 'sandbox', base: '/api', api: 'test', handler };
      const silent = new Writable({
        write: (_chunk, _encoding, done) => {
          done();
        },
      });
      front = createFront({
        ...{ tables: [{ find: () => mount }], environment: 'sandbox' },
        ...{ toEnvironment: () => undefined, log: createLog('error', silent) },
        pages: (_request, response) => response.end(),
      });
      await new Promise<void>((resolve) => front.server.listen(0, '127.0.0.1', resolve));
      port = (front.server.address() as AddressInfo).port; // it listens on a port
    });
    after(() => front.drain(0));

    /** The whole answer to one request, the connection closed. */
    const send = (head: string, body: string) =>
      new Promise<string>((resolve, reject) => {
        let got = '';
        const socket = connect(port, '127.0.0.1');
        socket.on('data', (chunk) => (got += chunk.toString('latin1')));
        socket
          .on('close', () => {
            resolve(got);
          })
          .on('error', reject);
        socket.write(`${head}\r\nHost: x\r\nConnection: close\r\n\r\n${body}`);
      });
    const chunked = (way: string, length: number) => {
      const chunks = Array.from({ length: length / 50 }, () => `32\r\n${'x'.repeat(50)}\r\n`);
      return send(
        `POST /api/${way} HTTP/1.1\r\nTransfer-Encoding: chunked`,
        `${chunks.join('')}0\r\n\r\n`,
      );
    };

    for (const way of ['bytes', 'stream']) {
      it(`takes a body up to its size, whether its length is told or not, read as ${way}`, async () => {
        const told = await send(
          `POST /api/${way} HTTP/1.1\r\nContent-Length: 100`,
          'x'.repeat(100),
        );
        assert.match(told, /^HTTP\/1\.1 200[^]*\r\n\r\n100$/);
        assert.match(await chunked(way, 100), /^HTTP\/1\.1 200[^]*\r\n\r\n100$/);
      });

      it(`refuses a longer one with 413, before or where it gets too long, read as ${way}`, async () => {
        const told = await send(
          `POST /api/${way} HTTP/1.1\r\nContent-Length: 101`,
          'x'.repeat(101),
        );
        assert.match(told, /^HTTP\/1\.1 413[^]*BODY_TOO_LONG$/);
        for (const length of [150, 500_000])
          assert.match(await chunked(way, length), /^HTTP\/1\.1 413[^]*BODY_TOO_LONG$/);
      });
    }

    it('tells a body that was cut short from one that ended', async () => {
      const socket = connect(port, '127.0.0.1');
      socket.write(
        'POST /api/stream HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
      );
      await new Promise((resolve) => socket.once('ready', resolve));
      socket.end();
      const got = await new Promise<string>((resolve) => {
        let text = '';
        socket.on('data', (chunk) => (text += chunk.toString('latin1')));
        socket.on('close', () => {
          resolve(text);
        });
      });
      assert.doesNotMatch(got, /^HTTP\/1\.1 200/);
    });
  });
});
