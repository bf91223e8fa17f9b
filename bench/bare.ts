/** The yardstick: bare node:http sending the same bytes that the server under test sent, path by path. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Recorded {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const [file = ''] = process.argv.slice(2);
const recorded = new Map(
  Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, Recorded>),
);
const [first] = recorded.values();

const server = createServer((request, response) => {
  const answer = recorded.get(request.url ?? '') ?? first;
  if (request.method === 'PATCH') {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      send();
    });
  } else send();

  function send() {
    if (!answer) return response.end();
    response.writeHead(answer.status, {
      ...answer.headers,
      'content-length': Buffer.byteLength(answer.body),
    });
    return response.end(answer.body);
  }
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
