/** The yardstick for passing calls on: node:http in front, an undici pool behind, nothing in between. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';

const [origin = ''] = process.argv.slice(2);
const pool = new Pool(origin, { connections: 64 });
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host']);

const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  const headers: string[] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i] ?? '';
    if (!hopByHop.has(name.toLowerCase())) headers.push(name, request.rawHeaders[i + 1] ?? '');
  }
  pool
    .request({ path: request.url ?? '/', method: 'GET', headers })
    .then(({ statusCode, headers: answered, body }) => {
      delete answered.connection;
      delete answered['keep-alive'];
      response.writeHead(statusCode, answered);
      body.pipe(response);
    })
    .catch(() => {
      response.writeHead(502).end();
    });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`); // a server on a port has no pipe's name
});
process.on('SIGTERM', () => process.exit(0));
