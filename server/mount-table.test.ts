import assert from 'node:assert/strict';
import { MountTable, type Mount } from './mount-table.ts';

const mount = (environment: string, base: string): Mount => ({
  environment,
  base,
  api: base,
  handler: () => Promise.resolve({ status: 200 }),
});

describe('the table of mounts', () => {
  const short = mount('uat', '/a');
  const long = mount('uat', '/a/b/c');
  const table = new MountTable([short, long, mount('sandbox', '/a/b')]);

  for (const [path, found] of [
    ['/a', short],
    ['/a/', short],
    ['/a/b', short],
    ['/a/b/c', long],
    ['/a/b/c/d/e', long],
    ['/a/b/cd', short],
    ['/ab', undefined],
    ['/', undefined],
    ['', undefined],
    ['//a', undefined],
  ] as const)
    it(`gives ${path || 'nothing'} to ${found?.base ?? 'nobody'}`, () => {
      assert.equal(table.find('uat', path), found);
    });

  it('knows nothing of an environment without mounts', () => {
    assert.equal(table.find('sit', '/a'), undefined);
  });

  it('puts one in the place of another, and takes out only what is still there', () => {
    const changing = new MountTable([short]);
    const newer = mount('uat', '/a');
    changing.set(newer);
    changing.remove(short);
    assert.equal(changing.find('uat', '/a/x'), newer);
    changing.remove(newer);
    assert.equal(changing.find('uat', '/a/x'), undefined);
  });
});
