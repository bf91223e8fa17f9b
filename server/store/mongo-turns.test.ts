import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../core/problem.ts';
import { openEmbeddedStore, type EmbeddedStore } from './embedded.ts';
import { inTurn, turnCollection } from './mongo-turns.ts';

describe('work of one machine at a time', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-turns-'));
  let store: EmbeddedStore;
  before(async () => {
    store = await openEmbeddedStore({ dir });
  });
  after(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });
  const turns = () => store.open(turnCollection);

  it('is done by all who come, never by two at once', async () => {
    let working = 0;
    const done = await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        inTurn(turns(), 'one', async () => {
          assert.equal(++working, 1);
          await new Promise(setImmediate);
          working--;
          return i;
        }),
      ),
    );
    assert.deepEqual(done, [0, 1, 2, 3, 4]);
    assert.equal((await turns().get('one'))?.value.holder, '');
  });

  it('is free again when it failed, and tells why', async () => {
    const fails = inTurn(turns(), 'two', () => Promise.reject(new Problem('invalid', 'no')));
    await assert.rejects(fails, { kind: 'invalid' });
    assert.equal(await inTurn(turns(), 'two', () => Promise.resolve(1)), 1);
  });

  it('is taken over from one who is dead, not from one who shows that it lives', async () => {
    const times = { beat: 10, dead: 200 };
    await turns().put('three', { holder: 'dead' }, { expected: 0 });
    const order: string[] = [];
    let finish = (): void => undefined;
    const long = inTurn(
      turns(),
      'three',
      async () => {
        order.push('begins');
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        order.push('ends');
      },
      times,
    );
    while (order.length === 0) await new Promise(setImmediate);
    const next = inTurn(turns(), 'three', () => Promise.resolve(order.push('next')), times);
    setTimeout(() => {
      finish();
    }, 500);
    await Promise.all([long, next]);
    assert.deepEqual(order, ['begins', 'ends', 'next']);
  });
});
