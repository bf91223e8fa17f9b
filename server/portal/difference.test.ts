import assert from 'node:assert/strict';
import type { JsonObject, OpenApiDocument } from '../catalogue/openapi/document.ts';
import { differenceOf } from './difference.ts';

const person = (more: JsonObject = {}, required: readonly string[] = ['id']): JsonObject => ({
  type: 'object',
  required,
  properties: { id: { type: 'string' }, name: { type: 'string' }, ...more },
});

const documentOf = (paths: JsonObject): OpenApiDocument => ({
  openapi: '3.0.3',
  info: { title: 'T', version: '1' },
  paths,
});

const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };

const read = (parts: JsonObject = {}, schema: JsonObject = person()): JsonObject => ({
  parameters: [id],
  responses: { 200: { description: 'ok', content: { 'application/json': { schema } } } },
  ...parts,
});

const told = async (before: JsonObject, after: JsonObject) => {
  const { changes } = await differenceOf(documentOf(before), documentOf(after));
  return changes.map(({ where, what, breaking }) => `${breaking ? '!' : ' '} ${where}: ${what}`);
};

describe('the difference between two versions', () => {
  it('is nothing for what callers do not notice', async () => {
    assert.deepEqual(
      await told(
        { '/p/{id}': { get: read() } },
        {
          '/p/{key}': {
            get: read({ summary: 'Other words', parameters: [{ ...id, name: 'key' }] }),
          },
        },
      ),
      [],
    );
  });

  it('tells operations that came and went', async () => {
    assert.deepEqual(await told({ '/a': { get: read() } }, { '/b': { get: read() } }), [
      '! GET /a: The operation is gone',
      '  GET /b: The operation is new',
    ]);
  });

  it('tells what is asked for that was not', async () => {
    const limit = (required: boolean, type: string) => ({
      parameters: [{ name: 'limit', in: 'query', required, schema: { type } }],
    });
    const at = (parts: JsonObject) => ({ '/a': { get: read(parts) } });
    assert.deepEqual(await told(at({ parameters: [] }), at(limit(true, 'integer'))), [
      '! GET /a: The parameter query limit is new and required',
    ]);
    assert.deepEqual(await told(at(limit(false, 'integer')), at(limit(true, 'string'))), [
      '! GET /a: The parameter query limit is required now',
      '! GET /a: The parameter query limit is text, and was whole number',
    ]);
    assert.deepEqual(await told(at({ parameters: [] }), at({ parameters: [], deprecated: true })), [
      '  GET /a: The operation is deprecated',
    ]);
  });

  it('tells a sent member from an answered one', async () => {
    const answers = (schema: JsonObject) => ({ '/a': { get: read({ parameters: [] }, schema) } });
    const sends = (schema: JsonObject) => ({
      '/a': {
        post: {
          requestBody: { required: true, content: { 'application/json': { schema } } },
          responses: {},
        },
      },
    });
    const more = person({ age: { type: 'integer' } }, ['id', 'age']);
    assert.deepEqual(await told(answers(person()), answers(more)), [
      '  GET /a: Answer 200 (application/json), age is new',
    ]);
    assert.deepEqual(await told(sends(person()), sends(more)), [
      '! POST /a: The body (application/json), age is new and required',
    ]);
    assert.deepEqual(await told(answers(more), answers(person())), [
      '! GET /a: Answer 200 (application/json), age is gone',
    ]);
    assert.deepEqual(await told(answers(person()), answers(person({}, []))), [
      '! GET /a: Answer 200 (application/json), id may be missing now',
    ]);
  });

  it('is bounded', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, i) => [`/p${i}`, { get: read() }]),
    );
    const { changes, cut } = await differenceOf(documentOf(many), documentOf({}));
    assert.equal(changes.length, 300);
    assert.ok(cut);
  });
});
