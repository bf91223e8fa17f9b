import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Problem } from '../../../core/problem.ts';
import { createDocumentReader } from './reader.ts';
import { readAndJudge } from './reading.ts';

const operation = (i: number) => [
  `  /thing-${i}/{id}:`,
  '    get:',
  `      summary: ${'What it does. '.repeat(20)}`,
  '      parameters:',
  '        - {name: id, in: path, schema: {type: string}}',
  '      responses:',
  '        "200": {description: Good}',
];
const head = ['openapi: 3.0.0', 'info: {title: Many, version: "1"}', 'paths:'];
const documentOf = (operations: number) =>
  [...head, ...Array.from({ length: operations }, (_, i) => operation(i)).flat()].join('\n');

describe('a reader of OpenAPI documents', function () {
  this.timeout(60_000);
  const isProblem = (kind: string, message: RegExp) => (error: unknown) =>
    error instanceof Problem && error.kind === kind && message.test(error.message);

  describe('given a large one', () => {
    let server: Server;
    before(async () => {
      server = createServer((_request, response) => response.end('fine'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    after(() => server.close());

    it('lets other calls be answered before it has read it', async () => {
      const told: string[] = [];
      const { port } = server.address() as AddressInfo; // of a port, as it listens on one
      const reading = createDocumentReader()
        .read(documentOf(1500))
        .then(() => told.push('document'));
      for (let i = 0; i < 3; i++) {
        await (await fetch(`http://127.0.0.1:${port}/`)).text();
        told.push('call');
      }
      await reading;
      assert.deepEqual(told, ['call', 'call', 'call', 'document']);
    });
  });

  it('brings the same from the thread as at once', async () => {
    const text = documentOf(40);
    const { value, ...read } = await createDocumentReader().read(text);
    assert.deepEqual(read, readAndJudge(text, {}));
    assert.equal(Object.keys(value.paths).length, 40);
  });

  it('refuses with the line and reason, large or small', async () => {
    const reader = createDocumentReader();
    for (const operations of [1, 60]) {
      const broken = `${documentOf(operations)}\n  /x: [`;
      await assert.rejects(reader.read(broken), isProblem('invalid', /^line \d+: /));
    }
    const remote = documentOf(60).replace('{type: string}', '{$ref: "https://a.example/x"}');
    await assert.rejects(
      reader.read(remote, { strict: true }),
      isProblem('invalid', /references to other files or addresses/),
    );
  });

  it('reads a few at once, lets some wait, and turns the rest away', async () => {
    const reader = createDocumentReader({ threads: 1, waiting: 1, patience: 20_000 });
    const text = documentOf(60);
    const [first, second, third] = await Promise.allSettled([0, 1, 2].map(() => reader.read(text)));
    assert.deepEqual([first?.status, second?.status], ['fulfilled', 'fulfilled']);
    assert.ok(third?.status === 'rejected');
    assert.ok(isProblem('unavailable', /try again/)(third.reason));
    assert.ok((await reader.read(text)).judgement.score > 0);
  });

  it('gives one up that takes too long, and goes on', async () => {
    const reader = createDocumentReader({ threads: 1, waiting: 1, patience: 1 });
    const given = [reader.read(documentOf(60)), reader.read(documentOf(60))];
    for (const one of given) await assert.rejects(one, isProblem('invalid', /too long/));
    assert.ok((await reader.read(documentOf(1))).value.paths);
  });
});
