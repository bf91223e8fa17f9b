import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { OpensslCa, whyNoOpenssl } from '../test/openssl-ca.ts';
import { createFetchData } from './events-fetch.ts';

describe('the data of an event', () => {
  const fetchOver = (address: string, own: string, networks: readonly string[] = ['10.0.0.0/24']) =>
    createFetchData({
      ...{ targets: { allowLocal: false, networks }, own: () => own },
      identity: () => Promise.resolve(undefined),
      resolve: () => Promise.resolve([address]),
    });
  // Over at once: what may be called is `later`, what may not is `refused` and is never called.
  const judged = async (url: string, address: string, own = 'https://platform.example.org') =>
    (await fetchOver(address, own)('uat', url, {}, AbortSignal.abort())).kind;

  it('are fetched from public addresses, and from a network of back ends at the own address alone', async () => {
    assert.equal(await judged('https://flags.example.org/1', '93.184.216.34'), 'later');
    assert.equal(await judged('https://back-end.example.org/1', '10.0.0.7'), 'refused');
    assert.equal(await judged('https://platform.example.org/x', '10.0.0.7'), 'later');
    assert.equal(await judged('https://platform.example.org:8443/x', '10.0.0.7'), 'refused');
    assert.equal(await judged('https://platform.example.org/x', '10.9.0.7'), 'refused');
    for (const address of ['127.0.0.1', '169.254.169.254', '::1'])
      assert.equal(await judged('https://rebinds.example.org/', address), 'refused', address);
  });

  it('are fetched without the certificate that the platform shows to back ends', async function () {
    if (whyNoOpenssl() !== undefined) this.skip();
    const ca = new OpensslCa();
    const { certificate, key } = ca.server('localhost');
    const client = ca.client('gatehouse.test');
    const shown: boolean[] = [];
    const source = createServer(
      {
        ...{ cert: certificate + ca.issuing, key, ca: [...ca.authorities] },
        ...{ requestCert: true, rejectUnauthorized: false },
      },
      (request, response) => {
        shown.push((request.socket as TLSSocket).authorized); // a server of TLS has such sockets
        response.setHeader('content-type', 'application/json').end('{}');
      },
    ).listen(0, '127.0.0.1');
    await once(source, 'listening');
    const { port } = source.address() as AddressInfo; // it listens on a port
    const fetchData = createFetchData({
      ...{ targets: { allowLocal: true, networks: [] }, own: () => 'https://platform.example.org' },
      identity: () =>
        Promise.resolve({
          authorities: ca.authorities.join(''),
          identity: client.certificate + ca.issuing + client.key,
        }),
      resolve: () => Promise.resolve(['127.0.0.1']),
    });
    const url = `https://localhost:${port}/Flag/1`;
    const got = await fetchData('sandbox', url, {}, AbortSignal.timeout(10_000));
    assert.equal(got.kind, 'data');
    assert.deepEqual(shown, [false]);
    source.close();
    source.closeAllConnections();
    ca.end();
  });
});
