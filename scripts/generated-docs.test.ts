import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { generatedDocs } from './generated-docs.ts';

describe('generated documents', () => {
  it('say in docs/ what the code says now (else: npm run docs)', async () => {
    for (const [path, text] of await generatedDocs())
      assert.equal(existsSync(path) ? readFileSync(path, 'utf8') : 'absent', text, path);
  });
});
