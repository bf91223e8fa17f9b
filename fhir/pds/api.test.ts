import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { loadOpenApi, sameOperations } from '../openapi.ts';
import { openRoutes, pdsRoutes, type Health, type PdsApiOptions } from './api.ts';

const doc = loadOpenApi(fileURLToPath(new URL('openapi.json', import.meta.url)));

/** The tables name their routes without looking at what they were given. */
const unused = {} as PdsApiOptions & Health; // never read: no route is called here
const routeKeys = [
  ...Object.keys(pdsRoutes(unused)),
  ...Object.keys(openRoutes(unused, () => assert.fail('not asked here'))),
];

describe('the routes of the PDS API', () => {
  it('are the operations of its OpenAPI document, none more and none less', () => {
    assert.deepEqual(sameOperations(doc, routeKeys), []);
    assert.equal(new Set(routeKeys).size, 11);
  });

  it('would be told apart from the document by one route that is missing or too many', () => {
    for (const key of routeKeys) {
      const others = routeKeys.filter((other) => other !== key);
      assert.deepEqual(sameOperations(doc, others), [`${key} has no handler`]);
    }
    assert.deepEqual(sameOperations(doc, [...routeKeys, 'DELETE /Patient/:id']), [
      'DELETE /Patient/:id is not described',
    ]);
  });
});
