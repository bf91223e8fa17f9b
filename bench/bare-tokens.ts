/**
 * The yardstick of the token endpoint: bare node:http that verifies an assertion and gives a token (bare-issue.ts), with
 * no store, no audit and no rules.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { issueWith, readFacts } from './bare-issue.ts';

const issue = await issueWith(readFacts());
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const form = new URLSearchParams(Buffer.concat(chunks).toString('latin1'));
    issue(form.get('client_assertion') ?? '').then(
      (body) => {
        response.writeHead(200, {
          'content-type': 'application/json',
          'cache-control': 'no-store',
          pragma: 'no-cache',
          'content-length': Buffer.byteLength(body),
        });
        response.end(body);
      },
      () => response.writeHead(400).end(),
    );
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
