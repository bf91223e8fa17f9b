import assert from 'node:assert/strict';
import { exchangeFor } from '../../test/exchange-for.ts';
import type { Exchange } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { readOpenApi } from '../catalogue/openapi/read.ts';
import type { PolicySite } from './policy.ts';
import { matchOperation } from './policies/match-operation.ts';
import { validateRequest, type ValidateRequestConfig } from './policies/validate-request.ts';

const { document: specification } = readOpenApi(`
openapi: 3.0.3
info: { title: Appointments, version: 1.0.0 }
paths:
  /Slot/{id}:
    parameters:
      - { name: id, in: path, required: true, schema: { type: string, pattern: '^[0-9]{10}$' } }
      - { name: X-Request-ID, in: header, required: true, schema: { type: string, format: uuid } }
    get: { responses: { 200: { description: A slot } } }
    put:
      requestBody:
        required: true
        content:
          application/fhir+json: { schema: { $ref: '#/components/schemas/Slot' } }
          text/*: {}
      responses: { 200: { description: A slot } }
  /Slot/$free: { get: { responses: { 200: { description: Free } } } }
  /Slot/{slot}/note: { get: { responses: { 200: { description: A note } } } }
  /file/{name}.json: { get: { responses: { 200: { description: A file } } } }
  /file/{name}: { delete: { responses: { 204: { description: Gone } } } }
  /search:
    get:
      parameters:
        - { name: count, in: query, schema: { type: integer, minimum: 1, maximum: 50 } }
        - { name: ids, in: query, schema: { type: array, items: { type: integer }, maxItems: 3 } }
        - { name: tags, in: query, explode: false, schema: { type: array, items: { enum: [a, b] } } }
        - { name: pipes, in: query, style: pipeDelimited, explode: false, schema: { type: array, items: { type: boolean } } }
        - { name: filter, in: query, content: { application/json: { schema: { type: object, required: [x] } } } }
        - { name: family, in: query, required: true, schema: { type: string } }
      responses: { 200: { description: Found } }
components:
  schemas:
    Slot:
      type: object
      required: [start]
      properties:
        start: { type: string, format: date-time }
        child: { $ref: '#/components/schemas/Slot' }
        notes: { type: object, additionalProperties: { type: string } }
`);

// All that is read of a site.
const definition = { specification: 'x', policies: [] };
const site = { specification, definition } as unknown as PolicySite;

const id = { 'x-request-id': '9b6a0d0c-2d4f-4d0b-8d57-1f2e4d6c8a10' };

type Fields = NonNullable<Parameters<typeof exchangeFor>[0]>;

/** What came through both policies, or the Problem. */
async function call(
  fields: Fields,
  config: ValidateRequestConfig = {},
): Promise<Exchange | Problem> {
  const { body } = fields;
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const exchange = exchangeFor({ ...fields, headers: { ...length, ...fields.headers } });
  let seen = exchange;
  const answer = (last: Exchange) => {
    seen = last;
    return Promise.resolve({ status: 200 });
  };
  try {
    await matchOperation.create({}, site)(validateRequest.create(config, site)(answer))(exchange);
    return seen;
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    return error;
  }
}

async function refusal(fields: Fields, config: ValidateRequestConfig = {}): Promise<string> {
  const problem = await call(fields, config);
  return problem instanceof Problem ? `${problem.status} ${problem.message}` : 'let through';
}

const get = (path: string, rawQuery = '', headers = {}) => ({ path, rawQuery, headers });

const put = (body: string, type = 'application/fhir+json', headers = {}) => ({
  method: 'PUT',
  path: '/Slot/9000000009',
  headers: { ...id, 'content-type': type, ...headers },
  body,
});

describe('finding the operation', () => {
  it('lets the addresses of health by, which no document describes', async () => {
    const policy = matchOperation.create({}, site)(() => Promise.resolve({ status: 200 }));
    for (const path of ['/_ping', '/_status'])
      assert.equal((await policy(exchangeFor({ path }))).status, 200);
  });

  for (const [method, path, route, params] of [
    ['GET', '/Slot/9000000009', 'GET /Slot/{id}', { id: '9000000009' }],
    ['HEAD', '/Slot/9000000009', 'GET /Slot/{id}', { id: '9000000009' }],
    ['GET', '/Slot/$free', 'GET /Slot/$free', {}],
    ['GET', '/Slot/%24free', 'GET /Slot/$free', {}],
    ['GET', '/Slot/$free/note', 'GET /Slot/{slot}/note', { slot: '$free' }],
    ['GET', '/file/a%20b.json', 'GET /file/{name}.json', { name: 'a b' }],
    ['DELETE', '/file/a%2Fb', 'DELETE /file/{name}', { name: 'a/b' }],
  ] as const)
    it(`takes ${method} ${path} for ${route}`, async () => {
      const seen = await call({ method, path, headers: id });
      assert.ok(!(seen instanceof Problem));
      assert.equal(seen.facts.route, route);
      assert.deepEqual(seen.params, params);
    });

  for (const path of [
    '/',
    '/Slot',
    '/Slot/',
    '/Slot/1/',
    '/Slot/%2e%2e',
    '/Slot/..',
    '/__proto__',
    '/Slot/1/note/x',
  ])
    it(`says 404 for ${path}`, async () => {
      assert.match(await refusal(get(path)), /^404 /);
    });

  it('says 405 with the methods that are allowed', async () => {
    const problem = await call({ method: 'DELETE', path: '/Slot/9000000009' });
    assert.ok(problem instanceof Problem);
    assert.deepEqual(
      [problem.status, problem.headers],
      [405, { allow: 'GET, HEAD, OPTIONS, PUT' }],
    );
  });

  it('lets an undescribed OPTIONS pass', async () => {
    assert.equal(await refusal({ method: 'OPTIONS', path: '/Slot/1' }), 'let through');
  });
});

describe('parameters', () => {
  for (const [title, fields, refused] of [
    [
      'a path value',
      get('/Slot/12', '', id),
      '400 path/id must match pattern "^[0-9]{10}$" (found: text)',
    ],
    [
      'a missing header',
      get('/Slot/9000000009'),
      '400 header/X-Request-ID is required (found: nothing)',
    ],
    [
      'a header of another format',
      get('/Slot/9000000009', '', { 'x-request-id': 'x' }),
      '400 header/X-Request-ID must match format "uuid" (found: text)',
    ],
    ['a missing query parameter', get('/search'), '400 query/family is required (found: nothing)'],
    [
      'a number too high',
      get('/search', 'family=x&count=51'),
      '400 query/count must be <= 50 (found: a number)',
    ],
    [
      'a text for a number',
      get('/search', 'family=x&count=ten'),
      '400 query/count must be integer (found: text)',
    ],
    [
      'a single value twice',
      get('/search', 'family=x&count=1&count=2'),
      '400 query/count may be given once (found: 2 times)',
    ],
    [
      'an item of a list',
      get('/search', 'family=x&ids=1&ids=x'),
      '400 query/ids/1 must be integer (found: text)',
    ],
    [
      'a list too long',
      get('/search', 'family=x&ids=1&ids=2&ids=3&ids=4'),
      '400 query/ids must NOT have more than 3 items (found: a list)',
    ],
    [
      'a list with commas',
      get('/search', 'family=x&tags=a,c'),
      '400 query/tags/1 must be one of: a, b (found: text)',
    ],
    [
      'a list with bars',
      get('/search', 'family=x&pipes=true|no'),
      '400 query/pipes/1 must be boolean (found: text)',
    ],
    [
      'JSON in a parameter',
      get('/search', 'family=x&filter={"y":1}'),
      "400 query/filter must have required property 'x' (found: an object)",
    ],
  ] as const)
    it(`refuse ${title}, and say where and what`, async () => {
      assert.equal(await refusal(fields), refused);
    });

  it('pass when they fit', async () => {
    const query = 'family=x&count=50&ids=1&ids=2&tags=a,b&pipes=true|false&filter={"x":1}&other=1';
    assert.equal(await refusal(get('/search', query)), 'let through');
  });

  it('refuse names the document does not list, where that is asked for, and do not repeat them', async () => {
    const refused = await refusal(get('/search', 'family=x&secret=1'), { unknownQuery: 'refuse' });
    assert.match(refused, /^400 query may hold count, ids.* \(found: 1 other name\)$/);
    assert.doesNotMatch(refused, /secret/);
  });
});

describe('bodies', () => {
  it('pass when they fit, circles in the schema included', async () => {
    const start = '2026-01-01T10:00:00Z';
    assert.equal(await refusal(put(JSON.stringify({ start, child: { start } }))), 'let through');
  });

  for (const [title, fields, refused] of [
    ['none where one is needed', { ...put(''), body: '' }, /^400 body is required/],
    [
      'another type',
      put('{}', 'application/xml'),
      /^415 Content-Type must be one of: application\/fhir\+json, text\/\*/,
    ],
    ['no type', put('{}', ''), /^415/],
    [
      'a compressed one',
      put('{}', 'application/fhir+json', { 'content-encoding': 'gzip' }),
      /^415/,
    ],
    ['no JSON', put('{"start": 9000000009'), /^400 body is no JSON that is read here \(syntax\)$/],
    ['deep JSON', put('['.repeat(100) + ']'.repeat(100)), /\(depth\)$/],
    ['a forbidden name', put('{"__proto__": {}}'), /\(name\)$/],
    [
      'a missing member',
      put('{}'),
      /^400 body must have required property 'start' \(found: an object\)$/,
    ],
    [
      'a member of another type',
      put('{"start":"2026-01-01T10:00:00Z","child":{"start":9000000009}}'),
      /^400 body\/child\/start must be string \(found: a number\)$/,
    ],
    [
      'a name the caller chose',
      put('{"start":"2026-01-01T10:00:00Z","notes":{"9000000009":1}}'),
      /^400 body\/notes\/\* must be string \(found: a number\)$/,
    ],
  ] as const)
    it(`are refused: ${title}`, async () => {
      const told = await refusal(fields);
      assert.match(told, refused);
      assert.doesNotMatch(told, /9000000009/);
    });

  it('of other types are not read', async () => {
    assert.equal(await refusal(put('anything', 'text/plain; charset=utf-8')), 'let through');
  });

  it('that say they are longer than the limit are streamed on, or refused', async () => {
    const long = put(`{"x":"${'x'.repeat(2000)}"}`);
    assert.equal(await refusal(long, { bodyLimit: 1024 }), 'let through');
    assert.match(await refusal(long), /required property/);
  });

  it('are not looked at where that is switched off', async () => {
    assert.equal(await refusal(put('{}', 'application/xml'), { body: false }), 'let through');
  });
});

describe('a definition without a document', () => {
  it('is told so when it is deployed', () => {
    const nothing = { definition: { policies: [] } } as unknown as PolicySite; // all that is read of a site
    assert.match(String(validateRequest.check?.({}, nothing)), /names no OpenAPI document/);
    assert.match(String(matchOperation.check?.({}, nothing)), /names no OpenAPI document/);
  });
});
