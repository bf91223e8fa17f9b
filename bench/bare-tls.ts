/** The yardstick of mutual TLS: bare node:https with the same certificates and lists, sending the same bytes to every call. */
import { readFileSync } from 'node:fs';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

/** What is in the file. */
export interface BareTls {
  readonly tls: ServerOptions;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const [file = ''] = process.argv.slice(2);
const { tls, headers, body } = JSON.parse(readFileSync(file, 'utf8')) as BareTls; // mutual-tls.ts writes it

const server = createServer(tls, (_request, response) => {
  response.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
