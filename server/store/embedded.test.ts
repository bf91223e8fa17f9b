import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { CollectionOf } from '../../core/store.ts';
import { openEmbeddedStore } from './embedded.ts';
import { lockFolder } from './folder.ts';
import { formatVersion, migrations } from './layout.ts';
import { openSqlite } from './sqlite.ts';
import { describeStore, isProblem } from './store.conformance.ts';

interface Note {
  readonly n: number;
}

const notes: CollectionOf<Note> = {
  name: 'notes',
  overlaid: true,
  keys: ({ n }) => ({ n: [[String(n).padStart(6, '0')]] }),
};

describe('the embedded store', () => {
  const dirs: string[] = [];
  const newFolder = () => {
    const dir = mkdtempSync(join(tmpdir(), 'gatehouse-store-'));
    dirs.push(dir);
    return dir;
  };
  afterEach(() => {
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
  });
  describeStore('embedded', () => openEmbeddedStore({ dir: newFolder() }));

  it('gives its folder to one process, and frees it at the end', async () => {
    const dir = newFolder();
    const store = await openEmbeddedStore({ dir });
    await assert.rejects(openEmbeddedStore({ dir }), /is in use by another process/);
    await store.close();
    lockFolder(dir)();
  });

  it('keeps a folder that it makes to its owner', async () => {
    const dir = join(newFolder(), 'made');
    const store = await openEmbeddedStore({ dir });
    await store.close();
    // Windows has other means and shows other bits.
    if (process.platform !== 'win32') assert.equal(statSync(dir).mode & 0o077, 0);
  });

  it('says that a folder cannot be written', async () => {
    const file = join(newFolder(), 'file');
    writeFileSync(file, '');
    await assert.rejects(openEmbeddedStore({ dir: join(file, 'var') }), /cannot be written/);
  });

  it('keeps everything over an orderly stop, which leaves nothing to recover', async () => {
    const dir = newFolder();
    const first = await openEmbeddedStore({ dir });
    const put = await first.open(notes).put('a', { n: 1 }, { expected: 0 });
    await first.open(notes).in('w').put('a', { n: 2 }, { expected: 1 });
    await first.close();
    const store = await openEmbeddedStore({ dir });
    assert.deepEqual(store.opening, { lastCommit: 2, recovered: [], unindexed: false });
    assert.equal((await store.open(notes).get('a'))?.commit, put.commit);
    assert.equal((await store.open(notes).in('w').get('a'))?.value.n, 2);
    assert.equal(await store.changed('w'), 1);
    await store.close();
  });

  it('refuses a write after it was closed', async () => {
    const store = await openEmbeddedStore({ dir: newFolder() });
    await store.close();
    await assert.rejects(store.counters.add('n'), isProblem('unavailable'));
  });

  it('lets a workspace change 10,000 records and no more', async () => {
    const store = await openEmbeddedStore({ dir: newFolder() });
    const mine = store.open(notes).in('mine');
    const put = (n: number) => mine.put(`id${n}`, { n }, { expected: 0 });
    await Promise.all(Array.from({ length: 10_000 }, (_, n) => put(n)));
    await assert.rejects(put(10_000), isProblem('forbidden'));
    await mine.put('id1', { n: 5 }, { expected: 1 });
    await store.open(notes).in('other').put('a', { n: 1 }, { expected: 0 });
    assert.equal(await store.changed('mine'), 10_000);
    assert.equal(await store.reset('mine'), 10_000);
    await put(10_000);
    await store.close();
  }).timeout(30_000);

  it('lets a workspace with a limit of its own change that many', async () => {
    const store = await openEmbeddedStore({ dir: newFolder(), limits: { shared: 10_001 } });
    const shared = store.open(notes).in('shared');
    const put = (n: number) => shared.put(`id${n}`, { n }, { expected: 0 });
    await Promise.all(Array.from({ length: 10_001 }, (_, n) => put(n)));
    await assert.rejects(put(10_001), isProblem('forbidden'));
    assert.equal(await store.changed('shared'), 10_001);
    await store.close();
  }).timeout(30_000);

  it('brings a store of format 1 to this format and keeps what it holds', async () => {
    const dir = newFolder();
    makeFormat1(dir);
    const store = await openEmbeddedStore({ dir });
    assert.deepEqual(store.opening.recovered, [
      `The store was brought from data format 1 to ${formatVersion}.`,
    ]);
    const [change] = await store.changes.since(0);
    assert.equal(change?.by, '');
    await store.setMark('m', '1');
    assert.equal(await store.mark('m'), '1');
    await store.close();
  });

  it('refuses a newer format and names both', async () => {
    const dir = newFolder();
    await (await openEmbeddedStore({ dir })).close();
    const sqlite = openSqlite(join(dir, 'store.db'));
    sqlite.exec('PRAGMA user_version=99');
    sqlite.close();
    const both = new RegExp(`format 99.* up to ${formatVersion}`);
    await assert.rejects(openEmbeddedStore({ dir }), both);
  });

  it('refuses the file of another program', async () => {
    const dir = newFolder();
    const sqlite = openSqlite(join(dir, 'store.db'));
    sqlite.exec('CREATE TABLE other (a)');
    sqlite.close();
    await assert.rejects(openEmbeddedStore({ dir }), /another program/);
  });

  it('loads in bulk over what is there, and sets the mark with each batch', async () => {
    const store = await openEmbeddedStore({ dir: newFolder() });
    const collection = store.open(notes);
    await collection.put('id3', { n: 999 }, { expected: 0 });
    const records = Array.from({ length: 9000 }, (_, n) => ({ id: `id${n}`, value: { n } }));
    const told: number[] = [];
    const mark = { name: 'load', value: String };
    const onProgress = (loaded: number) => told.push(loaded);
    assert.equal(await store.bulk(notes, records, { mark, onProgress }), 9000);
    assert.deepEqual(told, [4000, 8000, 9000]);
    assert.equal(await store.mark('load'), '9000');
    assert.equal(await collection.count(), 9000);
    assert.equal((await collection.get('id3'))?.version, 2);
    const found = await collection.find({ index: 'n', from: '000002', to: '000004' });
    assert.deepEqual(
      found.items.map(({ id }) => id),
      ['id2', 'id3', 'id4'],
    );
    assert.equal((await collection.find({ index: 'n', equals: ['000999'] })).items.length, 1);
    await store.setMark('load', undefined);
    assert.equal(await store.mark('load'), undefined);
    await store.close();
  });

  it('indexes at the next start what a bulk load that was cut short had stored', async () => {
    const dir = newFolder();
    const first = await openEmbeddedStore({ dir });
    const failing = function* () {
      for (let n = 0; n < 5000; n++) yield { id: `id${n}`, value: { n } };
      throw new Error('the file ends here');
    };
    await assert.rejects(first.bulk(notes, failing(), { mark: { name: 'm', value: String } }));
    await first.close();
    const store = await openEmbeddedStore({ dir });
    assert.equal(await store.mark('m'), '4000');
    assert.equal(store.opening.unindexed, true);
    assert.equal(await store.open(notes).count(), 4000);
    const page = await store.open(notes).find({ index: 'n', from: '003999' });
    assert.equal(page.items.length, 1);
    await store.close();
  });

  it('says when the changes asked for are no longer kept', async () => {
    const dir = newFolder();
    await (await openEmbeddedStore({ dir })).close();
    const sqlite = openSqlite(join(dir, 'store.db'));
    sqlite.exec("UPDATE meta SET value = 50 WHERE name = 'pruned'");
    sqlite.close();
    const store = await openEmbeddedStore({ dir });
    await assert.rejects(store.changes.since(49), isProblem('gone'));
    assert.equal(await store.changes.oldest(), 50);
    assert.deepEqual(await store.changes.since(50), []);
    await store.close();
  });

  it('behaves like a map of maps, whatever is done in whatever order', async () => {
    const store = await openEmbeddedStore({ dir: newFolder() });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 30 }), async (steps) => {
        await compare(store, { ...notes, name: `notes${run++}` }, `${run}`, steps);
      }),
      { numRuns: 40 },
    );
    await store.close();
  }).timeout(60_000);
});

function makeFormat1(dir: string): void {
  const sqlite = openSqlite(join(dir, 'store.db'));
  sqlite.exec(`${migrations[0] ?? ''} PRAGMA user_version=1; PRAGMA application_id=0x47617465`);
  sqlite.exec("INSERT INTO changes VALUES (1, 'notes', '', 'a', 1, 0)");
  sqlite.close();
}

interface Step {
  readonly kind: 'put' | 'remove' | 'reset';
  readonly workspace: '' | 'v' | 'w';
  readonly id: string;
  readonly n: number;
  /** Now and then a version that is not the one seen. */
  readonly off: boolean;
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('put', 'put', 'put', 'remove', 'reset'),
  workspace: fc.constantFrom('', 'v', 'w'),
  id: fc.constantFrom('a', 'b', 'c', 'd'),
  n: fc.integer({ min: 0, max: 3 }),
  off: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
});

type View = Map<string, { n: number; version: number } | 'removed'>;

/** Does the steps in the store and in maps, and compares what each view shows at the end. */
async function compare(
  store: Awaited<ReturnType<typeof openEmbeddedStore>>,
  definition: CollectionOf<Note>,
  suffix: string,
  steps: readonly Step[],
): Promise<void> {
  const base: View = new Map();
  const views: Record<Step['workspace'], View> = { '': base, v: new Map(), w: new Map() };
  const nameOf = (workspace: string) => (workspace === '' ? '' : workspace + suffix);
  const seen = (workspace: Step['workspace'], id: string) => {
    const found = views[workspace].get(id) ?? base.get(id);
    return found === 'removed' ? undefined : found;
  };
  for (const { kind, workspace, id, n, off } of steps) {
    const collection = store.open(definition).in(nameOf(workspace));
    const version = seen(workspace, id)?.version ?? 0;
    const expected = off ? version + 1 : version;
    if (kind === 'reset') {
      if (workspace === '') continue;
      assert.equal(await store.reset(nameOf(workspace)), views[workspace].size);
      views[workspace].clear();
    } else if (off || (kind === 'remove' && version === 0)) {
      const refused =
        kind === 'put' ? collection.put(id, { n }, { expected }) : collection.remove(id, expected);
      await assert.rejects(refused, isProblem('conflict'));
    } else if (kind === 'put') {
      await collection.put(id, { n }, { expected });
      views[workspace].set(id, { n, version: version + 1 });
    } else {
      await collection.remove(id, expected);
      if (workspace !== '' && base.has(id)) views[workspace].set(id, 'removed');
      else views[workspace].delete(id);
    }
  }
  for (const workspace of ['', 'v', 'w'] as const) {
    const collection = store.open(definition).in(nameOf(workspace));
    const expected = ['a', 'b', 'c', 'd'].flatMap((id) => {
      const shown = seen(workspace, id);
      return shown === undefined ? [] : [{ id, ...shown }];
    });
    assert.equal(await collection.count(), expected.length);
    const { items } = await collection.find({ index: 'n' });
    assert.deepEqual(
      items.map(({ id, value, version }) => ({ id, n: value.n, version })),
      expected.toSorted((a, b) => a.n - b.n || a.id.localeCompare(b.id)),
    );
    for (const { id, n, version } of expected) {
      const got = await collection.get(id);
      assert.deepEqual([got?.value.n, got?.version], [n, version]);
    }
  }
}
