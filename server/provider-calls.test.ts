import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { callProvider, ownAddress, readProvider } from './provider-calls.ts';

describe('calls to identity providers', () => {
  let server: Server;
  let origin: string;
  before(async () => {
    server = createServer((request, response) => {
      if (request.url === '/large') response.end('"' + 'x'.repeat(1024 * 1024) + '"');
      else if (request.url === '/moved') response.writeHead(302, { location: '/ok' }).end();
      else response.end(JSON.stringify({ path: request.url }));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  it('reach this server itself on its own port, whatever its public address is', async () => {
    const call = callProvider(
      () => 'https://gatehouse.example',
      () => origin,
    );
    assert.deepEqual(await readProvider(call, 'https://gatehouse.example/realms/x'), {
      path: '/realms/x',
    });
    await assert.rejects(readProvider(call, 'https://gatehouse.example.evil.invalid/realms/x'));
  });

  it('take no redirect and no answer above 1 MiB', async () => {
    const call = callProvider(
      () => 'https://gatehouse.example',
      () => '',
    );
    await assert.rejects(readProvider(call, `${origin}/moved`), /answered 302/);
    await assert.rejects(readProvider(call, `${origin}/large`), /too large/);
  });

  it('find this server on the address it listens on', () => {
    assert.equal(ownAddress('', 9000), 'http://127.0.0.1:9000');
    assert.equal(ownAddress('0.0.0.0', 9000), 'http://127.0.0.1:9000');
    assert.equal(ownAddress('::1', 9000), 'http://[::1]:9000');
    assert.equal(ownAddress('10.1.2.3', 9000), 'http://10.1.2.3:9000');
  });
});
