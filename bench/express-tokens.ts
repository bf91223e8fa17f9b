/** The same yardstick as bare-tokens.ts behind Express, as a small authorisation server is commonly built. */
import express from 'express';
import type { AddressInfo } from 'node:net';
import { issueWith, readFacts } from './bare-issue.ts';

const issue = await issueWith(readFacts());
const app = express();
app.disable('x-powered-by').disable('etag');
app.use(express.urlencoded({ extended: false }));
app.post('/', (request, response, next) => {
  const body = request.body as Record<string, string>; // what the parser above makes of a form
  issue(body.client_assertion ?? '').then((text) => {
    response.set({ 'cache-control': 'no-store', pragma: 'no-cache' }).type('json').send(text);
  }, next);
});
const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
