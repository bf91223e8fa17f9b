import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parse } from 'yaml';
import { toYaml } from './api-yaml.ts';

describe('a document as YAML', () => {
  it('reads in blocks', () => {
    const value = {
      openapi: '3.0.3',
      paths: { '/a': { get: { tags: ['x', 'y'] } } },
      no: {},
      list: [{ a: 1, b: [] }],
    };
    assert.equal(
      toYaml(value),
      'openapi: "3.0.3"\npaths:\n  "/a":\n    get:\n      tags:\n        - "x"\n        - "y"\n"no": {}\nlist:\n  - a: 1\n    b: []\n',
    );
  });

  it('says the same as the JSON, for any value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const json: unknown = JSON.parse(JSON.stringify(value));
        assert.deepEqual(parse(toYaml(json), { maxAliasCount: 0 }), json);
      }),
      { numRuns: 200 },
    );
  });
});
