import assert from 'node:assert/strict';
import fc from 'fast-check';
import { JsonFault, parseJson } from './json.ts';

const limits = { depth: 64, members: 10_000 };

function parse(text: string | Buffer, within = limits): unknown {
  return parseJson(Buffer.from(text), within);
}

function refused(text: string | Buffer, kind: string, path = ''): void {
  assert.throws(
    () => parse(text),
    (error) => {
      assert.ok(error instanceof JsonFault);
      assert.deepEqual([error.kind, error.path], [kind, path]);
      return true;
    },
  );
}

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('parseJson', () => {
  it('gives what JSON.parse gives for any sound value', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        const value: unknown = JSON.parse(text);
        if (/__proto__|constructor|prototype|\\u0000|\\ud[89a-f]/i.test(text)) return;
        assert.deepEqual(parse(text), value);
      }),
    );
  });

  it('throws nothing but a JsonFault, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          parse(Buffer.from(bytes));
        } catch (error) {
          assert.ok(error instanceof JsonFault);
        }
      }),
    );
  });

  it('tolerates a byte order mark in front, and only there', () => {
    assert.deepEqual(parse('\uFEFF{"a":1}'), { a: 1 });
    refused('{\uFEFF"a":1}', 'syntax');
  });

  it('refuses bytes that are no UTF-8', () => {
    refused(Buffer.from([0x22, 0xff, 0x22]), 'encoding');
    refused(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'encoding');
  });

  it('refuses what is no JSON, and says nothing of it', () => {
    for (const text of [
      '',
      ' ',
      '{',
      '{"a":1,}',
      "{'a':1}",
      'NaN',
      '{"a":1}}',
      '"unclosed',
      '[1] x',
    ])
      refused(text, 'syntax');
    assert.throws(
      () => parse('{"family": Smith}'),
      (error: Error) => !`${error.message}${error.stack ?? ''}`.includes('Smith'),
    );
  });

  it('takes the depth it is given and not one more', () => {
    assert.ok(parse(nested(64)));
    refused(nested(65), 'depth');
  });

  it('refuses a hundred thousand levels without using up the stack', () => {
    refused('['.repeat(100_000), 'depth');
    refused('{"a":'.repeat(100_000), 'depth');
  });

  it('does not count brackets inside texts', () => {
    assert.equal(parse(`"${'['.repeat(100)}"`), '['.repeat(100));
    assert.deepEqual(parse(String.raw`["\"[[[[", "\\"]`), ['"[[[[', '\\']);
  });

  it('refuses more members and items than it is given', () => {
    const many = Array.from({ length: 10_001 }, (_, i) => `"m${i}":1`).join(',');
    refused(`{${many}}`, 'members');
    refused(`[${'1,'.repeat(10_000)}1]`, 'members');
    assert.ok(parse(`[${'1,'.repeat(9_998)}1]`));
  });

  it('refuses a member that is sent twice, however it is written', () => {
    refused('{"a":1,"a":1}', 'duplicate');
    refused(String.raw`{"a":{"bc":1,"\u0062c":2}}`, 'duplicate');
    assert.deepEqual(parse('{"a":{"b":1},"c":{"b":1}}'), { a: { b: 1 }, c: { b: 1 } });
  });

  it('refuses names that reach a prototype, and says where', () => {
    refused('{"__proto__":{"admin":true}}', 'name', '__proto__');
    refused('{"name":[{"constructor":{}}]}', 'name', 'name/0/constructor');
    refused(String.raw`{"a":{"\u005f_proto__":1}}`, 'name', 'a/__proto__');
    refused('{"prototype":1}', 'name', 'prototype');
    assert.equal(parse('"__proto__"'), '__proto__');
  });

  it('refuses texts with NUL or half a character, in values and in names', () => {
    refused(String.raw`{"name":[{"family":"a\u0000b"}]}`, 'text', 'name/0/family');
    refused(String.raw`{"a":"\ud800"}`, 'text', 'a');
    refused(String.raw`{"a\u0000":1}`, 'text');
    assert.equal(parse(String.raw`"\ud83d\ude00 \u00e9"`), '😀 é');
  });

  it('refuses numbers beyond all bounds', () => {
    refused('{"a":[1,1e999]}', 'number', 'a/1');
    assert.equal(parse('1e308'), 1e308);
  });
});
