import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../core/log.ts';
import type { Store } from '../../core/store.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../store/embedded.ts';
import { createLimitCounters } from './limit-counters.ts';
import { createLimitSlices, type LimitSlices } from './limit-slices.ts';
import { limitsConformance } from './limits.conformance.ts';
import type { LimitAsk } from './limits.ts';

const start = Date.parse('2026-11-26T22:13:00Z');
const silent: Log = { log: () => undefined, child: () => silent };
const daily: LimitAsk[] = [
  { key: 'app:k', name: 'app', rule: { kind: 'quota', limit: 10, interval: 1, unit: 'day' } },
];

describe('limits of one process', () => {
  limitsConformance(() => {
    const clock = { now: start };
    const limits = createLimitCounters({ now: () => clock.now });
    return Promise.resolve({ processes: [limits], clock, settle: () => Promise.resolve() });
  });
});

describe('limits of several machines over one store', () => {
  let dir: string;
  let store: EmbeddedStore;
  let clock: { now: number };
  let opened: LimitSlices[];

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatehouse-slices-'));
    store = await openEmbeddedStore({ dir });
    clock = { now: start };
  });
  beforeEach(() => {
    clock.now += 2 * 86_400_000; // what the test before has taken no longer counts
    opened = [];
  });
  afterEach(() => {
    for (const limits of opened) limits.close();
  });
  after(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });

  const machine = (over: Store = store, patience = 5_000) => {
    const limits = createLimitSlices({
      ...{ store: over, now: () => clock.now, me: `m${opened.length}`, log: silent },
      ...{ patience, every: 3_600_000 },
    });
    opened.push(limits);
    return limits;
  };

  limitsConformance(() => {
    const processes = [machine(), machine(), machine()];
    const settle = async () => {
      for (const one of processes) await one.settle();
    };
    return Promise.resolve({ processes, clock, settle });
  });

  it('answers without the store while a slice has room', async () => {
    const one = machine();
    const asks = [{ ...daily[0], rule: { ...quota, limit: 100 } }] as LimitAsk[]; // spread of one that is there
    assert.ok(one.take(asks) instanceof Promise);
    await one.take(asks);
    assert.ok(!(one.take(asks) instanceof Promise));
  });

  it('gives what one machine has reserved and not used to another a second later', async () => {
    const [one, two] = [machine(), machine()];
    const asks: LimitAsk[] = [{ key: 'app:k', name: 'app', rule: { ...quota, limit: 80 } }];
    const many = async () => {
      const all = await Promise.all(Array.from({ length: 75 }, async () => two.take(asks)));
      return all.filter(({ refused }) => refused < 0).length;
    };
    assert.equal((await one.take(asks)).refused, -1);
    assert.equal(await many(), 70);
    clock.now += 1_000;
    await one.settle();
    assert.equal(await many(), 9);
  });

  it('gives calls of a spike rule back that were reserved and never came', async () => {
    const [one, two] = [machine(), machine()];
    const spike: LimitAsk[] = [
      { key: 's', name: 'app-spike', rule: { kind: 'spike', rate: 1, per: 'minute', burst: 64 } },
    ];
    await one.take(spike);
    assert.equal((await two.look(spike))[0]?.remaining, 56);
    clock.now += 1_000;
    await one.settle();
    assert.equal((await two.look(spike))[0]?.remaining, 63);
  });

  it('tells a caller of one machine what callers of another have left', async () => {
    const [one, two] = [machine(), machine()];
    for (let i = 0; i < 3; i++) await one.take(daily);
    assert.equal((await two.take(daily)).states[0]?.remaining, 6);
  });

  it('never lets more than the limit into any minute, over two machines', async () => {
    const machines = [machine(), machine()];
    const asks: LimitAsk[] = [
      { key: 'm', name: 'app', rule: { ...quota, limit: 20, unit: 'minute' } },
    ];
    const times: number[] = [];
    for (let i = 0; i < 400; i++) {
      clock.now += 500;
      if (i % 4 === 0) for (const one of machines) await one.settle();
      if ((await machines[i % 2]?.take(asks))?.refused === -1) times.push(clock.now);
      const before = times.at(-21);
      assert.ok(before === undefined || (times.at(-1) ?? 0) - before >= 60_000);
    }
    assert.ok(times.length >= 55, `${times.length} of 66 were let in`);
  });

  it('counts alone when the store does not answer, and together again when it does', async () => {
    const hung = { now: true };
    const over = {
      ...store,
      open: (definition: Parameters<Store['open']>[0]) => {
        const collection = store.open(definition);
        return {
          ...collection,
          put: collection.put.bind(collection),
          get: (id: string) => (hung.now ? new Promise(() => undefined) : collection.get(id)),
        };
      },
    } as unknown as Store; // a store whose reads hang
    const one = machine(over, 250);
    assert.equal((await one.take(daily)).refused, -1);
    assert.ok(!(one.take(daily) instanceof Promise));
    hung.now = false;
    await one.settle();
    await one.take(daily);
    assert.equal((await machine().look(daily))[0]?.remaining, 9);
  });

  it('counts alone while the store is away, what it has given before included', async () => {
    const one = machine();
    for (let i = 0; i < 4; i++) await one.take(daily);
    await store.close();
    clock.now += 1_000;
    let more = 0;
    for (let i = 0; i < 10; i++) if ((await one.take(daily)).refused < 0) more++;
    assert.equal(more, 6);
    store = await openEmbeddedStore({ dir });
  });
});

const quota = { kind: 'quota', interval: 1, unit: 'day' } as const;
