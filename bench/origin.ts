/** The back end of the gateway's measurements: 4 KB of JSON for every call. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const body = JSON.stringify({ id: 'bench', text: 'x'.repeat(4060) });

const server = createServer({ keepAliveTimeout: 120_000 }, (_request, response) => {
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': body.length,
    etag: 'W/"1"',
  });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`); // a server on a port has no pipe's name
});
process.on('SIGTERM', () => process.exit(0));
