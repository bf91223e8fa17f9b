import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../../core/problem.ts';
import { readOpenApi } from '../../../server/catalogue/openapi/read.ts';
import { Refusal } from '../client.ts';
import { exampleCall } from './api-example.ts';
import { faultLines, inLines, inLinesOf, objectIn, readSent } from './api-file.ts';

const text = 'base: /a\nbackend:\n  kind: http\n  url: ftp://x\n';
const file = { name: 'a.yaml', text };

const told = async (error: Problem, after = '') => {
  const failing = inLinesOf(
    () => file,
    () => Promise.reject(error),
    after,
  );
  return failing.then(
    () => '',
    (problem: unknown) => (problem instanceof Problem ? `${problem.kind} ${problem.message}` : ''),
  );
};

describe('what is told of a file that was sent', () => {
  it('is each fault with file and line, and how things stand', async () => {
    const faults = [
      { at: '/backend/url', message: 'is no address' },
      { at: '/backend/timeout', message: 'is too long' },
      { at: '', message: 'is nothing' },
    ];
    assert.equal(
      await told(new Refusal('unprocessable', 'refused', faults), 'Nothing was changed.'),
      [
        'unprocessable a.yaml:4: is no address',
        'a.yaml:2: is too long',
        'a.yaml:1: is nothing',
        'Nothing was changed.',
      ].join('\n'),
    );
  });

  it('takes over the line that was counted, and the place that is named', async () => {
    assert.equal(await told(new Problem('invalid', 'line 3: a tab')), 'invalid a.yaml:3: a tab');
    assert.equal(await told(new Problem('invalid', '/backend: is')), 'invalid a.yaml:2: is');
    assert.equal(await told(new Problem('conflict', 'It is there')), 'conflict It is there');
  });

  it('cannot steer the terminal', async () => {
    const faults = [{ at: '', message: 'a\u001b[2Jb' }];
    assert.equal(await told(new Refusal('invalid', '', faults)), 'invalid a.yaml:1: a\ufffd[2Jb');
  });

  it('is said of a file that is not there, or is no object', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-file-'));
    const name = join(folder, 'b.json');
    assert.throws(() => readSent(name), /b\.json cannot be read/);
    writeFileSync(name, '[1]');
    assert.throws(() => objectIn(readSent(name)), /b\.json:1: it must be an object/);
    rmSync(folder, { recursive: true });
    assert.throws(() => objectIn({ name: 'c', text: 'a: 1\nb: [' }), /^Problem: c:2: /);
    assert.deepEqual(objectIn(file), { base: '/a', backend: { kind: 'http', url: 'ftp://x' } });
    assert.deepEqual(faultLines(file, [{ at: '/base', message: 'no' }]), ['a.yaml:1: no']);
  });

  it('leaves alone what is no refusal', () => {
    const fail = () => inLines(file, () => JSON.parse('{') as unknown);
    assert.throws(fail, SyntaxError);
  });
});

describe('the first call of an API', () => {
  const callOf = (paths: string) =>
    exampleCall(
      readOpenApi(`openapi: 3.0.3\ninfo: { title: T, version: '1' }\npaths:\n${paths}`).document,
      'http://localhost:9000/t',
    );

  it('is the operation that needs least, with the values of its examples', () => {
    const paths = `  /b/{id}: { get: { parameters: [
      { name: id, in: path, required: true, schema: { type: string }, example: "a/b" },
      { name: q, in: query, required: true, schema: { enum: [x y] } },
      { name: X-A, in: header, required: true, examples: { one: { value: 7 } } },
      { name: o, in: query, schema: { type: string } } ] } }
  /c: { post: { } }`;
    assert.equal(callOf(paths), 'curl -s -H "X-A: 7" "http://localhost:9000/t/b/a%2Fb?q=x%20y"');
    assert.equal(callOf(`${paths}\n  /d: { get: {} }`), 'curl -s "http://localhost:9000/t/d"');
  });

  it('asks how the API is where nothing can be read', () => {
    assert.equal(callOf('  /c: { post: {} }'), 'curl -s "http://localhost:9000/t/_ping"');
  });

  it('runs nothing else when it is pasted, whatever the document says', function () {
    if (process.platform === 'win32') this.skip();
    const hostile = `  "/x$(touch a)'\`b\`": { get: { parameters: [
      { name: H, in: header, required: true, example: '"; rm -rf $HOME; ''"\\' } ] } }`;
    const made = callOf(hostile);
    const { stdout } = spawnSync('sh', ['-c', made.replace('curl -s', "printf '<%s>'")]);
    assert.equal(
      stdout.toString(),
      `<-H><H: "; rm -rf $HOME; '"\\><http://localhost:9000/t/x$(touch a)'\`b\`>`,
    );
  });
});
