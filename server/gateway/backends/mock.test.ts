import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { exchangeFor } from '../../../test/exchange-for.ts';
import { Problem } from '../../../core/problem.ts';
import { readOpenApi } from '../../catalogue/openapi/read.ts';
import { mockBackend } from './mock.ts';

const { document: specification } = readOpenApi(`
openapi: 3.0.3
info: { title: Pets, version: 1.0.0 }
paths:
  /pet/{id}:
    get:
      responses:
        404: { description: None, content: { application/problem+json: { example: { title: None } } } }
        200:
          description: A pet
          headers:
            ETag: { schema: { type: string, example: W/"1" } }
            Content-Length: { schema: { type: integer, example: 1 } }
            X-Bad: { schema: { type: string, example: "a\\r\\nset-cookie: b" } }
          content:
            application/json:
              examples:
                dog: { value: { name: Rex } }
                cat: { $ref: '#/components/examples/cat' }
            text/plain: { example: Rex }
        5XX: { description: Broken }
  /made:
    get:
      responses:
        default:
          description: Made
          content: { application/json: { schema: { $ref: '#/components/schemas/Made' } } }
  /empty: { delete: { responses: { 204: { description: Gone } } } }
components:
  examples: { cat: { value: { name: Tom } } }
  schemas:
    Made:
      type: object
      properties:
        id: { type: string, format: uuid }
        count: { type: integer, minimum: 3 }
        kind: { enum: [b, a] }
        list: { type: array, items: { type: boolean }, minItems: 2 }
        secret: { type: string, writeOnly: true }
        self: { $ref: '#/components/schemas/Made' }
        both: { allOf: [{ properties: { a: { type: string, default: x } } }, { properties: { b: { type: number } } }] }
`);

const { handler } = mockBackend({ specification });

const call = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
  const {
    status,
    headers: fields = {},
    body,
  } = await handler(exchangeFor({ path, headers, method }));
  return {
    status,
    fields,
    mock: fields['x-gatehouse-mock'],
    body: Buffer.isBuffer(body) ? body.toString() : '',
  };
};

const refused = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
  try {
    await call(path, headers, method);
  } catch (error) {
    assert.ok(error instanceof Problem);
    return `${error.status} ${error.message}`;
  }
  throw new Error('it was answered');
};

describe('a mock', () => {
  it('answers with the first example of the usual status, and says that it is a mock', async () => {
    const { status, fields, body } = await call('/pet/1');
    assert.deepEqual([status, body], [200, '{"name":"Rex"}']);
    assert.deepEqual(fields, {
      etag: 'W/"1"',
      'content-type': 'application/json',
      'x-gatehouse-mock': 'dog',
    });
    assert.deepEqual(await call('/pet/2'), await call('/pet/1'));
  });

  for (const [title, headers, status, mock, body] of [
    ['a named example', { 'x-gatehouse-example': 'cat' }, 200, 'cat', '{"name":"Tom"}'],
    ['a status', { 'x-gatehouse-status': '404' }, 404, 'example', '{"title":"None"}'],
    [
      'a status by Prefer',
      { prefer: 'respond-async, code=404' },
      404,
      'example',
      '{"title":"None"}',
    ],
    ['a status of a range', { 'x-gatehouse-status': '503' }, 503, 'no-content', ''],
    ['a media type', { accept: 'text/plain, application/json;q=0.5' }, 200, 'example', 'Rex'],
    ['a range of types', { accept: 'text/*' }, 200, 'example', 'Rex'],
  ] as const)
    it(`gives ${title} when asked`, async () => {
      const answer = await call('/pet/1', headers);
      assert.deepEqual([answer.status, answer.mock, answer.body], [status, mock, body]);
    });

  it('makes a sample of the schema where there is no example', async () => {
    const { status, mock, body } = await call('/made');
    assert.deepEqual([status, mock], [200, 'schema']);
    const made = JSON.parse(body);
    assert.deepEqual(
      { ...made, self: null },
      {
        id: '00000000-0000-4000-8000-000000000000',
        count: 3,
        kind: 'b',
        list: [true, true],
        self: null,
        both: { a: 'x', b: 0 },
      },
    );
    assert.ok(body.length < 2000);
  });

  it('answers HEAD as GET, and an undescribed OPTIONS', async () => {
    assert.equal((await call('/pet/1', {}, 'HEAD')).mock, 'dog');
    assert.equal((await call('/pet/1', {}, 'OPTIONS')).status, 204);
    assert.equal((await call('/empty', {}, 'DELETE')).status, 204);
  });

  for (const [title, expected, path, headers, method] of [
    ['a path that is not there', /^404/, '/none'],
    ['a method that is not there', /^405/, '/pet/1', {}, 'POST'],
    [
      'a type it does not have',
      /^406 This can be had as: application\/json, text\/plain/,
      '/pet/1',
      { accept: 'image/png' },
    ],
    [
      'an unknown example',
      /^400 .*there are: dog, cat/,
      '/pet/1',
      { 'x-gatehouse-example': '<script>' },
    ],
    ['an unknown status', /^400 .*there are: 200, 404/, '/pet/1', { 'x-gatehouse-status': '418' }],
    ['a status that is none', /^400/, '/pet/1', { 'x-gatehouse-status': '99' }],
    [
      'an example the status lacks',
      /^400/,
      '/pet/1',
      { 'x-gatehouse-status': '200', 'x-gatehouse-example': 'x' },
    ],
  ] as const)
    it(`refuses ${title}`, async () => {
      const told = await refused(path, headers, method);
      assert.match(told, expected);
      assert.doesNotMatch(told, /script/);
    });

  it('keeps answers apart by what was asked', async () => {
    for (let i = 0; i < 20; i++) await call('/pet/1', { accept: `application/json;q=0.${i}1` });
    assert.equal((await call('/pet/1', { accept: 'text/plain' })).body, 'Rex');
  });

  it('writes fields that a real server sends', async () => {
    const server = createServer((request, response) => {
      void call(request.url ?? '').then(({ status, fields, body }) => {
        response.writeHead(status, fields as Record<string, string>).end(body);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/pet/7`);
    assert.deepEqual(await answer.json(), { name: 'Rex' });
    assert.equal(answer.headers.get('set-cookie'), null);
    server.close();
  });

  it('needs a document', () => {
    assert.throws(() => mockBackend({ specification: undefined }), /needs an OpenAPI document/);
  });
});
