import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Problem } from '../../../core/problem.ts';
import { readOpenApi } from './read.ts';

const yaml = `
openapi: 3.0.0
info: { title: T, version: 1.10 }
paths:
  /a:
    get:
      operationId: a
      responses: { 200: { description: ok } }
`;

const refusal = (text: string, options = {}) => {
  try {
    readOpenApi(text, options);
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    return `${error.status} ${error.message}`;
  }
  throw new Error('it was read');
};

describe('reading an OpenAPI document', () => {
  it('takes YAML and JSON for the same', () => {
    const fromYaml = readOpenApi(yaml);
    assert.deepEqual(readOpenApi(fromYaml.text), fromYaml);
    assert.deepEqual([fromYaml.document.info.version, fromYaml.warnings], ['1.10', []]);
    assert.equal(fromYaml.text, JSON.stringify(fromYaml.document));
  });

  it('reads our own document without a word', () => {
    const text = readFileSync(new URL('../../../fhir/pds/openapi.json', import.meta.url), 'utf8');
    assert.deepEqual(readOpenApi(text).warnings, []);
  });

  it('reads merge keys and aliases', () => {
    const { document } = readOpenApi(
      `${yaml}x-a: &a { b: 1, c: 2 }\nx-d: { <<: *a, c: 3 }\nx-e: [*a]\n`,
    );
    assert.deepEqual([document['x-d'], document['x-e']], [{ b: 1, c: 3 }, [{ b: 1, c: 2 }]]);
  });

  for (const [title, text, warning] of [
    [
      'a bearer pattern as a format',
      `${yaml}x-s:\n  format: '^Bearer [[:ascii:]]+$'\n`,
      /^line 10: the format \^Bearer .* is not checked/,
    ],
    [
      'a placeholder as a version',
      yaml.replace('1.10', '"{{VERSION}}"'),
      /^\/info\/version: is no version but a placeholder/,
    ],
    [
      'no title',
      yaml.replace('title: T, ', ''),
      /^\/info\/title: is missing; taken as "Untitled API"/,
    ],
    [
      'a member twice',
      `${yaml}x-a: 1\nx-a: 2\n`,
      /^line 10: \/x-a stands there twice; the last counts/,
    ],
    [
      'a remote reference',
      `${yaml}x-s: { $ref: 'https://example.com/a.yaml' }`,
      /^line 9: the remote reference .* is not fetched/,
    ],
    ['a reference to nowhere', `${yaml}x-s: { $ref: '#/nowhere' }`, /leads nowhere/],
    [
      'look-around in a pattern',
      `${yaml}x-s: { pattern: '^(?!a)' }`,
      /^line 9: the pattern is not checked: look-around/,
    ],
    [
      'an operation without an id',
      yaml.replace('operationId: a', 'summary: a'),
      /^\/paths\/~1a\/get: has no operationId/,
    ],
    [
      'an undescribed path parameter',
      yaml.replace('/a:', '/a/{b}:'),
      /path parameter b is not described/,
    ],
    ['3.2', yaml.replace('3.0.0', '3.2.0'), /^\/openapi: version 3.2.0 is read as if it were 3.1/],
    [
      'JSON with a comment',
      `{ # odd\n "openapi": "3.1.0", "paths": { "/": {} } }`,
      /begins like JSON and is none/,
    ],
  ] as const)
    it(`warns of ${title}, and reads on`, () => {
      const { warnings } = readOpenApi(text);
      assert.ok(
        warnings.some((one) => warning.test(one)),
        warnings.join('\n'),
      );
    });

  for (const [title, text, message] of [
    ['nothing', '', /^400 line 1: the document is no object/],
    ['a text', 'hello', /no object/],
    ['broken YAML', `${yaml}  x: [`, /^400 line \d+: /],
    ['broken JSON', '{"openapi": "3.0.0",\n "paths": {', /^400 line \d+: /],
    ['something else', '{"a": 1}', /neither openapi: 3.x nor swagger: 2.0/],
    ['no paths', 'openapi: 3.0.0\ninfo: {}', /^400 \/paths: there are no paths/],
    ['no path', 'openapi: 3.0.0\npaths: {}', /^400 \/paths: there is no path in it/],
    [
      'a name of a prototype in YAML',
      `${yaml}x-a:\n  __proto__: {}\n`,
      /^400 line 10: the name __proto__ is not allowed/,
    ],
    [
      'a name of a prototype in JSON',
      '{"openapi":"3.0.0","paths":{"/a":{"__proto__":{}}}}',
      /forbidden name at paths\/\/a\/__proto__/,
    ],
    ['deep YAML', `x: ${'['.repeat(5000)}`, /deeper than 100 levels/],
    ['deep JSON', `{"x": ${'['.repeat(200_000)}`, /deeper than 100 levels/],
    ['an alias of itself', 'a: &a [*a]', /deeper than 100 levels/],
    ['an alias of nothing', 'a: *b', /line 1/],
    ['too many bytes', 'a'.repeat(2_200_000), /has 2200000 bytes; at most/],
    ['too many values', `x: [${'1,'.repeat(160_000)}]`, /more than 40000 values/],
    ['two documents', `${yaml}---\n${yaml}`, /line \d+/],
  ] as const)
    it(`refuses ${title} with line and reason`, () => {
      assert.match(refusal(text), message);
    });

  it('refuses aliases that grow without end', () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(10)}]`,
    );
    assert.match(refusal(`l0: &l0 [1]\n${levels.join('\n')}`), /more than 100000 values, aliases/);
  });

  it('refuses remote references when it is to be strict', () => {
    const text = `${yaml}x-s:\n  - $ref: other.yaml#/a\n`;
    assert.match(refusal(text, { strict: true }), /^400 line 10: references to other files/);
  });

  it('writes well-known security schemes out', () => {
    const address = 'https://platform.example/components/securitySchemes/nhs-cis2-aal3';
    const { document, warnings } = readOpenApi(
      `${yaml}components: { securitySchemes: { a: { $ref: '${address}' } } }`,
      { strict: true },
    );
    assert.deepEqual(warnings, []);
    assert.match(
      document.components ? JSON.stringify(document.components) : '',
      /"scheme":"bearer".*AAL3/,
    );
  });
});
