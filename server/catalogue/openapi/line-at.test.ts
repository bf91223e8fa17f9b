import assert from 'node:assert/strict';
import { lineAt } from './line-at.ts';

const yaml = `base: /orders
backend:
  kind: http
  url: ftp://x
policies:
  - policy: open
  - policy: quota
    config:
      limit: 0
more: &one
  a/b~c: 1
again: *one
`;

const json = `{
\t"base": "/orders",
\t"backend": {
\t\t"kind": "http", "url":
\t\t"ftp://x"
\t},
\t"policies": [{ "policy": "open" },
\t{ "policy": "quota" }]
}`;

describe('the line of a place in a document', () => {
  it('is that of the member or item, in YAML', () => {
    assert.equal(lineAt(yaml, ''), 1);
    assert.equal(lineAt(yaml, '/backend/url'), 4);
    assert.equal(lineAt(yaml, '/policies/1'), 7);
    assert.equal(lineAt(yaml, '/policies/1/config/limit'), 9);
    assert.equal(lineAt(yaml, '/more/a~1b~0c'), 11);
    assert.equal(lineAt(yaml, '/again/a~1b~0c'), 11);
  });

  it('is that of the member or item, in JSON indented by tabs', () => {
    assert.equal(lineAt(json, '/backend/url'), 4);
    assert.equal(lineAt(json, '/policies/1'), 8);
  });

  it('is that of the nearest thing around it where it is not there', () => {
    assert.equal(lineAt(yaml, '/backend/timeout'), 2);
    assert.equal(lineAt(yaml, '/policies/7/config'), 5);
    assert.equal(lineAt(yaml, '/policies/x'), 5);
    assert.equal(lineAt(yaml, '/nothing'), 1);
  });

  it('is none for a text that is longer than any that is read', () => {
    assert.equal(lineAt('a'.repeat(5 * 1024 * 1024), '/a'), undefined);
  });
});
