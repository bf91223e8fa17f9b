import assert from 'node:assert/strict';
import { asDocument, type OpenApiDocument } from './document.ts';
import { schemaChecks } from './schema-checks.ts';

const documentOf = (schemas: object, openapi = '3.0.3'): OpenApiDocument => ({
  openapi,
  info: { title: 'x', version: '1' },
  paths: {
    '/': { get: { x: Object.keys(schemas).map((n) => ({ $ref: `#/components/schemas/${n}` })) } },
  },
  components: { schemas },
});

const faultsOf = (schema: object, value: unknown, { schemas = {}, openapi = '3.0.3' } = {}) =>
  schemaChecks(documentOf(schemas, openapi), 'request').check(schema)(value);

describe('checks against schemas of a document', () => {
  for (const [title, schema, good, bad] of [
    ['nullable of 3.0', { type: 'string', nullable: true, enum: ['a'] }, null, 'b'],
    ['exclusive limits of 3.0', { minimum: 3, exclusiveMinimum: true }, 4, 3],
    ['types in a list', { type: ['integer', 'null'] }, null, 'x'],
    [
      'prefixItems',
      { prefixItems: [{ type: 'string' }], items: { type: 'integer' } },
      ['a', 1],
      ['a', 'b'],
    ],
    ['dependentRequired', { dependentRequired: { a: ['b'] } }, { a: 1, b: 2 }, { a: 1 }],
    [
      'uniqueItems',
      { uniqueItems: true },
      [{ a: 1, b: 2 }, 3],
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
    ],
    ['a pattern that would hang', { pattern: '^(\\w+\\s?)*$' }, 'a b', `${'a'.repeat(5000)}!`],
    ['two patterns', { allOf: [{ pattern: '^a' }, { pattern: 'b$' }] }, 'ab', 'ac'],
    ['a format', { format: 'uuid' }, '9b6a0d0c-2d4f-4d0b-8d57-1f2e4d6c8a10', 'x'],
  ] as const)
    it(`know ${title}`, () => {
      assert.deepEqual(faultsOf(schema, good, { openapi: '3.1.0' }), []);
      assert.equal(faultsOf(schema, bad, { openapi: '3.1.0' }).length > 0, true);
    });

  it('take over nothing that does not compile', () => {
    const odd = {
      type: 'foo',
      enum: [],
      required: 'yes',
      minLength: -1,
      pattern: '(',
      format: 'bearer: [a-z]',
      multipleOf: 0,
      items: 3,
      allOf: [],
      properties: [],
      additionalProperties: 'no',
      $id: '#x',
      anyOf: [7],
      maximum: 'x',
    };
    assert.deepEqual(faultsOf(odd, { any: 'thing' }), []);
    assert.deepEqual(faultsOf({ $ref: 'https://example.com/x.json' }, 1), []);
    assert.deepEqual(faultsOf({ $ref: '#/nowhere' }, 1), []);
  });

  it('follow circular references', () => {
    const schemas = {
      tree: {
        properties: { child: { $ref: '#/components/schemas/tree' }, n: { type: 'integer' } },
      },
    };
    const [fault] = faultsOf(
      { $ref: '#/components/schemas/tree' },
      { child: { child: { n: 'x' } } },
      { schemas },
    );
    assert.deepEqual(fault?.path, ['child', 'child', 'n']);
  });

  it('end where a document describes work without end', () => {
    const ref = (n: number) => ({ $ref: `#/components/schemas/a${n}` });
    const schemas = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [
        `a${i}`,
        i === 59 ? { type: 'string' } : { allOf: [ref(i + 1), ref(i + 1)] },
      ]),
    );
    assert.equal(faultsOf(ref(0), 'x', { schemas })[0]?.keyword, 'budget');
    const self = { a0: { allOf: [ref(0)] } };
    assert.equal(faultsOf(ref(0), 'x', { schemas: self })[0]?.keyword, 'budget');
  });

  it('let a caller leave out what is readOnly, and an answer what is writeOnly', () => {
    const schema = {
      required: ['id', 'secret'],
      properties: { id: { readOnly: true }, secret: { writeOnly: true } },
    };
    const document = documentOf({});
    assert.deepEqual(schemaChecks(document, 'request').check(schema)({ secret: 1 }), []);
    assert.deepEqual(schemaChecks(document, 'response').check(schema)({ id: 1 }), []);
    assert.equal(schemaChecks(document, 'request').check(schema)({ id: 1 }).length, 1);
  });
});

describe('a recursive schema against a value that fits none of its branches', () => {
  it('is given up after so many steps instead of holding the process', () => {
    const node = { $ref: '#/components/schemas/Node' };
    const branch = (name: string) => ({
      type: 'object',
      required: ['x'],
      properties: { [name]: node, a: node },
    });
    const document = asDocument({
      openapi: '3.0.3',
      info: { title: 't', version: '1' },
      paths: { '/': {} },
      components: {
        schemas: { Node: { anyOf: [branch('a'), branch('b'), branch('c'), branch('d')] } },
      },
    });
    assert.ok(document);
    let value: object = {};
    for (let i = 0; i < 20; i++) value = { a: value };
    const began = performance.now();
    const faults = schemaChecks(document, 'request').check(node)(value);
    assert.ok(faults.length > 0 && faults.length <= 200);
    assert.ok(
      performance.now() - began < 10_000,
      'four ways at each of twenty levels would take days',
    );
  });
});
