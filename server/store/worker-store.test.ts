import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../core/log.ts';
import type { Change, CollectionOf } from '../../core/store.ts';
import { openEmbeddedStore, type EmbeddedStore } from './embedded.ts';
import { describeStore, isProblem } from './store.conformance.ts';
import { openWorkerStore, type WorkerStore } from './worker-store.ts';

const notes: CollectionOf<{ readonly n: number }> = {
  name: 'notes',
  overlaid: true,
  keys: ({ n }) => ({ n: [[String(n)]] }),
};
const silent: Log = { log: () => undefined, child: () => silent };

/** A store beside another: it reads the same file, and writes through the other. */
function beside(main: EmbeddedStore): WorkerStore {
  return openWorkerStore({
    file: main.file,
    opening: main.opening,
    write: (write) => main.write(write),
    stopped: () => main.stopped,
    lost: () => undefined,
    log: silent,
  });
}

describe('a store beside the one with the folder', () => {
  let main: EmbeddedStore;
  let dir: string;
  const openMain = async () => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-beside-'));
    main = await openEmbeddedStore({ dir });
  };
  const closeMain = async () => {
    await main.close();
    rmSync(dir, { recursive: true });
  };
  afterEach(closeMain);

  describeStore('beside', async () => {
    await openMain();
    return beside(main);
  });

  describe('of two', () => {
    let one: WorkerStore;
    let other: WorkerStore;
    beforeEach(async () => {
      await openMain();
      one = beside(main);
      other = beside(main);
    });
    afterEach(async () => {
      await one.close();
      await other.close();
    });

    it('reads at once what another has written, in the base and in a workspace', async () => {
      const there = other.open(notes);
      assert.equal(await there.in('w').get('a'), undefined); // so that the workspace is remembered as empty
      await one.open(notes).in('w').put('a', { n: 1 }, { expected: 0 });
      assert.equal((await there.in('w').get('a'))?.value.n, 1);
      assert.equal(await there.get('a'), undefined);
      await one.open(notes).in('w').put('b', { n: 2 }, { expected: 0 });
      assert.equal((await there.in('w').get('b'))?.value.n, 2);
      assert.equal(await other.changed('w'), 2);
      await one.open(notes).in('w').remove('b', 1);
      assert.equal(await there.in('w').get('b'), undefined);
      assert.equal(await other.changed('w'), await main.changed('w'));
      await one.reset('w');
      assert.equal(await there.in('w').get('a'), undefined);
      await one.open(notes).in('w').put('a', { n: 3 }, { expected: 0 });
      assert.equal((await there.in('w').get('a'))?.value.n, 3);
      await one.open(notes).put('a', { n: 4 }, { expected: 0 });
      assert.equal((await there.get('a'))?.value.n, 4);
      assert.equal((await there.in('w').get('a'))?.value.n, 3);
    });

    it('hides in a workspace what another removed there from the base', async () => {
      await one.open(notes).put('a', { n: 1 }, { expected: 0 });
      assert.equal((await other.open(notes).in('w').get('a'))?.value.n, 1);
      await one.open(notes).in('w').remove('a', 1);
      assert.equal(await other.open(notes).in('w').get('a'), undefined);
    });

    it('tells the writer of its own write before the answer, and others when they look', async () => {
      const heard: Change[] = [];
      const heardThere: Change[] = [];
      one.changes.listen((some) => heard.push(...some));
      other.changes.listen((some) => heardThere.push(...some));
      const put = await one.open(notes).put('a', { n: 1 }, { expected: 0, by: 'me' });
      assert.deepEqual(
        heard.map(({ id, commit, by }) => ({ id, commit, by })),
        [{ id: 'a', commit: put.commit, by: 'me' }],
      );
      assert.deepEqual(heardThere, []);
      other.freshen();
      assert.deepEqual(heardThere, heard);
      other.freshen();
      assert.equal(heardThere.length, 1);
    });

    it('has learnt what it lost against when it is refused', async () => {
      await one.open(notes).put('a', { n: 1 }, { expected: 0 });
      const heard: string[] = [];
      other.changes.listen((some) => heard.push(...some.map(({ id }) => id)));
      await assert.rejects(
        other.open(notes).put('a', { n: 2 }, { expected: 0 }),
        isProblem('conflict'),
      );
      assert.deepEqual(heard, ['a']);
    });

    it('lets exactly one of two win each version', async () => {
      const puts = [one, other].map((store) =>
        Promise.allSettled(
          Array.from({ length: 20 }, () => store.open(notes).put('a', { n: 1 }, { expected: 0 })),
        ),
      );
      const all = (await Promise.all(puts)).flat();
      assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1);
    });
  });
});
