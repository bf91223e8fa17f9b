import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../core/log.ts';
import { handshakeCollection, openHandshakes, type RefusedHandshake } from './handshakes.ts';
import { openEmbeddedStore, type EmbeddedStore } from './store/embedded.ts';

describe('the diary of refused handshakes', () => {
  let dir: string;
  let store: EmbeddedStore;
  let lines: string[];
  const log: Log = { log: (_level, message) => lines.push(message), child: () => log };
  beforeEach(async () => {
    lines = [];
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-diary-'));
    store = await openEmbeddedStore({ dir });
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const refused = (at: number, more: Partial<RefusedHandshake> = {}): RefusedHandshake => ({
    ...{ at, address: '192.0.2.1', listener: 'TLS_PORT', reason: 'CERT_REVOKED' },
    ...more,
  });

  it('tells the newest first, of a name in any case, or of an address', async () => {
    const diary = openHandshakes(store, log, () => 0);
    diary.refused(refused(1, { names: ['a.example'] }));
    diary.refused(refused(2, { address: '192.0.2.2' }));
    diary.refused(refused(3, { names: ['b.example', 'a.example'] }));
    const times = async (query: object) => (await diary.recent(query)).map(({ at }) => at);
    assert.deepEqual(await times({}), [3, 2, 1]);
    assert.deepEqual(await times({ fqdn: 'A.Example' }), [3, 1]);
    assert.deepEqual(await times({ address: '192.0.2.2' }), [2]);
    assert.deepEqual(await times({ limit: 1 }), [3]);
    await diary.close();
    const later = openHandshakes(store, log, () => 0);
    assert.equal((await later.recent()).length, 3, 'it is forgotten at a restart');
    later.refused(refused(4));
    assert.equal((await later.recent()).length, 4);
    await later.close();
  });

  it('keeps a bounded number of them in few documents, and logs a bounded number of lines', async () => {
    const diary = openHandshakes(store, log, () => 0);
    for (let i = 0; i < 30; i++) {
      for (let j = 0; j < 300; j++) diary.refused(refused(1000 * i + j));
      await diary.close(); // writes what waits
    }
    assert.ok((await store.open(handshakeCollection).count()) <= 16);
    const all = await diary.recent({ limit: 100_000 });
    assert.ok(all.length <= 16 * 200 + 1000, String(all.length));
    assert.equal(all[0]?.at, 29_299);
    assert.equal(lines.filter((line) => line === 'a handshake was refused').length, 120);
  });
});
