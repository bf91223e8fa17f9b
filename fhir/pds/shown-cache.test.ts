import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Collection } from '../../core/store.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../../server/store/embedded.ts';
import { ShownCache } from './shown-cache.ts';

const shown = (nhsNumber: string, text = '{}') => ({ nhsNumber, versionId: '1', text });

describe('the cache of answers', () => {
  let dir: string;
  let store: EmbeddedStore;
  let notes: Collection<string>;
  let cache: ShownCache;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-cache-'));
    store = await openEmbeddedStore({ dir });
    notes = store.open<string>({ name: 'notes', overlaid: true });
    cache = new ShownCache(store.changes, 'notes');
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  const keep = (workspace: string, id: string) => {
    cache.keep(workspace, shown(id), cache.generation);
  };

  it('gives what was kept for the same workspace and number', () => {
    keep('w', 'a');
    assert.deepEqual(cache.get('w', 'a'), shown('a'));
    assert.equal(cache.get('v', 'a'), undefined);
    assert.equal(cache.get('w', 'b'), undefined);
  });

  it('has dropped a record by the time its writer is answered, and no other', async () => {
    keep('w', 'a');
    keep('w', 'b');
    keep('v', 'a');
    await notes.in('w').put('a', 'new', { expected: 0 });
    assert.equal(cache.get('w', 'a'), undefined);
    assert.ok(cache.get('w', 'b'));
    assert.ok(cache.get('v', 'a'));
  });

  it('drops everything when the base changes or a workspace is reset', async () => {
    await notes.in('w').put('a', 'new', { expected: 0 });
    keep('w', 'a');
    await store.reset('w');
    assert.equal(cache.get('w', 'a'), undefined);
    keep('w', 'a');
    await notes.put('b', 'new', { expected: 0 });
    assert.equal(cache.get('w', 'a'), undefined);
  });

  it('does not keep what was read before a change', async () => {
    const { generation } = cache;
    await notes.in('w').put('a', 'new', { expected: 0 });
    cache.keep('w', shown('a'), generation);
    assert.equal(cache.get('w', 'a'), undefined);
  });

  it('holds a bounded amount and keeps what is asked for', () => {
    const long = 'x'.repeat(1_000_000);
    cache.keep('w', shown('asked'), cache.generation);
    for (let i = 0; i < 100; i++) {
      cache.keep('w', shown(`id${i}`, long), cache.generation);
      cache.get('w', 'asked');
    }
    const kept = Array.from({ length: 100 }, (_, i) => cache.get('w', `id${i}`)).filter(Boolean);
    assert.ok(kept.length <= 34, `${kept.length} million characters`);
    assert.ok(cache.get('w', 'asked'));
  });
});
