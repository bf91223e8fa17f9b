import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../core/log.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../store/embedded.ts';
import { createLimitCounters } from './limit-counters.ts';
import { keepLimits, limitCollection } from './limit-keeper.ts';
import type { LimitAsk } from './limits.ts';

const start = Date.parse('2026-11-26T22:13:00Z');
const silent: Log = { log: () => undefined, child: () => silent };

function daily(key: string): LimitAsk[] {
  return [{ key, name: 'app', rule: { kind: 'quota', limit: 100, interval: 1, unit: 'day' } }];
}

describe('keeper of limits', () => {
  let dir: string;
  let store: EmbeddedStore;
  const clock = { now: start };
  const counting = () => createLimitCounters({ now: () => clock.now });
  const keep = (counters = counting()) =>
    keepLimits({ store, counters, log: silent, every: 3_600_000 }).then((keeper) => ({
      ...keeper,
      counters,
    }));

  beforeEach(async () => {
    clock.now = start;
    dir = await mkdtemp(join(tmpdir(), 'gatehouse-limits-'));
    store = await openEmbeddedStore({ dir });
  });
  afterEach(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });

  const left = (counters: ReturnType<typeof counting>, key: string) =>
    counters.look(daily(key))[0]?.remaining;

  it('gives counts back after a kill, up to what was saved', async () => {
    const before = await keep();
    for (let i = 0; i < 40; i++) before.counters.take(daily(`k${i}`));
    await before.save();
    before.counters.take(daily('k1'));
    const after = await keep();
    assert.deepEqual([left(after.counters, 'k0'), left(after.counters, 'k1')], [99, 99]);
    await before.save();
    assert.equal(left((await keep()).counters, 'k1'), 98);
  });

  it('saves a last time when it is closed, and what has passed is not kept for ever', async () => {
    const before = await keep();
    before.counters.take(daily('k'));
    await before.close();
    clock.now += 86_400_000;
    const after = await keep();
    assert.equal(left(after.counters, 'k'), 100);
    after.counters.take(daily('k'));
    await after.close();
    const sheets = await Promise.all(
      Array.from({ length: 16 }, (_, i) => store.open(limitCollection).get(i.toString(16))),
    );
    assert.equal(sheets.flatMap((sheet) => sheet?.value.counts ?? []).length, 1);
  });

  it('writes nothing while nothing changes', async () => {
    const keeper = await keep();
    keeper.counters.take(daily('k'));
    await keeper.save();
    const newest = await store.changes.latest();
    await keeper.save();
    assert.equal(await store.changes.latest(), newest);
  });

  it('takes over the higher count when another process has written, and saves again', async () => {
    const [one, two] = [await keep(), await keep()];
    for (let i = 0; i < 3; i++) one.counters.take(daily('k'));
    two.counters.take(daily('k'));
    await one.save();
    await two.save();
    assert.equal(left(two.counters, 'k'), 97);
    two.counters.take(daily('k'));
    await two.save();
    assert.equal(left((await keep()).counters, 'k'), 96);
  });

  it('goes on counting while the store is away', async () => {
    const keeper = await keep();
    keeper.counters.take(daily('k'));
    await store.close();
    await keeper.save();
    assert.equal(left(keeper.counters, 'k'), 99);
    store = await openEmbeddedStore({ dir });
  });
});
