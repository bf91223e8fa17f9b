import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Caller, Facts } from '../../core/exchange.ts';
import type { Log } from '../../core/log.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../store/embedded.ts';
import { createMeters } from './meters.ts';
import { lengthOf, usageCollection } from './usage-bucket.ts';
import { createUsageKeeper } from './usage-keeper.ts';
import { usageQuery } from './usage-query.ts';
import { createUsageRecorder } from './usage-recorder.ts';

const silent: Log = { log: () => undefined, child: () => silent };
const start = Date.UTC(2026, 5, 1, 12, 0, 30);

describe('usage', () => {
  let dir: string;
  let store: EmbeddedStore;
  let time = start;
  const now = () => time;

  beforeEach(async () => {
    time = start;
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-usage-'));
    store = await openEmbeddedStore({ dir });
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  /** One process that counts and keeps. */
  function process(name: string) {
    const meters = createMeters();
    const recorder = createUsageRecorder({
      process: name,
      now,
      isApp: (id) => id.startsWith('app'),
    });
    const keeper = createUsageKeeper({ store, recorder, now, log: silent });
    const call = (app: string, { status = 200, milliseconds = 20, ...facts }: CallFields = {}) => {
      const mount = { api: facts.api ?? 'hello', environment: 'production' };
      const heard = {
        method: 'GET',
        facts: { people: [], route: 'GET /hello/:id', caller: callerOf(app), ...facts },
        sent: { status, bytes: 100, complete: true },
        milliseconds,
      };
      meters.began(mount);
      recorder.record(meters.ended(heard, mount), heard);
    };
    const flush = () => keeper.flush();
    const ask = usageQuery({
      keeper,
      flush,
      now,
      ownerOf: (app) => (app === 'app-1' ? 'Y1' : 'Y2'),
    });
    return { recorder, keeper, call, ask };
  }

  it('shows a call in the usage of its app at once, and in nobody else’s', async () => {
    const one = process('a');
    one.call('app-1', { product: 'basic' });
    const { totals, by } = await one.ask({ app: 'app-1' });
    assert.equal(totals.calls, 1);
    assert.equal(totals.bytes, 100);
    assert.deepEqual(totals.statuses, { '2xx': 1 });
    assert.deepEqual(by.operation, [{ name: 'GET /hello/{id}', calls: 1, failed: 0, limited: 0 }]);
    assert.deepEqual(
      by.product.map(({ name }) => name),
      ['basic'],
    );
    assert.equal((await one.ask({ app: 'app-2' })).totals.calls, 0);
  });

  it('adds up what several processes counted, and reads what a stopped one had written', async () => {
    const [one, two] = [process('a'), process('b')];
    one.call('app-1');
    two.call('app-1');
    await two.keeper.flush();
    assert.equal((await one.ask({})).totals.calls, 2);
    two.call('app-1');
    await two.keeper.flush();
    assert.equal((await one.ask({})).totals.calls, 3);
  });

  it('answers by app, product, API, operation and organisation', async () => {
    const one = process('a');
    one.call('app-1', { product: 'basic' });
    one.call('app-2', { product: 'gold', api: 'other', route: 'GET /b' });
    const calls = async (query: Parameters<typeof one.ask>[0]) =>
      (await one.ask(query)).totals.calls;
    assert.equal(await calls({ product: 'gold' }), 1);
    assert.equal(await calls({ api: 'other' }), 1);
    assert.equal(await calls({ operation: 'GET /hello/:id' }), 1);
    assert.equal(await calls({ organisation: 'Y2' }), 1);
    assert.equal(await calls({ environment: 'sandbox' }), 0);
  });

  it('tells percentiles from classes, failures, and refusals by limit', async () => {
    const one = process('a');
    for (let i = 0; i < 90; i++) one.call('app-1', { milliseconds: 20 });
    for (let i = 0; i < 10; i++) one.call('app-1', { milliseconds: 900, status: 504 });
    one.call('app-1', { status: 429, limit: 'app' });
    const { totals, by } = await one.ask({});
    assert.ok(totals.p50 && totals.p50 > 10 && totals.p50 <= 25, String(totals.p50));
    assert.ok(totals.p95 && totals.p95 > 750 && totals.p95 <= 1000, String(totals.p95));
    assert.deepEqual(totals.limited, { app_quota: 1 });
    assert.deepEqual(by.app, [{ name: 'app-1', calls: 101, failed: 10, limited: 1 }]);
  });

  it('does not count health checks, and takes a made-up app for none', async () => {
    const one = process('a');
    one.call('app-1', { route: 'GET /_ping' });
    one.call('made-up');
    const { totals, by } = await one.ask({});
    assert.equal(totals.calls, 1);
    assert.deepEqual(by.app, []);
  });

  it('adds minutes up to hours and days, and answers the same before and after', async () => {
    const one = process('a');
    for (let hour = 0; hour < 30; hour++) {
      one.call('app-1');
      await one.keeper.flush();
      time += lengthOf.hour;
    }
    const range = { from: start - lengthOf.day, to: start + 3 * lengthOf.day };
    const before = await one.ask(range);
    await one.keeper.rollUp();
    const after = await one.ask(range);
    assert.equal(before.totals.calls, 30);
    assert.deepEqual(after, before);
    assert.equal(after.step, 'hour');
    const days = await one.ask({ from: start - 60 * lengthOf.day, to: start + 3 * lengthOf.day });
    assert.equal(days.step, 'day');
    assert.deepEqual(
      days.series.map(({ calls }) => calls),
      [12, 18],
    );
  });

  it('adds a share that comes late, and removes minutes after 48 hours', async () => {
    const [one, two] = [process('a'), process('b')];
    one.call('app-1');
    two.call('app-1');
    await one.keeper.flush();
    time += 2 * lengthOf.hour;
    await one.keeper.rollUp();
    await two.keeper.flush();
    await one.keeper.rollUp();
    time += 50 * lengthOf.hour;
    await one.keeper.rollUp();
    assert.equal((await one.keeper.read('minute', 0, time)).length, 0);
    assert.equal((await one.ask({ from: start - lengthOf.day })).totals.calls, 2);
  });

  it('keeps what it counted while the store is away, and writes it then', async () => {
    const one = process('a');
    one.call('app-1');
    const broken = createUsageKeeper({
      ...{ recorder: one.recorder, now, log: silent },
      store: {
        ...store,
        open: () => ({ ...store.open(usageCollection), put: away, get: away }) as never,
      },
    });
    time += 5 * lengthOf.minute;
    await assert.rejects(broken.flush());
    assert.equal((await one.ask({})).totals.calls, 1);
  });

  it('tells no more than so many rows of a minute apart, and loses no call', async () => {
    const one = process('a');
    for (let i = 0; i < 9_000; i++) one.call(`app-${i}`);
    const { totals, by } = await one.ask({});
    assert.equal(totals.calls, 9_000);
    assert.ok(by.operation.some(({ name, calls }) => name === 'other' && calls === 5_000));
    const [minute] = await one.keeper.read('minute', 0, time + 1);
    assert.equal(minute?.rows.length, 8_001);
  });

  it('refuses a range that is none', async () => {
    const one = process('a');
    await assert.rejects(one.ask({ from: start, to: start }), { kind: 'invalid' });
    await assert.rejects(one.ask({ from: 0, to: start }), { kind: 'invalid' });
  });
});

interface CallFields extends Partial<Facts> {
  readonly status?: number;
  readonly milliseconds?: number;
  readonly api?: string;
}

function callerOf(appId: string): Caller {
  return { appId, appName: appId, mode: 'app', scopes: [], grants: new Set() };
}

const away = () => Promise.reject(new Error('away'));
