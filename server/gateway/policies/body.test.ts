import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import type { Reply } from '../../../core/exchange.ts';
import {
  accessGround,
  callerIn,
  configOf,
  type AccessGround,
} from '../../../test/access-ground.ts';
import {
  policyGround,
  type PolicyGround,
  type PolicyGroundOptions,
} from '../../../test/policy-ground.ts';
import { body } from './body.ts';
import { responseBody } from './response-body.ts';

const json = { 'content-type': 'application/fhir+json; charset=utf-8' };

describe('policies that change JSON bodies', () => {
  let access: AccessGround;
  const open: PolicyGround[] = [];
  const ground = async (options: PolicyGroundOptions) => {
    const made = await policyGround({ caller: callerIn('app'), ...options });
    open.push(made);
    return made;
  };
  const onRequest = (config: object) => ground({ policies: [access.policy(body, config)] });
  const onReply = (config: object, answer: () => Reply) =>
    ground({ policies: [access.policy(responseBody, config)], answer });
  before(async () => {
    access = await accessGround();
    await access.app('ward');
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.end();
  });
  after(() => access.end());

  it('rename, remove and set members by pointer, and keep numbers as they were written', async () => {
    const made = await onRequest({
      rename: [{ pointer: '/a~1b', to: 'renamed' }],
      remove: ['/list/*/secret', '/gone/deep', '/none/at/all', '/list/7'],
      set: [
        { pointer: '/app/name', from: 'app.name' },
        { pointer: '/list/0/new', value: { x: [1, null] } },
        { pointer: '/list/-', value: 'last' },
        { pointer: '/text/x', value: 1 },
        { pointer: '/nobody', from: 'user.id' },
      ],
    });
    const sent =
      '\uFEFF{ "a/b" : 1.50, "big": 12345678901234567890.10, "list": [ {"secret":1,"k":-0.0}, {"secret":2} ],' +
      ' "gone": {"deep": true}, "text": "é\\u00e9\\"\\\\", "e": 1E+2 }';
    const answer = await made.ask('/', { headers: json, body: sent });
    assert.equal(answer.status, 200);
    const expected =
      '{"renamed":1.50,"big":12345678901234567890.10,"list":[{"k":-0.0,"new":{"x":[1,null]}},{},"last"],' +
      '"gone":{},"text":"é\\u00e9\\"\\\\","e":1E+2,"app":{"name":"App ward"}}';
    assert.equal(made.seen[0]?.body, expected);
    assert.equal(made.seen[0].headers['content-length'], String(Buffer.byteLength(expected)));
    assert.equal(made.seen[0].headers['content-type'], json['content-type']);
  });

  it('take bodies that are compressed or chunked, and send them on plain', async () => {
    const made = await onRequest({ remove: ['/b'] });
    const text = '{"a":1,"b":2}';
    const codings = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync };
    for (const [coding, compress] of Object.entries(codings)) {
      const headers = { ...json, 'content-encoding': coding, digest: 'x', 'content-md5': 'x' };
      await made.ask('/', { headers, body: compress(text), chunked: true });
      const seen = made.seen.pop();
      assert.equal(seen?.body, '{"a":1}', coding);
      assert.equal(seen.headers['content-encoding'], undefined);
      assert.equal(seen.headers['transfer-encoding'], undefined);
      assert.equal(seen.headers.digest, undefined);
      assert.equal(seen.headers['content-length'], '7');
    }
  });

  it('refuse bodies that cannot be read, without a word of theirs', async () => {
    const made = await onRequest({ remove: ['/b'], limit: 1000 });
    const bomb = gzipSync(Buffer.alloc(1_000_000, 0x20));
    const cases: [status: number, sent: string | Buffer, fields?: Record<string, string>][] = [
      [400, '{"secret-word":'],
      [400, '{"a":1,"a":2}'],
      [400, '{"__proto__":1}'],
      [400, Buffer.from([0x22, 0xff, 0x22])],
      [400, `${'['.repeat(70)}${']'.repeat(70)}`],
      [413, `"${'x'.repeat(1000)}"`],
      [413, bomb, { 'content-encoding': 'gzip' }],
      [400, 'not gzip', { 'content-encoding': 'gzip' }],
      [400, 'not br', { 'content-encoding': 'br' }],
      [400, gzipSync('{"a":1}').subarray(0, 15), { 'content-encoding': 'gzip' }],
      [415, '{}', { 'content-encoding': 'gzip, gzip' }],
      [415, '{}', { 'content-encoding': 'constructor' }],
    ];
    for (const [status, sent, fields = {}] of cases) {
      const answer = await made.ask('/', { headers: { ...json, ...fields }, body: sent });
      assert.equal(
        answer.status,
        status,
        `${answer.text} for ${sent.toString('latin1').slice(0, 20)}`,
      );
      assert.ok(!answer.text.includes('secret-word'));
    }
    assert.equal(made.seen.length, 0);
    assert.equal((await made.ask('/', { headers: json, body: '{}' })).status, 200);
  });

  it('let other types and empty bodies pass as the bytes they were, or refuse them when told to', async () => {
    const made = await onRequest({ remove: ['/b'] });
    const headers = { 'content-type': 'text/plain' };
    await made.ask('/', { headers, body: '{ "b": 1 }' });
    await made.ask('/', { headers: json, body: '' });
    await made.ask('/');
    assert.deepEqual(
      made.seen.map((seen) => seen.body),
      ['{ "b": 1 }', '', ''],
    );
    const strict = await onRequest({ otherTypes: 'refuse' });
    assert.equal((await strict.ask('/', { headers, body: 'x' })).status, 415);
  });

  it('change answers of any status, whatever they are made of, and ask for them whole and plain', async () => {
    const text = '{"a":1.0,"b":2}';
    const answers: Reply[] = [
      { status: 200, headers: { 'Content-Type': 'application/json' }, body: text },
      { status: 422, headers: json, body: Buffer.from(text) },
      { status: 200, headers: json, body: Readable.from([text.slice(0, 3), text.slice(3)]) },
      {
        status: 200,
        headers: { ...json, 'Content-Encoding': 'gzip', 'Content-Length': '35', ETag: '"1"' },
        body: Readable.from([gzipSync(text)]),
      },
    ];
    for (const reply of answers) {
      const made = await onReply({ remove: ['/b'] }, () => reply);
      const headers = { range: 'bytes=0-3', 'if-range': '"1"', 'accept-encoding': 'gzip' };
      const answer = await made.ask('/', { headers });
      assert.equal(answer.status, reply.status);
      assert.equal(answer.text, '{"a":1.0}');
      assert.equal(answer.headers['content-length'], '9');
      assert.equal(answer.headers['content-encoding'], undefined);
      assert.equal(made.seen[0]?.headers.range, undefined);
      assert.equal(made.seen[0]?.headers['if-range'], undefined);
      assert.equal(made.seen[0]?.headers['accept-encoding'], 'identity');
    }
  });

  it('leave HEAD, 204, 304 and other types alone', async () => {
    const untouched: Reply[] = [
      { status: 204, headers: { 'x-a': '1' } },
      { status: 304, headers: { etag: '"1"' } },
      { status: 200, headers: { 'content-type': 'text/html' }, body: '{"b":1}' },
      {
        status: 200,
        headers: { 'content-type': 'text/html', 'content-encoding': 'gzip' },
        body: gzipSync('x'),
      },
    ];
    for (const reply of untouched) {
      const made = await onReply({ remove: ['/b'] }, () => reply);
      const answer = await made.ask('/');
      assert.equal(answer.status, reply.status);
      assert.equal(
        answer.headers['content-encoding'] === 'gzip'
          ? gunzipSync(answer.bytes).toString()
          : answer.text,
        reply.body instanceof Buffer ? 'x' : (reply.body ?? ''),
      );
    }
    const made = await onReply({ remove: ['/b'] }, () => ({
      status: 200,
      headers: { ...json, 'content-length': '100' },
    }));
    const head = await made.ask('/', { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.notEqual(head.headers['content-length'], '100', 'it would not be that of GET');
  });

  it('answer 502 for an answer that cannot be read, and let go of it', async () => {
    const bad: Reply[] = [
      { status: 200, headers: json, body: '{"secret-word":' },
      { status: 206, headers: json, body: '{}' },
      { status: 200, headers: json, body: `"${'x'.repeat(2000)}"` },
      { status: 200, headers: { ...json, 'content-encoding': 'zstd' }, body: 'x' },
      { status: 200, headers: { ...json, 'content-encoding': 'gzip' }, body: 'x' },
      {
        status: 200,
        headers: { ...json, 'content-encoding': 'br' },
        body: brotliCompressSync(Buffer.alloc(100_000)),
      },
    ];
    for (const reply of bad) {
      const made = await onReply({ remove: ['/b'], limit: 1000 }, () => reply);
      const answer = await made.ask('/');
      assert.equal(answer.status, 502, answer.text);
      assert.ok(!answer.text.includes('secret-word'));
    }
    let destroyed = false;
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(1000, 0x20));
      },
      destroy(error, done) {
        destroyed = true;
        done(error);
      },
    });
    const flooded = await onReply({ limit: 10_000 }, () => ({
      status: 200,
      headers: json,
      body: endless,
    }));
    assert.equal((await flooded.ask('/')).status, 502);
    assert.ok(destroyed);
    const cut = new Readable({
      read() {
        this.destroy(new Error('reset'));
      },
    });
    const broken = await onReply({}, () => ({ status: 200, headers: json, body: cut }));
    assert.equal((await broken.ask('/')).status, 502);
    const strict = await onReply({ otherTypes: 'refuse' }, () => ({ status: 200, body: 'x' }));
    assert.equal((await strict.ask('/')).status, 502);
  });

  it('have settings that are refused when they are none', () => {
    for (const config of [
      { remove: ['a'] },
      { remove: ['/a~2'] },
      { remove: [''] },
      { set: [{ pointer: '/a' }] },
      { set: [{ pointer: '/a', value: 1, from: 'app.id' }] },
      { rename: [{ pointer: '/a' }] },
      { more: 1 },
    ])
      assert.throws(() => configOf(body, config), Error, JSON.stringify(config));
  });
});
