import assert from 'node:assert/strict';
import type { OpenApiDocument } from '../catalogue/openapi/document.ts';
import { schemaRows, typeOfSchema } from './schema-table.ts';

const documentWith = (schemas: object): OpenApiDocument => ({
  openapi: '3.0.3',
  info: { title: 'T', version: '1' },
  paths: {},
  components: { schemas },
});
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

describe('a schema as a table', () => {
  it('has a row for each member with type, need, rules and meaning', () => {
    const { rows, cut } = schemaRows(documentWith({}), {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 35, description: 'The name' },
        gender: { type: 'string', enum: ['male', 'female'], nullable: true },
        given: { type: 'array', items: { type: 'string' }, maxItems: 5 },
        period: { type: 'object', properties: { start: { type: 'string', format: 'date' } } },
        tags: { type: 'object', additionalProperties: { type: 'integer', minimum: 0 } },
      },
    });
    assert.equal(cut, false);
    assert.deepEqual(
      rows.map(({ path, type, required, rules }) => [path, type, required, ...rules]),
      [
        ['', 'object', false],
        ['name', 'text', true, '1 to 35 characters'],
        ['gender', 'text or null', false, 'one of: male, female'],
        ['given', 'list of texts', false, 'at most 5 in the list'],
        ['period', 'object', false],
        ['period.start', 'text (date)', false],
        ['tags', 'object', false],
        ['tags.(any name)', 'whole number', false, 'at least 0'],
      ],
    );
  });

  it('takes allOf in, and shows each form of oneOf', () => {
    const document = documentWith({
      Base: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
      Cat: { type: 'object', properties: { lives: { type: 'integer', default: 9 } } },
    });
    const { rows } = schemaRows(document, {
      allOf: [ref('Base')],
      properties: { pet: { oneOf: [ref('Cat'), { type: 'string' }] } },
    });
    assert.deepEqual(
      rows.map(({ path, type, required }) => `${path}: ${type}${required ? ', required' : ''}`),
      [
        ': object',
        'id: text, required',
        'pet: one of 2 forms',
        'pet (form 1: Cat): object',
        'pet (form 1: Cat).lives: whole number',
        'pet (form 2): text',
      ],
    );
  });

  it('names a circle instead of following it', () => {
    const document = documentWith({
      Node: {
        type: 'object',
        properties: { next: ref('Node'), children: { type: 'array', items: ref('Node') } },
      },
      A: { allOf: [ref('B')] },
      B: { allOf: [ref('A')], properties: { a: ref('A') } },
      Self: ref('Self'),
    });
    const { rows } = schemaRows(document, ref('Node'));
    assert.deepEqual(
      rows.map(({ path, rules }) => [path, ...rules]),
      [[''], ['next', 'as Node further up'], ['children'], ['children[]', 'as Node further up']],
    );
    assert.ok(schemaRows(document, ref('A')).rows.length < 50);
    assert.equal(schemaRows(document, ref('Self')).rows.length, 1);
    assert.equal(schemaRows(document, ref('Nowhere')).rows.length, 1);
  });

  it('ends where it is too deep or too much, and says so', () => {
    let deep: object = { type: 'string' };
    for (let i = 0; i < 5_000; i++) deep = { type: 'object', properties: { a: deep } };
    const found = schemaRows(documentWith({}), deep);
    assert.ok(found.cut);
    assert.equal(found.rows.length, 8);
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`m${i}`, {}]));
    const many = schemaRows(documentWith({}), { type: 'object', properties: wide });
    assert.ok(many.cut);
    assert.equal(many.rows.length, 250);
  });

  it('does not multiply: lists of references to lists of references', () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [
        `S${i}`,
        {
          allOf: Array.from({ length: 20 }, () => ref(`S${i + 1}`)),
          properties: { [`p${i}`]: {} },
        },
      ]),
    );
    const { rows } = schemaRows(documentWith(schemas), ref('S0'));
    assert.ok(rows.length <= 250);
    assert.equal(typeOfSchema(documentWith(schemas), ref('S0')).type, 'object');
  });

  it('reads what is no schema as anything', () => {
    for (const odd of [
      undefined,
      null,
      true,
      7,
      'text',
      [],
      { type: 7, enum: 'x', properties: [] },
    ])
      assert.equal(schemaRows(documentWith({}), odd).rows[0]?.type, 'anything');
  });
});
