import assert from 'node:assert/strict';
import { recentHashes } from './recent-hashes.ts';

describe('the hashes of keys used lately', () => {
  it('are bounded, and keep what is used', () => {
    const recent = recentHashes(10);
    recent.put('used', 'its hash');
    for (let i = 0; i < 100; i++) {
      recent.put(`key ${i}`, 'x');
      assert.equal(recent.get('used'), 'its hash');
    }
    const kept = Array.from({ length: 100 }, (_, i) => recent.get(`key ${i}`)).filter(Boolean);
    assert.ok(kept.length <= 10);
    assert.equal(recent.get('key 0'), undefined);
  });
});
